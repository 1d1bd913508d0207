"""Key conditions: what a Query asks of a key, taken out of a bound KeyConditionExpression and held against a key schema. Pure.

docs: Developer Guide, "Key condition expressions for the Query operation", "Multi-attribute keys". Each key attribute has at most one
condition, on its whole value; partition attributes are compared with `=`, and so are sort attributes but the last that has a condition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.expressions.legacy import comparison
from atoll.services.dynamodb.expressions.nodes import (
    Between,
    Compare,
    Condition,
    Function,
    In,
    Literal,
    Logical,
    Not,
    Operand,
    Path,
)
from atoll.services.dynamodb.items.item_rules import MAX_PARTITION_KEY, MAX_SORT_KEY, check_length, check_value
from atoll.services.dynamodb.store import Attribute


class KeyCondition(NamedTuple):
    """A condition on one key attribute. `operator` is one of `INDEXABLE`, or another that KeyConditions may name and `check` refuses."""

    operator: str
    values: tuple[Mapping[str, Any], ...]


KeyConditions = Mapping[str, KeyCondition]
"""By the names of their attributes."""

INDEXABLE = frozenset({"=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"})
_LEGACY = {"EQ": "=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">=", "BEGINS_WITH": "begins_with"}
NOT_SUPPORTED = "Query key condition not supported"
WRONG_COUNT = "Conditions can be of length 1 or 2 only"
_REVERSED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def extracted(condition: Condition) -> dict[str, KeyCondition]:
    """The key conditions that a bound condition expression consists of. Raises ValidationFailed where it is more than that."""
    found: dict[str, KeyCondition] = {}
    for node in joined_by_and(condition):
        name, one = _condition(node)
        if name in found:
            raise ValidationFailed(
                "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key"
            )
        found[name] = one
    return found


def of_legacy(given: Mapping[str, Mapping[str, Any]]) -> dict[str, KeyCondition]:
    """The key conditions of the parameter KeyConditions. Raises ValidationFailed."""
    found = {}
    for name, one in given.items():
        operator, values = one["ComparisonOperator"], one.get("AttributeValueList") or ()
        comparison(name, operator, values)
        found[name] = KeyCondition(_LEGACY.get(operator, operator), tuple(check_value(value)[0] for value in values))
    return found


def check(
    conditions: KeyConditions,
    partition: Sequence[Attribute],
    sort: Sequence[Attribute],
    first: Callable[[Attribute, int], None] = lambda attribute, limit: None,
) -> None:
    """Raises ValidationFailed where the conditions are none that a key of these attributes can be sought by.

    Attributes are looked at in the order of the schema; `first` is called before each, with the limit of its size, since AWS checks what
    a start key has of an attribute before it checks the condition on it.
    """
    attributes = len(partition) + len(sort)
    if len(conditions) > attributes:
        raise ValidationFailed(
            f"The number of query conditions ({len(conditions)}) exceeds the number of key attributes defined in the schema "
            f"({attributes})"
        )
    for attribute in partition:
        first(attribute, MAX_PARTITION_KEY)
        _check_partition(attribute, conditions)
    astray = conditions.keys() - {attribute.name for attribute in (*partition, *sort)}
    for attribute in sort:
        first(attribute, MAX_SORT_KEY)
        condition = conditions.get(attribute.name)
        if condition is not None:
            _check_values(attribute, condition, MAX_SORT_KEY)
        elif astray:
            raise _missed(attribute)
    if astray:
        raise ValidationFailed(NOT_SUPPORTED)
    _check_gaps(conditions, sort)


def _check_partition(attribute: Attribute, conditions: KeyConditions) -> None:
    condition = conditions.get(attribute.name)
    if condition is None:
        raise _missed(attribute)
    _check_values(attribute, condition, MAX_PARTITION_KEY)
    if condition.operator != "=":
        raise ValidationFailed(NOT_SUPPORTED)


def _check_gaps(conditions: KeyConditions, sort: Sequence[Attribute]) -> None:
    last = max((at for at, attribute in enumerate(sort) if attribute.name in conditions), default=0)
    loose = [a.name for a in sort[:last] if a.name not in conditions or conditions[a.name].operator != "="]
    if loose:
        raise ValidationFailed(
            f"RANGE key attributes {', '.join(loose)} must have equality conditions specified in the query because a "
            f"condition is present on key attribute {sort[last].name}"
        )


def _missed(attribute: Attribute) -> ValidationFailed:
    return ValidationFailed(f"Query condition missed key schema element: {attribute.name}")


def _check_values(attribute: Attribute, condition: KeyCondition, limit: int) -> None:
    if condition.operator not in INDEXABLE:
        raise ValidationFailed("Attempted conditional constraint is not an indexable operation")
    if any(attribute.type not in value for value in condition.values):
        raise invalid("Condition parameter type does not match schema type")
    for value in condition.values:
        check_length(attribute, value[attribute.type], limit)


def joined_by_and(condition: Condition) -> Iterator[Condition]:
    """What AND joins, however it is bracketed, from left to right."""
    pending = [condition]
    while pending:
        node = pending.pop()
        if isinstance(node, Logical) and node.operator == "AND":
            pending += reversed(node.conditions)
        else:
            yield node


def _condition(node: Condition) -> tuple[str, KeyCondition]:
    operator, operands = _parts(node)
    if operator in ("BETWEEN", "begins_with") and not isinstance(operands[0], Path):
        raise _wrong(f"{operator} operator must have the key attribute as its first operand")
    name, values = "", []
    for operand in operands:
        if isinstance(operand, Path):
            if name:
                raise _wrong("Multiple attribute names used in one condition")
            if len(operand.parts) > 1:
                raise ValidationFailed("KeyConditionExpressions cannot have conditions on nested attributes")
            name = str(operand.parts[0])
        elif isinstance(operand, Literal):
            values.append(operand.value)
        else:
            raise ValidationFailed("KeyConditionExpressions cannot contain nested operations")
    if not name:
        raise _wrong("No key attribute specified")
    if not isinstance(operands[0], Path):
        operator = _REVERSED[operator]
    return name, KeyCondition(operator, tuple(values))


def _parts(node: Condition) -> tuple[str, tuple[Operand, ...]]:
    """The operator and the operands of a condition, where a key condition may have it."""
    if isinstance(node, Compare) and node.operator in _REVERSED:
        return node.operator, (node.left, node.right)
    if isinstance(node, Between):
        return "BETWEEN", (node.subject, node.low, node.high)
    if isinstance(node, Function) and node.name == "begins_with":
        return node.name, node.arguments
    used = "NOT" if isinstance(node, Not) else "IN" if isinstance(node, In) else _operator(node)
    raise ValidationFailed(f"Invalid operator used in KeyConditionExpression: {used}")


def _operator(node: Compare | Function | Logical) -> str:
    return node.name if isinstance(node, Function) else node.operator


def _wrong(detail: str) -> ValidationFailed:
    return ValidationFailed(f"Invalid condition in KeyConditionExpression: {detail}")
