"""IAM's condition keys for items: dynamodb:LeadingKeys, Attributes, Select, ReturnValues, ReturnConsumedCapacity.

Docs: Developer Guide, "Using IAM policy conditions for fine-grained access control". They are worked out only when a policy asks, and
before the request is validated: what is wrong with it is ignored here and refused later.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError
from atoll.services.dynamodb.access import item_table
from atoll.services.dynamodb.expressions.lexer import ExpressionError
from atoll.services.dynamodb.expressions.nodes import Between, Compare, Function, In, Logical, Not, Path
from atoll.services.dynamodb.expressions.parser import parse_condition, parse_projection
from atoll.services.dynamodb.store import find_table

Keys = Mapping[str, Sequence[str]]
Given = Mapping[str, Any]


async def put_conditions(ctx: Context, request: Given) -> Keys:
    """The keys of a PutItem: it names every attribute that it writes."""
    item = request.get("Item") or {}
    return {
        **await _leading_keys(ctx, request, item),
        "dynamodb:Attributes": _attributes(request, item),
        "dynamodb:ReturnValues": [request.get("ReturnValues") or "NONE"],
        **_capacity(request),
    }


async def key_conditions(ctx: Context, request: Given) -> Keys:
    """The keys of a DeleteItem."""
    key = request.get("Key") or {}
    return {
        **await _leading_keys(ctx, request, key),
        "dynamodb:Attributes": _attributes(request, key),
        "dynamodb:ReturnValues": [request.get("ReturnValues") or "NONE"],
        **_capacity(request),
    }


async def get_conditions(ctx: Context, request: Given) -> Keys:
    """The keys of a GetItem: without a projection it selects all attributes."""
    key = request.get("Key") or {}
    projected = request.get("ProjectionExpression") is not None
    return {
        **await _leading_keys(ctx, request, key),
        "dynamodb:Attributes": _attributes(request, key),
        "dynamodb:Select": ["SPECIFIC_ATTRIBUTES" if projected else "ALL_ATTRIBUTES"],
        **_capacity(request),
    }


async def _leading_keys(ctx: Context, request: Given, item: Mapping[str, Given]) -> Keys:
    """The partition key's value, as text. No value where there is no such table or the item lacks it: the request fails then."""
    try:
        name = item_table(ctx, request.get("TableName") or "")
    except ServiceError:
        return {}
    table = await ctx.store.read(lambda tx: find_table(tx, ctx, name))
    value = item.get(table.partition.name) if table is not None else None
    if table is None or value is None or table.partition.type not in value:
        return {}
    content = value[table.partition.type]
    return {"dynamodb:LeadingKeys": [base64.b64encode(content).decode() if isinstance(content, bytes) else content]}


def _attributes(request: Given, item: Mapping[str, Given]) -> list[str]:
    """The top-level attributes that the request names: in its item or key, and in its expressions."""
    names = dict.fromkeys(item)
    placeholders = request.get("ExpressionAttributeNames") or {}
    for path in _paths(request):
        head = str(path.parts[0])
        names[placeholders.get(head, head)] = None
    return list(names)


def _paths(request: Given) -> list[Path]:
    found: list[Path] = []
    try:
        if (text := request.get("ConditionExpression")) is not None:
            pending: list[Any] = [parse_condition(text)]
            while pending:
                node = pending.pop()
                if isinstance(node, Path):
                    found.append(node)
                pending += _children(node)
        if (text := request.get("ProjectionExpression")) is not None:
            found += parse_projection(text)
    except ExpressionError:
        return []  # refused when the operation runs
    return found


def _children(node: Any) -> tuple[Any, ...]:
    match node:
        case Logical(conditions=conditions):
            return conditions
        case Not(condition=condition):
            return (condition,)
        case Compare(left=left, right=right):
            return (left, right)
        case Between(subject=subject, low=low, high=high):
            return (subject, low, high)
        case In(subject=subject, choices=choices):
            return (subject, *choices)
        case Function(arguments=arguments):
            return arguments
    return ()


def _capacity(request: Given) -> Keys:
    wanted = request.get("ReturnConsumedCapacity")
    return {"dynamodb:ReturnConsumedCapacity": [wanted]} if wanted else {}
