"""What requests on items have in common: their expressions, legacy parameters, and what a write shall return. Pure but for reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import Key
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.errors import ConditionalCheckFailedException, invalid
from atoll.services.dynamodb.expressions.bindings import Bindings
from atoll.services.dynamodb.expressions.condition import holds
from atoll.services.dynamodb.expressions.legacy import attribute_updates, expected
from atoll.services.dynamodb.expressions.nodes import Action, Condition, Path
from atoll.services.dynamodb.items.storage import collection_size, decode_item
from atoll.services.dynamodb.store import Item, Table

GIGABYTE = 1 << 30
_GOVERNED = frozenset({
    "ConditionExpression", "UpdateExpression", "ProjectionExpression", "ExpressionAttributeNames",
    "ExpressionAttributeValues", "AttributeUpdates", "AttributesToGet", "ConditionalOperator", "Expected",
})  # fmt: skip
"""The parameters of requests on one item of which not every combination is allowed."""


def check_parameters(request: Mapping[str, Any], expressions: Sequence[str], legacy: Sequence[str]) -> None:
    """Refuses expressions beside what came before them, and names or values that no expression could use."""
    if _GOVERNED.isdisjoint(request):
        return  # most writes, and all in batches
    check_unmixed(request, expressions, legacy)
    check_placeholders(request, expressions, expressions)


def check_unmixed(request: Mapping[str, Any], expressions: Sequence[str], legacy: Sequence[str]) -> None:
    """Refuses expressions beside what came before them."""
    modern = [name for name in expressions if request.get(name) is not None]
    used = [name for name in legacy if request.get(name) is not None]
    if modern and used:
        raise ValidationFailed(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(used)}}} Expression parameters: {{{', '.join(modern)}}}"
        )


def check_placeholders(request: Mapping[str, Any], expressions: Sequence[str], valued: Sequence[str]) -> None:
    """Refuses names, and values, where no expression could use them; the `valued` ones can use values."""
    modern = [name for name in expressions if request.get(name) is not None]
    if not modern and request.get("ExpressionAttributeNames") is not None:
        raise ValidationFailed("ExpressionAttributeNames can only be specified when using expressions")
    if request.get("ExpressionAttributeValues") is not None and not any(name in valued for name in modern):
        raise ValidationFailed(
            "ExpressionAttributeValues can only be specified when using expressions: "
            f"{' and '.join(valued)} {'is' if len(valued) == 1 else 'are'} null"
        )


def condition(request: Mapping[str, Any]) -> Condition | None:
    """The bound condition of a PutItem, a DeleteItem or a check. Raises ValidationFailed."""
    text = request.get("ConditionExpression")
    if text is None:
        return expected(request) if request.get("Expected") else None
    bindings = Bindings(request)
    bound = bindings.condition("ConditionExpression", text)
    bindings.check_unused()
    return bound


def update(request: Mapping[str, Any]) -> tuple[tuple[Action, ...], Condition | None]:
    """The bound actions of an UpdateItem, and its condition. Raises ValidationFailed."""
    text, condition_text = request.get("UpdateExpression"), request.get("ConditionExpression")
    if text is None and condition_text is None:
        return attribute_updates(request.get("AttributeUpdates") or {}), expected(request)
    bindings = Bindings(request)
    actions = () if text is None else bindings.update(text)
    bound = None if condition_text is None else bindings.condition("ConditionExpression", condition_text)
    bindings.check_unused()
    return actions, bound


def projection(request: Mapping[str, Any]) -> tuple[Path, ...] | None:
    """The bound ProjectionExpression of a GetItem, or its AttributesToGet; None for the whole item. Raises ValidationFailed."""
    check_parameters(request, ("ProjectionExpression",), ("AttributesToGet",))
    text = request.get("ProjectionExpression")
    if text is None:
        return attributes_to_get(request)
    bindings = Bindings(request)
    paths = bindings.projection(text)
    bindings.check_unused()
    return paths


def attributes_to_get(request: Mapping[str, Any]) -> tuple[Path, ...] | None:
    """AttributesToGet as paths, None where the request has none. Raises ValidationFailed for one that is named twice."""
    names = request.get("AttributesToGet")
    if names is None:
        return None
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise invalid(f"Duplicate value in attribute name: {name}")
        seen.add(name)
    return tuple(Path((name,)) for name in names)


def require(condition: Condition | None, request: Mapping[str, Any], raw: bytes | None) -> None:
    """Raises ConditionalCheckFailedException where the stored item does not meet the condition."""
    if condition is None:
        return
    item = None if raw is None else decode_item(raw)
    if holds(condition, item):
        return
    if item is not None and request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD":
        raise ConditionalCheckFailedException("The conditional request failed", Item=item)
    raise ConditionalCheckFailedException("The conditional request failed")


def check_return_values(request: Mapping[str, Any]) -> bool:
    """Whether a PutItem or DeleteItem shall return what it replaced. Raises ValidationFailed for the values of UpdateItem."""
    wanted = request.get("ReturnValues")
    if wanted is None or wanted == "NONE":
        return False
    if wanted != "ALL_OLD":
        raise ValidationFailed("ReturnValues can only be ALL_OLD or NONE")
    return True


def collection_metrics(
    tx: Reader, ctx: Context, request: Mapping[str, Any], table: Table, key: Key, item: Item
) -> dict[str, Any] | None:
    """ItemCollectionMetrics, for tables with local secondary indexes, where the request asks for them.

    docs: API_ItemCollectionMetrics: the size is an estimate, a range in gigabytes.
    """
    if request.get("ReturnItemCollectionMetrics") != "SIZE" or not any(index.local for index in table.indexes):
        return None
    lower = collection_size(tx, ctx, table, key) // GIGABYTE
    name = table.partition.name
    return {"ItemCollectionKey": {name: item[name]}, "SizeEstimateRangeGB": [float(lower), float(lower + 1)]}
