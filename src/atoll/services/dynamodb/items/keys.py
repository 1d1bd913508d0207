"""Keys of items and index entries, relative to their table. Pure.

An item's key is (bucket, partition key[, sort key]): within one partition key items lie in the order of the sort key (numbers by
value, strings by their UTF-8 bytes, binary values by theirs). The bucket is a hash of the partition key: a Scan meets items in no
order that a program could come to rely on, as on AWS, and the segments of a parallel scan are ranges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

from atoll.kernel.keys import Element, Key
from atoll.services.dynamodb import numbers
from atoll.services.dynamodb.expressions.nodes import Path
from atoll.services.dynamodb.items.item_rules import MAX_PARTITION_KEY, MAX_SORT_KEY, utf8_length
from atoll.services.dynamodb.store import Attribute, Index, Item, Table

BUCKETS = 1 << 16


def item_key(table: Table, item: Item) -> Key:
    """The key of an item (or of a `Key`) whose key attributes are checked."""
    partition = element(table.partition.type, item[table.partition.name])
    at = bucket(partition)
    if table.sort is None:
        return (at, partition)
    return (at, partition, element(table.sort.type, item[table.sort.name]))


def entry_key(table: Table, index: Index, item: Item) -> Key | None:
    """The key of the item's entry in an index: the index's key, then the table's. None where the item lacks part of the former,
    or has it in a form that the index cannot hold: in an item from before the index was there."""
    elements = []
    for attributes, limit in ((index.partition, MAX_PARTITION_KEY), (index.sort, MAX_SORT_KEY)):
        for attribute in attributes:
            value = item.get(attribute.name)
            if value is None or not _fits(value.get(attribute.type), attribute.type, limit):
                return None
            elements.append(element(attribute.type, value))
    at = bucket(*elements[: len(index.partition)])
    return (index.id, at, *elements, *item_key(table, item)[1:])


def key_attributes(table: Table) -> tuple[Attribute, ...]:
    """The attributes of the table's primary key."""
    return (table.partition,) if table.sort is None else (table.partition, table.sort)


def all_key_attributes(table: Table, index: Index | None) -> tuple[Attribute, ...]:
    """The attributes of the table's key, and of the index's; one that both have comes twice."""
    return key_attributes(table) if index is None else (*key_attributes(table), *index.partition, *index.sort)


def _fits(content: Any, kind: str, limit: int) -> bool:
    """Whether this can be part of an index's key; None where the attribute has another type."""
    if content is None or kind == "N":
        return content is not None
    return 0 < (len(content) if kind == "B" else utf8_length(content)) <= limit


def projected(table: Table, index: Index) -> frozenset[str] | None:
    """The attributes that the entries of an index have at most; None for all."""
    if index.projection == "ALL":
        return None
    return frozenset((*(a.name for a in all_key_attributes(table, index)), *index.projected))


def lacking(names: frozenset[str], paths: Iterable[Path]) -> list[str]:
    """The top-level attributes on these paths that are none of `names`, which `projected` gave."""
    return list(dict.fromkeys(head for path in paths if (head := str(path.parts[0])) not in names))


def key_schema(table: Table, index: Index | None) -> tuple[tuple[Attribute, ...], tuple[Attribute, ...]]:
    """The partition and the sort attributes of the table's key, or of an index's."""
    if index is not None:
        return index.partition, index.sort
    return (table.partition,), () if table.sort is None else (table.sort,)


def element(kind: str, value: Mapping[str, Any]) -> Element:
    """What stands in a key for the value of a key attribute of this type."""
    content: Any = value[kind]
    return numbers.key(content) if kind == "N" else content


def bucket(*partition: Element) -> int:
    """Where the items of a partition key lie among all."""
    digest = 0
    for part in partition:
        digest = crc32(part.encode() if isinstance(part, str) else part, digest)  # type: ignore[arg-type]
    return digest % BUCKETS
