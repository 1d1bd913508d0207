"""The trees of expressions. As parsed, paths hold #names and values are :names; `bindings` replaces both by what the request says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Part = str | int


@dataclass(frozen=True, slots=True)
class Path:
    """A document path: attribute names and list positions, outermost first."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`:name`, before it is bound."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value of the request."""

    kind: str
    content: Any

    @property
    def value(self) -> Mapping[str, Any]:
        """As the API has it."""
        return {self.kind: self.content}


@dataclass(frozen=True, slots=True)
class Function:
    """A call. `size` is an operand, the others are conditions."""

    name: str
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """`left operator right`, with one of = <> < <= > >=."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between:
    """`subject BETWEEN low AND high`, bounds included."""

    subject: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    """`subject IN (choices)`."""

    subject: Operand
    choices: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Logical:
    """Conditions joined by AND or OR; a chain of one operator is one node, so that depth is bounded by parentheses alone."""

    operator: str
    conditions: tuple[Condition, ...]


Operand = Path | Placeholder | Literal | Function
Condition = Function | Compare | Between | In | Not | Logical


def paths_in(condition: Condition) -> Iterator[Path]:
    """The document paths of a condition, from left to right."""
    pending: list[Condition | Operand] = [condition]
    while pending:
        node = pending.pop()
        if isinstance(node, Path):
            yield node
        pending += reversed(_children(node))


def _children(node: Condition | Operand) -> tuple[Condition | Operand, ...]:
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


def path_text(path: Path) -> str:
    """As AWS's messages write a path: [a, [0], b]."""
    return f"[{', '.join(f'[{part}]' if isinstance(part, int) else part for part in path.parts)}]"
