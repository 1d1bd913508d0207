"""The values of templates, as Java would have them: text, numbers, truth values, null, lists, maps. Pure.

A plain `list` is an array of JSON, whose text is JSON; a `Vector` is a list that the template made, whose text is Java's. A dict's text is
Java's in either case. Observed on AWS by others: `$input.path('$')` of an object is written `{foo=bar}`, of an array as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from atoll.api_runtime.templates.budget import Budget, TemplateError

DEPTH = 100
"""How deep values may nest to be written or compared: cycles end here."""


class Vector(list[Any]):
    """A list that the template made."""


class Entry(NamedTuple):
    """Of a map's `entrySet()`."""

    key: Any
    value: Any


def truth(value: Any) -> bool:
    """What `#if` makes of a value in Velocity 1.7: everything is true but null and false; so are an empty text and 0."""
    return value is not None and value is not False


def text(value: Any, budget: Budget) -> str:
    """What a reference writes; null is nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    parts: list[str] = []
    _write(value, parts.append, budget, DEPTH)
    return "".join(parts)


def json_text(value: Any, budget: Budget) -> str:
    """A value as JSON without spaces."""
    _count(value, budget)
    try:
        written = msgspec.json.encode(value).decode()
    except RecursionError as error:
        raise TemplateError("a value nests too deep to be written") from error
    budget.spend(1, len(written))
    return written


def _count(value: Any, budget: Budget) -> None:
    """Pays for all that is in a value before it is written: it may be in itself, or in itself many times."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            budget.spend(len(one) // 8 + 2)
            waiting.extend(one.values())
        elif isinstance(one, list):
            budget.spend(len(one) // 8 + 2)
            waiting.extend(one)


def _write(value: Any, put: Callable[[str], Any], budget: Budget, depth: int) -> None:
    if depth == 0:
        raise TemplateError("a value nests too deep to be written")
    budget.spend(4)
    if isinstance(value, Entry):
        value = {value.key: value.value}
    if isinstance(value, Mapping):
        put("{")
        for index, (key, member) in enumerate(value.items()):
            put(", " if index else "")
            put(f"{key}=")
            _write(member, put, budget, depth - 1)
        put("}")
    elif isinstance(value, Vector):
        put("[")
        for index, member in enumerate(value):
            put(", " if index else "")
            _write(member, put, budget, depth - 1)
        put("]")
    elif isinstance(value, list):
        put(json_text(value, budget))
    else:
        written = _java_scalar(value)
        budget.spend(0, len(written))
        put(written)


def _java_scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _java_double(value)
    if isinstance(value, int):
        return str(value) if value.bit_length() < 2000 else _java_double(math.inf)
    return value if isinstance(value, str) else ""


def _java_double(value: float) -> str:
    """`1.0E10`, where Python writes `10000000000.0`."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    digits, _, exponent = f"{value:.17e}".partition("e")
    for precision in range(17):
        digits, _, exponent = f"{value:.{precision}e}".partition("e")
        if float(f"{digits}e{exponent}") == value:
            break
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def equal(left: Any, right: Any, budget: Budget, depth: int = DEPTH) -> bool:
    """Velocity 1.7's `==`: numbers by value, values of one kind by their contents, others by their texts."""
    budget.spend(3)
    if left is right:
        return True
    if left is None or right is None:
        return False
    if depth == 0:
        raise TemplateError("values nest too deep to be compared")
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(
            equal(*pair, budget, depth - 1) for pair in zip(left, right, strict=True)
        )
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key], budget, depth - 1) for key in left)
    if number(left) and number(right):
        return bool(left == right)
    return text(left, budget) == text(right, budget)


def number(value: Any) -> bool:
    """Whether a value is a number; Python's truth values are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def items(value: Any) -> Iterator[Any] | None:
    """What `#foreach` goes through: a list's members, a map's values; None where it does nothing."""
    if isinstance(value, Mapping):
        return iter(list(value.values()))
    if isinstance(value, list):
        return iter(list(value))
    return None
