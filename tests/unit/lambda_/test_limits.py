"""What may run at once, decided without running anything."""

from __future__ import annotations

import pytest

from atoll.services.lambda_.concurrency.limits import Limits, Throttled
from atoll.services.lambda_.names import Target

RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
ACCOUNT = "ConcurrentInvocationLimitExceeded"


class Running:
    """Invocations that have begun and not ended."""

    def __init__(self) -> None:
        self.limits = Limits()
        self.begun: list[tuple[Target, str]] = []

    def begin(
        self, name: str, version: str = "$LATEST", *, count: int = 1, reserved: int | None = None, unreserved: int = 1000,
        account: str = "1", region: str = "r",
    ) -> str | None:  # fmt: skip
        """Begins invocations; the reason why one is refused, or None."""
        place = Target(account, region, name, None)
        for _ in range(count):
            try:
                self.limits.begin(place, version, reserved=reserved, unreserved=unreserved)
            except Throttled as refusal:
                return refusal.reason
            self.begun.append((place, version))
        return None

    def end(self, count: int = 1) -> None:
        for _ in range(count):
            self.limits.end(*self.begun.pop())


@pytest.fixture
def running() -> Running:
    return Running()


def test_an_account_has_a_thousand_in_each_region(running: Running) -> None:
    assert running.begin("f", count=600) is None
    assert running.begin("g", count=400) is None
    assert running.begin("g") == ACCOUNT
    assert running.begin("g", account="2") is None
    assert running.begin("g", region="s") is None
    running.end(3)
    assert running.begin("f") is None
    assert running.begin("f") == ACCOUNT


def test_a_reservation_is_of_all_versions_and_nobody_elses(running: Running) -> None:
    assert running.begin("f", reserved=0) == RESERVED
    assert running.begin("f", "1", reserved=2, unreserved=998) is None
    assert running.begin("f", "2", reserved=2, unreserved=998) is None
    assert running.begin("f", "3", reserved=2, unreserved=998) == RESERVED
    assert running.begin("g", count=998, unreserved=998) is None
    assert running.begin("g", unreserved=998) == ACCOUNT
    running.end()
    assert running.begin("f", reserved=2, unreserved=998) == RESERVED


def test_what_is_provisioned_is_taken(running: Running) -> None:
    f = Target("1", "r", "f", None)
    running.limits.provision(f, {"1": 3})
    assert running.begin("g", count=997) is None
    assert running.begin("g") == ACCOUNT
    assert running.begin("f", "$LATEST") == ACCOUNT
    assert running.begin("f", "1", count=3) is None
    assert running.begin("f", "1") == ACCOUNT
    running.limits.provision(f, {})
    assert running.begin("f", "1") == ACCOUNT
    running.end()
    assert running.begin("f", "2") is None
    assert running.begin("h") == ACCOUNT


def test_a_reservation_that_is_all_provisioned_leaves_latest_nothing(running: Running) -> None:
    running.limits.provision(Target("1", "r", "f", None), {"1": 2})
    assert running.begin("f", "$LATEST", reserved=2) == RESERVED
    assert running.begin("f", "1", count=2, reserved=2) is None
    assert running.begin("f", "1", reserved=2) == RESERVED


def test_nothing_is_kept_of_what_is_over(running: Running) -> None:
    assert running.begin("f", count=5) is None
    running.end(5)
    assert running.begin("g", reserved=0) == RESERVED
    assert running.limits.provisioned(None) == []
    f = Target("1", "r", "f", None)
    running.limits.provision(f, {"1": 2})
    assert running.limits.provisioned("1") == running.limits.provisioned(None) == [f]
    assert running.limits.provisioned("2") == []


def test_what_is_provisioned_while_it_is_used(running: Running) -> None:
    f = Target("1", "r", "f", None)
    assert running.begin("f", "1", count=3, reserved=5) is None
    running.limits.provision(f, {"1": 2, "2": 1})
    assert running.begin("f", "2", reserved=5) is None
    assert running.begin("f", "2", reserved=5) is None
    assert running.begin("f", "1", reserved=5) == RESERVED
    running.end(5)
    assert running.begin("f", "$LATEST", count=2, reserved=5) is None
    assert running.begin("f", "$LATEST", reserved=5) == RESERVED
    running.limits.provision(f, {})
    assert running.begin("f", "$LATEST", count=3, reserved=5) is None
    assert running.begin("f", "$LATEST", reserved=5) == RESERVED
