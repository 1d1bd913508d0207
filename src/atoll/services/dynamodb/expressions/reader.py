"""What the grammars of all expressions share: stepping over tokens, document paths, and the functions that there are."""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

from atoll.services.dynamodb.expressions.lexer import ExpressionError, Token, syntax_error
from atoll.services.dynamodb.expressions.nodes import Part, Path
from atoll.services.dynamodb.expressions.reserved import is_reserved

FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
"""The functions of conditions, with how many operands each takes."""
UPDATE_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
"""Those of the values in SET."""

MAX_OPERATORS = 300
MAX_PATH = 32
MAX_POSITION = (1 << 31) - 1


def check_operators(count: int) -> None:
    """Refuses an expression of too many operators and functions; AWS counts no further than it must."""
    if count > MAX_OPERATORS:
        raise ExpressionError(f"The expression contains too many operators; operator count: {MAX_OPERATORS + 1};")


class Reader:
    """The tokens of an expression and where reading them has come to; `functions` and `reserved` note what was met for later checks."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0
        self.functions: list[str] = []
        self.reserved: list[str] = []

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def fail(self) -> NoReturn:
        syntax_error(self.text, self.tokens, self.at)

    def accept(self, symbol: str) -> bool:
        """Steps over the symbol if it is next."""
        if self.token.kind == "symbol" and self.token.text == symbol:
            self.at += 1
            return True
        return False

    def path(self) -> Path:
        """A document path at the current token."""
        parts: list[Part] = [self._name()]
        while True:
            if self.accept("."):
                parts.append(self._name())
            elif self.accept("["):
                parts.append(self._position())
                if not self.accept("]"):
                    self.fail()
            else:
                break
        if len(parts) > MAX_PATH:
            raise ExpressionError(f"The document path has too many nesting elements; nesting levels: {len(parts)};")
        return Path(tuple(parts))

    def check_functions(self, known: Collection[str], place: str) -> None:
        """Refuses a function that does not exist, or not in `place`."""
        for name in self.functions:
            if name not in known:
                if name in FUNCTIONS or name in UPDATE_FUNCTIONS:
                    raise ExpressionError(f"The function is not allowed in {place}; function: {name}")
                raise ExpressionError(f"Invalid function name; function: {name}")

    def check_reserved(self) -> None:
        """Refuses reserved words as attribute names."""
        if self.reserved:
            raise ExpressionError(f"Attribute name is a reserved keyword; reserved keyword: {self.reserved[0]}")

    def _name(self) -> str:
        token = self.token
        if token.kind == "word":
            if is_reserved(token.text):
                self.reserved.append(token.text)
        elif token.kind != "name":
            self.fail()
        self.at += 1
        return token.text

    def _position(self) -> int:
        token = self.token
        if token.kind != "number":
            self.fail()
        digits = token.text.lstrip("0")
        if len(digits) > 10 or int(digits or "0") > MAX_POSITION:
            raise ExpressionError(f"List index is not within the allowable range; index: [{token.text}]")
        self.at += 1
        return int(digits or "0")
