"""What is kept of backups and of tables that are being restored, and how backups are named."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import AccessDenied, ValidationFailed
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.errors import BackupNotFoundException, TableNotFoundException
from atoll.services.dynamodb.store import Table, Totals, find_table, space

SYSTEM_ID = "00000000"
"""How the ids of backups end that DynamoDB made itself."""
_ARN = re.compile(r"arn:([^:]*):([^:]*):([^:]*):([^:]*):table/([a-zA-Z0-9_.-]+)/backup/([0-9a-zA-Z-]+)")


class Backup(msgspec.Struct, frozen=True):
    """A backup: the table as it was, and where its items lie. `available` is False while they are being copied there.

    `expires` is the region time at which a system backup goes, 0 for the user's own.
    """

    id: str
    name: str
    created: float
    table: Table
    incarnation: str
    totals: Totals
    available: bool = False
    expires: float = 0.0

    @property
    def type(self) -> str:
        """Who made it."""
        return "SYSTEM" if self.expires else "USER"


class Restoring(msgspec.Struct, frozen=True):
    """A table that a restore is making: nothing but DescribeTable and ListTables sees it before it is done."""

    table: Table
    source_arn: str
    at: float
    backup_arn: str = ""


BACKUPS = Codec(Backup)
RESTORING = Codec(Restoring)


def new_id(now: float, suffix: str) -> str:
    """A backup's id: the milliseconds of its creation in fourteen digits, and eight hexadecimal ones."""
    return f"{int(now * 1000):014d}-{suffix}"


def milliseconds(now: float) -> float:
    """A region time as backups show it."""
    return int(now * 1000) / 1000


def shown_time(at: float) -> str:
    """A region time as messages show it."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def backup_arn(ctx: Context, backup: Backup) -> str:
    """The ARN of a backup."""
    return ctx.arn(f"table/{backup.table.name}/backup/{backup.id}")


def backup_place(ctx: Context, arn: str) -> tuple[str, str]:
    """The table's name and the backup's id in a backup's ARN. The region is not looked at, as AWS does not.

    Raises ValidationFailed; AccessDenied for another account's, which no policy can share.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        raise ValidationFailed("Invalid Backup ARN")
    partition, service, _, account, table, backup_id = match.groups()
    if (partition, service) != ("aws", "dynamodb"):
        raise ValidationFailed("Invalid Request: BackupArn is not valid")
    if account != ctx.account:
        raise AccessDenied("Access is denied")
    return table, backup_id


def region_of(arn: str) -> str:
    """The region in an ARN."""
    return arn.split(":", 4)[3]


def backup_key(ctx: Context, table: str, backup_id: str) -> Key:
    """Where a backup's record lies."""
    return (*space(ctx), "backup", table, backup_id)


def get_backup(tx: Reader, ctx: Context, place: tuple[str, str]) -> Backup:
    """The backup. Raises BackupNotFoundException."""
    raw = tx.get(backup_key(ctx, *place))
    if raw is None:
        table, backup_id = place
        raise BackupNotFoundException(f"Backup not found: {ctx.arn(f'table/{table}/backup/{backup_id}')}")
    return BACKUPS.decode(raw)


def table_recovered(tx: Reader, ctx: Context, name: str) -> Table:
    """The table. Raises TableNotFoundException, as operations on backups and recovery do."""
    table = find_table(tx, ctx, name)
    if table is None:
        raise TableNotFoundException(f"Table not found: {name}")
    return table


def restoring_key(ctx: Context, name: str) -> Key:
    """Where the record of a table lies that is being restored."""
    return (*space(ctx), "restoring", name)


def find_restoring(tx: Reader, ctx: Context, name: str) -> Restoring | None:
    """The table that is being restored under this name, if there is one."""
    raw = tx.get(restoring_key(ctx, name))
    return None if raw is None else RESTORING.decode(raw)


def restoring_names(tx: Reader, ctx: Context) -> list[str]:
    """Of the tables that are being restored: at most fifty."""
    return [str(place[-1]) for place, _ in tx.scan(under((*space(ctx), "restoring")))]
