"""Tokens of expressions, and the syntax error that names one. The grammar is `parser`'s."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

_TOKEN = re.compile(
    r"(?P<word>[A-Za-z][A-Za-z0-9_]*)|(?P<name>\#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)|(?P<number>[0-9]+)"
    r"|(?P<symbol><>|<=|>=|[=<>()\[\],.+-])|(?P<space>[ \t\r\n]+)|(?P<wrong>.)",
    re.DOTALL,
)
KEYWORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN"})
MAX_TEXT = 4096


class ExpressionError(Exception):
    """What is wrong with an expression, as AWS ends the sentence; whoever knows which parameter it is in begins it."""


class Token(NamedTuple):
    """`kind` is word, name, value, number, symbol, keyword (then `text` is upper case in `word`), wrong, or end."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The keyword in upper case, "" for other tokens."""
        return self.text.upper() if self.kind == "keyword" else ""


def tokenize(text: str, *, sized: bool = True) -> list[Token]:
    """The tokens of an expression, and one of kind "end" after them. Raises ExpressionError where it is empty or too long: its size is
    said where `sized`."""
    if not text.strip():
        raise ExpressionError("The expression can not be empty;")
    size = len(text.encode(errors="surrogatepass"))
    if size > MAX_TEXT:
        shown = f" expression size: {size}" if sized else ""
        raise ExpressionError(f"Expression size has exceeded the maximum allowed size;{shown}")
    tokens = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind == "word" and match[0].upper() in KEYWORDS:
            kind = "keyword"
        if kind != "space":
            tokens.append(Token(kind, match[0], match.start(), match.end()))
    tokens.append(Token("end", "<EOF>", len(text), len(text)))
    return tokens


def syntax_error(text: str, tokens: Sequence[Token], at: int) -> NoReturn:
    """Raises the error at a token: it is shown with its neighbours, as they stand in the text."""
    first = tokens[max(0, at - 1)].start
    last = tokens[min(len(tokens) - 1, at + 1)].end
    raise ExpressionError(f'Syntax error; token: "{tokens[at].text}", near: "{text[first:last].rstrip()}"')
