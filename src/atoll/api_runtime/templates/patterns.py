"""Regular expressions of Java's String methods. Their time is bounded: a pattern that blows up fails the template."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from atoll.api_runtime.patterns import BadPattern, compiled
from atoll.api_runtime.templates.budget import Budget, TemplateError
from atoll.api_runtime.templates.values import Vector

SECONDS = 0.002
"""For one use of a pattern."""
_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")
_REFERENCE = re.compile(r"\\(.)|\$(\d)|\$\{(\w+)\}|([\\$])", re.DOTALL)


def replace_all(budget: Budget, found: str, pattern: str, replacement: str) -> str:
    """String.replaceAll."""
    return _replaced(budget, found, pattern, replacement, 0)


def replace_first(budget: Budget, found: str, pattern: str, replacement: str) -> str:
    """String.replaceFirst."""
    return _replaced(budget, found, pattern, replacement, 1)


def matches(budget: Budget, found: str, pattern: str) -> bool:
    """String.matches: all of it."""
    budget.spend(10, len(found))
    return _in_time(budget, lambda: _compiled(pattern).fullmatch(found, timeout=SECONDS)) is not None


def split(budget: Budget, found: str, pattern: str, limit: int = 0) -> Vector:
    """String.split: empty texts at the end are dropped, unless there is a limit; an empty match at the beginning splits nothing."""
    budget.spend(10, len(found))
    parts: list[str] = []
    begin = 0
    for start, end in _spans(budget, found, pattern):
        if limit > 0 and len(parts) == limit - 1:
            break
        if end == 0 or (start == end and start == len(found)):
            continue
        parts.append(found[begin:start])
        begin = end
    parts.append(found[begin:])
    budget.spend(len(parts))
    if limit == 0:
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
    return Vector(parts)


def _replaced(budget: Budget, found: str, pattern: str, replacement: str, count: int) -> str:
    if not all(isinstance(one, str) for one in (pattern, replacement)):
        raise TypeError
    budget.spend(10, len(found))
    if pattern and not _SPECIAL.search(pattern):
        plain = _expanded(replacement, None)
        budget.spend(1, len(found) + found.count(pattern) * len(plain))
        return found.replace(pattern, plain, count or -1)
    constant = None if "$" in replacement else _expanded(replacement, None)

    def expand(match: Any) -> str:
        written = _expanded(replacement, match) if constant is None else constant
        budget.spend(1, len(written))
        return written

    replaced: str = _in_time(budget, lambda: _compiled(pattern).sub(expand, found, count=count, timeout=SECONDS))
    budget.spend(1, len(replaced))
    return replaced


def _spans(budget: Budget, found: str, pattern: str) -> Iterator[tuple[int, int]]:
    if not isinstance(pattern, str):
        raise TypeError
    if pattern and not _SPECIAL.search(pattern):
        at = found.find(pattern)
        while at >= 0:
            yield at, at + len(pattern)
            at = found.find(pattern, at + len(pattern))
        return
    compiled = _compiled(pattern)
    yield from _in_time(budget, lambda: [match.span() for match in compiled.finditer(found, timeout=SECONDS)])


def _in_time(budget: Budget, work: Callable[[], Any]) -> Any:
    """What the work gives; it costs a step each microsecond."""
    began = time.thread_time()
    try:
        return work()
    except TimeoutError as error:
        raise TemplateError("a regular expression takes too long") from error
    finally:
        budget.spend(round((time.thread_time() - began) * 1e6))


def _compiled(pattern: str) -> Any:
    if not isinstance(pattern, str):
        raise TypeError
    try:
        return compiled(pattern)
    except BadPattern as error:
        raise TemplateError(str(error)) from error


def _expanded(replacement: str, match: Any) -> str:
    """Java's replacement: `$1`, `${name}`, and a backslash before what stands for itself."""
    if "$" not in replacement and "\\" not in replacement:
        return replacement

    def one(found: re.Match[str]) -> str:
        escaped, number, name, alone = found.groups()
        if escaped is not None:
            return str(escaped)
        if alone is not None or match is None:
            raise TemplateError("a replacement names no group")
        return str(match.group(int(number) if number is not None else name) or "")

    return _REFERENCE.sub(one, replacement)
