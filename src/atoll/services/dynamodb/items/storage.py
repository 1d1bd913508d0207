"""Items at rest: reading one, and the one way in which any write changes one, with its index entries and counters.

Every operation that writes items goes through `replace`; what is allowed was decided before. A stored item is its size (four
bytes, big-endian) followed by its MessagePack, so that a write that needs nothing of the old item but its size decodes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, cast

from atoll.kernel import records
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, packed, under
from atoll.kernel.store.api import Reader, Transaction, counter
from atoll.services.dynamodb.backups import history
from atoll.services.dynamodb.errors import ItemCollectionSizeLimitExceededException
from atoll.services.dynamodb.items.capacity import Cost, write_units
from atoll.services.dynamodb.items.item_rules import attribute_size
from atoll.services.dynamodb.items.keys import entry_key, projected
from atoll.services.dynamodb.store import Index, Item, Table, total_change, total_key
from atoll.services.dynamodb.streams import changes
from atoll.services.dynamodb.ttl import entries

MAX_COLLECTION = 10 << 30


class Stored(NamedTuple):
    """An item beside its stored form."""

    item: Item
    raw: bytes


def encode_item(item: Item, size: int) -> bytes:
    """An item as it is stored."""
    return size.to_bytes(4, "big") + records.encode(item)


def decode_item(raw: bytes) -> Item:
    """The item that `encode_item` made `raw` from."""
    return cast(Item, records.decode(raw[4:]))


def _stored(raw: bytes | None) -> Stored | None:
    return None if raw is None else Stored(decode_item(raw), raw)


def stored_size(raw: bytes | None) -> int:
    """The size of a stored item by AWS's rules, 0 for none."""
    return 0 if raw is None else int.from_bytes(raw[:4], "big")


def read(tx: Reader, ctx: Context, table: Table, key: Key) -> bytes | None:
    """The stored item at `key`, or None."""
    return tx.get((packed(ctx.account, ctx.region, "dynamodb", "item", table.incarnation), *key))


def walk(tx: Reader, ctx: Context, incarnation: str, after: Key, most: int) -> Iterator[tuple[Key, bytes]]:
    """The next `most` stored items past the key `after`, in the order of their keys; the first ones where it is ()."""
    prefix: Key = (ctx.account, ctx.region, "dynamodb", "item", incarnation)
    for place, raw in tx.scan(under(prefix).past((*prefix, *after)), limit=most):
        yield place[len(prefix) :], raw


def replace(
    tx: Transaction,
    ctx: Context,
    table: Table,
    key: Key,
    old: bytes | None,
    new: Stored | None,
    now: float,
    *,
    expired: bool = False,
) -> Cost:
    """Puts `new` in the place of `old` (None: no item) at region time `now`. Raises where an item collection grows too large.

    `expired` says that it is no request that removes the item, but its time to live.
    """
    place = (packed(ctx.account, ctx.region, "dynamodb", "item", table.incarnation), *key)
    if new is not None:
        tx.set(place, new.raw)
    elif old is not None:
        tx.delete(place)
    old_size, new_size = stored_size(old), stored_size(new.raw) if new is not None else 0
    change = total_change((new is not None) - (old is not None), new_size - old_size)
    if change:
        tx.add(total_key(ctx, table.incarnation), change)
    cost = write_units(max(old_size, new_size))
    if table.followed:
        _follow(tx, ctx, table, key, old, new, now, expired=expired)
    if not table.indexes:
        return Cost(cost)
    return Cost(cost, _replace_entries(tx, ctx, table, key, _stored(old), new))


def _follow(
    tx: Transaction,
    ctx: Context,
    table: Table,
    key: Key,
    old: bytes | None,
    new: Stored | None,
    now: float,
    *,
    expired: bool,
) -> None:
    """Notes the change wherever something follows the table's items."""
    if table.has_history:
        history.note(tx, ctx, table, key, old, now)
    if not (table.stream or table.ttl_index):
        return
    before = _stored(old)
    if table.stream:
        changes.note(tx, ctx, table, before, new, now, expired=expired)
    if table.ttl_index:
        entries.move(tx, ctx, table, key, before and before.item, new and new.item, now)


def _replace_entries(
    tx: Transaction, ctx: Context, table: Table, key: Key, old: Stored | None, new: Stored | None
) -> tuple[tuple[Index, int], ...]:
    touched = []
    grown = (stored_size(new.raw) if new else 0) - (stored_size(old.raw) if old else 0)
    old_sizes, new_sizes = dict[str, int](), dict[str, int]()
    for index in table.indexes:
        if index.state == "DELETING":
            continue
        before, after = _entry(table, index, old, old_sizes), _entry(table, index, new, new_sizes)
        if index.filling and before is not None and tx.get(_place(ctx, table, before)) is None:
            before = None  # its turn has not come
        if before == after:
            continue
        units, change, size = 0, 0, 0
        if before is not None and (after is None or after[0] != before[0]):
            tx.delete(_place(ctx, table, before))
            units += write_units(stored_size(before[1]))
        if after is not None:
            tx.set(_place(ctx, table, after), after[1])
            moved = before is None or before[0] != after[0]
            units += write_units(stored_size(after[1]) if moved else max(stored_size(after[1]), stored_size(before[1])))  # type: ignore[index]
        change = (after is not None) - (before is not None)
        size = (stored_size(after[1]) if after else 0) - (stored_size(before[1]) if before else 0)
        tx.add(total_key(ctx, table.incarnation, index.id), total_change(change, size))
        touched.append((index, units))
        grown += size if index.local else 0
    if grown and any(index.local for index in table.indexes):
        _grow_collection(tx, ctx, table, key, grown)
    return tuple(touched)


def fill(
    tx: Transaction, ctx: Context, table: Table, index: Index, after: Key, most: int, most_bytes: int
) -> Key | None:
    """Adds the entries that the index lacks of the next `most` items (or fewer, of about `most_bytes`) past the key `after`. Returns
    the last one's key, None where no item is left."""
    at, count, size = after, 0, 0
    for at, raw in walk(tx, ctx, table.incarnation, after, most):
        count, size = count + 1, size + len(raw)
        entry = _entry(table, index, _stored(raw), {})
        if entry is not None and tx.get(_place(ctx, table, entry)) is None:
            tx.set(_place(ctx, table, entry), entry[1])
            tx.add(total_key(ctx, table.incarnation, index.id), total_change(1, stored_size(entry[1])))
        if size >= most_bytes:
            return at
    return at if count == most else None


def _grow_collection(tx: Transaction, ctx: Context, table: Table, key: Key, grown: int) -> None:
    place = _collection_key(ctx, table, key)
    if grown > 0 and counter(tx.get(place)) + grown > MAX_COLLECTION:
        raise ItemCollectionSizeLimitExceededException("Item collection size limit of 10 GB exceeded.")
    tx.add(place, grown)


def collection_size(tx: Reader, ctx: Context, table: Table, key: Key) -> int:
    """Bytes of all items with this partition key, and of their entries in local indexes. Kept for tables that have some."""
    return counter(tx.get(_collection_key(ctx, table, key)))


def _collection_key(ctx: Context, table: Table, key: Key) -> Key:
    return (ctx.account, ctx.region, "dynamodb", "collection", table.incarnation, key[1])


def _place(ctx: Context, table: Table, entry: tuple[Key, bytes]) -> Key:
    return (ctx.account, ctx.region, "dynamodb", "entry", table.incarnation, *entry[0])


def _entry(table: Table, index: Index, of: Stored | None, sizes: dict[str, int]) -> tuple[Key, bytes] | None:
    """The key and the stored form of the item's entry in the index; None where it has none. `sizes` are those of the item's
    attributes that are known by now: each is measured once for all indexes."""
    if of is None:
        return None
    key = entry_key(table, index, of.item)
    if key is None:
        return None
    names = projected(table, index)
    if names is None:
        return key, of.raw
    item = {name: value for name, value in of.item.items() if name in names}
    for name, value in item.items():
        if name not in sizes:
            sizes[name] = attribute_size(name, value)
    return key, encode_item(item, sum([sizes[name] for name in item]))
