"""Unstructured patterns: terms that a message must contain, all of them, none of the excluded (`-`), or any of the optional (`?`)."""

from __future__ import annotations

import re
from collections.abc import Callable

from atoll.services.logs.errors import InvalidParameterException

_TERM = re.compile(
    r"""\s*(?P<mark>[-?]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|%(?P<regex>[^%]*)%|(?P<word>[^\s"%]+))(?=\s|$)"""
)
_REGEX = re.compile(r"[A-Za-z0-9:_#=@/;,^$?\[\]{}|\\*+. -]*")
"""What a regular expression may hold. Groups are not among it, and so nothing that repeats can be repeated."""
Test = Callable[[str], bool]


def compile_terms(text: str) -> Test:
    """Case-sensitive, anywhere in the message. Optional terms count only where there are no others. Raises InvalidParameterException."""
    required: list[Test] = []
    excluded: list[Test] = []
    optional: list[Test] = []
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise InvalidParameterException("Invalid filter pattern")
        {"": required, "-": excluded, "?": optional}[match["mark"]].append(_test(match))
        at = match.end()
    if required or not optional:
        return lambda message: all(test(message) for test in required) and not any(test(message) for test in excluded)
    return lambda message: any(test(message) for test in optional) and not any(test(message) for test in excluded)


def _test(match: re.Match[str]) -> Test:
    if match["regex"] is not None:
        return regex(match["regex"])
    phrase = match["phrase"]
    wanted = re.sub(r"\\(.)", r"\1", phrase) if phrase is not None else match["word"]
    return lambda message: wanted in message


def regex(source: str) -> Test:
    """A search for AWS's subset of regular expressions ("Supported regular expressions (regex) syntax"). Raises
    InvalidParameterException where it cannot be read."""
    try:
        compiled = re.compile(source if _REGEX.fullmatch(source) else "(")
    except (re.error, OverflowError):
        raise InvalidParameterException("Invalid regex in filter pattern") from None
    return lambda text: compiled.search(text) is not None
