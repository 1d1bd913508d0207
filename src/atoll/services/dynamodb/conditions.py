"""IAM's condition keys for tables and items.

Docs: Developer Guide, "Using IAM policy conditions for fine-grained access control" and "Attribute-based access control with DynamoDB".
They are worked out only when a policy asks, and before the request is validated: what is wrong with it is ignored here and refused
later.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError, ValidationFailed
from atoll.kernel.service import ValuesOf
from atoll.services.dynamodb import numbers
from atoll.services.dynamodb.access import item_table
from atoll.services.dynamodb.expressions.key_condition import joined_by_and
from atoll.services.dynamodb.expressions.lexer import ExpressionError
from atoll.services.dynamodb.expressions.nodes import Compare, Condition, Path, Placeholder, paths_in
from atoll.services.dynamodb.expressions.parser import parse_condition, parse_projection
from atoll.services.dynamodb.expressions.update_parser import parse_update
from atoll.services.dynamodb.items.keys import key_schema
from atoll.services.dynamodb.store import Attribute, Table, find_table, read_tags

Given = Mapping[str, Any]


async def _resource_tags(ctx: Context, request: Given) -> Mapping[str, str] | None:
    """The table's tags."""
    try:
        ctx, name = item_table(ctx, request.get("TableName") or request.get("ResourceArn") or "")
    except ServiceError:
        return None
    return await ctx.store.read(lambda tx: read_tags(tx, ctx, name))


async def _table(ctx: Context, request: Given) -> Table | None:
    try:
        ctx, name = item_table(ctx, request.get("TableName") or "")
    except ServiceError:
        return None
    return await ctx.store.read(lambda tx: find_table(tx, ctx, name))


async def _leading_keys(ctx: Context, request: Given) -> Sequence[str] | None:
    """The values of the partition key, as text. No value where there is no such table or the item lacks it: the request fails then."""
    table = await _table(ctx, request)
    if table is None:
        return None
    partition = table.partition
    return [text for item in _items(request) for text in _as_text(partition, item.get(partition.name) or {}) or ()]


async def _queried_keys(ctx: Context, request: Given) -> Sequence[str] | None:
    """The (first) partition key's value that a Query seeks: of the table, or of the index."""
    table = await _table(ctx, request)
    if table is None:
        return None
    index = next((index for index in table.indexes if index.name == request.get("IndexName")), None)
    attribute = key_schema(table, index)[0][0]
    return _as_text(attribute, _sought(request, attribute.name) or {})


def _sought(request: Given, name: str) -> Given | None:
    """The value to which a Query's conditions set the attribute, if they do."""
    legacy = (request.get("KeyConditions") or {}).get(name)
    if legacy is not None:
        return (
            next(iter(legacy.get("AttributeValueList") or ()), None)
            if legacy.get("ComparisonOperator") == "EQ"
            else None
        )
    for condition in _conditions(request, ("KeyConditionExpression",)):
        for node in joined_by_and(condition):
            if isinstance(node, Compare) and node.operator == "=":
                sides = (node.left, node.right)
                path = next((side for side in sides if isinstance(side, Path)), None)
                value = next((side for side in sides if isinstance(side, Placeholder)), None)
                if path is not None and value is not None and _head(request, path) == name:
                    return (request.get("ExpressionAttributeValues") or {}).get(value.name)
    return None


def _as_text(attribute: Attribute, value: Given) -> Sequence[str] | None:
    content = value.get(attribute.type)
    if content is None:
        return None
    if attribute.type == "N":
        try:
            return [numbers.normalise(content)]  # 1.0 is the item of 1
        except ValidationFailed:
            return None
    return [base64.b64encode(content).decode() if isinstance(content, bytes) else content]


def _items(request: Given) -> list[Mapping[str, Given]]:
    """The item or key of the request; of a batch's part on one table all of them."""
    given = (request.get("Item"), request.get("Key"), *(request.get("Items") or ()), *(request.get("Keys") or ()))
    return [item for item in given if item]


_EXPRESSIONS = ("ConditionExpression", "KeyConditionExpression", "FilterExpression")
_LEGACY = ("AttributesToGet", "AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter")


def _attributes(_ctx: Context, request: Given) -> list[str]:
    """The top-level attributes that the request names: in its items or keys, in its expressions, and in what came before them."""
    names = dict.fromkeys(name for item in _items(request) for name in item)
    for member in _LEGACY:
        names.update(dict.fromkeys(request.get(member) or ()))
    for path in _paths(request):
        names[_head(request, path)] = None
    return list(names)


def _head(request: Given, path: Path) -> str:
    head = str(path.parts[0])
    return str((request.get("ExpressionAttributeNames") or {}).get(head, head))


def _paths(request: Given) -> list[Path]:
    found = [*paths_in(*_conditions(request, _EXPRESSIONS))]
    with contextlib.suppress(ExpressionError):  # refused when the operation runs
        if (text := request.get("UpdateExpression")) is not None:
            found += paths_in(*parse_update(text))
        if (text := request.get("ProjectionExpression")) is not None:
            found += parse_projection(text)
    return found


def _conditions(request: Given, members: Sequence[str]) -> Iterator[Condition]:
    """The conditions in the request's expressions; what cannot be read is refused when the operation runs."""
    for member in members:
        if (text := request.get(member)) is not None:
            with contextlib.suppress(ExpressionError):
                yield parse_condition(text)


def _select(_ctx: Context, request: Given) -> Sequence[str]:
    """What Select says. Where it says nothing, a projection selects specific attributes, and the lack of one all there are."""
    if (select := request.get("Select")) is not None:
        return [select]
    if request.get("ProjectionExpression") is not None or request.get("AttributesToGet") is not None:
        return ["SPECIFIC_ATTRIBUTES"]
    return ["ALL_ATTRIBUTES" if request.get("IndexName") is None else "ALL_PROJECTED_ATTRIBUTES"]


def _return_values(_ctx: Context, request: Given) -> Sequence[str]:
    return [request.get("ReturnValues") or "NONE"]


def _nothing_returned(_ctx: Context, _request: Given) -> None:
    """Query and Scan have no ReturnValues, which the reference lists for them all the same."""


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
SCANS: Mapping[str, ValuesOf] = {
    **ON_TABLE,
    "dynamodb:Attributes": _attributes,
    "dynamodb:ReturnConsumedCapacity": _capacity,
    "dynamodb:ReturnValues": _nothing_returned,
    "dynamodb:Select": _select,
}
QUERIES: Mapping[str, ValuesOf] = {**SCANS, "dynamodb:LeadingKeys": _queried_keys}
