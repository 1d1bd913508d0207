"""JSON patterns: `{ ($.level = "ERROR" || $.status >= 500) && $.user NOT EXISTS }`. A message that is no JSON object never matches.

expression := term ("||" term)*            term := factor ("&&" factor)*
factor := "(" expression ")" | selector (SIGN literal | IS TRUE|FALSE|NULL | NOT EXISTS)
selector := "$" ("." name | "[" (index | "*") "]" | "['" name "']")+
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from atoll.services.logs.errors import InvalidParameterException
from atoll.services.logs.patterns.values import comparison

Test = Callable[[Any], bool]
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>&&|\|\||!=|<=|>=|=|<|>|\(|\))
    |(?P<selector>\$(?:\.[\w\-*]+|\[\d+\]|\[\*\]|\[["'][^"']*["']\])+)
    |"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<regex>%[^%]*%)|(?P<word>[^\s()=<>!&|"]+))""",
    re.VERBOSE,
)
_STEP = re.compile(r"""\.([\w\-*]+)|\[(\d+|\*)\]|\[["']([^"']*)["']\]""")
_STATES: dict[tuple[str, ...], Callable[[list[Any]], bool]] = {
    ("IS", "TRUE"): lambda found: any(value is True for value in found),
    ("IS", "FALSE"): lambda found: any(value is False for value in found),
    ("IS", "NULL"): lambda found: any(value is None for value in found),
    ("NOT", "EXISTS"): lambda found: not found,
}


def compile_json(text: str) -> Callable[[str], bool]:
    """The predicate of a pattern in braces. Raises InvalidParameterException."""
    if not text.endswith("}"):
        raise _invalid()
    parser = _Parser(text[1:-1])
    try:
        test = parser.expression()
    except RecursionError:
        raise _invalid() from None
    if parser.peek() is not None:
        raise _invalid()
    return lambda message: test(_document(message))


def _document(message: str) -> Any:
    try:
        return msgspec.json.decode(message)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[re.Match[str]] = []
        self._next = 0
        text = text.rstrip()
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise _invalid()
            self._tokens.append(match)
            at = match.end()

    def peek(self) -> re.Match[str] | None:
        """The next token, if there is one."""
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def take(self) -> re.Match[str]:
        """The next token. Raises InvalidParameterException at the end."""
        token = self.peek()
        if token is None:
            raise _invalid()
        self._next += 1
        return token

    def expression(self) -> Test:
        """term ("||" term)*"""
        return self._chain("||", lambda: self._chain("&&", self._factor, all), any)

    def _chain(self, sign: str, part: Callable[[], Test], together: Callable[..., bool]) -> Test:
        tests = [part()]
        while (token := self.peek()) is not None and token["sign"] == sign:
            self.take()
            tests.append(part())
        return tests[0] if len(tests) == 1 else lambda document: together(test(document) for test in tests)

    def _factor(self) -> Test:
        token = self.take()
        if token["sign"] == "(":
            inner = self.expression()
            if self.take()["sign"] != ")":
                raise _invalid()
            return inner
        if token["selector"] is None:
            raise _invalid()
        steps = _STEP.findall(token["selector"])
        how = self.take()
        if how["word"]:
            state = _STATES.get((how["word"].upper(), (self.take()["word"] or "").upper()))
            if state is None:
                raise _invalid()
            return lambda document: document is not None and state(_select(document, steps))
        if how["sign"] not in ("=", "!=", "<", "<=", ">", ">="):
            raise _invalid()
        value = self.take()
        quoted = value["phrase"] is not None
        literal = re.sub(r"\\(.)", r"\1", value["phrase"]) if quoted else value["regex"] or value["word"]
        if literal is None:
            raise _invalid()
        test = comparison(how["sign"], literal, quoted=quoted)
        return lambda document: any(
            test(found) for found in _select(document, steps) if not isinstance(found, dict | list)
        )


def _select(document: Any, steps: list[tuple[str, str, str]]) -> list[Any]:
    """Every value that the selector reaches; `*` reaches all members."""
    found = [document]
    for name, index, quoted in steps:
        following: list[Any] = []
        for value in found:
            wanted = name or quoted
            if isinstance(value, dict) and wanted:
                following += value.values() if name == "*" else [value[wanted]] if wanted in value else []
            elif isinstance(value, list) and index:
                following += value if index == "*" else value[int(index) : int(index) + 1]
        found = following
    return found


def _invalid() -> InvalidParameterException:
    return InvalidParameterException("Invalid filter pattern")
