"""Work that may take longer than its client waits."""

from __future__ import annotations

import asyncio
import logging

import pytest

from atoll.api_runtime.integrate.running import Running
from atoll.kernel.errors import ServiceError


async def test_work_in_time() -> None:
    async def work() -> int:
        return 7

    assert await Running().within(work(), 60) == 7


async def test_what_work_raises() -> None:
    async def work() -> None:
        raise ServiceError("no")

    with pytest.raises(ServiceError, match="no"):
        await Running().within(work(), 60)


async def test_work_that_takes_too_long_goes_on_to_its_end() -> None:
    go_on, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await go_on.wait()
        ended.set()

    with pytest.raises(TimeoutError):
        await Running().within(work(), 0)
    go_on.set()
    await asyncio.wait_for(ended.wait(), 60)


async def test_work_whose_client_has_left_goes_on_to_its_end(caplog: pytest.LogCaptureFixture) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        began.set()
        await go_on.wait()
        raise ValueError("a failure of Atoll's own")

    client = asyncio.create_task(Running().within(work(), 60))
    await began.wait()
    client.cancel()
    with pytest.raises(asyncio.CancelledError):
        await client
    with caplog.at_level(logging.ERROR):
        go_on.set()
        while not caplog.records:
            await asyncio.sleep(0)
    assert "a failure of Atoll's own" in caplog.text
