"""Comparisons that JSON and field patterns share: `=` and `!=` with wildcards or a regular expression, and order of numbers."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from atoll.auth.policy.match import MANY, compile_pattern
from atoll.services.logs.errors import InvalidParameterException
from atoll.services.logs.patterns.terms import regex

ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def number(value: Any) -> float | None:
    """`value` as a number, if it is one or its text is."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        return float(value)
    except OverflowError:  # JSON's integers may have any length
        return None


def comparison(sign: str, literal: str, *, quoted: bool) -> Callable[[Any], bool]:
    """A test of one value against `literal`. Raises InvalidParameterException for an order of what is no number."""
    wanted = None if quoted else number(literal)
    if sign in ORDER:
        if wanted is None:
            raise InvalidParameterException("Invalid filter pattern")
        order, limit = ORDER[sign], wanted
        return lambda value: (found := number(value)) is not None and order(found, limit)
    equal = _equal(literal, wanted, quoted=quoted)
    return equal if sign == "=" else lambda value: not equal(value)


def _equal(literal: str, wanted: float | None, *, quoted: bool) -> Callable[[Any], bool]:
    if not quoted and len(literal) > 1 and literal[0] == literal[-1] == "%":
        search = regex(literal[1:-1])
        return lambda value: search(_text(value))
    if wanted is not None:
        return lambda value: number(value) == wanted
    if "*" in literal:
        tokens = [token for part in literal.split("*") for token in (part, MANY)][:-1]
        matches = compile_pattern(tokens)
        return lambda value: matches(_text(value))
    return lambda value: _text(value) == literal


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else "null" if value is None else str(value)
