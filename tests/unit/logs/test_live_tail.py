"""Live Tail: how a session ends by itself, on a real kernel whose time can be moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from atoll.kernel.context import Context, Principal
from atoll.kernel.region import Kernel, open_kernel
from atoll.kernel.tracing import Span
from atoll.services.logs import live_tail
from atoll.services.logs.errors import SessionStreamingException, SessionTimeoutException
from atoll.services.logs.sessions import Sessions
from atoll.services.logs.store import Group, put_group

ACCOUNT = "123456789012"
GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g"


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[tuple[Kernel, Context]]:
    """A kernel, and a context in which a group `g` exists."""
    kernel = await open_kernel(path, "process", verify=True)
    ctx = Context(
        ACCOUNT, "us-east-1", Principal.root(ACCOUNT), "the-request", "logs", "StartLiveTail", Span("", ""), kernel.store,
        kernel.blobs, kernel.clock, kernel.ids, None, None, "", runtime=Sessions(),  # type: ignore[arg-type]
    )  # fmt: skip
    await kernel.store.transact(lambda tx: put_group(tx, ctx, Group("id", "g", 0)))
    try:
        yield kernel, ctx
    finally:
        await kernel.close()


async def started(ctx: Context) -> Any:
    stream = (await live_tail.start_live_tail(ctx, {"logGroupIdentifiers": [GROUP]}))["responseStream"]
    assert (await anext(stream))["sessionStart"]["requestId"] == "the-request"
    return stream


async def test_a_session_ends_after_three_hours_of_region_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as (kernel, ctx), aclosing(await started(ctx)) as stream:
        await kernel.advance(3 * 3600 - 60)
        assert (await anext(stream))["sessionUpdate"]["sessionResults"] == []
        assert ctx.runtime.status() == [f"1 Live Tail of {ACCOUNT} in us-east-1"]
        await kernel.advance(60)
        with pytest.raises(SessionTimeoutException):
            await anext(stream)
        assert ctx.runtime.status() == []


async def test_what_nobody_expected_is_logged_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as (kernel, ctx), aclosing(await started(ctx)) as stream:
        monkeypatch.setattr(live_tail, "LOOK_ANYWAY", 0.0)
        await kernel.store.close()
        with pytest.raises(SessionStreamingException):
            await anext(stream)
        assert ctx.runtime.status() == []
    assert "the Live Tail session of request the-request failed" in caplog.text
