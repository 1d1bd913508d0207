"""Regular expressions of users are compiled within bounds: nothing that one says costs the region its memory."""

from __future__ import annotations

import time

import pytest

from atoll.api_runtime.patterns import WRITTEN_OUT, BadPattern, compiled, written_out


@pytest.mark.parametrize(
    "pattern",
    [
        "((a{999}){999}){999}", "(a{999}){999}", "a{99999999999999999999}", "[a-z]{999}" * 50, "(?x)((a{999}) {999}) {999}",
        "((a{999})(?#c){999})(?#c){999}", "((([])a]{99}){99}){99}){99}", "(" * 900, "(?:" * 300 + "a" + ")" * 300, "[", "a**", "x" * 1001,
    ],
)  # fmt: skip
def test_what_would_be_too_much_is_refused_at_once(pattern: str) -> None:
    began = time.process_time()
    with pytest.raises(BadPattern):
        compiled(pattern)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{12}$", "01234567-89ab-cdef01234567"), (r"Bearer [\w.-]{1,2000}", "Bearer a.b-c"),
        (r"\{\d{3}\}", "{123}"), (r"(?i)[^]{}(]{2,}", "AB"), ("", ""), (r"(a|b{2}|[c]{3})*", "abbccc"),
    ],
)  # fmt: skip
def test_what_people_write_is_compiled(pattern: str, text: str) -> None:
    assert compiled(pattern).fullmatch(text)


@pytest.mark.parametrize(
    ("pattern", "size"),
    [("abc", 3), ("a{9}", 9), ("(ab{3}){5}", 25), (r"\{9}", 3), ("[{9}]{2}", 2), ("(a{2}", 3), ("a{,7}b", 8)],
)
def test_how_much_a_pattern_comes_to(pattern: str, size: int) -> None:
    assert size == written_out(pattern) <= WRITTEN_OUT
