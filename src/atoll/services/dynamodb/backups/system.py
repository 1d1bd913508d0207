"""System backups: what DynamoDB keeps of a deleted table that had point-in-time recovery, for 35 days.

docs: Developer Guide, "Deleting a table with point-in-time recovery enabled". Nothing is copied: the table's items become the backup's.
"""

from __future__ import annotations

from typing import Any

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.backups.store import (
    BACKUPS,
    SYSTEM_ID,
    Backup,
    backup_key,
    milliseconds,
    new_id,
)
from atoll.services.dynamodb.store import DATA, DAY, Table, totals

KEPT = 35 * DAY
_KEPT_DATA = ("item", "total")
"""What a backup needs of what lies under the table's incarnation."""


def discard(tx: Transaction, ctx: Context, table: Table, task_ids: tuple[str, str], now: float) -> None:
    """Lets go of what a deleted table leaves: all of it, or what is no part of its system backup. Two tasks may begin."""
    clearing: dict[str, Any] = {"incarnation": table.incarnation}
    if table.recovery_since:
        created = milliseconds(now)
        backup = Backup(
            new_id(now, SYSTEM_ID), f"{table.name}$DeletedTableBackup", created, table, table.incarnation,
            totals(tx, ctx, table.incarnation), available=True, expires=created + KEPT,
        )  # fmt: skip
        tx.set(backup_key(ctx, table.name, backup.id), BACKUPS.encode(backup))
        expiry = {"backup": [table.name, backup.id]}
        tasks.start(tx, task_ids[1], "dynamodb.expire_backup", ctx.account, ctx.region, expiry)
        clearing["parts"] = [part for part in DATA if part not in _KEPT_DATA]
    tasks.start(tx, task_ids[0], "dynamodb.reap", ctx.account, ctx.region, clearing)


async def expire(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """Waits for the end of a system backup and removes it."""
    task_id = ctx.ids.uuid()
    raw = await ctx.store.read(lambda tx: tx.get(backup_key(ctx, *state["backup"])))
    if raw is None:
        return None
    backup = BACKUPS.decode(raw)
    if (left := backup.expires - ctx.clock.now()) > 0:
        await ctx.clock.sleep(left, f"expiry of the backup {backup.name}")
    await ctx.store.transact(lambda tx: remove(tx, ctx, backup, task_id))
    return None


def remove(tx: Transaction, ctx: Context, backup: Backup, task_id: str) -> None:
    """Deletes a backup; the task `task_id` clears its items, when nothing reads them any more."""
    tx.delete(backup_key(ctx, backup.table.name, backup.id))
    tasks.start(tx, task_id, "dynamodb.reap", ctx.account, ctx.region, {"incarnation": backup.incarnation})
