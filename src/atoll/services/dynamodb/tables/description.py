"""TableDescription: a table as DescribeTable and its siblings show it. It reads the clock alone. docs: API_TableDescription."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.services.dynamodb.backups.store import Restoring
from atoll.services.dynamodb.items.keys import key_attributes
from atoll.services.dynamodb.store import PAY_PER_REQUEST, Attribute, Capacity, Index, Table, Throughput, Totals
from atoll.services.dynamodb.streams.store import stream_arn
from atoll.services.dynamodb.tables.throughput import warm_now


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
        "AttributeDefinitions": [
            {"AttributeName": a.name, "AttributeType": a.type} for a in sorted(table.definitions, key=lambda a: a.name)
        ],
        "TableName": table.name,
        "KeySchema": _schema((table.partition,), key_attributes(table)[1:]),
        "TableStatus": status,
        "CreationDateTime": table.created,
        "ProvisionedThroughput": _provisioned(ctx, table),
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
        **_stream(ctx, table),
        "OnDemandThroughput": _on_demand(table.on_demand),
        "WarmThroughput": _warm(table, table, settled),
    }


def _stream(ctx: Context, table: Table) -> dict[str, Any]:
    """The latest stream's name stays when it is disabled."""
    enabled = {"StreamEnabled": True, "StreamViewType": table.stream_view}
    return {
        "StreamSpecification": enabled if table.stream else None,
        "LatestStreamLabel": table.stream_label or None,
        "LatestStreamArn": stream_arn(ctx, table.name, table.stream_label) if table.stream_label else None,
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
    return {
        **_local(ctx, table, index, totals),
        "IndexStatus": status if status in ("CREATING", "DELETING") else "CREATING" if index.filling else index.state,
        "Backfilling": index.state == "BACKFILLING" if index.filling else None,
        "ProvisionedThroughput": _provisioned(ctx, index),
        "OnDemandThroughput": _on_demand(index.on_demand),
        "WarmThroughput": _warm(table, index, settled),
    }


def _schema(partition: tuple[Attribute, ...], sort: tuple[Attribute, ...]) -> list[dict[str, str]]:
    return [
        {"AttributeName": attribute.name, "KeyType": kind}
        for kind, attributes in (("HASH", partition), ("RANGE", sort))
        for attribute in attributes
    ]


def _projection(index: Index) -> dict[str, Any]:
    return {"ProjectionType": index.projection, "NonKeyAttributes": sorted(index.projected) or None}


def _provisioned(ctx: Context, capacity: Capacity) -> dict[str, Any]:
    return {
        "ReadCapacityUnits": capacity.provisioned.read,
        "WriteCapacityUnits": capacity.provisioned.write,
        "LastIncreaseDateTime": capacity.last_increase or None,
        "LastDecreaseDateTime": capacity.last_decrease or None,
        "NumberOfDecreasesToday": capacity.decreases_on(ctx.clock.now()),
    }


def _on_demand(most: Throughput | None) -> dict[str, Any] | None:
    if most is None:
        return None
    return {
        "MaxReadRequestUnits": most.read if most.read > 0 else None,
        "MaxWriteRequestUnits": most.write if most.write > 0 else None,
    }


def _warm(table: Table, part: Capacity, settled: bool) -> dict[str, Any] | None:
    if part.warm is None and not settled:
        return None
    units = warm_now(part, table.billing_mode)
    return {
        "ReadUnitsPerSecond": units.read,
        "WriteUnitsPerSecond": units.write,
        "Status": "ACTIVE" if settled else "UPDATING",
    }
