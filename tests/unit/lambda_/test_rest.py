"""Waiting: what ends it, and that hints do not shorten a wait for a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from atoll.kernel.clock import Clock
from atoll.services.lambda_.event_sources.rest import Rest


@pytest.fixture
async def clock() -> AsyncIterator[Clock]:
    made = Clock()
    yield made
    made.close()


async def ends(waiting: asyncio.Task[None]) -> bool:
    for _ in range(5):
        await asyncio.sleep(0)
    return waiting.done()


async def test_a_hint_ends_a_wait_and_one_before_it_the_next(clock: Clock) -> None:
    rest = Rest(clock)
    waiting = asyncio.create_task(rest.until(None))
    assert not await ends(waiting)
    assert rest.resting
    rest.hint()
    assert not rest.resting
    assert await ends(waiting)
    rest.hint()
    assert await ends(asyncio.create_task(rest.until(None)))
    waiting = asyncio.create_task(rest.until(None))
    assert not await ends(waiting)
    waiting.cancel()


async def test_hints_do_not_shorten_a_deaf_wait_nor_the_next(clock: Clock) -> None:
    rest = Rest(clock)
    for _ in range(2):
        waiting = asyncio.create_task(rest.until(clock.now() + 60, deaf=True))
        assert not await ends(waiting)
        rest.hint()
        assert not await ends(waiting)
        assert rest.resting
        await clock.advance(60)
        assert await ends(waiting)
    assert await ends(asyncio.create_task(rest.until(None)))


async def test_whoever_stops_it_ends_any_wait(clock: Clock) -> None:
    rest = Rest(clock)
    waiting = asyncio.create_task(rest.wall(60))
    assert not await ends(waiting)
    rest.wake()
    assert await ends(waiting)
