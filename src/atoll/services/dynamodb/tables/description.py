"""TableDescription: a table as DescribeTable and its siblings show it. It reads the clock alone. docs: API_TableDescription."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.services.dynamodb.backups.store import Restoring
from atoll.services.dynamodb.items.keys import key_attributes
from atoll.services.dynamodb.store import PAY_PER_REQUEST, Attribute, Index, Table, Throughput, Totals

ON_DEMAND_WARM = Throughput(12_000, 4_000)
"""What a new on-demand table can take at once. docs: "DynamoDB warm throughput"."""


def describe(
    ctx: Context, table: Table, status: str, totals: Mapping[str, Totals], *, settled: bool = True
) -> dict[str, Any]:
    """`totals` are the table's under "" and its indexes' by id. `settled` is False in CreateTable's own answer: some members
    of the description (and the indexes' status) only come to be with the table."""
    on_demand = table.billing_mode == PAY_PER_REQUEST
    own = totals.get("", Totals(0, 0))
    local = [_local(ctx, table, index, totals) for index in table.indexes if index.local]
    global_ = [_global(ctx, table, index, totals, status, settled) for index in table.indexes if not index.local]
    return {
        "AttributeDefinitions": [{"AttributeName": a.name, "AttributeType": a.type} for a in table.definitions],
        "TableName": table.name,
        "KeySchema": _schema((table.partition,), key_attributes(table)[1:]),
        "TableStatus": status,
        "CreationDateTime": table.created,
        "ProvisionedThroughput": {
            **_provisioned(table.provisioned),
            "LastIncreaseDateTime": table.last_increase or None,
            "LastDecreaseDateTime": table.last_decrease or None,
            "NumberOfDecreasesToday": table.decreases_on(ctx.clock.now()),
        },
        "TableSizeBytes": own.size,
        "ItemCount": own.count,
        "TableArn": ctx.arn(f"table/{table.name}"),
        "TableId": table.id,
        "BillingModeSummary": _billing(table, settled) if on_demand or table.on_demand_since else None,
        "LocalSecondaryIndexes": local or None,
        "GlobalSecondaryIndexes": global_ or None,
        "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": table.sse_key_arn}
        if table.sse_key_arn
        else None,
        "TableClassSummary": {"TableClass": table.table_class, "LastUpdateDateTime": table.table_class_since or None}
        if table.table_class
        else None,
        "DeletionProtectionEnabled": table.deletion_protection,
        "OnDemandThroughput": _on_demand(table.on_demand),
        "WarmThroughput": _warm(table.warm, table.provisioned, on_demand, settled),
    }


def describe_restoring(ctx: Context, made: Restoring) -> dict[str, Any]:
    """A table that a restore is making."""
    return describe(ctx, made.table, "CREATING", {}, settled=False) | {
        "RestoreSummary": {
            "SourceBackupArn": made.backup_arn or None,
            "SourceTableArn": made.source_arn,
            "RestoreDateTime": made.at,
            "RestoreInProgress": True,
        }
    }


def _billing(table: Table, settled: bool) -> dict[str, Any]:
    return {
        "BillingMode": table.billing_mode,
        "LastUpdateToPayPerRequestDateTime": table.on_demand_since if settled and table.on_demand_since else None,
    }


def _local(ctx: Context, table: Table, index: Index, totals: Mapping[str, Totals]) -> dict[str, Any]:
    total = totals.get(index.id, Totals(0, 0))
    return {
        "IndexName": index.name,
        "KeySchema": _schema(index.partition, index.sort),
        "Projection": _projection(index),
        "IndexSizeBytes": total.size,
        "ItemCount": total.count,
        "IndexArn": ctx.arn(f"table/{table.name}/index/{index.name}"),
    }


def _global(
    ctx: Context, table: Table, index: Index, totals: Mapping[str, Totals], status: str, settled: bool
) -> dict[str, Any]:
    on_demand = table.billing_mode == PAY_PER_REQUEST
    return {
        **_local(ctx, table, index, totals),
        "IndexStatus": status if status in ("CREATING", "DELETING") else "ACTIVE",
        "ProvisionedThroughput": _provisioned(index.provisioned),
        "OnDemandThroughput": _on_demand(index.on_demand),
        "WarmThroughput": _warm(index.warm, index.provisioned, on_demand, settled),
    }


def _schema(partition: tuple[Attribute, ...], sort: tuple[Attribute, ...]) -> list[dict[str, str]]:
    return [
        {"AttributeName": attribute.name, "KeyType": kind}
        for kind, attributes in (("HASH", partition), ("RANGE", sort))
        for attribute in attributes
    ]


def _projection(index: Index) -> dict[str, Any]:
    return {"ProjectionType": index.projection, "NonKeyAttributes": list(index.projected) or None}


def _provisioned(units: Throughput) -> dict[str, Any]:
    return {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": units.read, "WriteCapacityUnits": units.write}


def _on_demand(units: Throughput | None) -> dict[str, Any] | None:
    if units is None:
        return None
    return {"MaxReadRequestUnits": units.read, "MaxWriteRequestUnits": units.write}


def _warm(asked: Throughput | None, provisioned: Throughput, on_demand: bool, settled: bool) -> dict[str, Any] | None:
    if asked is None and not settled:
        return None
    least = ON_DEMAND_WARM if on_demand else provisioned
    return {
        "ReadUnitsPerSecond": (asked.read if asked else 0) or least.read,
        "WriteUnitsPerSecond": (asked.write if asked else 0) or least.write,
        "Status": "ACTIVE" if settled else "UPDATING",
    }
