"""SELECT: what it reads of a table or index, in which order, and page by page.

docs: Developer Guide, "PartiQL select statements for DynamoDB"; API_ExecuteStatement for NextToken. A page goes on from one range to the
next until Limit or 1 MB, as a page of one Query would.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from atoll.kernel import records
from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Range, pack
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.expressions.condition import find
from atoll.services.dynamodb.expressions.nodes import Path, paths_in
from atoll.services.dynamodb.items import ranges
from atoll.services.dynamodb.items.capacity import Cost, added
from atoll.services.dynamodb.items.item_rules import MAX_PARTITION_KEY, check_matches, check_scalar_keys
from atoll.services.dynamodb.items.keys import all_key_attributes, element, key_schema, lacking, projected
from atoll.services.dynamodb.items.pages import MOST_BYTES, Read, page
from atoll.services.dynamodb.partiql.binding import Bound
from atoll.services.dynamodb.partiql.parser import projected_name
from atoll.services.dynamodb.partiql.plan import KeySchema, Sought, decompose
from atoll.services.dynamodb.partiql.tree import Reference, Select
from atoll.services.dynamodb.partiql.where import path_of
from atoll.services.dynamodb.store import Index, Item, Table


class Shown(NamedTuple):
    """What a page shows. `last` is where reading stopped within a range; `token` continues, None at the end."""

    items: list[Item]
    last: Item | None
    token: str | None
    cost: Cost


class _Position(msgspec.Struct, array_like=True):
    """What a NextToken says: whose it is, the range that comes next, and after which key in it."""

    statement: bytes
    at: int
    last: dict[str, dict[str, Any]] | None


def index_of(table: Table, name: str | None) -> Index | None:
    """The index that a statement names. Raises ValidationFailed where there is none, or none that PartiQL reads."""
    if name is None:
        return None
    index = table.readable_index(name)
    if index is None:
        raise ValidationFailed("The table does not have the specified index")
    if len(index.partition) > 1 or len(index.sort) > 1:
        raise ValidationFailed(
            "PartiQL statements cannot be executed on tables with multi-attribute HASH keys or multi-attribute RANGE keys."
        )
    return index


def schema_of(table: Table, index: Index | None) -> KeySchema:
    """The key by which a table or index is sought."""
    partition, sort = key_schema(table, index)
    return KeySchema(partition[0], sort[0] if sort else None)


def reads(ctx: Context, bound: Bound, select: Select, table: Table, *, consistent: bool) -> list[Read]:
    """What a SELECT reads of this table, in order. Raises ValidationFailed."""
    index = index_of(table, select.source.index)
    if index is not None and not index.local and consistent:
        raise ValidationFailed("Strongly consistent read is not supported on Global Secondary Indexes")
    schema = schema_of(table, index)
    sought = decompose(bound.condition, schema)
    if select.order:
        sought = _ordered(sought, select.order, schema)
    shown = [path_of(item) for item in select.items or ()]
    check_scalar_keys(table, [*shown, *paths_in(bound.condition)])
    fetched = index is not None and _check_projected(table, index, shown, sought)
    directions = dict(select.order)
    forward = not select.order or (schema.sort is not None and directions.get(schema.sort.name, False))
    whole = Read(
        table, index, ranges.of_segment(ctx, table, index), reverse=not forward,
        condition=bound.condition, fetched=fetched, consistent=consistent,
    )  # fmt: skip
    if sought is None:
        return [whole]
    return [msgspec.structs.replace(whole, span=_span(ctx, table, index, schema, one)) for one in sought]


def _span(ctx: Context, table: Table, index: Index | None, schema: KeySchema, sought: Sought) -> Range:
    partition = [element(schema.partition.type, sought.partition)]
    return ranges.of_partition(ctx, table, index, partition, () if sought.sort is None else (sought.sort,))


def _ordered(sought: Sequence[Sought] | None, order: Sequence[tuple[str, bool]], schema: KeySchema) -> list[Sought]:
    """The ranges in the order asked for. Raises ValidationFailed for an order in which they cannot be read."""
    names = [attribute.name for attribute in schema if attribute is not None]
    for name, _ in order:
        if name not in names:
            raise ValidationFailed(f"Attribute {name} in ORDER BY clause must be part of the primary key")
    if sought is None:
        raise ValidationFailed(
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        )
    directions, kind = dict(order), schema.partition.type
    by_partition = directions.get(schema.partition.name)
    if by_partition is None and any(one.partition != sought[0].partition for one in sought):
        raise ValidationFailed(
            "Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause."
        )
    forward = schema.sort is not None and directions.get(schema.sort.name, False)
    within = sorted(sought, key=lambda one: one.sort or (b"", b""), reverse=not forward)
    return sorted(within, key=lambda one: pack((element(kind, one.partition),)), reverse=by_partition is False)


def _check_projected(table: Table, index: Index, shown: Sequence[Path], sought: Sequence[Sought] | None) -> bool:
    """Whether items must be read for the entries of the index. Raises ValidationFailed where it lacks what is asked of it."""
    names = projected(table, index)
    if names is None:
        return False
    filtered = [lacking(names, paths_in(*one.filters)) for one in sought or ()]
    if filtered and all(filtered):
        raise invalid(
            f"Secondary index {index.name} does not project one or more filter attributes: [{', '.join(filtered[0])}]"
        )
    missing = lacking(names, shown)
    if missing and not index.local:
        raise invalid(f"Global secondary index {index.name} does not project [{', '.join(missing)}]")
    return bool(missing)


async def shown_page(ctx: Context, wanted: Sequence[Read], request: Mapping[str, Any], select: Select) -> Shown:
    """Reads a page of a SELECT, from where NextToken says. Raises ValidationFailed for one that is not of this statement."""
    at, left = _start(ctx, wanted, request)
    digest = _digest(request)
    items: list[Item] = []
    costs: list[Cost] = []
    room, limit = MOST_BYTES, request.get("Limit")
    last: Item | None = None
    while True:
        found = await page(ctx, msgspec.structs.replace(left, limit=limit, room=room))
        items += [shown(item, select.items) for item in found.items]
        costs.append(found.cost)
        room -= found.size
        limit = None if limit is None else limit - found.scanned
        last = found.last
        if last is not None:
            break
        at += 1
        if at == len(wanted):
            return Shown(items, None, None, added(costs))
        if room <= 0 or limit == 0:
            break
        left = wanted[at]
    position = _Position(digest, at, last)
    token = base64.b64encode(records.encode(position)).decode()
    return Shown(items, last, token, added(costs))


def shown(item: Item, items: Sequence[Reference] | None) -> Item:
    """What a projection shows of an item: each path under its last name."""
    if items is None:
        return item
    found = ((projected_name(path), find(path_of(path), item)) for path in items)
    return {name: dict(value) for name, value in found if value is not None}


def _start(ctx: Context, wanted: Sequence[Read], request: Mapping[str, Any]) -> tuple[int, Read]:
    text = request.get("NextToken")
    if text is None:
        return 0, wanted[0]
    try:
        position = msgspec.msgpack.decode(base64.b64decode(text, validate=True), type=_Position)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise ValidationFailed("Invalid NextToken") from None
    if position.statement != _digest(request):
        raise ValidationFailed("NextToken does not match request")
    if not 0 <= position.at < len(wanted):
        raise ValidationFailed("Invalid NextToken")
    read = wanted[position.at]
    return position.at, read if position.last is None else read.after(ctx, _checked(read, position.last))


def _checked(read: Read, last: Mapping[str, Mapping[str, Any]]) -> Item:
    """The key in a token, which may have been tampered with. Raises ValidationFailed where it can be no key of what is read."""
    key: Item = {name: dict(value) for name, value in last.items()}
    for attribute in all_key_attributes(read.table, read.index):
        content = key.get(attribute.name, {}).get(attribute.type)
        if not isinstance(content, bytes if attribute.type == "B" else str):
            raise ValidationFailed("Invalid NextToken")
        check_matches(attribute, key, MAX_PARTITION_KEY)
        element(attribute.type, key[attribute.name])
    return key


def _digest(request: Mapping[str, Any]) -> bytes:
    """What a token is bound to: the statement with its parameters."""
    return blake2b(records.encode([request["Statement"], request.get("Parameters")]), digest_size=16).digest()
