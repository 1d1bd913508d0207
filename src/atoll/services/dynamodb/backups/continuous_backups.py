"""DescribeContinuousBackups and UpdateContinuousBackups. docs: API_ContinuousBackupsDescription.

Continuous backups are always on, as on AWS; point-in-time recovery is a setting: with it the table's history is kept
(`backups/history.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.access import own_table
from atoll.services.dynamodb.backups.history import earliest, latest, start_trimming
from atoll.services.dynamodb.backups.store import table_recovered
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import TABLES, Table, table_key

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        DescribeContinuousBackupsInputTypeDef,
        UpdateContinuousBackupsInputTypeDef,
    )

DEFAULT_DAYS = 35


@operation("DescribeContinuousBackups", access=[on_table("DescribeContinuousBackups")])
async def describe_continuous_backups(ctx: Context, request: DescribeContinuousBackupsInputTypeDef) -> dict[str, Any]:
    """Raises TableNotFoundException."""
    name = own_table(ctx, request["TableName"])
    return _described(await ctx.store.read(lambda tx: table_recovered(tx, ctx, name)), ctx.clock.now())


@operation("UpdateContinuousBackups", access=[on_table("UpdateContinuousBackups")])
async def update_continuous_backups(ctx: Context, request: UpdateContinuousBackupsInputTypeDef) -> dict[str, Any]:
    """Raises TableNotFoundException, ValidationFailed."""
    name = own_table(ctx, request["TableName"])
    wanted = request["PointInTimeRecoverySpecification"]
    enabled, days = wanted["PointInTimeRecoveryEnabled"], wanted.get("RecoveryPeriodInDays")
    if not enabled and days is not None:
        raise ValidationFailed(
            "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery."
        )
    now, task_id = ctx.clock.now(), ctx.ids.uuid()

    def write(tx: Transaction) -> Table:
        before = table_recovered(tx, ctx, name)
        table = msgspec.structs.replace(
            before, recovery_since=_since(before, now) if enabled else 0.0, recovery_days=days or DEFAULT_DAYS
        )
        tx.set(table_key(ctx, name), TABLES.encode(table))
        if table.recovery_since != before.recovery_since:
            start_trimming(tx, ctx, table, task_id)
        return table

    return _described(await ctx.store.transact(write), now)


def _since(table: Table, now: float) -> float:
    """Since when there is a history: a longer period does not bring back what a shorter one let go."""
    return earliest(table, now) if table.recovery_since else now


def _described(table: Table, now: float) -> dict[str, Any]:
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
    if table.recovery_since:
        recovery = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": table.recovery_days,
            "EarliestRestorableDateTime": earliest(table, now),
            "LatestRestorableDateTime": latest(table, now),
        }
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": recovery,
        }
    }
