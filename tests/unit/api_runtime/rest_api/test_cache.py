"""How much the caches of stages keep."""

from __future__ import annotations

from atoll.api_runtime.rest_api.cache import LONGEST_BODY, Kept
from atoll.kernel.http import HttpResponse


def answer(size: int) -> HttpResponse:
    return HttpResponse(200, [("a", "b")], b"x" * size)


def test_memory_is_bounded_and_what_was_used_longest_ago_goes_first() -> None:
    kept = Kept(most=12_500)
    for name in ("a", "b", "c"):
        kept.keep((name,), 10, answer(3_000))
    assert kept.find(("a",), 1) is not None
    kept.keep(("d",), 10, answer(3_000))
    assert [name for name in "abcd" if kept.find((name,), 1)] == ["a", "c", "d"]
    for _ in range(10):
        kept.keep(("a",), 10, answer(3_000))  # in the place of what was there
    assert [name for name in "abcd" if kept.find((name,), 1)] == ["a", "c", "d"]


def test_an_answer_that_is_too_long_is_not_kept_nor_what_was_there() -> None:
    kept = Kept()
    kept.keep(("a",), 10, answer(LONGEST_BODY))
    assert kept.find(("a",), 9.9) is not None
    assert kept.find(("a",), 10) is None
    kept.keep(("a",), 10, answer(LONGEST_BODY + 1))
    assert kept.find(("a",), 1) is None
