"""What DynamoDB keeps: the records of tables and their keys in the store. Items lie in `items/storage.py`.

(account, region, "dynamodb", "table", name)                               Table
(account, region, "dynamodb", "tags", name)                                the table's tags, a map
(account, region, "dynamodb", "item", incarnation, *item key)              an item
(account, region, "dynamodb", "entry", incarnation, index, *entry key)     an item's entry in a secondary index
(account, region, "dynamodb", "total", incarnation, index or "")           count and bytes of a table or an index
(account, region, "dynamodb", "collection", incarnation, partition key)    bytes of an item collection (with local indexes)
(account, region, "dynamodb", "token", token)                              a ClientRequestToken in use (`items/tokens.py`)
(account, region, "dynamodb", "token-end", time, token)                    when its use ends
(account, region, "dynamodb", "token-task")                                there while a task waits for the first end
(account, region, "dynamodb", "expiry", incarnation, index, second, *item key)   when an item expires (`ttl/entries.py`)
(account, region, "dynamodb", "history", incarnation, n)                   what an item was before a write (`backups/history.py`)
(account, region, "dynamodb", "copy", incarnation, copy id)                the items are being copied (`backups/copies.py`)
(account, region, "dynamodb", "doomed", incarnation)                       ... and are to be cleared then
(account, region, "dynamodb", "backup", table name, backup id)             Backup (`backups/store.py`)
(account, region, "dynamodb", "restoring", name)                           Restoring, a table that is not there yet
(account, region, "dynamodb", "policy", name[/stream/label])               a table's or a stream's ResourcePolicy
(account, region, "dynamodb", "insights", incarnation, index id or "")     Insights (`contributor_insights.py`)
Streams, which outlive their tables, are described in `streams/store.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from atoll.kernel import records
from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key, Range, packed
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction, counter
from atoll.services.dynamodb.errors import ITEM_TABLE_NOT_FOUND, ResourceNotFoundException, table_not_found

ScalarType = Literal["S", "N", "B"]
PAY_PER_REQUEST, PROVISIONED = "PAY_PER_REQUEST", "PROVISIONED"
DAY = 86_400.0


class Attribute(msgspec.Struct, frozen=True):
    """A key attribute."""

    name: str
    type: ScalarType


class Throughput(msgspec.Struct, frozen=True):
    """Read and write units: provisioned per second, or at most on demand (-1: no limit)."""

    read: int = 0
    write: int = 0


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """What a table or a global index can take, and when that changed. `decreases` counts those of the provisioned throughput on
    the UTC day of `last_decrease`. `warm` is the warm throughput where it is more than what the billing mode gives."""

    provisioned: Throughput = Throughput()
    last_increase: float = 0.0
    last_decrease: float = 0.0
    decreases: int = 0
    on_demand: Throughput | None = None
    warm: Throughput | None = None

    def decreases_on(self, now: float) -> int:
        """How often the provisioned throughput was decreased on the UTC day of `now`."""
        return self.decreases if int(now // DAY) == int(self.last_decrease // DAY) else 0


class Index(Capacity, frozen=True):
    """A secondary index. `partition` and `sort` are its key; a local one shares the table's partition key, and its throughput.

    `projected` are the non-key attributes that ProjectionType INCLUDE names. `id` is part of its entries' keys. `state` is what
    UpdateTable made of a global one: CREATING until its task begins, then BACKFILLING, or DELETING; UPDATING in an answer alone.
    """

    name: str
    id: str
    local: bool
    partition: tuple[Attribute, ...]
    sort: tuple[Attribute, ...]
    projection: str
    projected: tuple[str, ...] = ()
    state: Literal["ACTIVE", "CREATING", "BACKFILLING", "DELETING", "UPDATING"] = "ACTIVE"

    @property
    def filling(self) -> bool:
        """Whether entries of items that it is to hold may still be missing. It cannot be read, and constrains no item yet."""
        return self.state in ("CREATING", "BACKFILLING")


class Table(Capacity, frozen=True):
    """A table. Times are region time. `definitions` are AttributeDefinitions in the order given.

    `id` is what AWS calls TableId; `incarnation` is what its items' keys begin with. `table_class_changes` are the last two.
    `stream` is the id of the stream that takes its records, "" for none; `stream_label` is
    that of the latest one, which may have ended. `ttl_index` is the id of the index of its items' expiry (`ttl/entries.py`).
    `copies` are the backups and restores that read its items now.
    """

    name: str
    id: str
    incarnation: str
    created: float
    definitions: tuple[Attribute, ...]
    partition: Attribute
    sort: Attribute | None = None
    indexes: tuple[Index, ...] = ()
    billing_mode: str = PROVISIONED
    on_demand_since: float = 0.0
    table_class: str = ""
    table_class_since: float = 0.0
    table_class_changes: tuple[float, ...] = ()
    deletion_protection: bool = False
    sse_key_arn: str = ""
    ttl_attribute: str = ""
    recovery_since: float = 0.0
    recovery_days: int = 35
    stream: str = ""
    stream_label: str = ""
    stream_view: str = ""
    ttl_index: str = ""
    ttl_filled: bool = True
    copies: int = 0

    @property
    def has_history(self) -> bool:
        """Whether it is noted what its items were before they are written."""
        return bool(self.recovery_since or self.copies)

    @property
    def followed(self) -> bool:
        """Whether changes of its items are noted beside them (`items/storage.py: _follow`)."""
        return bool(self.stream or self.ttl_index or self.has_history)

    @property
    def active_indexes(self) -> list[Index]:
        """The indexes whose keys items must fit: not those that come or go."""
        return [index for index in self.indexes if index.state == "ACTIVE"]

    def readable_index(self, name: str) -> Index | None:
        """The index of this name, None where there is none, or it goes. Raises ValidationFailed where it is not complete yet."""
        index = next((each for each in self.indexes if each.name == name and each.state != "DELETING"), None)
        if index is not None and index.filling:
            raise ValidationFailed(f"Cannot read from backfilling global secondary index: {name}")
        return index

    @property
    def status(self) -> str:
        """TableStatus: an index whose entries are being filled in leaves the table ACTIVE."""
        return "UPDATING" if any(index.state in ("CREATING", "DELETING") for index in self.indexes) else "ACTIVE"


class ResourcePolicy(msgspec.Struct, frozen=True):
    """The policy of a table or stream."""

    text: str
    revision: str


TABLES = Codec(Table)
POLICIES = Codec(ResourcePolicy)


class Totals(msgspec.Struct, frozen=True):
    """How many items a table or index holds, and their bytes by AWS's rules."""

    count: int
    size: int


_ONE_ITEM = 1 << 48
"""Count and bytes share one counter (count * 2**48 + bytes), so that a write pays for one addition. 2**48 bytes are 256 TiB."""


def space(ctx: Context) -> Key:
    """Where this account's and region's data begins."""
    return (ctx.account, ctx.region, "dynamodb")


def table_key(ctx: Context, name: str) -> Key:
    """Where a table's record lies."""
    return (ctx.account, ctx.region, "dynamodb", "table", name)


def find_table(tx: Reader, ctx: Context, name: str) -> Table | None:
    """The table, if there is one."""
    raw = tx.get((packed(ctx.account, ctx.region, "dynamodb", "table", name),))
    return None if raw is None else TABLES.decode(raw)


def table_described(tx: Reader, ctx: Context, name: str) -> Table:
    """The table. Raises ResourceNotFoundException as operations on tables do."""
    table = find_table(tx, ctx, name)
    if table is None:
        raise table_not_found(name)
    return table


def table_of_items(tx: Reader, ctx: Context, name: str) -> Table:
    """The table. Raises ResourceNotFoundException as operations on items do."""
    raw = tx.get((packed(ctx.account, ctx.region, "dynamodb", "table", name),))
    if raw is None:
        raise ResourceNotFoundException(ITEM_TABLE_NOT_FOUND)
    return TABLES.decode(raw)


def tags_key(ctx: Context, name: str) -> Key:
    """Where a table's tags lie."""
    return (*space(ctx), "tags", name)


def read_tags(tx: Reader, ctx: Context, name: str) -> dict[str, str]:
    """A table's tags."""
    raw = tx.get(tags_key(ctx, name))
    return records.decode(raw) if raw is not None else {}


def policy_key(ctx: Context, table: str, stream_label: str = "") -> Key:
    """Where the policy of a table lies, or of its stream with this label: under what follows `table/` in the ARN."""
    name = f"{table}/stream/{stream_label}" if stream_label else table
    return (packed(ctx.account, ctx.region, "dynamodb", "policy", name),)


def total_key(ctx: Context, incarnation: str, index: str = "") -> Key:
    """The counter of a table, or of the index with this id."""
    return (packed(ctx.account, ctx.region, "dynamodb", "total", incarnation, index),)


def total_change(count: int, size: int) -> int:
    """What to add to a counter for `count` more items of `size` more bytes (either may be negative)."""
    return count * _ONE_ITEM + size


def totals(tx: Reader, ctx: Context, incarnation: str, index: str = "") -> Totals:
    """Items and bytes of a table or index, at this moment. AWS refreshes the same figures about every six hours."""
    return Totals(*divmod(counter(tx.get(total_key(ctx, incarnation, index))), _ONE_ITEM))


def entries_prefix(account: str, region: str, incarnation: str, index: str) -> Key:
    """Under which the entries of the index with this id lie."""
    return (account, region, "dynamodb", "entry", incarnation, index)


DATA = ("item", "entry", "total", "collection", "expiry", "history", "insights")
"""What lies under a table's incarnation."""


def data_prefixes(account: str, region: str, incarnation: str, parts: Sequence[str] = DATA) -> list[Key]:
    """Everything (or some `parts` of it) that a table's deletion leaves to be cleared."""
    return [(account, region, "dynamodb", part, incarnation) for part in parts]


def clear_slice(tx: Transaction, span: Range, most: int) -> int:
    """Deletes the first `most` keys of a range, and says how many there were: fewer, if none is left."""
    keys = [key for key, _ in tx.scan(span, limit=most)]
    for key in keys:
        tx.delete(key)
    return len(keys)


Item = dict[str, dict[str, Any]]
"""An item as the API has it: attribute name to a map of one type to its value; binary values are bytes."""
