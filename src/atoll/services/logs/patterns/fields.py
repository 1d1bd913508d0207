"""Patterns for lines of fields: `[ip, user, ..., status = 4* && status != 404, size > 1000]`.

A line's fields are separated by spaces; `"…"` and `[…]` hold one field together. `...` stands for any number of fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from atoll.services.logs.errors import InvalidParameterException
from atoll.services.logs.patterns.values import comparison

Test = Callable[[str], bool]
_FIELD = re.compile(r'"([^"]*)"|\[([^\]]*)\]|(\S+)')
_CONDITION = re.compile(
    r"""\s*(?P<name>\w+)\s*(?P<sign>!=|<=|>=|=|<|>)\s*(?:"(?P<phrase>[^"]*)"|(?P<word>%[^%]*%|[^\s"&|]+))\s*"""
)


def compile_fields(text: str) -> Callable[[str], bool]:
    """The predicate of a pattern in brackets. Raises InvalidParameterException."""
    if not text.endswith("]"):
        raise InvalidParameterException("Invalid filter pattern")
    columns = [column.strip() for column in _columns(text[1:-1])]
    if columns.count("...") > 1:
        raise InvalidParameterException("Invalid filter pattern")
    gap = columns.index("...") if "..." in columns else None
    head = [_column(column) for column in (columns if gap is None else columns[:gap])]
    tail = [] if gap is None else [_column(column) for column in columns[gap + 1 :]]

    def matches(message: str) -> bool:
        values = [quoted or bracketed or word for quoted, bracketed, word in _FIELD.findall(message)]
        if len(values) < len(head) + len(tail) or (gap is None and len(values) != len(head)):
            return False
        return _all(head, values) and _all(tail, values[len(values) - len(tail) :])

    return matches


def _all(tests: Sequence[Test], values: Sequence[str]) -> bool:
    return all(test(value) for test, value in zip(tests, values, strict=False))


def _columns(text: str) -> list[str]:
    """The columns between commas that stand outside quotes and regular expressions."""
    return re.findall(r'(?:"[^"]*"|%[^%]*%|[^,"%])+', text)


def _column(text: str) -> Test:
    if re.fullmatch(r"\w*", text):
        return lambda _value: True
    either = [[_condition(part) for part in side.split("&&")] for side in text.strip("()").split("||")]
    return lambda value: any(all(test(value) for test in side) for side in either)


def _condition(text: str) -> Test:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise InvalidParameterException("Invalid filter pattern")
    quoted = match["phrase"] is not None
    return comparison(match["sign"], match["phrase"] if quoted else match["word"], quoted=quoted)
