"""Names and values of a request: checks ExpressionAttributeNames/Values, puts them into parsed trees, and says what was left unused.

One `Bindings` serves all expressions of a request. docs: Developer Guide, "Expression attribute names", "Expression attribute values".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from atoll.kernel.errors import ValidationFailed
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
    Logical,
    Not,
    Operand,
    Part,
    Path,
    Placeholder,
    Value,
    paths_in,
)
from atoll.services.dynamodb.expressions.operand_rules import check_actions, check_operands
from atoll.services.dynamodb.expressions.parser import parse_condition, parse_projection
from atoll.services.dynamodb.expressions.projection import check_paths
from atoll.services.dynamodb.expressions.update_parser import parse_update
from atoll.services.dynamodb.items.item_rules import check_value

_NAME = re.compile(r"#[A-Za-z0-9_]+", re.ASCII)
_VALUE = re.compile(r":[A-Za-z0-9_]+", re.ASCII)


class Bindings:
    """The names and values that a request gives its expressions. Raises ValidationFailed where they are no such."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self._names: Mapping[str, str] = request.get("ExpressionAttributeNames") or {}
        self._values = {}
        self._used: set[str] = set()
        _check_placeholders(request.get("ExpressionAttributeNames"), "ExpressionAttributeNames", _NAME)
        _check_placeholders(request.get("ExpressionAttributeValues"), "ExpressionAttributeValues", _VALUE)
        for key, value in (request.get("ExpressionAttributeValues") or {}).items():
            try:
                ((kind, content),) = check_value(value)[0].items()
            except ValidationFailed as error:
                raise ValidationFailed(
                    f"ExpressionAttributeValues contains invalid value: {error.message} for key {key}"
                ) from error
            self._values[key] = Literal(kind, content)

    def condition(self, parameter: str, text: str) -> Condition:
        """The condition in `text`, bound; `parameter` is what messages call it."""
        try:
            return self._condition(parse_condition(text))
        except ExpressionError as error:
            raise ValidationFailed(f"Invalid {parameter}: {error}") from error

    def projection(self, text: str) -> tuple[Path, ...]:
        """The paths of the ProjectionExpression `text`, bound; none lies in another."""
        try:
            bound = tuple(self._path(path) for path in parse_projection(text))
            check_paths(bound)
        except ExpressionError as error:
            raise ValidationFailed(f"Invalid ProjectionExpression: {error}") from error
        return bound

    def update(self, text: str) -> tuple[Action, ...]:
        """The actions of the UpdateExpression `text`, bound; no path lies in another."""
        try:
            actions = parse_update(text)
            for path in paths_in(*actions):
                self._path(path)  # undefined names are said before undefined values
            bound = tuple([Action(each.verb, self._path(each.path), self._value(each.value)) for each in actions])
            check_actions(bound)
        except ExpressionError as error:
            raise ValidationFailed(f"Invalid UpdateExpression: {error}") from error
        return bound

    def check_unused(self) -> None:
        """Raises ValidationFailed if a name or value was given that no expression used."""
        for member, given in (
            ("ExpressionAttributeNames", self._names),
            ("ExpressionAttributeValues", self._values),
        ):
            unused = [key for key in given if key not in self._used]
            if unused:
                raise ValidationFailed(
                    f"Value provided in {member} unused in expressions: keys: {{{', '.join(unused)}}}"
                )

    def _condition(self, node: Condition) -> Condition:
        if isinstance(node, Logical):
            return Logical(node.operator, tuple([self._condition(child) for child in node.conditions]))
        if isinstance(node, Not):
            return Not(self._condition(node.condition))
        bound: Condition
        if isinstance(node, Compare):
            bound = Compare(node.operator, self._operand(node.left), self._operand(node.right))
        elif isinstance(node, Between):
            bound = Between(self._operand(node.subject), self._operand(node.low), self._operand(node.high))
        elif isinstance(node, In):
            bound = In(self._operand(node.subject), tuple([self._operand(choice) for choice in node.choices]))
        else:
            bound = self._function(node)
        check_operands(bound)
        return bound

    def _value(self, node: Value | None) -> Value | None:
        if isinstance(node, Arithmetic):
            return Arithmetic(node.operator, self._operand(node.left), self._operand(node.right))
        return None if node is None else self._operand(node)

    def _operand(self, node: Operand) -> Operand:
        if isinstance(node, Path):
            return self._path(node)
        if isinstance(node, Placeholder):
            value = self._values.get(node.name)
            if value is None:
                raise ExpressionError(
                    f"An expression attribute value used in expression is not defined; attribute value: {node.name}"
                )
            self._used.add(node.name)
            return value
        return self._function(node) if isinstance(node, Function) else node

    def _function(self, node: Function) -> Function:
        arguments = []
        for argument in node.arguments:  # a loop: a comprehension would take a third of the stack for nested calls
            arguments.append(self._operand(argument))
        return Function(node.name, tuple(arguments))

    def _path(self, path: Path) -> Path:
        if not self._names and not any(isinstance(part, str) and part[0] == "#" for part in path.parts):
            return path
        return Path(tuple([self._part(part) for part in path.parts]))

    def _part(self, part: Part) -> Part:
        if isinstance(part, int) or part[0] != "#":
            return part
        name = self._names.get(part)
        if name is None:
            raise ExpressionError(
                f"An expression attribute name used in the document path is not defined; attribute name: {part}"
            )
        self._used.add(part)
        return name


def _check_placeholders(given: Mapping[str, Any] | None, member: str, pattern: re.Pattern[str]) -> None:
    if given is None:
        return
    if not given:
        raise ValidationFailed(f"{member} must not be empty")
    for key in given:
        if not pattern.fullmatch(key):
            raise ValidationFailed(f'{member} contains invalid key: Syntax error; key: "{key}"')
