"""Chores: small work that is due every hour, however long a region runs: collecting what nobody needs any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from atoll.kernel.clock import Clock

log = logging.getLogger(__name__)

HOUR = 3600.0


@asynccontextmanager
async def hourly(clock: Clock, name: str, chore: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Does `chore` at once and then every hour of real time, until the context ends. A failure is logged; the next hour tries again."""
    task = asyncio.create_task(_repeat(clock, name, chore), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _repeat(clock: Clock, name: str, chore: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await chore()
        except Exception:
            log.exception("%s failed; it is tried again in an hour", name)
        await clock.wall_sleep(HOUR)
