"""Where the statements of a policy document stand in its text, as the policy simulator tells it."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:]')


class Place(NamedTuple):
    """A line and a column, both from 1."""

    line: int
    column: int


class Span(NamedTuple):
    """From behind whatever stands before a statement (`[`, another statement, or its own `{` where it stands alone) to behind its `}`.

    That is what AWS was seen to answer: of AdministratorAccess, whose third line is `  "Statement": [`, line 3, column 17.
    """

    start: Place
    end: Place


def statement_spans(text: str) -> list[Span]:
    """The places of the statements of a valid document, in their order."""
    ends: list[tuple[int, int]] = []
    depth, start, key, listed = 0, 0, "", False
    tokens = list(_TOKEN.finditer(text))
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        sign = token.group()
        if sign[0] == '"':
            if depth == 1 and following is not None and following.group() == ":":
                key = json.loads(sign)
        elif sign in "{[":
            if depth == 1 and key == "Statement":
                ends, start, listed = [], token.end(), sign == "["
            depth += 1
        elif sign in "}]":
            depth -= 1
            if key == "Statement" and sign == "}" and depth == (2 if listed else 1):
                ends.append((start, token.end()))
                start = token.end()
    return [Span(_place(text, begin), _place(text, end)) for begin, end in ends]


def _place(text: str, offset: int) -> Place:
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
