"""BackupDescription and its parts. docs: API_BackupDescription."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.services.dynamodb.backups.store import Backup, backup_arn
from atoll.services.dynamodb.store import Table
from atoll.services.dynamodb.tables.description import describe

_LOCAL = ("IndexName", "KeySchema", "Projection")
_GLOBAL = (*_LOCAL, "ProvisionedThroughput", "OnDemandThroughput")
_UNITS = ("ReadCapacityUnits", "WriteCapacityUnits")

Members = dict[str, Any]


def details(ctx: Context, backup: Backup, status: str = "") -> Members:
    """BackupDetails. `status` is what the record does not say."""
    return {
        "BackupArn": backup_arn(ctx, backup),
        "BackupName": backup.name,
        "BackupSizeBytes": backup.totals.size,
        "BackupStatus": status or ("AVAILABLE" if backup.available else "CREATING"),
        "BackupType": backup.type,
        "BackupCreationDateTime": backup.created,
        "BackupExpiryDateTime": backup.expires or None,
    }


def summary(ctx: Context, backup: Backup) -> Members:
    """BackupSummary: the details, and which table it is of."""
    table = backup.table
    return {
        "TableName": table.name,
        "TableId": table.id,
        "TableArn": ctx.arn(f"table/{table.name}"),
        **details(ctx, backup),
    }


def description(ctx: Context, backup: Backup, status: str = "") -> Members:
    """BackupDescription: the details, and the table as it was. A system backup shows no features, as on AWS."""
    shown = describe(ctx, backup.table, "ACTIVE", {})
    return {
        "BackupDetails": details(ctx, backup, status),
        "SourceTableDetails": {
            "TableName": backup.table.name,
            "TableId": backup.table.id,
            "TableArn": shown["TableArn"],
            "TableSizeBytes": backup.totals.size,
            "KeySchema": shown["KeySchema"],
            "TableCreationDateTime": backup.table.created,
            "ProvisionedThroughput": _only(shown["ProvisionedThroughput"], _UNITS),
            "OnDemandThroughput": shown["OnDemandThroughput"],
            "ItemCount": backup.totals.count,
            "BillingMode": backup.table.billing_mode,
        },
        "SourceTableFeatureDetails": {} if backup.expires else _features(backup.table, shown),
    }


def _features(table: Table, shown: Members) -> Members:
    """What the table had, each where it had it."""
    ttl = {"TimeToLiveStatus": "ENABLED", "AttributeName": table.ttl_attribute}
    return {
        "LocalSecondaryIndexes": _indexes(shown["LocalSecondaryIndexes"], _LOCAL),
        "GlobalSecondaryIndexes": _indexes(shown["GlobalSecondaryIndexes"], _GLOBAL),
        "StreamDescription": shown.get("StreamSpecification"),
        "TimeToLiveDescription": ttl if table.ttl_attribute else None,
        "SSEDescription": shown["SSEDescription"],
    }


def _indexes(shown: Iterable[Members] | None, members: tuple[str, ...]) -> list[Members] | None:
    found = [_only(index, members) for index in shown or ()]
    for index in found:
        if "ProvisionedThroughput" in index:
            index["ProvisionedThroughput"] = _only(index["ProvisionedThroughput"], _UNITS)
    return found or None


def _only(members: Mapping[str, Any], names: tuple[str, ...]) -> Members:
    return {name: members[name] for name in names if members.get(name) is not None}
