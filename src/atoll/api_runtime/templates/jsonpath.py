"""JSONPath as API Gateway speaks it, which is Jayway's: a path without `*`, `..`, slices, unions and filters is definite and gives what
is there, any other gives a list. Paths are compiled once. Pure.
docs: https://github.com/json-path/JsonPath
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from atoll.api_runtime.templates.budget import Budget, TemplateError
from atoll.api_runtime.templates.jsonpath_filters import Test, read_filter

MISSING = object()
"""What a definite path gives where nothing is there."""
Walk = Callable[[Any, Budget], Iterator[Any]]
_NAME = re.compile(r"[^.\[\]\s()?@'\"*,:]+")
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_SLICE = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*(?::\s*(-?\d*)\s*)?\]")
_NUMBERS = re.compile(r"\s*-?\d+\s*(?:,\s*-?\d+\s*)*\]")
_NAMES = re.compile(rf"\s*(?:{_QUOTED.pattern})\s*(?:,\s*(?:{_QUOTED.pattern})\s*)*\]")
_LENGTH_CALL = re.compile(r"\.(?:length|size)\(\)$")


class Path(NamedTuple):
    """A compiled path."""

    steps: tuple[Walk, ...]
    definite: bool
    length: bool
    """Whether it ends in `.length()`."""

    def read(self, document: Any, budget: Budget) -> Any:
        """What the path leads to; MISSING where a definite one leads nowhere."""
        found: list[Any] = [document]
        for step in self.steps:
            budget.spend(1 + len(found))
            found = [member for one in found for member in step(one, budget)]
        if not self.definite:
            return len(found) if self.length else found
        if not found:
            return MISSING
        if self.length:
            return len(found[0]) if isinstance(found[0], (list, dict, str)) else MISSING
        return found[0]


@lru_cache(maxsize=1024)
def compile_path(text: str) -> Path:
    """The path, to which `$.` is added where it begins with neither $ nor @. Raises TemplateError."""
    text = text.strip()
    if len(text) > 2_000:
        raise TemplateError("a JSONPath is too long")
    if not text.startswith(("$", "@")):
        text = "$." + text
    length = _LENGTH_CALL.search(text)
    if length:
        text = text[: length.start()]
    steps: list[Walk] = []
    definite, at = True, 1
    while at < len(text):
        if text.startswith("..", at):
            steps.append(_deep)
            definite = False
            at += 2
            if not text.startswith("[", at):
                step, at, _ = _dotted(text, at)
                steps.append(step)
            continue
        read = _dotted if text[at] == "." else _bracketed if text[at] == "[" else _wrong
        step, at, single = read(text, at + 1)
        steps.append(step)
        definite = definite and single
    return Path(tuple(steps), definite, bool(length))


def _wrong(text: str, _: int) -> tuple[Walk, int, bool]:
    raise TemplateError(f"a JSONPath is wrong: {text:.100}")


def _dotted(text: str, at: int) -> tuple[Walk, int, bool]:
    if text.startswith("*", at):
        return _all, at + 1, False
    found = _NAME.match(text, at)
    return (_member(found[0]), found.end(), True) if found else _wrong(text, at)


def _bracketed(text: str, at: int) -> tuple[Walk, int, bool]:
    rest = text[at:].lstrip()
    if rest.startswith("*") and rest[1:].lstrip().startswith("]"):
        return _all, text.index("]", at) + 1, False
    if (found := _NAMES.match(text, at)) is not None:
        names = [_unescaped(one[1] if one[1] is not None else one[2]) for one in _QUOTED.finditer(found[0])]
        walks = [_member(name) for name in names]
        return (walks[0] if len(walks) == 1 else _union(walks)), found.end(), len(walks) == 1
    if (found := _NUMBERS.match(text, at)) is not None:
        walks = [_element(int(one)) for one in found[0][:-1].split(",")]
        return (walks[0] if len(walks) == 1 else _union(walks)), found.end(), len(walks) == 1
    if (found := _SLICE.match(text, at)) is not None:
        begin, end, step = (int(one) if one else None for one in found.groups())
        if step == 0:
            return _wrong(text, at)
        return _slice(slice(begin, end, step)), found.end(), False
    if rest.startswith("?"):
        test, end_at = read_filter(text, text.index("?", at) + 1, compile_path)
        return _filter(test), end_at, False
    return _wrong(text, at)


def _unescaped(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name, flags=re.DOTALL)


def _member(name: str) -> Walk:
    def walk(value: Any, _: Budget) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return walk


def _element(index: int) -> Walk:
    def walk(value: Any, _: Budget) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]

    return walk


def _slice(taken: slice) -> Walk:
    def walk(value: Any, budget: Budget) -> Iterator[Any]:
        if isinstance(value, list):
            found = value[taken]
            budget.spend(len(found))
            yield from found

    return walk


def _union(walks: list[Walk]) -> Walk:
    def walk(value: Any, budget: Budget) -> Iterator[Any]:
        for one in walks:
            yield from one(value, budget)

    return walk


def _filter(test: Test) -> Walk:
    def walk(value: Any, budget: Budget) -> Iterator[Any]:
        for member in _all(value, budget) if isinstance(value, list) else (value,):
            budget.spend(1)
            if test(member, budget):
                yield member

    return walk


def _all(value: Any, budget: Budget) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        budget.spend(len(value))
        yield from value.values() if isinstance(value, dict) else value


def _deep(value: Any, budget: Budget) -> Iterator[Any]:
    """The value and all below it, in the order of the document. Without recursion: documents may nest deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        budget.spend(1)
        yield one
        if isinstance(one, (dict, list)):
            waiting.extend(reversed(list(one.values()) if isinstance(one, dict) else one))
