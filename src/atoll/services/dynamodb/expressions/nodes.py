"""The trees of expressions. As parsed, paths hold #names and values are :names; `bindings` replaces both by what the request says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from typing import Literal as Literals

import msgspec

Part = str | int


class Path(msgspec.Struct, frozen=True):
    """A document path: attribute names and list positions, outermost first."""

    parts: tuple[Part, ...]


class Placeholder(msgspec.Struct, frozen=True):
    """`:name`, before it is bound."""

    name: str


class Literal(msgspec.Struct, frozen=True):
    """A value of the request."""

    kind: str
    content: Any

    @property
    def value(self) -> Mapping[str, Any]:
        """As the API has it."""
        return {self.kind: self.content}


class Function(msgspec.Struct, frozen=True):
    """A call. `size` is an operand, the others are conditions."""

    name: str
    arguments: tuple[Operand, ...]


class Compare(msgspec.Struct, frozen=True):
    """`left operator right`, with one of = <> < <= > >=."""

    operator: str
    left: Operand
    right: Operand


class Between(msgspec.Struct, frozen=True):
    """`subject BETWEEN low AND high`, bounds included."""

    subject: Operand
    low: Operand
    high: Operand


class In(msgspec.Struct, frozen=True):
    """`subject IN (choices)`. `scalars` are the types and contents of the choices, where all are known to be scalar values: the
    parameters that came before expressions may have thousands."""

    subject: Operand
    choices: tuple[Operand, ...]
    scalars: frozenset[tuple[str, Any]] | None = None


class Not(msgspec.Struct, frozen=True):
    """Negation."""

    condition: Condition


class Logical(msgspec.Struct, frozen=True):
    """Conditions joined by AND or OR; a chain of one operator is one node, so that depth is bounded by parentheses alone."""

    operator: str
    conditions: tuple[Condition, ...]


class Truth(msgspec.Struct, frozen=True):
    """Whether a condition holds, as an operand: PartiQL compares conditions with booleans."""

    condition: Condition


class Arithmetic(msgspec.Struct, frozen=True):
    """`left operator right`, with + or -: a value in SET."""

    operator: str
    left: Operand
    right: Operand


class Action(msgspec.Struct, frozen=True):
    """One change of an update: `SET path = value`, `REMOVE path`, `ADD path value` or `DELETE path value`."""

    verb: Verb
    path: Path
    value: Value | None = None


Verb = Literals["SET", "REMOVE", "ADD", "DELETE"]
Operand = Path | Placeholder | Literal | Function | Truth
Value = Operand | Arithmetic
Condition = Function | Compare | Between | In | Not | Logical
Node = Condition | Value | Action


def paths_in(*trees: Node | None) -> Iterator[Path]:
    """All document paths in some trees, in the order of their texts."""
    pending = [*reversed(trees)]
    while pending:
        node = pending.pop()
        if isinstance(node, Path):
            yield node
        elif node is not None:
            pending.extend(reversed(_children(node)))


def _children(node: Node) -> Sequence[Node | None]:
    match node:
        case Logical(conditions=conditions):
            return conditions
        case Not(condition=condition) | Truth(condition=condition):
            return (condition,)
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case Between(subject=subject, low=low, high=high):
            return (subject, low, high)
        case In(subject=subject, choices=choices):
            return (subject, *choices)
        case Function(arguments=arguments):
            return arguments
        case Action(path=path, value=value):
            return (path, value)
    return ()


def path_text(path: Path) -> str:
    """As AWS's messages write a path: [a, [0], b]."""
    return f"[{', '.join(f'[{part}]' if isinstance(part, int) else part for part in path.parts)}]"
