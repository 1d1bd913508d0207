"""Values: literals of a statement as attribute values, and its parameters. Pure; the texts are AWS's.

docs: Developer Guide, "PartiQL data types for DynamoDB". A literal's error says where in the value it is: root, root.name, root[0].
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb import numbers
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.expressions.nodes import Literal
from atoll.services.dynamodb.items.item_rules import MAX_NESTING, check_value
from atoll.services.dynamodb.partiql.lexer import located
from atoll.services.dynamodb.partiql.parser import node_name
from atoll.services.dynamodb.partiql.tree import Call, Collection, Constant, Expression, Parameter, Struct

Value = dict[str, Any]


def parameters(given: Sequence[Value] | None) -> list[Literal]:
    """The values of a request's `Parameters`. Raises ValidationFailed where one is no value: this comes before the statement is read."""
    return [Literal(kind, content) for value in given or () for kind, content in check_value(value)[0].items()]


class Values:
    """What the literals and parameters of one statement stand for."""

    def __init__(self, text: str, given: Sequence[Literal]) -> None:
        self.text = text
        self._given = given

    def of(self, node: Expression) -> Literal | None:
        """The value that a node is by itself; None for what depends on an item. Raises ValidationFailed."""
        if isinstance(node, Parameter):
            if node.index >= len(self._given):
                raise ValidationFailed("Number of parameters in request and statement don't match.")
            return self._given[node.index]
        if not isinstance(node, (Constant, Collection, Struct)):
            return None
        ((kind, content),) = self._value(node, "root", 0).items()
        return Literal(kind, content)

    def required(self, node: Expression) -> Literal:
        """The value of a node that must be one. Raises ValidationFailed."""
        value = self.of(node)
        if value is None:
            self._unsupported(node, "root")
        return value

    def _value(self, node: Expression, path: str, depth: int) -> Value:
        if depth >= MAX_NESTING:
            raise ValidationFailed(f"Nesting Levels have exceeded supported limits under {path}")
        if isinstance(node, Struct):
            return {"M": self._map(node, path, depth + 1)}
        if isinstance(node, Collection):
            if node.kind == "bag":
                return self._set(node, path)
            return {"L": [self._value(one, f"{path}[{at}]", depth + 1) for at, one in enumerate(node.members)]}
        if isinstance(node, Constant) and node.kind in ("S", "BOOL"):
            return {node.kind: node.content}
        if isinstance(node, Constant) and node.kind == "NULL":
            return {"NULL": True}
        if not isinstance(node, Constant) or node.kind != "N":
            self._unsupported(node, path)
        return {"N": _number(str(node.content), path)}

    def _map(self, node: Struct, path: str, depth: int) -> Value:
        entries: Value = {}
        for key, value in node.members:
            if not isinstance(key, Constant) or key.kind != "S":
                located(
                    f"Tuple keys must be of type String. Actual type: {node_name(key)} under {path}",
                    self.text,
                    key.span,
                )
            if key.content in entries:
                located(f"Duplicate keys in tuple. Key: {key.content} under {path}", self.text, key.span)
            entries[str(key.content)] = self._value(value, f"{path}.{key.content}", depth)
        return entries

    def _set(self, node: Collection, path: str) -> Value:
        members = [one for one in node.members if isinstance(one, Constant)]
        if not node.members:
            raise ValidationFailed("Empty bags are not supported")
        kinds = {one.kind for one in members}
        if len(members) < len(node.members) or len(kinds) > 1 or not kinds <= {"S", "N"}:
            raise ValidationFailed(
                "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"
            )
        texts = [str(one.content) for one in members]
        if kinds == {"S"}:
            return check_value({"SS": texts})[0]
        normal = [_number(text, f"{path}[{at}]") for at, text in enumerate(texts)]
        if len(set(normal)) < len(normal):
            raise invalid(f"Input collection [{', '.join(texts)}] contains duplicates! under {path}")
        return {"NS": normal}

    def _unsupported(self, node: Expression, path: str) -> NoReturn:
        name = node.name if isinstance(node, Call) else node_name(node)
        if isinstance(node, Constant):
            name = "LiteralMissing" if node.kind == "MISSING" else name
            if node.kind == "ION":
                located(f"Ion Literals are not supported: {node.content} under key {path}", self.text, node.span)
        located(f"Unsupported data type: {name} under key {path}", self.text, node.span)


def _number(text: str, path: str) -> str:
    try:
        return numbers.normalise(text)
    except ValidationFailed as error:
        raise ValidationFailed(f"{error.message} under {path}") from error
