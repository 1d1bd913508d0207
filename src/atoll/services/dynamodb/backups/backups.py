"""CreateBackup, DescribeBackup, ListBackups, DeleteBackup, and the task that copies a table into its backup.

Docs: API_CreateBackup; Developer Guide, "Working with on-demand backup". A backup is the table exactly as the transaction that made the
backup found it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key, Range, under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb.access import own_table
from atoll.services.dynamodb.backups import copies, history
from atoll.services.dynamodb.backups.description import description, details, summary
from atoll.services.dynamodb.backups.store import (
    BACKUPS,
    Backup,
    backup_arn,
    backup_key,
    backup_place,
    get_backup,
    milliseconds,
    new_id,
    region_of,
    shown_time,
    table_recovered,
)
from atoll.services.dynamodb.backups.system import remove
from atoll.services.dynamodb.errors import BackupInUseException, invalid
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Table, space, totals

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        CreateBackupInputTypeDef,
        DeleteBackupInputTypeDef,
        DescribeBackupInputTypeDef,
        ListBackupsInputTypeDef,
    )

MOST_LISTED = 100


def _arn(ctx: Context, request: Any) -> str:
    """The ARN of the backup that is acted on. The region in what is given is not looked at then, and so not judged either."""
    parts = (request.get("BackupArn") or "*").split(":", 4)
    return ":".join([*parts[:3], ctx.region, parts[4]] if len(parts) == 5 else parts)


@operation("CreateBackup", access=[on_table("CreateBackup")])
async def create_backup(ctx: Context, request: CreateBackupInputTypeDef) -> dict[str, Any]:
    """Raises TableNotFoundException. Names need not be unique."""
    name = own_table(ctx, request["TableName"])
    now, task_id = ctx.clock.now(), ctx.ids.uuid()
    incarnation, backup_id = ctx.ids.lower(12), new_id(now, ctx.ids.hex(8))

    def create(tx: Transaction) -> Backup:
        table = table_recovered(tx, ctx, name)
        figures = totals(tx, ctx, table.incarnation)
        backup = Backup(backup_id, request["BackupName"], milliseconds(now), table, incarnation, figures)
        tx.set(backup_key(ctx, name, backup_id), BACKUPS.encode(backup))
        copies.hold(tx, ctx, table.incarnation, task_id, table)
        history.mark(tx, ctx, table, task_id, now)
        state = copies.begin(table.incarnation, name, undo=task_id, copy=task_id, backup=[name, backup_id])
        tasks.start(tx, task_id, "dynamodb.back_up", ctx.account, ctx.region, state)
        return backup

    return {"BackupDetails": details(ctx, await ctx.store.transact(create))}


async def back_up(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """One step of copying a table into its backup."""
    now, task_id = ctx.clock.now(), ctx.ids.uuid()

    def copy(tx: Transaction) -> dict[str, Any] | None:
        raw = tx.get(backup_key(ctx, *state["backup"]))
        backup = None if raw is None else BACKUPS.decode(raw)
        if backup is None or backup.available:
            return None
        after = copies.step(tx, ctx, state, _target(backup), now)
        if after is None:
            copies.release(tx, ctx, state, state["copy"], task_id)
            done = msgspec.structs.replace(backup, available=True)
            tx.set(backup_key(ctx, *state["backup"]), BACKUPS.encode(done))
        return after

    return await ctx.store.transact(copy)


def _target(backup: Backup) -> Table:
    """Where a backup's items go: nothing follows them there, and there are no indexes."""
    table = backup.table
    return Table(
        name=table.name,
        id=table.id,
        incarnation=backup.incarnation,
        created=table.created,
        definitions=table.definitions,
        partition=table.partition,
        sort=table.sort,
    )


@operation("DescribeBackup", access=[Access("dynamodb:DescribeBackup", resource=_arn)])
async def describe_backup(ctx: Context, request: DescribeBackupInputTypeDef) -> dict[str, Any]:
    """Raises BackupNotFoundException."""
    place = backup_place(ctx, request["BackupArn"])
    return {"BackupDescription": description(ctx, await ctx.store.read(lambda tx: get_backup(tx, ctx, place)))}


@operation("ListBackups", access=[Access("dynamodb:ListBackups")])
async def list_backups(ctx: Context, request: ListBackupsInputTypeDef) -> dict[str, Any]:
    """Backups of a table or of all, the user's own unless BackupType says otherwise. Those of deleted tables are there, too."""
    limit = request.get("Limit") or MOST_LISTED
    span, wanted = _asked_for(ctx, request)

    def find(tx: Reader) -> list[Backup]:
        backups = (BACKUPS.decode(raw) for _, raw in tx.scan(span))
        return list(islice(filter(wanted, backups), limit + 1))

    found = await ctx.store.read(find)
    return {
        "BackupSummaries": [summary(ctx, backup) for backup in found[:limit]],
        "LastEvaluatedBackupArn": backup_arn(ctx, found[limit - 1]) if len(found) > limit else None,
    }


def _asked_for(ctx: Context, request: ListBackupsInputTypeDef) -> tuple[Range, Callable[[Backup], bool]]:
    """Where the backups lie that a ListBackups asks for, and which of those there. Raises ValidationFailed."""
    kind = request.get("BackupType", "USER")
    lower, upper = (
        _seconds(request.get("TimeRangeLowerBound"), 0.0),
        _seconds(request.get("TimeRangeUpperBound"), inf),
    )
    if lower > upper:
        raise invalid("Time range lower bound must be less than or equal to upper bound")
    prefix: Key = (*space(ctx), "backup")
    span = under(prefix)
    if "TableName" in request:
        name = own_table(ctx, request["TableName"])
        span = under((*prefix, name))
    if "ExclusiveStartBackupArn" in request:
        arn = request["ExclusiveStartBackupArn"]
        span = span.past((*prefix, *backup_place(ctx, arn)))
        if region_of(arn) != ctx.region:
            raise ValidationFailed("Invalid Request: The supplied ExclusiveStartBackupArn does not match the region")
    return span, lambda backup: kind in (backup.type, "ALL") and lower <= backup.created < upper


def _seconds(given: Any, default: float) -> float:
    return default if given is None else given.timestamp()


@operation("DeleteBackup", access=[Access("dynamodb:DeleteBackup", resource=_arn)])
async def delete_backup(ctx: Context, request: DeleteBackupInputTypeDef) -> dict[str, Any]:
    """Raises BackupNotFoundException, BackupInUseException while it is copied or restored, ValidationFailed for a system backup."""
    place, task_id = backup_place(ctx, request["BackupArn"]), ctx.ids.uuid()

    def delete(tx: Transaction) -> Backup:
        backup = get_backup(tx, ctx, place)
        if backup.expires:
            raise ValidationFailed(
                f"Invalid Request: User is not allowed to delete the system backup with arn {backup_arn(ctx, backup)}. "
                f"It will automatically expire on {shown_time(backup.expires)}"
            )
        if not backup.available:
            raise BackupInUseException(f"Backup is being created: {backup_arn(ctx, backup)}")
        if copies.held(tx, ctx, backup.incarnation):
            raise BackupInUseException(f"Backup is being used to restore table: {backup_arn(ctx, backup)}")
        remove(tx, ctx, backup, task_id)
        return backup

    return {"BackupDescription": description(ctx, await ctx.store.transact(delete), "DELETED")}
