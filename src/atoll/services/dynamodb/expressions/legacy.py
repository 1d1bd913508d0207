"""The parameters that came before expressions, as trees of expressions: Expected, AttributeUpdates, and what all conditions share.

docs: Developer Guide, "Legacy conditional parameters". The trees are bound: attribute names are taken as they are, dots and all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.expressions.condition import in_order
from atoll.services.dynamodb.expressions.nodes import (
    Action,
    Between,
    Compare,
    Condition,
    Function,
    In,
    Literal,
    Logical,
    Not,
    Path,
    Verb,
)
from atoll.services.dynamodb.items.item_rules import check_value

MISMATCH = "Type mismatch for attribute to update"
"""What ADD and DELETE of AttributeUpdates say where an expression would speak of an operand."""

_COMPARATORS = {"EQ": "=", "NE": "<>", "LE": "<=", "LT": "<", "GE": ">=", "GT": ">"}
_ANY = frozenset({"S", "N", "B", "SS", "NS", "BS", "L", "M", "BOOL", "NULL"})
_SCALARS = frozenset({"S", "N", "B"})
_SETS = frozenset({"SS", "NS", "BS"})
_TYPES = {"EQ": _ANY, "NE": _ANY, "BEGINS_WITH": frozenset({"S", "B"})}
"""What operators take; the others take scalars."""


def comparison(attribute: str, operator: str, values: Sequence[Mapping[str, Any]]) -> Condition:
    """The condition that ComparisonOperator and AttributeValueList make of an attribute. Raises ValidationFailed."""
    operands = [_literal(value) for value in values]
    _check_arguments(operator, operands)
    path = Path((attribute,))
    if operator in _COMPARATORS:
        return Compare(_COMPARATORS[operator], path, operands[0])
    if operator == "BETWEEN":
        return Between(path, operands[0], operands[1])
    if operator == "IN":
        return In(path, tuple(operands), frozenset((operand.kind, operand.content) for operand in operands))
    if operator == "NULL":
        return Function("attribute_not_exists", (path,))
    exists = Function("attribute_exists", (path,))
    if operator == "NOT_NULL":
        return exists
    if operator == "BEGINS_WITH":
        return Function("begins_with", (path, operands[0]))
    contains = Function("contains", (path, operands[0]))
    return contains if operator == "CONTAINS" else Logical("AND", (exists, Not(contains)))


def check_conditional_operator(request: Mapping[str, Any], *parameters: str) -> None:
    """Refuses ConditionalOperator where there is nothing to join in the `parameters` that take it."""
    if request.get("ConditionalOperator") is None:
        return
    count = sum(len(request.get(name) or ()) for name in parameters)
    if count == 0:
        raise ValidationFailed("ConditionalOperator cannot be used without Filter or Expected")
    if count == 1:
        raise ValidationFailed("ConditionalOperator can only be used when Filter or Expected has two or more elements")


def joined(request: Mapping[str, Any], conditions: Sequence[Condition]) -> Condition | None:
    """Conditions as ConditionalOperator joins them; None for none."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return Logical(request.get("ConditionalOperator") or "AND", tuple(conditions))


def expected(request: Mapping[str, Any]) -> Condition | None:
    """What Expected demands. Raises ValidationFailed."""
    return joined(request, [_expected(name, given) for name, given in (request.get("Expected") or {}).items()])


def attribute_updates(given: Mapping[str, Mapping[str, Any]]) -> tuple[Action, ...]:
    """The actions of AttributeUpdates. Raises ValidationFailed."""
    return tuple(_action(name, update) for name, update in given.items())


def _expected(name: str, given: Mapping[str, Any]) -> Condition:
    operator, value, values = given.get("ComparisonOperator"), given.get("Value"), given.get("AttributeValueList")
    exists = given.get("Exists")
    if values is not None and value is not None:
        raise invalid(f"Value and AttributeValueList cannot be used together for Attribute: {name}")
    if operator is not None:
        if exists is not None:
            raise invalid(f"Exists and ComparisonOperator cannot be used together for Attribute: {name}")
        if value is None and values is None and operator not in ("NULL", "NOT_NULL"):
            raise invalid(
                f"Value or AttributeValueList must be used with ComparisonOperator: {operator} for Attribute: {name}"
            )
        return comparison(name, operator, [value] if value is not None else values or ())
    if values is not None:
        raise invalid(f"AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}")
    if exists is False:
        if value is not None:
            raise invalid(f"Value cannot be used when Exists is false for Attribute: {name}")
        return comparison(name, "NULL", ())
    if value is None:
        shown = "null" if exists is None else "true"
        raise invalid(f"Value must be provided when Exists is {shown} for Attribute: {name}")
    return comparison(name, "EQ", [value])


def _action(name: str, update: Mapping[str, Any]) -> Action:
    verb: Verb = "SET" if update.get("Action") in (None, "PUT") else update["Action"]
    path = Path((name,))
    if update.get("Value") is None:
        if verb != "DELETE":
            raise invalid("Only DELETE action is allowed when no attribute value is specified")
        return Action("REMOVE", path)
    value = _literal(update["Value"])
    if verb == "DELETE" and value.kind not in _SETS:
        raise invalid(f"DELETE action with value is not supported for the type {value.kind}")
    if verb == "ADD" and value.kind not in _SETS | {"N", "L"}:
        raise invalid(f"ADD action is not supported for the type {value.kind}")
    return Action(verb, path, value)


def _literal(value: Mapping[str, Any]) -> Literal:
    ((kind, content),) = check_value(value)[0].items()
    return Literal(kind, content)


def _check_arguments(operator: str, operands: Sequence[Literal]) -> None:
    wanted = {"NULL": 0, "NOT_NULL": 0, "BETWEEN": 2}.get(operator, 1)
    if len(operands) < wanted or (len(operands) > wanted and operator != "IN"):
        raise invalid(f"Invalid number of argument(s) for the {operator} ComparisonOperator")
    if len({operand.kind for operand in operands}) > 1:
        raise invalid("AttributeValues inside AttributeValueList must be of same type")
    for operand in operands:
        if operand.kind not in _TYPES.get(operator, _SCALARS):
            raise invalid(f"ComparisonOperator {operator} is not valid for {operand.kind} AttributeValue type")
    if operator == "BETWEEN" and not in_order(operands[0].value, operands[1].value):
        raise ValidationFailed(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )
