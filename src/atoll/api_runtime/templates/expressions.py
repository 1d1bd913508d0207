"""References and expressions of templates. Pure."""

from __future__ import annotations

import re

from atoll.api_runtime.templates import nodes, operators
from atoll.api_runtime.templates.budget import TemplateError

DEPTH = 60
"""How deep brackets and blocks may nest."""
_IDENTIFIER = re.compile(r"[A-Za-z_][\w-]*")
_WORD = re.compile(r"[A-Za-z_]\w*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+(?:[eE][+-]?\d+)?)?")
_SPACES = re.compile(r"\s*")
_BLANKS = re.compile(r"[ \t]*")
_SEPARATOR = re.compile(r"[\s,]*")
_OPERATOR = re.compile(r"\|\||&&|==|!=|<=|>=|[<>+\-*/%]|(?:or|and|eq|ne|lt|gt|le|ge)\b")
_CONSTANTS = {"true": True, "false": False, "null": None}
_QUIET = re.compile(r"\$!?(\{?)")


class Malformed(TemplateError):
    """The text is no template."""


class Nesting:
    """How deep a reader is: `with nesting:` is one level further in. Raises TemplateError where that is too deep."""

    __slots__ = ("depth",)

    def __init__(self) -> None:
        self.depth = 0

    def __enter__(self) -> None:
        if self.depth >= DEPTH:
            raise TemplateError("the template nests too deep")
        self.depth += 1

    def __exit__(self, *_: object) -> None:
        self.depth -= 1


class Expressions:
    """Reads references and expressions at `at`."""

    def __init__(self, text: str, nesting: Nesting) -> None:
        self.text = text
        self.at = 0
        self.nested = nesting

    def error(self, text: str) -> Malformed:
        """What is wrong, and where."""
        return Malformed(f"character {self.at}: {text}, got {self.text[self.at : self.at + 20]!r}")

    def spaces(self) -> None:
        self._skip(_SPACES)

    def blanks(self) -> None:
        self._skip(_BLANKS)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        assert found
        self.at = found.end()

    def expect(self, mark: str) -> None:
        if not self.taken(mark):
            raise self.error(f"{mark} expected")

    def taken(self, mark: str) -> bool:
        if self.text.startswith(mark, self.at):
            self.at += len(mark)
            return True
        return False

    def word(self) -> str:
        return self._matched(_WORD, "a name")

    def _matched(self, pattern: re.Pattern[str], what: str) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise self.error(f"{what} expected")
        self.at = found.end()
        return found[0]

    def separated(self, end: str) -> bool:
        """Skips what stands between a macro's arguments; whether there is another one."""
        self._skip(_SEPARATOR)
        return not self.text.startswith(end, self.at) and self.at < len(self.text)

    # references

    def plain_reference(self) -> str:
        """A name after a $."""
        reference = self.reference()
        if reference.steps:
            raise self.error("a plain reference expected")
        return reference.name

    def reference(self, escapes: int = 0, *, in_text: bool = False) -> nodes.Reference:
        """`$name`, `$!{name.call(…)[0]}`."""
        mark = self.at
        found = _QUIET.match(self.text, mark)
        if found is None:
            raise self.error("a reference expected")
        self.at = found.end()
        name = self._matched(_IDENTIFIER, "a name")
        steps = []
        while (step := self._step(in_text=in_text and not found[1])) is not None:
            steps.append(step)
        alternative = None
        if found[1]:
            if self.taken("|"):
                alternative = self.expression()
                self.spaces()
            self.expect("}")
        return nodes.Reference(name, steps, alternative, escapes, self.text[mark : self.at])

    def reference_in_text(self, escapes: int) -> nodes.Reference | None:
        """The reference that begins at a $, None where that is only a $."""
        found = _QUIET.match(self.text, self.at)
        if found is None or _IDENTIFIER.match(self.text, found.end()) is None:
            return None
        return self.reference(escapes, in_text=True)

    def _step(self, *, in_text: bool) -> nodes.Step | None:
        text, at = self.text, self.at
        if text.startswith(".", at) and _IDENTIFIER.match(text, at + 1):
            self.at += 1
            name = self._matched(_IDENTIFIER, "a name")
            if not self.taken("("):
                return nodes.Property(name)
            with self.nested:
                return nodes.Call(name, self._list(")"))
        if text.startswith("[", at):
            self.at += 1
            try:
                with self.nested:
                    index = self.expression()
                    self.spaces()
                    self.expect("]")
                    return nodes.Index(index)
            except Malformed:
                if not in_text:
                    raise
                self.at = at  # only a bracket
        return None

    def _list(self, end: str) -> list[nodes.Expression]:
        """Expressions with commas between them, up to `end`."""
        found: list[nodes.Expression] = []
        self.spaces()
        while not self.taken(end):
            if found:
                self.expect(",")
            found.append(self.expression())
            self.spaces()
        return found

    # expressions

    def expression(self, level: int = 0) -> nodes.Expression:
        """An expression of operators that bind at least as tight as `level`."""
        with self.nested:
            left = self._operand()
            while True:
                self.spaces()
                found = _OPERATOR.match(self.text, self.at)
                operator = operators.OPERATORS[found[0]] if found else None
                if found is None or operator is None or operator.level < level:
                    return left
                self.at = found.end()
                left = operators.Binary(operator.apply, left, self.expression(operator.level + 1))

    def _operand(self) -> nodes.Expression:
        self.spaces()
        if self.taken("!") or self._keyword("not"):
            with self.nested:
                return operators.Not(self._operand())
        return self.primary()

    def _keyword(self, word: str) -> bool:
        found = _WORD.match(self.text, self.at)
        if found is not None and found[0] == word:
            self.at = found.end()
            return True
        return False

    def primary(self) -> nodes.Expression:
        """A literal, a reference, or an expression in brackets."""
        self.spaces()
        text, at = self.text, self.at
        first = text[at : at + 1]
        if first == "$":
            return self.reference()
        if first in ("'", '"'):
            return self._string(first)
        if (found := _NUMBER.match(text, at)) is not None:
            self.at = found.end()
            return nodes.Literal(_number(found[0]))
        with self.nested:
            if self.taken("("):
                inner = self.expression()
                self.spaces()
                self.expect(")")
                return inner
            if self.taken("["):
                return self._list_or_range()
            if self.taken("{"):
                return self._map()
        word = self._matched(_WORD, "a value")
        if word not in _CONSTANTS:
            self.at = at
            raise self.error("a value expected")
        return nodes.Literal(_CONSTANTS[word])

    def _string(self, quote: str) -> nodes.Expression:
        """A text. A quote in it is written twice; no backslash has a meaning."""
        at = self.at + 1
        while True:
            end = self.text.find(quote, at)
            if end < 0:
                raise self.error("a text does not end")
            if not self.text.startswith(quote, end + 1):
                break
            at = end + 2
        written = self.text[self.at + 1 : end].replace(quote * 2, quote)
        self.at = end + 1
        if quote == '"' and ("$" in written or "#" in written):
            return nodes.Interpolated(self.interpolated(written))
        return nodes.Literal(written)

    def interpolated(self, text: str) -> nodes.Block:
        """The parts of a text in double quotes."""
        raise NotImplementedError

    def _list_or_range(self) -> nodes.Expression:
        self.spaces()
        if self.taken("]"):
            return nodes.ListOf(())
        first = self.expression()
        self.spaces()
        if self.taken(".."):
            last = self.expression()
            self.spaces()
            self.expect("]")
            return nodes.Range(first, last)
        if self.taken("]"):
            return nodes.ListOf((first,))
        self.expect(",")
        return nodes.ListOf((first, *self._list("]")))

    def _map(self) -> nodes.Expression:
        members: list[tuple[nodes.Expression, nodes.Expression]] = []
        self.spaces()
        while not self.taken("}"):
            if members:
                self.expect(",")
            key = self.expression()
            self.spaces()
            self.expect(":")
            members.append((key, self.expression()))
            self.spaces()
        return nodes.MapOf(members)


def _number(written: str) -> int | float:
    if "." in written:
        return float(written)
    if len(written) > 40:
        raise Malformed("a number is too long")
    return int(written)
