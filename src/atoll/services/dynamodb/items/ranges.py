"""Where in the store lies what is read: a partition and conditions on the sort key, or a segment of a scan, as one range. Pure.

Bounds are computed on packed keys (`kernel/keys.py`): a string or binary element ends in a zero byte that no content can hold, no element
begins with 0xff, and so `packed + 0xff` comes after all keys that begin with `packed` and before all that do not and are greater.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from atoll.kernel.context import Context
from atoll.kernel.keys import Element, Key, Range, pack
from atoll.services.dynamodb.expressions.key_condition import KeyCondition, KeyConditions
from atoll.services.dynamodb.items.keys import BUCKETS, bucket, element, entry_key, item_key, key_schema
from atoll.services.dynamodb.store import Attribute, Index, Item, Table

Bounds = tuple[bytes, bytes]
"""From, and up to: what an element of a key is packed to, or begins with."""


def of_partition(
    ctx: Context, table: Table, index: Index | None, partition: Sequence[Element], sort: Sequence[Bounds] = ()
) -> Range:
    """The items of a partition, or the entries; with the bounds of their first sort attributes, all but the last of equality."""
    low = pack((*_space(ctx, table, index), bucket(*partition), *partition))
    high = low + b"\xff"
    for start, end in sort:
        low, high = low + start, low + end
    return Range(low, high)


def of_conditions(ctx: Context, table: Table, index: Index | None, conditions: KeyConditions) -> Range:
    """The items, or the entries, that meet conditions which `key_condition.check` has let pass."""
    partition, sort = key_schema(table, index)
    limits = [bounds(attribute, conditions[attribute.name]) for attribute in sort if attribute.name in conditions]
    return of_partition(ctx, table, index, sought(partition, conditions), limits)


def sought(partition: Sequence[Attribute], conditions: KeyConditions) -> list[Element]:
    """The elements of the partition key that conditions ask for."""
    return [element(attribute.type, conditions[attribute.name].values[0]) for attribute in partition]


def of_segment(ctx: Context, table: Table, index: Index | None, segment: int = 0, total: int = 1) -> Range:
    """A segment of all items, or entries: the segments divide the buckets."""
    space = _space(ctx, table, index)
    first, end = (-(-BUCKETS * at // total) for at in (segment, segment + 1))
    return Range(pack((*space, first)), pack((*space, end)))


def place(ctx: Context, table: Table, index: Index | None, item: Item) -> Key:
    """Where the item, or its entry, lies; `item` has all attributes of both keys."""
    if index is None:
        return (*_space(ctx, table, None), *item_key(table, item))
    return (*_space(ctx, table, index)[:-1], *cast(Key, entry_key(table, index, item)))


def bounds(attribute: Attribute, condition: KeyCondition) -> Bounds:
    """Between what the element of a sort attribute lies that meets the condition. (A BETWEEN from high to low has been refused.)"""
    first, *more = (pack((element(attribute.type, value),)) for value in condition.values)
    lowest, beyond = first[:1], bytes((first[0] + 1,))
    operator = condition.operator
    if operator == "=":
        return first, first + b"\xff"
    if operator == "BETWEEN":
        return first, more[0] + b"\xff"
    if operator == "begins_with":
        return first[:-1], _after(first[:-1])
    if operator in ("<", "<="):
        return lowest, first if operator == "<" else first + b"\xff"
    return first if operator == ">=" else first + b"\xff", beyond


def meets(attribute: Attribute, condition: KeyCondition, item: Item) -> bool:
    """Whether the item's value of a sort attribute meets a condition."""
    start, end = bounds(attribute, condition)
    return start <= pack((element(attribute.type, item[attribute.name]),)) < end


def _space(ctx: Context, table: Table, index: Index | None) -> Key:
    """What the keys of all items, or of all entries of an index, begin with."""
    if index is None:
        return (ctx.account, ctx.region, "dynamodb", "item", table.incarnation)
    return (ctx.account, ctx.region, "dynamodb", "entry", table.incarnation, index.id)


def _after(prefix: bytes) -> bytes:
    """The least of all bytes that are greater than whatever begins with `prefix` (whose first byte is not 0xff)."""
    prefix = prefix.rstrip(b"\xff")
    return prefix[:-1] + bytes((prefix[-1] + 1,))
