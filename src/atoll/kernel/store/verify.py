"""The test engine's check that transaction functions are re-runnable: each runs twice on the same state and must do the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from atoll.kernel.store.api import Transaction
from atoll.kernel.store.buffer import Buffer

T = TypeVar("T")


class NotRerunnable(AssertionError):
    """A transaction function gave two different results, or wrote two different things, for the same state."""


def run_twice(fn: Callable[[Transaction], T], buffer: Callable[[], Buffer]) -> tuple[Buffer, T]:
    """Runs `fn` on two fresh buffers; returns the second. Raises NotRerunnable if they differ, else whatever `fn` raises."""
    first, second = buffer(), buffer()
    error: Exception | None = None
    try:
        expected = fn(first)
    except Exception as caught:  # noqa: BLE001  compared with the second run's
        error = caught
    try:
        result = fn(second)
    except Exception as again:
        if error is None or (type(again), str(again)) != (type(error), str(error)):
            raise NotRerunnable(f"{fn.__qualname__}: {error!r}, then {again!r}") from again
        raise
    if error is not None:
        raise NotRerunnable(f"{fn.__qualname__}: {error!r}, then none") from error
    if (first.writes, first.cleared, first.appended) != (second.writes, second.cleared, second.appended):
        raise NotRerunnable(f"{fn.__qualname__} wrote {first.writes}, then {second.writes}")
    if expected != result:
        raise NotRerunnable(f"{fn.__qualname__} returned {expected!r}, then {result!r}")
    return second, result
