"""RestoreTableFromBackup, RestoreTableToPointInTime, and the task that makes the table.

Docs: API_RestoreTableFromBackup, API_RestoreTableToPointInTime. Until the table is done, only DescribeTable and ListTables see it, as on
AWS; its record lies apart for so long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.service import Access, ValuesOf, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb.access import arn_in, own_table
from atoll.services.dynamodb.backups import copies
from atoll.services.dynamodb.backups.history import earliest, latest
from atoll.services.dynamodb.backups.restored import restored
from atoll.services.dynamodb.backups.store import (
    RESTORING,
    Restoring,
    backup_arn,
    backup_place,
    find_restoring,
    get_backup,
    region_of,
    restoring_key,
    restoring_names,
    shown_time,
    table_recovered,
)
from atoll.services.dynamodb.conditions import ON_TABLE
from atoll.services.dynamodb.errors import (
    BackupInUseException,
    InvalidRestoreTimeException,
    LimitExceededException,
    PointInTimeRecoveryUnavailableException,
    TableAlreadyExistsException,
    TableInUseException,
    TableNotFoundException,
    other_regions,
)
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import TABLES, Table, find_table, table_key
from atoll.services.dynamodb.tables import encryption
from atoll.services.dynamodb.tables.description import describe_restoring

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        RestoreTableFromBackupInputTypeDef,
        RestoreTableToPointInTimeInputTypeDef,
    )

MOST_AT_ONCE = 50
_ON_ITEMS: Mapping[str, tuple[str, ...]] = {
    "BatchWriteItem": ("Attributes", "LeadingKeys", "ReturnConsumedCapacity"),
    "DeleteItem": ("Attributes", "EnclosingOperation", "LeadingKeys", "ReturnConsumedCapacity", "ReturnValues"),
    "GetItem": ("Attributes", "EnclosingOperation", "LeadingKeys", "ReturnConsumedCapacity", "Select"),
    "PutItem": ("Attributes", "EnclosingOperation", "LeadingKeys", "ReturnConsumedCapacity", "ReturnValues"),
    "Query": ("Attributes", "LeadingKeys", "ReturnConsumedCapacity", "ReturnValues", "Select"),
    "Scan": ("Attributes", "ReturnConsumedCapacity", "ReturnValues", "Select"),
    "UpdateItem": ("Attributes", "EnclosingOperation", "LeadingKeys", "ReturnConsumedCapacity", "ReturnValues"),
}
"""What whoever restores must be allowed to do with the table, and the condition keys of each, of which a restore has none."""
_NOT_HONOURED = {"SSESpecificationOverride.Enabled": encryption.NOT_ENCRYPTED}


def _target_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    return ctx.arn(f"table/{request.get('TargetTableName') or ''}")


def _source_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    return request.get("SourceTableArn") or ctx.arn(f"table/{request.get('SourceTableName') or ''}")


def _of_source(find: ValuesOf) -> ValuesOf:
    """What `find` finds of the table that is restored: it has tags, while the one that is made has none."""
    return lambda ctx, request: find(ctx, {"TableName": _source_arn(ctx, request)})


def _absent(_ctx: Context, _request: Mapping[str, Any]) -> None:
    """A restore names no items."""


def _access(action: str, source: Access) -> list[Access]:
    """docs: Service Authorization Reference: the table that is made is a resource of the action, too; and its dependent actions."""
    on_items = (
        on_table(name, resource=_target_arn, conditions=ON_TABLE | {f"dynamodb:{key}": _absent for key in keys})
        for name, keys in _ON_ITEMS.items()
    )
    return [source, on_table(action, resource=_target_arn), *on_items]


@operation(
    "RestoreTableFromBackup",
    access=_access("RestoreTableFromBackup", Access("dynamodb:RestoreTableFromBackup", resource=arn_in("BackupArn"))),
    not_honoured=_NOT_HONOURED,
)
async def restore_table_from_backup(ctx: Context, request: RestoreTableFromBackupInputTypeDef) -> dict[str, Any]:
    """Raises BackupNotFoundException, BackupInUseException, TableAlreadyExistsException, TableInUseException, LimitExceededException,
    ValidationFailed."""
    place, task_id = backup_place(ctx, request["BackupArn"]), ctx.ids.uuid()
    _check_region(ctx, request["BackupArn"], request)
    backup = await ctx.store.read(lambda tx: get_backup(tx, ctx, place))
    arn, source = backup_arn(ctx, backup), ctx.arn(f"table/{backup.table.name}")
    made = Restoring(restored(ctx, backup.table, request), source, backup.created, arn)

    def begin(tx: Transaction) -> None:
        found = get_backup(tx, ctx, place)
        _require_free(tx, ctx, made.table.name)
        if not found.available:
            raise BackupInUseException(f"Backup is being created: {arn}")
        if copies.held(tx, ctx, found.incarnation):
            raise BackupInUseException(f"Backup is being used to restore another table: {arn}")
        copies.hold(tx, ctx, found.incarnation, task_id, None)
        _begin(tx, ctx, made, task_id, copies.begin(found.incarnation, "", undo=None))

    await ctx.store.transact(begin)
    return {"TableDescription": describe_restoring(ctx, made)}


_OF_SOURCE = {key: _of_source(find) for key, find in ON_TABLE.items()}


@operation(
    "RestoreTableToPointInTime",
    access=_access(
        "RestoreTableToPointInTime", on_table("RestoreTableToPointInTime", resource=_source_arn, conditions=_OF_SOURCE)
    ),
    not_honoured=_NOT_HONOURED,
)
async def restore_table_to_point_in_time(
    ctx: Context, request: RestoreTableToPointInTimeInputTypeDef
) -> dict[str, Any]:
    """Raises TableNotFoundException, PointInTimeRecoveryUnavailableException, InvalidRestoreTimeException,
    TableAlreadyExistsException, TableInUseException, LimitExceededException, ValidationFailed."""
    wanted = _time_asked_for(request)
    name, now, task_id = _source(ctx, request), ctx.clock.now(), ctx.ids.uuid()
    seen = await ctx.store.read(lambda tx: _recoverable(tx, ctx, name))
    at = _instant(seen, wanted, now)
    made = Restoring(restored(ctx, seen, request), ctx.arn(f"table/{name}"), at)

    def begin(tx: Transaction) -> None:
        table = _recoverable(tx, ctx, name)
        if table.incarnation != seen.incarnation:  # deleted meanwhile, and made anew
            raise TableNotFoundException(f"Table not found: {name}")
        _instant(table, at, now)
        _require_free(tx, ctx, made.table.name)
        copies.hold(tx, ctx, table.incarnation, task_id, table)
        _begin(tx, ctx, made, task_id, copies.begin(table.incarnation, name, undo=at))

    await ctx.store.transact(begin)
    return {"TableDescription": describe_restoring(ctx, made)}


async def restore(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """One step of making a table. With the last one it is there."""
    now, task_id = ctx.clock.now(), ctx.ids.uuid()

    def copy(tx: Transaction) -> dict[str, Any] | None:
        made = find_restoring(tx, ctx, state["target"])
        if made is None or made.table.incarnation != state["incarnation"]:
            return None
        after = copies.step(tx, ctx, state, made.table, now)
        if after is None:
            copies.release(tx, ctx, state, state["copy"], task_id)
            tx.delete(restoring_key(ctx, made.table.name))
            tx.set(table_key(ctx, made.table.name), TABLES.encode(made.table))
        return after

    return await ctx.store.transact(copy)


def _begin(tx: Transaction, ctx: Context, made: Restoring, task_id: str, state: copies.State) -> None:
    tx.set(restoring_key(ctx, made.table.name), RESTORING.encode(made))
    state |= {"copy": task_id, "target": made.table.name, "incarnation": made.table.incarnation}
    tasks.start(tx, task_id, "dynamodb.restore", ctx.account, ctx.region, state)


def _require_free(tx: Reader, ctx: Context, name: str) -> None:
    """Raises where a table cannot be made under this name now."""
    if find_table(tx, ctx, name) is not None:
        raise TableAlreadyExistsException(f"Table already exists: {name}")
    other = find_restoring(tx, ctx, name)
    if other is not None:
        source = f" from backup: {other.backup_arn}" if other.backup_arn else ""
        raise TableInUseException(f"Table: {name} is already being restored{source}")
    if len(restoring_names(tx, ctx)) >= MOST_AT_ONCE:
        raise LimitExceededException(
            f"Subscriber limit exceeded: Only {MOST_AT_ONCE} restore operations can be done simultaneously"
        )


def _time_asked_for(request: Mapping[str, Any]) -> float | None:
    """RestoreDateTime, None for the latest restorable time. Raises ValidationFailed unless just one is asked for."""
    at, latest = request.get("RestoreDateTime"), request.get("UseLatestRestorableTime")
    if at is not None and latest:
        raise ValidationFailed(
            "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore "
            "request. Please specify either RestoreDateTime time or UseLatestRestorableTime"
        )
    if at is None and not latest:
        raise ValidationFailed(
            "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"
        )
    return None if at is None else at.timestamp()


def _source(ctx: Context, request: Mapping[str, Any]) -> str:
    """The name of the table that is restored. Raises ValidationFailed."""
    name, arn = request.get("SourceTableName"), request.get("SourceTableArn")
    if name is not None and arn is not None:
        raise ValidationFailed("Must provide exactly one of: sourceTableArn, sourceTableName")
    if arn is None:
        if name is None:
            raise ValidationFailed("The parameter 'TableName' is required but was not present in the request")
        return str(name)
    if re.fullmatch(r"arn:aws:dynamodb:[^:]*:[^:]*:table/[a-zA-Z0-9_.-]+", arn) is None:
        raise ValidationFailed("sourceTableArn is not a valid ARN")
    _check_region(ctx, arn, request)
    return own_table(ctx, arn)


def _check_region(ctx: Context, arn: str, request: Mapping[str, Any]) -> None:
    """Refuses what lies in another region, after AWS's own check."""
    if region_of(arn) == ctx.region:
        return
    if request.get("SSESpecificationOverride") is None:
        raise ValidationFailed("Invalid Request: sseSpecificationOverride must be provided for cross-region restores")
    raise other_regions(ctx.operation, "sources in another region")


def _recoverable(tx: Reader, ctx: Context, name: str) -> Table:
    table = table_recovered(tx, ctx, name)
    if not table.recovery_since:
        raise PointInTimeRecoveryUnavailableException(f"Point in time recovery is not enabled for table '{name}'")
    return table


def _instant(table: Table, wanted: float | None, now: float) -> float:
    """The instant to restore to. Raises InvalidRestoreTimeException where it is out of bounds."""
    first, last = earliest(table, now), latest(table, now)
    if wanted is None:
        return last
    if not int(first) <= wanted <= last:
        raise InvalidRestoreTimeException(
            f"RestoreDateTime '{shown_time(wanted)}' must be within EarliestRestorableDateTime '{shown_time(first)}' "
            f"and LatestRestorableDateTime '{shown_time(last)}'"
        )
    return max(wanted, first)
