"""Long work on the event loop, in turns: nothing holds it longer than some 2 ms, so whoever has more to do rests in between."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TypeVar

from atoll.kernel.clock import Clock

T = TypeVar("T")

LONGEST = 0.001
"""Seconds of a turn."""


class Turn:
    """A turn on the loop: `over` after a millisecond; `another` begins once others have had theirs."""

    __slots__ = ("_clock", "_until")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = clock.monotonic() + LONGEST

    @property
    def over(self) -> bool:
        """Whether others should have theirs now."""
        return self._clock.monotonic() >= self._until

    async def another(self) -> None:
        """Waits for the next."""
        await asyncio.sleep(0)  # noqa: TID251  no time passes: others have their turn
        self._until = self._clock.monotonic() + LONGEST


async def in_turns(clock: Clock, work: Generator[None, None, T]) -> T:
    """What the work returns; it yields wherever it may rest. Raises what it raises."""
    turn = Turn(clock)
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        if turn.over:
            await turn.another()


def at_once(work: Generator[None, None, T]) -> T:
    """What the work returns, without a rest: for who is in a transaction. Raises what it raises."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
