"""Wildcards and policy variables: `*`, `?` and `${…}` in actions, resources and condition values.

Every match takes time linear in the text for a given pattern, whatever the wildcards: between `*`s the leftmost place is always
right, so nothing is ever tried twice. Docs: IAM User Guide, "Resource" (wildcards in ARNs) and "Variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Lookup = Callable[[str], Sequence[str] | None]
"""The values of a condition key (lower-case) in a request, None where the request has none."""

Matcher = Callable[[str, Lookup], bool]
"""Whether a text matches a pattern, whose policy variables are looked up."""


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`*` if `many`, else `?`."""

    many: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """`${name}` or `${name, 'default'}`."""

    name: str
    default: str | None


Token = str | Wildcard | Variable

MANY, ONE = Wildcard(True), Wildcard(False)
_WILDCARD = re.compile(r"\*|\?")
_SPECIAL = re.compile(r"\*|\?|\$\{(?:[*?$]|[^${}]*)\}")  # a `${` ends at the next one: `${${${…` stays linear


def tokenize(text: str, *, wildcards: bool, variables: bool) -> tuple[Token, ...]:
    """Splits a pattern; without `wildcards` (or `variables`) their characters are ordinary ones."""
    tokens: list[Token] = []
    position = 0
    token: Token
    for match in (_SPECIAL if variables else _WILDCARD).finditer(text):
        found = match.group()
        if len(found) > 1:
            token = _variable(found[2:-1])
        elif wildcards:
            token = MANY if found == "*" else ONE
        else:
            token = found
        if match.start() > position:
            tokens.append(text[position : match.start()])
        tokens.append(token)
        position = match.end()
    if position < len(text):
        tokens.append(text[position:])
    return tuple(tokens)


def variables_of(text: str) -> frozenset[str]:
    """The names (lower-case) of the policy variables in a text."""
    tokens = tokenize(text, wildcards=False, variables=True) if "${" in text else ()
    return frozenset(token.name for token in tokens if isinstance(token, Variable))


def _variable(content: str) -> Token:
    if content in ("*", "?", "$"):
        return content
    name, comma, rest = content.partition(",")
    rest = rest.strip()
    quoted = len(rest) >= 2 and rest[0] == rest[-1] == "'"
    return Variable(name.strip().lower(), rest[1:-1] if comma and quoted else None)


def resolve(tokens: Sequence[Token], lookup: Lookup) -> tuple[Token, ...] | None:
    """The tokens with each variable replaced by its one value, taken literally. None if one has no value, or several."""
    resolved: list[Token] = []
    for token in tokens:
        if isinstance(token, Variable):
            values = lookup(token.name)
            if values is not None and len(values) == 1:
                resolved.append(values[0])
            elif token.default is not None and not values:
                resolved.append(token.default)
            else:
                return None
        else:
            resolved.append(token)
    return tuple(resolved)


class Piece:
    """The part of a pattern between two `*`: literal text, and holes (`?`) that any one character fills."""

    __slots__ = ("_holes", "_runs", "length", "text")

    def __init__(self, tokens: Sequence[str | Wildcard]) -> None:
        text, runs = "", []
        for token in tokens:
            if isinstance(token, str):
                runs.append((len(text), token))
                text += token
            else:
                text += "?"
        self.text = text
        self.length = len(text)
        self._runs = tuple(runs)
        self._holes = self.length - sum(len(run) for _, run in runs)

    def at(self, text: str, position: int) -> bool:
        """Whether the piece stands in `text` at `position`; the caller knows that there is room."""
        return all(text.startswith(run, position + offset) for offset, run in self._runs)

    def find(self, text: str, start: int, end: int) -> int:
        """The leftmost place in `text[start:end]` where the piece stands, or -1."""
        if self.length > end - start:
            return -1
        if not self._holes:
            return text.find(self.text, start, end)
        return self._find_with_holes(text, start, end)

    def _find_with_holes(self, text: str, start: int, end: int) -> int:
        """Shift-And: bit i says that the first i + 1 characters of the piece stand just before here."""
        everywhere = (1 << self.length) - 1
        accepts: dict[str, int] = {}
        for offset, run in self._runs:
            for index, character in enumerate(run, offset):
                everywhere &= ~(1 << index)
                accepts[character] = accepts.get(character, 0) | 1 << index
        last, state = 1 << (self.length - 1), 0
        for position in range(start, end):
            state = (state << 1 | 1) & (accepts.get(text[position], 0) | everywhere)
            if state & last:
                return position - self.length + 1
        return -1


def compile_pattern(tokens: Sequence[Token]) -> Callable[[str], bool]:
    """A test for texts against tokens that hold no variable."""
    pieces: list[list[str | Wildcard]] = [[]]
    for token in tokens:
        if isinstance(token, Variable):
            raise TypeError("variables are resolved before a pattern is compiled")
        if token == MANY:
            pieces.append([])
        else:
            pieces[-1].append(token)
    head, *rest = (Piece(piece) for piece in pieces)
    if not rest:
        return lambda text: len(text) == head.length and head.at(text, 0)
    middle, tail = tuple(piece for piece in rest[:-1] if piece.length), rest[-1]

    def matches(text: str) -> bool:
        position, end = head.length, len(text) - tail.length
        if end < position or not head.at(text, 0) or not tail.at(text, end):
            return False
        for piece in middle:
            found = piece.find(text, position, end)
            if found < 0:
                return False
            position = found + piece.length
        return True

    return matches


def matcher(tokens: Sequence[Token]) -> Matcher:
    """A test for texts against a pattern. One whose variables have no value matches nothing."""
    if all(isinstance(token, str) for token in tokens):
        literal = "".join(token for token in tokens if isinstance(token, str))
        return lambda text, _lookup: text == literal
    if tokens == (MANY,):
        return lambda _text, _lookup: True
    if any(isinstance(token, Variable) for token in tokens):
        return _late_matcher(tokens)
    test = compile_pattern(tokens)
    return lambda text, _lookup: test(text)


def _late_matcher(tokens: Sequence[Token]) -> Matcher:
    """For a pattern that is known only when its variables are."""
    wildcards = any(isinstance(token, Wildcard) for token in tokens)

    def matches(text: str, lookup: Lookup) -> bool:
        resolved = resolve(tokens, lookup)
        if resolved is None:
            return False
        return compile_pattern(resolved)(text) if wildcards else "".join(map(str, resolved)) == text

    return matches


def resource_patterns(text: str, *, variables: bool) -> list[tuple[Token, ...]]:
    """The patterns that a `Resource` stands for: one, or two where it is shorter than an ARN, which IAM completes with wildcards.

    A `*` reaches across colons (docs: "Resource": at a part's end it expands beyond it); variables stand only after the fifth (docs:
    "Variables and tags"), before it they are ordinary text.
    """
    if text == "*":
        return [(MANY,)]
    *parts, last = text.split(":", 5)
    if len(parts) < 5:
        short = tokenize(text, wildcards=True, variables=False)
        return [short, short + tokenize(":*" * (5 - len(parts)), wildcards=True, variables=False)]
    head = tokenize(":".join(parts) + ":", wildcards=True, variables=False)
    return [head + tokenize(last, wildcards=True, variables=variables)]


def arn_matcher(text: str, *, variables: bool) -> Matcher:
    """A test for the ARN operators of conditions, part by part: a wildcard does not reach across a colon, save in the last part.

    A lone `*` matches all. Parts that the pattern leaves out at its end match anything.
    """
    tokens = tokenize(text, wildcards=True, variables=variables)
    if tokens == (MANY,):
        return lambda _text, _lookup: True
    parts = [matcher(part) if part != (MANY,) else None for part in _arn_parts(tokens)]
    tests = tuple((index, test) for index, test in enumerate(parts) if test is not None)

    def matches(arn: str, lookup: Lookup) -> bool:
        given = arn.split(":", 5)
        return len(given) == 6 and all(test(given[index], lookup) for index, test in tests)

    return matches


def _arn_parts(tokens: Sequence[Token]) -> list[tuple[Token, ...]]:
    """The six parts of an ARN pattern. Only colons that the policy's author wrote separate them."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if not isinstance(token, str):
            parts[-1].append(token)
            continue
        first, *others = token.split(":", 6 - len(parts))
        parts[-1].append(first)
        parts.extend([other] for other in others)
    parts += [[MANY] for _ in range(6 - len(parts))]
    return [tuple(token for token in part if token != "") for part in parts]
