"""Pages: reading many items in their order, as Query, Scan and PartiQL's SELECT do, up to Limit or 1 MB.

A `Read` says what to read in terms of tables, ranges and bound conditions, whatever request it was made from; `page` reads it. It takes the
store's rows in slices and lets others run in between: like AWS's, a page is no snapshot.

docs: API_Query, API_Scan; Developer Guide, "Paginating table query results", "Local secondary indexes", Fetches.
"""

from __future__ import annotations

import asyncio

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import Range
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.expressions.condition import holds
from atoll.services.dynamodb.expressions.nodes import Condition, Path
from atoll.services.dynamodb.expressions.projection import project
from atoll.services.dynamodb.items import ranges
from atoll.services.dynamodb.items.capacity import Cost, read_units
from atoll.services.dynamodb.items.keys import all_key_attributes, item_key
from atoll.services.dynamodb.items.storage import decode_item, read, stored_size
from atoll.services.dynamodb.store import Index, Item, Table

MOST_BYTES = 1 << 20
SLICE, HOLD = 512, 0.005
"""Rows that are looked at before others may run, and seconds: a filter may have three hundred operators."""
GLANCE = 16
"""Rows between two looks at how long a slice has taken, where there is no filter."""


class Read(msgspec.Struct, frozen=True):
    """What to read: the rows of `span`, of a table or (with `index`) of an index.

    `fetched`: the items themselves are read for the entries of a local index. `paths`: what is shown of an item, None for all of it.
    `counted`: nothing is shown. `room`: the item with which the page reaches so many bytes ends it.
    """

    table: Table
    index: Index | None
    span: Range
    reverse: bool = False
    limit: int | None = None
    condition: Condition | None = None
    paths: tuple[Path, ...] | None = None
    counted: bool = False
    fetched: bool = False
    consistent: bool = False
    room: int = MOST_BYTES

    def after(self, ctx: Context, item: Item) -> Read:
        """What is left of it after `item`, which may be no more than the attributes of a LastEvaluatedKey."""
        key = ranges.place(ctx, self.table, self.index, item)
        return msgspec.structs.replace(self, span=self.span.before(key) if self.reverse else self.span.past(key))

    @property
    def least(self) -> Cost:
        """What it costs at least."""
        units = read_units(0, consistent=self.consistent)
        return Cost(units) if self.index is None else Cost(0.0, ((self.index, units),))


class Page(msgspec.Struct, frozen=True):
    """What was read. `count` of the items looked at (`scanned`, of `size` bytes) met the condition; `last` is where a next page begins,
    None at the end."""

    items: list[Item]
    count: int
    scanned: int
    size: int
    last: Item | None
    cost: Cost


async def page(ctx: Context, wanted: Read) -> Page:
    """Reads a page; `ctx` is that of the table's account."""
    gathering = _Gathering(ctx, wanted)
    while not await ctx.store.read(gathering.take):
        await asyncio.sleep(0)  # noqa: TID251  no time passes: others have their turn
    return gathering.page()


class _Gathering:
    """A page in the making."""

    __slots__ = (
        "_bytes",
        "_count",
        "_ctx",
        "_fetched_units",
        "_items",
        "_last",
        "_left",
        "_scanned",
        "_size",
        "_wanted",
    )

    def __init__(self, ctx: Context, wanted: Read) -> None:
        self._ctx = ctx
        self._wanted = wanted
        self._left = wanted
        self._items: list[Item] = []
        self._count = self._scanned = 0
        self._size = self._bytes = 0  # of the rows, by which the read is charged; and of the items, which make the page
        self._fetched_units = 0.0
        self._last: bytes | None = None

    def take(self, tx: Reader) -> bool:
        """Reads the next slice; True when the page is complete."""
        wanted, monotonic = self._left, self._ctx.clock.monotonic
        most = SLICE if wanted.limit is None else min(SLICE, wanted.limit - self._scanned)
        until, filtered = monotonic() + HOLD, wanted.condition is not None
        taken, raw, late = 0, b"", False
        for _, raw in tx.scan(wanted.span.values(), limit=most, reverse=wanted.reverse):
            taken += 1
            self._look_at(tx, raw)
            late = (filtered or taken % GLANCE == 0) and monotonic() > until
            if late or self._bytes >= wanted.room:
                break
        self._scanned += taken
        if self._bytes >= wanted.room or self._scanned == wanted.limit:
            self._last = raw
            return True
        if taken < most and not late:
            return True
        self._left = wanted.after(self._ctx, decode_item(raw))
        return False

    def page(self) -> Page:
        """What was gathered."""
        wanted = self._wanted
        last = None if self._last is None else _key_of(wanted, decode_item(self._last))
        return Page(self._items, self._count, self._scanned, self._bytes, last, self._cost())

    def _look_at(self, tx: Reader, raw: bytes) -> None:
        wanted = self._wanted
        size = stored_size(raw)
        self._size += size
        if wanted.fetched:
            raw = self._fetch(tx, raw)
            size = stored_size(raw)
        self._bytes += size
        if wanted.condition is None and wanted.counted:
            self._count += 1
            return
        item = decode_item(raw)
        if wanted.condition is not None and not holds(wanted.condition, item):
            return
        self._count += 1
        if not wanted.counted:
            self._items.append(item if wanted.paths is None else project(item, wanted.paths))

    def _fetch(self, tx: Reader, entry: bytes) -> bytes:
        """The item of a local index's entry, which stands in the same snapshot. Each costs as a read of its own."""
        wanted = self._wanted
        raw = read(tx, self._ctx, wanted.table, item_key(wanted.table, decode_item(entry)))
        self._fetched_units += read_units(stored_size(raw), consistent=wanted.consistent)
        return entry if raw is None else raw

    def _cost(self) -> Cost:
        units = read_units(self._size, consistent=self._wanted.consistent)
        if self._wanted.index is None:
            return Cost(units)
        return Cost(self._fetched_units, ((self._wanted.index, units),))


def _key_of(wanted: Read, item: Item) -> Item:
    """LastEvaluatedKey: the attributes of the table's key, and of the index's."""
    return {attribute.name: item[attribute.name] for attribute in all_key_attributes(wanted.table, wanted.index)}
