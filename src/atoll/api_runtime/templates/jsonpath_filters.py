"""Filters of JSONPath: `[?(@.price < 10 && @.name == 'x')]`. Paths in them begin at the member (@), not at the document ($). Pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from atoll.api_runtime.templates import patterns
from atoll.api_runtime.templates.budget import Budget, TemplateError
from atoll.api_runtime.templates.values import number

if TYPE_CHECKING:
    from atoll.api_runtime.templates.jsonpath import Path

Test = Callable[[Any, Budget], bool]
Operand = Callable[[Any, Budget], Any]
_ABSENT = object()
_PATH = re.compile(r"@(?:\.\.?(?:\*|[\w-]+)|\[(?:'[^']*'|\"[^\"]*\"|-?\d+|\*)\])*")
_LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|(-?\d+(?:\.\d+)?)|(true|false|null)\b")
_OPERATOR = re.compile(r"==|!=|<=|>=|=~|[<>]|(?:in|nin)\b")
_PATTERN = re.compile(r"/((?:[^/\\]|\\.)*)/(i?)")
_CONSTANTS = {"true": True, "false": False, "null": None}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
DEPTH = 20


def read_filter(text: str, at: int, compile_path: Callable[[str], Path]) -> tuple[Test, int]:
    """The test that begins behind the ?, and where the closing bracket ends. Raises TemplateError."""
    reader = _Reader(text, at, compile_path)
    test = reader.operand(0)
    reader.expect("]")
    return test, reader.at


class _Reader:
    def __init__(self, text: str, at: int, compile_path: Callable[[str], Path]) -> None:
        self.text = text
        self.at = at
        self._compile_path = compile_path

    def _matched(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def taken(self, mark: str) -> bool:
        return self._matched(re.compile(re.escape(mark))) is not None

    def expect(self, mark: str) -> None:
        if not self.taken(mark):
            raise TemplateError(f"a filter of a JSONPath is wrong: {self.text:.100}")

    def _either(self, depth: int) -> Test:
        tests = [self._both(depth)]
        while self.taken("||"):
            tests.append(self._both(depth))
        return tests[0] if len(tests) == 1 else lambda value, budget: any(test(value, budget) for test in tests)

    def _both(self, depth: int) -> Test:
        tests = [self.operand(depth)]
        while self.taken("&&"):
            tests.append(self.operand(depth))
        return tests[0] if len(tests) == 1 else lambda value, budget: all(test(value, budget) for test in tests)

    def operand(self, depth: int) -> Test:
        """A comparison, a path that must be there, something in brackets or its opposite."""
        if depth > DEPTH:
            raise TemplateError("a filter of a JSONPath nests too deep")
        if self.taken("!"):
            inner = self.operand(depth + 1)
            return lambda value, budget: not inner(value, budget)
        if self.taken("("):
            test = self._either(depth + 1)
            self.expect(")")
            return test
        left = self._value()
        found = self._matched(_OPERATOR)
        if found is None:
            return lambda value, budget: left(value, budget) is not _ABSENT
        if found[0] == "=~":
            return self._pattern(left)
        return _comparison(found[0], left, self._value())

    def _pattern(self, left: Operand) -> Test:
        found = self._matched(_PATTERN)
        if found is None:
            raise TemplateError(f"a filter of a JSONPath is wrong: {self.text:.100}")
        pattern = ("(?i)" if found[2] else "") + found[1]

        def test(value: Any, budget: Budget) -> bool:
            text = left(value, budget)
            return isinstance(text, str) and patterns.matches(budget, text, pattern)

        return test

    def _value(self) -> Operand:
        if (found := self._matched(_PATH)) is not None:
            path = self._compile_path(found[0])

            def read(value: Any, budget: Budget) -> Any:
                result = path.read(value, budget)
                return _ABSENT if type(result) is object else result

            return read
        if self.taken("["):
            members = [self._value()]
            while self.taken(","):
                members.append(self._value())
            self.expect("]")
            return lambda value, budget: [member(value, budget) for member in members]
        literal = self._matched(_LITERAL)
        if literal is None:
            raise TemplateError(f"a filter of a JSONPath is wrong: {self.text:.100}")
        constant = _constant(literal)
        return lambda _value, _budget: constant


def _constant(found: re.Match[str]) -> Any:
    single, double, digits, word = found.groups()
    if digits is not None:
        return float(digits) if "." in digits else int(digits)
    if word is not None:
        return _CONSTANTS[word]
    return re.sub(r"\\(.)", r"\1", single if single is not None else double)


def _comparison(sign: str, left: Operand, right: Operand) -> Test:
    def test(value: Any, budget: Budget) -> bool:
        one, other = left(value, budget), right(value, budget)
        if sign in ("in", "nin"):
            return (isinstance(other, list) and any(_same(one, member) for member in other)) is (sign == "in")
        if sign in ("==", "!="):
            return _same(one, other) is (sign == "==")
        comparable = (number(one) and number(other)) or (isinstance(one, str) and isinstance(other, str))
        return comparable and _ORDER[sign](one, other)

    return test


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        return False  # deep comparisons are nobody's need, and could take long
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)
