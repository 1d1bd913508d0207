"""Where reading a statement has come to: its tokens one after the other, and document paths."""

from __future__ import annotations

from typing import NoReturn

from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.expressions.reader import MAX_PATH
from atoll.services.dynamodb.partiql.lexer import Span, Token, located, malformed, tokenize
from atoll.services.dynamodb.partiql.tree import Reference


class TokenReader:
    """A position in a statement's tokens; what is complained of is kept until all was read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.at = 0
        self.parameters = 0
        self._complaint: ValidationFailed | None = None

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.at]

    def accept(self, kind: str, value: str) -> bool:
        """Steps over this token if it is next."""
        token = self.token
        if token.kind == kind and token.value == value:
            self.at += 1
            return True
        return False

    def keyword(self, *words: str) -> bool:
        """Steps over these keywords if they are next, in this order."""
        for offset, word in enumerate(words):
            token = self.tokens[min(self.at + offset, len(self.tokens) - 1)]
            if token.kind != "keyword" or token.value != word:
                return False
        self.at += len(words)
        return True

    def complain(self, message: str, span: Span | None = None) -> None:
        """Notes what is wrong with a statement that can be read: it is raised when all of it was, for what cannot be comes first."""
        if self._complaint is None:
            try:
                if span is not None:
                    located(message, self.text, span)
                raise ValidationFailed(message)
            except ValidationFailed as error:
                self._complaint = error

    def check_complaints(self) -> None:
        """Raises the first complaint."""
        if self._complaint is not None:
            raise self._complaint

    def simple_path(self) -> Reference:
        """A path that begins here and must be one: what is assigned to, or a table."""
        if self.token.kind not in ("word", "quoted"):
            raise malformed("Expected identifier for simple path")
        return self.path(simple=True)

    def path(self, *, simple: bool) -> Reference:
        """The path that begins here; a `simple` one may have no wildcards after dots."""
        parts: list[str | int | None] = [self.token.value]
        spans = [self.token.span]
        self.at += 1
        while True:
            if self.accept("symbol", "."):
                token = self.token
                if token.kind not in ("word", "quoted") and (simple or token.value != "*" or token.kind != "symbol"):
                    raise malformed("Invalid path dot component" + " for simple path" * (token.value == "*"))
                parts.append(token.value if token.kind != "symbol" else None)
            elif self.accept("symbol", "["):
                token = self._subscript(parts)
                if self.token.kind != "symbol" or self.token.value != "]":
                    raise malformed("Expected RIGHT_BRACKET")
            else:
                if len(parts) > MAX_PATH:
                    self.complain(f"The document path has too many nesting elements; nesting levels: {len(parts)};")
                return Reference(tuple(parts), tuple(spans))
            spans.append(token.span)
            self.at += 1

    def _subscript(self, parts: list[str | int | None]) -> Token:
        """Reads what stands in the brackets of a path: a position, a name as a string, or `*`; the token that it is."""
        sign = ""
        while self.token.kind == "symbol" and self.token.value in ("+", "-"):
            sign = "-" if (sign == "-") != (self.token.value == "-") else ""
            self.at += 1
        token = self.token
        self.at += 1
        if token.kind == "number":
            position = int(token.value) if token.value.isdigit() and len(token.value) < 20 else 1 << 31
            if position >= 1 << 31 or (sign and position):
                self.complain(f"List index is not within the allowable range; index: [{sign}{token.value}]", token.span)
            parts.append(position)
        elif token.kind == "string" and not sign:
            parts.append(token.value)
        elif token.value == "*" and token.kind == "symbol" and not sign:
            parts.append(None)
        else:
            self.at -= 1
            self._unexpected_subscript()
        return token

    def _unexpected_subscript(self) -> NoReturn:
        if self.token.kind == "end" or (self.token.kind == "symbol" and self.token.value == "]"):
            raise malformed("Unexpected term")
        raise malformed("Invalid path component for simple path")
