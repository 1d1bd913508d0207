"""Long work in turns: others run in between, and its result and its errors are as of work at once."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any, cast

import pytest

from atoll.kernel.clock import Clock
from atoll.kernel.turns import Turn, at_once, in_turns


class Slow:
    """A clock by which each look is a millisecond after the one before."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 0.001
        return self.seconds


def clock() -> Clock:
    return cast(Clock, Slow())


def counting(seen: list[Any], to: int) -> Generator[None, None, int]:
    for number in range(to):
        seen.append(number)
        yield
    return to


async def test_others_have_their_turn() -> None:
    seen: list[Any] = []

    async def another() -> None:
        for _ in range(3):
            seen.append("another")
            await asyncio.sleep(0)

    other = asyncio.create_task(another())
    assert await in_turns(clock(), counting(seen, 3)) == 3
    await other
    assert seen == [0, "another", 1, "another", 2, "another"]


async def test_work_that_is_soon_done_is_not_interrupted() -> None:
    seen: list[Any] = []
    asyncio.get_running_loop().call_soon(seen.append, "another")
    stopped = clock()
    stopped.monotonic = lambda: 0.0  # type: ignore[method-assign]
    assert await in_turns(stopped, counting(seen, 3)) == 3
    assert seen == [0, 1, 2]


async def test_errors_are_the_callers() -> None:
    def failing() -> Generator[None, None, None]:
        yield
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await in_turns(clock(), failing())
    with pytest.raises(ValueError, match="no"):
        at_once(failing())


def test_at_once() -> None:
    seen: list[Any] = []
    assert at_once(counting(seen, 3)) == 3
    assert seen == [0, 1, 2]


async def test_a_turn_is_over_and_another_begins() -> None:
    turn = Turn(clock())
    assert turn.over
    await turn.another()
    assert turn.over
