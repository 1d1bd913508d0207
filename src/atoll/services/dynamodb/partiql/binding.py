"""Statements with the values of their parameters: what can be known of one before its table is. Pure.

Bound, a SELECT is a condition and paths, an INSERT an item, an UPDATE actions and a condition, a DELETE a condition.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.expressions.lexer import ExpressionError
from atoll.services.dynamodb.expressions.nodes import (
    Action,
    Arithmetic,
    Condition,
    Function,
    Literal,
    Operand,
    Path,
    Value,
)
from atoll.services.dynamodb.expressions.operand_rules import check_actions
from atoll.services.dynamodb.partiql.lexer import located
from atoll.services.dynamodb.partiql.parser import is_condition, parse
from atoll.services.dynamodb.partiql.tree import (
    Assignment,
    Call,
    Exists,
    Expression,
    Insert,
    Operation,
    Reference,
    Select,
    Statement,
    Update,
)
from atoll.services.dynamodb.partiql.values import Values, parameters
from atoll.services.dynamodb.partiql.where import bound_condition, path_of
from atoll.services.dynamodb.store import Item

_TABLE_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,255}|arn:.*", re.DOTALL)
_SETS = frozenset({"SS", "NS", "BS"})
_SET_VERBS = {"set_add": "ADD", "set_delete": "DELETE"}


class Bound(NamedTuple):
    """A statement and what it comes to; `item` is an INSERT's, `actions` an UPDATE's."""

    statement: Statement
    condition: Condition | None
    item: Item
    actions: tuple[Action, ...]

    @property
    def reads(self) -> bool:
        """Whether it is a SELECT."""
        return isinstance(self.statement, Select)

    @property
    def table(self) -> str:
        """The table, as the statement names it."""
        return self.statement.source.table


def bind(request: Mapping[str, Any]) -> Bound:
    """Binds the `Statement` and `Parameters` of a request or of its part. Raises ValidationFailed; wrong parameters come first."""
    return bind_values(request["Statement"], parameters(request.get("Parameters")))


def bind_alone(request: Mapping[str, Any]) -> Bound:
    """As `bind`, outside transactions. Raises ValidationFailed for an EXISTS."""
    bound = bind(request)
    if isinstance(bound.statement, Exists):
        raise ValidationFailed("EXISTS can only be used in ExecuteTransaction write requests.")
    return bound


def bind_values(text: str, given: list[Literal]) -> Bound:
    """Binds a statement to values that are checked. Raises ValidationFailed."""
    statement = parse(text).statement
    values = Values(text, given)
    where = None if isinstance(statement, Insert) else statement.where
    bound = Bound(
        statement,
        None if where is None else bound_condition(where, values),
        _item(statement, values) if isinstance(statement, Insert) else {},
        _actions(statement, values) if isinstance(statement, Update) else (),
    )
    if not _TABLE_NAME.fullmatch(bound.table):
        raise ValidationFailed(
            "Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', '0-9', '-', '_', '.'."
        )
    return bound


def _item(statement: Insert, values: Values) -> Item:
    return {name: dict(values.required(member).value) for name, member in statement.members}


def _actions(statement: Update, values: Values) -> tuple[Action, ...]:
    try:
        actions = tuple([_action(assignment, values) for assignment in statement.assignments])
        check_actions(actions)
    except ExpressionError as error:
        raise ValidationFailed(str(error)) from error
    return actions


def _action(assignment: Assignment, values: Values) -> Action:
    path, value = path_of(assignment.path), assignment.value
    if value is None:
        return Action("REMOVE", path)
    if isinstance(value, Call) and value.name in _SET_VERBS:
        return _set_action(path, value, values)
    return Action("SET", path, _assigned(value, values))


def _set_action(path: Path, call: Call, values: Values) -> Action:
    """`SET path = set_add(path, set)`: what ADD and DELETE are in update expressions."""
    name = call.name.upper()
    if len(call.arguments) != 2:
        located(f"{name} must have exactly two arguments", values.text, call.span)
    first, second = call.arguments
    if not isinstance(first, Reference) or path_of(first) != path:
        located(f"The first argument to {name} must equal the assignment value", values.text, call.span)
    value = values.of(second)
    if value is None or value.kind not in _SETS:
        located(f"The second argument to {name} must be a value with type SET", values.text, first.span)
    return Action("ADD" if call.name == "set_add" else "DELETE", path, value)


def _assigned(node: Expression, values: Values) -> Value:
    if isinstance(node, Operation) and node.operator in ("+", "-") and len(node.operands) == 2:
        left, right = (_operand(operand, values) for operand in node.operands)
        return Arithmetic(node.operator, left, right)
    return _operand(node, values)


def _operand(node: Expression, values: Values) -> Operand:
    if isinstance(node, Reference):
        return path_of(node)
    if isinstance(node, Call):
        if node.name != "list_append":
            located(f"Unrecognized function: {node.name}", values.text, node.span)
        return Function(node.name, tuple([_list_operand(argument, values) for argument in node.arguments]))
    if isinstance(node, Operation):
        raise ValidationFailed(f"Unsupported operator in Update Expression. Operator: {node.operator}")
    if is_condition(node):
        raise ValidationFailed("IS operator is not supported in update expressions")
    return values.required(node)


def _list_operand(node: Expression, values: Values) -> Operand:
    """An argument of list_append, which is no call itself: so nothing nests."""
    if isinstance(node, Call):
        located(f"Unrecognized function: {node.name}", values.text, node.span)
    return _operand(node, values)
