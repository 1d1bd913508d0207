"""Patterns of shapes: Java's regular expressions, run by Python's engine where it means the same and cannot run away.

A pattern that Python cannot compile, or that could backtrack without end, is not checked at all: AWS would sometimes refuse
a value that Atoll then takes, never the other way round.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import lru_cache

Matcher = Callable[[str], object]

_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\w", r"\p{Z}": r"\s", r"\p{Alnum}": "a-zA-Z0-9", r"\p{Alpha}": "a-zA-Z"}
"""Java's classes, where Python has one that holds the same characters and few more."""

_VISIBLE = r"\p{L}\p{M}\p{S}\p{N}\p{P}"
_VISIBLE_RANGES = r"!-~\xa1-\xac\xae-\u167f\u1681-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\ud7ff\uf900-\ufefe\uff00-\U000effff"
"""How Cognito says "no blanks and no control characters", and what that is but for characters that nobody has assigned."""
_ONE_SET = re.compile(r"\^?\[[^\]]*\][+*]\$?")

_QUANTIFIER = re.compile(r"[+*]|\{\d+,\}|\{\d*,\d{3,}\}|\{\d{3,}\}")
_SEPARATED = re.compile(r"(?:\?:)?\\?([^\w\s\\\[(])\[((?:[^\]\\^]|\\[\w.\-])[^\]]*)\](?:[+*]|\{\d+(?:,\d*)?\})")
"""A group such as `(/[a-z]+)`: a separator and characters other than it, which can be read in one way only."""


@lru_cache(maxsize=4096)
def matcher(pattern: str) -> Matcher | None:
    """A function that tells whether a whole string matches, or None where the pattern is not checked."""
    if _may_run_away(pattern):
        return None
    unicode = r"\p" in pattern
    if _ONE_SET.fullmatch(pattern):
        pattern = pattern.replace(_VISIBLE, _VISIBLE_RANGES)
    flags = re.RegexFlag(0) if unicode else re.ASCII  # Java's \d, \w and \s are ASCII's
    for java, python in _CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # "possible nested set": Java nests sets, Python does not
            return re.compile(pattern, flags).fullmatch
    except (re.error, OverflowError, RecursionError, Warning):
        return None


def _may_run_away(pattern: str) -> bool:
    """Whether an unbounded repetition stands inside another, so that one text can be divided in very many ways."""
    starts: list[int] = []
    position, in_set = 0, False
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif in_set:
            in_set = char != "]"
        elif char == "[":
            in_set = True
        elif char == "(":
            starts.append(position + 1)
        elif char == ")" and starts:
            body = pattern[starts.pop() : position]
            if _QUANTIFIER.match(pattern, position + 1) and _repeats(body):
                return True
        position += 1
    return False


def _repeats(body: str) -> bool:
    separated = _SEPARATED.fullmatch(body)
    if separated is not None and separated[1] not in re.sub(r"\\[wdsWDS]", "", separated[2]):
        return "\\W" in separated[2] or "\\S" in separated[2] or "\\D" in separated[2]
    return _QUANTIFIER.search(re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", body)) is not None
