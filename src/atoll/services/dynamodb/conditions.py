"""IAM's condition keys for tables and items.

Docs: Developer Guide, "Using IAM policy conditions for fine-grained access control" and "Attribute-based access control with DynamoDB".
They are worked out only when a policy asks, and before the request is validated: what is wrong with it is ignored here and refused
later.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError
from atoll.kernel.service import ValuesOf
from atoll.services.dynamodb.access import item_table
from atoll.services.dynamodb.expressions.lexer import ExpressionError
from atoll.services.dynamodb.expressions.nodes import Path, paths
from atoll.services.dynamodb.expressions.parser import parse_condition, parse_projection
from atoll.services.dynamodb.expressions.update_parser import parse_update
from atoll.services.dynamodb.store import find_table, read_tags

Given = Mapping[str, Any]


async def _resource_tags(ctx: Context, request: Given) -> Mapping[str, str] | None:
    """The table's tags."""
    try:
        ctx, name = item_table(ctx, request.get("TableName") or request.get("ResourceArn") or "")
    except ServiceError:
        return None
    return await ctx.store.read(lambda tx: read_tags(tx, ctx, name))


async def _leading_keys(ctx: Context, request: Given) -> Sequence[str] | None:
    """The values of the partition key, as text. No value where there is no such table or the item lacks it: the request fails then."""
    try:
        ctx, name = item_table(ctx, request.get("TableName") or "")
    except ServiceError:
        return None
    table = await ctx.store.read(lambda tx: find_table(tx, ctx, name))
    if table is None:
        return None
    partition = table.partition
    contents = [
        content for item in _items(request) if (content := (item.get(partition.name) or {}).get(partition.type))
    ]
    return [base64.b64encode(content).decode() if isinstance(content, bytes) else content for content in contents]


def _items(request: Given) -> list[Mapping[str, Given]]:
    """The item or key of the request; of a batch's part on one table all of them."""
    given = (request.get("Item"), request.get("Key"), *(request.get("Items") or ()), *(request.get("Keys") or ()))
    return [item for item in given if item]


def _attributes(_ctx: Context, request: Given) -> list[str]:
    """The top-level attributes that the request names: in its items or keys, in its expressions, and in what came before them."""
    names = dict.fromkeys(name for item in _items(request) for name in item)
    names |= dict.fromkeys([*(request.get("AttributeUpdates") or ()), *(request.get("Expected") or ())])
    placeholders = request.get("ExpressionAttributeNames") or {}
    for path in _paths(request):
        head = str(path.parts[0])
        names[placeholders.get(head, head)] = None
    return list(names)


def _paths(request: Given) -> list[Path]:
    found: list[Path] = []
    try:
        if (text := request.get("UpdateExpression")) is not None:
            found += paths(*parse_update(text))
        if (text := request.get("ConditionExpression")) is not None:
            found += paths(parse_condition(text))
        if (text := request.get("ProjectionExpression")) is not None:
            found += parse_projection(text)
    except ExpressionError:
        return []  # refused when the operation runs
    return found


def _select(_ctx: Context, request: Given) -> Sequence[str]:
    """Without a projection a GetItem selects all attributes."""
    return ["ALL_ATTRIBUTES" if request.get("ProjectionExpression") is None else "SPECIFIC_ATTRIBUTES"]


def _return_values(_ctx: Context, request: Given) -> Sequence[str]:
    return [request.get("ReturnValues") or "NONE"]


def _capacity(_ctx: Context, request: Given) -> Sequence[str] | None:
    wanted = request.get("ReturnConsumedCapacity")
    return [wanted] if wanted else None


def _enclosing_operation(ctx: Context, _request: Given) -> Sequence[str] | None:
    return [ctx.operation] if ctx.operation in TRANSACTIONS else None


TRANSACTIONS = frozenset({"TransactGetItems", "TransactWriteItems", "ExecuteTransaction"})
"""Operations in which actions of others are judged: "Using IAM with DynamoDB transactions"."""

ON_TABLE: dict[str, ValuesOf] = {"aws:ResourceTag/${TagKey}": _resource_tags}
_ON_ITEM: Mapping[str, ValuesOf] = {
    **ON_TABLE,
    "dynamodb:Attributes": _attributes,
    "dynamodb:LeadingKeys": _leading_keys,
    "dynamodb:ReturnConsumedCapacity": _capacity,
}
_ENCLOSED: Mapping[str, ValuesOf] = {**_ON_ITEM, "dynamodb:EnclosingOperation": _enclosing_operation}
READS_ITEM: Mapping[str, ValuesOf] = {**_ENCLOSED, "dynamodb:Select": _select}
WRITES_ITEM: Mapping[str, ValuesOf] = {**_ENCLOSED, "dynamodb:ReturnValues": _return_values}
READS_BATCH: Mapping[str, ValuesOf] = {**_ON_ITEM, "dynamodb:Select": _select}
WRITES_BATCH: Mapping[str, ValuesOf] = _ON_ITEM
