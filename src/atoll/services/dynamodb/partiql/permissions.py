"""What IAM judges of statements: one action for each kind, on the table or index that each statement names.

docs: Developer Guide, "IAM security policies with PartiQL for DynamoDB"; Service Authorization Reference, Amazon DynamoDB.
Authorization comes before a statement is known to be good: of one that cannot be read nothing is judged, and nothing is done. What
depends on the table is worked out from it when a policy asks, as the statement will run; where it cannot be, a full scan is assumed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError, ValidationFailed
from atoll.kernel.service import Access, EachOf, ValuesOf
from atoll.services.dynamodb.access import item_table, table_or_index_arn
from atoll.services.dynamodb.conditions import ON_TABLE, WRITES_ITEM
from atoll.services.dynamodb.expressions.nodes import paths_in
from atoll.services.dynamodb.partiql.binding import Bound, bind
from atoll.services.dynamodb.partiql.parser import MAX_TEXT, parse
from atoll.services.dynamodb.partiql.plan import KeySchema, Value, decompose, equalities
from atoll.services.dynamodb.partiql.select import index_of, schema_of
from atoll.services.dynamodb.partiql.tree import Delete, Exists, Insert, Select, Statement, Update
from atoll.services.dynamodb.partiql.where import path_of
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import find_table
from atoll.services.dynamodb.turns import Turns

Given = Mapping[str, Any]
Parts = Callable[[Any], Sequence[Given]]
"""Gives the parts of a request that have a statement each; members may be missing or wrong still."""


def statement_access(parts: Parts) -> list[Access]:
    """What an operation needs for its statements."""
    return [
        on_table(action, resource=table_or_index_arn, conditions=conditions, each=_of_kind(parts, kinds))
        for action, kinds, conditions in (
            ("PartiQLSelect", (Select, Exists), _OF_SELECT),
            ("PartiQLInsert", (Insert,), _SHARED),
            ("PartiQLUpdate", (Update,), _OF_CHANGE),
            ("PartiQLDelete", (Delete,), _OF_CHANGE),
        )
    ]


def _of_kind(parts: Parts, kinds: tuple[type[Statement], ...]) -> EachOf:
    async def each(request: Given) -> list[Given]:
        found, turns = list[Given](), Turns()
        for part in parts(request):
            statement = _parsed(part) if part else None
            if isinstance(statement, kinds):
                source = statement.source
                found.append({**part, "TableName": source.table, "IndexName": source.index})
            await turns.take(len((part or {}).get("Statement") or ""))
        return found

    return each


def _parsed(part: Given) -> Statement | None:
    text = part.get("Statement") or ""
    if len(text) > MAX_TEXT:
        return None  # refused before it could run, and too long to be kept
    try:
        return parse(text).statement
    except ValidationFailed:
        return None


def _attributes(_ctx: Context, request: Given) -> list[str]:
    """The top-level attributes that the statement names."""
    bound = _bound(request)
    if bound is None:
        return []
    statement = bound.statement
    select = statement if isinstance(statement, Select) else statement.select if isinstance(statement, Exists) else None
    shown = [path_of(item) for item in (select.items or ())] if select is not None else []
    named = paths_in(*shown, bound.condition, *bound.actions)
    return list(dict.fromkeys([*bound.item, *(str(path.parts[0]) for path in named)]))


def _bound(request: Given) -> Bound | None:
    try:
        return bind(request)
    except ServiceError:
        return None  # refused when the operation runs


async def _partitions(ctx: Context, request: Given) -> tuple[KeySchema, list[Value] | None] | None:
    """The partitions that the statement is about, None for all of them; nothing where it will be refused."""
    bound = _bound(request)
    if bound is None:
        return None
    try:
        owner, name = item_table(ctx, bound.table)
        table = await ctx.store.read(lambda tx: find_table(tx, owner, name))
        if table is None:
            return None
        if isinstance(bound.statement, Select):
            schema = schema_of(table, index_of(table, bound.statement.source.index))
            sought = decompose(bound.condition, schema)
            return schema, None if sought is None else [one.partition for one in sought]
        schema = schema_of(table, None)
        partition = schema.partition.name
        values, _ = equalities(bound.condition, schema)
        return schema, [bound.item[partition]] if partition in bound.item else values.get(partition, [])
    except ServiceError:
        return None


async def _leading_keys(ctx: Context, request: Given) -> list[str] | None:
    found = await _partitions(ctx, request)
    if found is None or found[1] is None:
        return None
    return list(_texts(found[0], found[1]))


def _texts(schema: KeySchema, partitions: Sequence[Value]) -> Iterator[str]:
    for value in partitions:
        content = value.get(schema.partition.type)
        if content is not None:
            yield base64.b64encode(content).decode() if isinstance(content, bytes) else str(content)


async def _full_table_scan(ctx: Context, request: Given) -> list[str]:
    found = await _partitions(ctx, request)
    return ["true" if found is None or found[1] is None else "false"]


def _select(_ctx: Context, request: Given) -> list[str]:
    statement = _parsed(request)
    if isinstance(statement, Select) and statement.items is not None:
        return ["SPECIFIC_ATTRIBUTES"]
    return ["ALL_ATTRIBUTES" if request.get("IndexName") is None else "ALL_PROJECTED_ATTRIBUTES"]


def _return_values(_ctx: Context, request: Given) -> list[str]:
    statement = _parsed(request)
    returning = statement.returning if isinstance(statement, (Update, Delete)) else None
    return [returning or "NONE"]


_SHARED: Mapping[str, ValuesOf] = {
    **ON_TABLE,
    "dynamodb:Attributes": _attributes,
    "dynamodb:EnclosingOperation": WRITES_ITEM["dynamodb:EnclosingOperation"],
    "dynamodb:LeadingKeys": _leading_keys,
}
_OF_SELECT: Mapping[str, ValuesOf] = {
    **_SHARED,
    "dynamodb:FullTableScan": _full_table_scan,
    "dynamodb:Select": _select,
}
_OF_CHANGE: Mapping[str, ValuesOf] = {**_SHARED, "dynamodb:ReturnValues": _return_values}
