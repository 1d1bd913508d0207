"""Operators of expressions: what they make of values of any kind is Velocity 1.7's. Pure."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from atoll.api_runtime.templates.budget import TemplateError
from atoll.api_runtime.templates.values import equal, number, text, truth

if TYPE_CHECKING:
    from atoll.api_runtime.templates.nodes import Expression, Run

BITS = 4096
"""Of a whole number."""
Apply = Callable[["Expression", "Expression", "Run"], Any]


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; `apply` works out the second only if it must."""

    apply: Apply
    left: Expression
    right: Expression

    def value(self, run: Run) -> Any:
        run.budget.spend(1)
        return self.apply(self.left, self.right, run)


@dataclass(frozen=True, slots=True)
class Not:
    """`!operand`."""

    operand: Expression

    def value(self, run: Run) -> bool:
        return not truth(self.operand.value(run))


def _or(left: Expression, right: Expression, run: Run) -> bool:
    return truth(left.value(run)) or truth(right.value(run))


def _and(left: Expression, right: Expression, run: Run) -> bool:
    return truth(left.value(run)) and truth(right.value(run))


def _equal(left: Expression, right: Expression, run: Run) -> bool:
    return equal(left.value(run), right.value(run), run.budget)


def _unequal(left: Expression, right: Expression, run: Run) -> bool:
    return not _equal(left, right, run)


def _compared(compare: Callable[[Any, Any], bool]) -> Apply:
    def apply(left: Expression, right: Expression, run: Run) -> bool:
        one, other = left.value(run), right.value(run)
        return number(one) and number(other) and compare(one, other)

    return apply


def _plus(left: Expression, right: Expression, run: Run) -> Any:
    one, other = left.value(run), right.value(run)
    if isinstance(one, str) or isinstance(other, str):
        joined = text(one, run.budget) + text(other, run.budget)
        run.budget.spend(1, len(joined))
        return joined
    return _arithmetic(operator.add, one, other)


def _calculated(calculate: Callable[[Any, Any], Any]) -> Apply:
    def apply(left: Expression, right: Expression, run: Run) -> Any:
        return _arithmetic(calculate, left.value(run), right.value(run))

    return apply


def _arithmetic(calculate: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    """A number, null where an operand is none."""
    if not (number(one) and number(other)):
        return None
    try:
        result = calculate(one, other)
    except (ZeroDivisionError, ValueError):
        return None
    except OverflowError:
        return math.inf
    if isinstance(result, int) and result.bit_length() > BITS:
        raise TemplateError("a number is too long")
    return result


def _divide(one: Any, other: Any) -> Any:
    if isinstance(one, int) and isinstance(other, int):
        whole = abs(one) // abs(other)
        return whole if (one < 0) == (other < 0) else -whole
    return one / other


def _remainder(one: Any, other: Any) -> Any:
    if isinstance(one, int) and isinstance(other, int):
        return one - _divide(one, other) * other
    return math.fmod(one, other)


class Operator(NamedTuple):
    """How tight it binds, and what it does."""

    level: int
    apply: Apply


_LEVELS: tuple[dict[str, Apply], ...] = (
    {"||": _or, "or": _or},
    {"&&": _and, "and": _and},
    {"==": _equal, "eq": _equal, "!=": _unequal, "ne": _unequal},
    {
        word: _compared(compare)
        for words, compare in (
            (("<", "lt"), operator.lt),
            ((">", "gt"), operator.gt),
            (("<=", "le"), operator.le),
            ((">=", "ge"), operator.ge),
        )
        for word in words
    },
    {"+": _plus, "-": _calculated(operator.sub)},
    {"*": _calculated(operator.mul), "/": _calculated(_divide), "%": _calculated(_remainder)},
)
OPERATORS = {word: Operator(level, apply) for level, words in enumerate(_LEVELS) for word, apply in words.items()}
