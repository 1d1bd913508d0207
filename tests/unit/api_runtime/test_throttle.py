"""Token buckets by region time."""

from __future__ import annotations

from atoll.api_runtime import throttle
from atoll.api_runtime.throttle import Buckets
from atoll.kernel.clock import Clock


class Standing(Clock):
    """A clock that only moves when it is told to."""

    at = 1000.0

    def now(self) -> float:
        return self.at


def test_a_burst_and_then_the_rate() -> None:
    clock = Standing()
    buckets = Buckets(clock)
    assert [buckets.take("a", 2, 3) for _ in range(4)] == [True, True, True, False]
    assert buckets.take("b", 2, 3)
    clock.at += 0.5
    assert [buckets.take("a", 2, 3) for _ in range(2)] == [True, False]
    clock.at += 3600
    assert [buckets.take("a", 2, 3) for _ in range(4)] == [True, True, True, False]


def test_nothing_passes_a_bucket_of_no_size() -> None:
    assert not Buckets(Standing()).take("a", 5, 0)
    assert not Buckets(Standing()).take("a", 0, 0)


def test_memory_is_bounded() -> None:
    buckets = Buckets(Standing())
    for number in range(throttle.KEPT + 10):
        buckets.take(number, 1, 1)
    assert len(buckets._buckets) == throttle.KEPT
