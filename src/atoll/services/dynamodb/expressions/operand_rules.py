"""What operators and functions take: the checks on a bound condition or update that need its values, with AWS's texts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from atoll.services.dynamodb.expressions.condition import in_order
from atoll.services.dynamodb.expressions.lexer import ExpressionError
from atoll.services.dynamodb.expressions.nodes import (
    Action,
    Arithmetic,
    Between,
    Compare,
    Condition,
    Function,
    In,
    Literal,
    Operand,
    Path,
    Value,
    path_text,
)
from atoll.services.dynamodb.expressions.projection import check_paths
from atoll.services.dynamodb.expressions.reader import FUNCTIONS, UPDATE_FUNCTIONS

_ORDERED = frozenset({"S", "N", "B"})
_TYPES = frozenset({"S", "N", "B", "SS", "NS", "BS", "L", "M", "BOOL", "NULL"})
_SETS = frozenset({"SS", "NS", "BS"})
_LONG_NAMES = {"S": "STRING", "N": "NUMBER", "B": "BINARY", "L": "LIST", "M": "MAP", "BOOL": "BOOLEAN", "NULL": "NULL"}
"""What is said of the types that ADD or DELETE do not take."""


def check_operands(condition: Condition) -> None:
    """Checks one comparison or function call (not what AND, OR and NOT join). Raises ExpressionError.

    The order is AWS's: numbers of operands, then operands that must differ, then types.
    """
    calls = list(_calls(condition))
    for call in calls:
        _check_count(call, FUNCTIONS)
    if isinstance(condition, Compare):
        _check_distinct(condition.operator, condition.left, (condition.right,))
    elif isinstance(condition, In):
        _check_distinct("IN", condition.subject, condition.choices)
    for call in calls:
        _check_distinct(call.name, call.arguments[0], call.arguments[1:])
    for call in calls:
        _check_call(call)
    if isinstance(condition, Compare) and condition.operator not in ("=", "<>"):
        for operand in (condition.left, condition.right):
            _require(condition.operator, operand, _ORDERED)
    elif isinstance(condition, Between):
        _check_between(condition)


def check_actions(actions: Sequence[Action]) -> None:
    """Checks the actions of an update. Raises ExpressionError.

    The order is AWS's: paths in one another, what ADD and DELETE take, operands of + and -, functions.
    """
    check_paths([action.path for action in actions])
    for action in actions:
        _check_addend(action)
    values = [action.value for action in actions if action.value is not None]
    for value in values:
        if isinstance(value, Arithmetic):
            _require(value.operator, value.left, frozenset({"N"}))
            _require(value.operator, value.right, frozenset({"N"}))
    for value in values:
        for call in _calls(value):
            _check_count(call, UPDATE_FUNCTIONS)
            _check_call(call)


def operand_type(operand: Value | None) -> str | None:
    """The type that an operand has whatever the item is; None where that depends on it."""
    if isinstance(operand, Literal):
        return operand.kind
    if isinstance(operand, Function):
        return {"size": "N", "list_append": "L"}.get(operand.name)
    return "N" if isinstance(operand, Arithmetic) else None


def _check_addend(action: Action) -> None:
    if action.verb == "ADD":
        kinds = _SETS | {"N"}
    elif action.verb == "DELETE":
        kinds = _SETS
    else:
        return
    if isinstance(action.value, Literal) and action.value.kind not in kinds:
        raise ExpressionError(
            f"Incorrect operand type for operator or function; operator: {action.verb}, "
            f"operand type: {_LONG_NAMES[action.value.kind]}, typeSet: ALLOWED_FOR_{action.verb}_OPERAND"
        )


def _check_count(call: Function, wanted: Mapping[str, int]) -> None:
    if len(call.arguments) != wanted[call.name]:
        raise ExpressionError(
            "Incorrect number of operands for operator or function; "
            f"operator or function: {call.name}, number of operands: {len(call.arguments)}"
        )


def _calls(node: Condition | Value) -> Iterator[Function]:
    """The calls in a condition or value, inner ones first."""
    if isinstance(node, Compare | Arithmetic):
        operands: tuple[Operand, ...] = (node.left, node.right)
    elif isinstance(node, Between):
        operands = (node.subject, node.low, node.high)
    elif isinstance(node, In):
        operands = (node.subject, *node.choices)
    elif isinstance(node, Function):
        operands = node.arguments
    else:
        return
    for operand in operands:
        if isinstance(operand, Function):
            yield from _calls(operand)
    if isinstance(node, Function):
        yield node


def _check_distinct(operator: str, first: Operand, others: tuple[Operand, ...]) -> None:
    if isinstance(first, Path) and first in others:
        raise ExpressionError(
            "The first operand must be distinct from the remaining operands for this operator or function; "
            f"operator: {operator}, first operand: {path_text(first)}"
        )


def _check_call(call: Function) -> None:
    name, first = call.name, call.arguments[0]
    if name in ("attribute_exists", "attribute_not_exists", "if_not_exists"):
        if not isinstance(first, Path):
            raise ExpressionError(f"Operator or function requires a document path; operator or function: {name}")
    elif name == "begins_with":
        for argument in call.arguments:
            _require(name, argument, frozenset({"S", "B"}))
    elif name == "list_append":
        for argument in call.arguments:
            _require(name, argument, frozenset({"L"}))
    elif name == "size":
        _require(name, first, _TYPES - {"N", "BOOL", "NULL"})
    elif name == "attribute_type":
        wanted = call.arguments[1]
        if not isinstance(wanted, Literal) or wanted.kind != "S":
            kind = operand_type(wanted) or "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
            raise _wrong_type(name, kind)
        if wanted.content not in _TYPES:
            raise ExpressionError(
                f"Invalid attribute type name found; type: {wanted.content}, "
                "valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
            )


def _check_between(condition: Between) -> None:
    for operand in (condition.subject, condition.low, condition.high):
        _require("BETWEEN", operand, _ORDERED)
    low, high = condition.low, condition.high
    if not isinstance(low, Literal) or not isinstance(high, Literal):
        return
    bounds = f"lower bound operand: {_shown(low)}, upper bound operand: {_shown(high)}"
    if low.kind != high.kind:
        raise ExpressionError(f"The BETWEEN operator requires same data type for lower and upper bounds; {bounds}")
    if not in_order(low.value, high.value):
        raise ExpressionError(
            f"The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {bounds}"
        )


def _require(operator: str, operand: Operand, kinds: frozenset[str]) -> None:
    kind = operand_type(operand)
    if kind is not None and kind not in kinds:
        raise _wrong_type(operator, kind)


def _wrong_type(operator: str, kind: str) -> ExpressionError:
    return ExpressionError(
        f"Incorrect operand type for operator or function; operator or function: {operator}, operand type: {kind}"
    )


def _shown(literal: Literal) -> str:
    return f"AttributeValue: {{{literal.kind}:{literal.content}}}"
