"""DescribeContinuousBackups and UpdateContinuousBackups. docs: API_ContinuousBackupsDescription.

Continuous backups are always on, as on AWS; point-in-time recovery is a setting. Nothing can be restored yet, which is reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb.access import named_table
from atoll.services.dynamodb.errors import TableNotFoundException
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import DAY, TABLES, Table, find_table, table_key

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        DescribeContinuousBackupsInputTypeDef,
        UpdateContinuousBackupsInputTypeDef,
    )

DEFAULT_DAYS = 35
LAG = 300.0
"""The latest restorable time is typically five minutes back."""


@operation(
    "DescribeContinuousBackups",
    access=[on_table("DescribeContinuousBackups")],
)
async def describe_continuous_backups(ctx: Context, request: DescribeContinuousBackupsInputTypeDef) -> dict[str, Any]:
    """Raises TableNotFoundException."""
    ctx, name = named_table(ctx, request["TableName"])
    return _described(await ctx.store.read(lambda tx: _table(tx, ctx, name)), ctx.clock.now())


@operation(
    "UpdateContinuousBackups",
    access=[on_table("UpdateContinuousBackups")],
    not_honoured={
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": "Atoll keeps no past states of a table yet"
    },
)
async def update_continuous_backups(ctx: Context, request: UpdateContinuousBackupsInputTypeDef) -> dict[str, Any]:
    """Raises TableNotFoundException, ValidationFailed."""
    ctx, name = named_table(ctx, request["TableName"])
    wanted = request["PointInTimeRecoverySpecification"]
    enabled, days = wanted["PointInTimeRecoveryEnabled"], wanted.get("RecoveryPeriodInDays")
    if not enabled and days is not None:
        raise ValidationFailed(
            "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery."
        )
    now = ctx.clock.now()

    def write(tx: Transaction) -> Table:
        table = _table(tx, ctx, name)
        since = (table.recovery_since or now) if enabled else 0.0
        table = msgspec.structs.replace(table, recovery_since=since, recovery_days=days or DEFAULT_DAYS)
        tx.set(table_key(ctx, name), TABLES.encode(table))
        return table

    return _described(await ctx.store.transact(write), now)


def _table(tx: Reader, ctx: Context, name: str) -> Table:
    table = find_table(tx, ctx, name)
    if table is None:
        raise TableNotFoundException(f"Table not found: {name}")
    return table


def _described(table: Table, now: float) -> dict[str, Any]:
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
    if table.recovery_since:
        recovery = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": table.recovery_days,
            "EarliestRestorableDateTime": max(table.recovery_since, now - table.recovery_days * DAY),
            "LatestRestorableDateTime": max(table.recovery_since, now - LAG),
        }
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": recovery,
        }
    }
