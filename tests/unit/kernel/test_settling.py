"""Advancing the clock settles: what becomes due is done, in order, before it returns; what never ends is named."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atoll.admin import clock as admin
from atoll.admin.answers import Refused
from atoll.kernel import tasks
from atoll.kernel.clock import ClockStuck
from atoll.kernel.http import HttpRequest
from atoll.kernel.region import Kernel, open_kernel
from atoll.kernel.tracing import Span

HOUR = 3600.0


@pytest.fixture
async def kernel(tmp_path: Path) -> AsyncIterator[Kernel]:
    kernel = await open_kernel(tmp_path / "data", "process")
    yield kernel
    await kernel.close()


def run(kernel: Kernel, **steps: Any) -> None:
    context: Any = lambda task_id, task: SimpleNamespace(task_id=task_id, span=Span("task", task_id))  # noqa: E731
    kernel.tasks.run({f"test.{kind}": step for kind, step in steps.items()}, context)


async def start(kernel: Kernel, task_id: str, kind: str, state: dict[str, Any]) -> None:
    await kernel.store.transact(lambda tx: tasks.start(tx, task_id, f"test.{kind}", "1" * 12, "eu-west-1", state))


async def stored(kernel: Kernel) -> int:
    return len(await kernel.store.read(kernel.tasks._stored))


async def test_tasks_that_are_due_run_to_their_end(kernel: Kernel) -> None:
    """Also slow ones, of many steps, and those that another task or a timer starts."""

    async def slow(ctx: Any, state: dict[str, Any]) -> dict[str, Any] | None:
        await asyncio.sleep(0.01)
        if state["left"]:
            return {"left": state["left"] - 1}
        if ctx.task_id != "last":
            await start(kernel, "last", "slow", {"left": 3})
        return None

    run(kernel, slow=slow)
    kernel.clock.call_at(kernel.clock.now() + HOUR, lambda: start(kernel, "timed", "slow", {"left": 3}), "a schedule")
    await start(kernel, "first", "slow", {"left": 3})
    await kernel.advance(0)
    assert await stored(kernel) == 0
    await kernel.advance(2 * HOUR)
    assert await stored(kernel) == 0


async def test_retries_happen_at_their_own_instants(kernel: Kernel) -> None:
    at: list[float] = []

    async def failing(_ctx: Any, _state: dict[str, Any]) -> None:
        at.append(kernel.clock.now())
        await asyncio.sleep(0.005)  # region time stands meanwhile
        if len(at) < 8:
            raise RuntimeError("not yet")

    run(kernel, failing=failing)
    await start(kernel, "t", "failing", {})
    await kernel.advance(0)
    assert len(at) == 1
    assert [name for _, name in kernel.clock.due(5)] == ["retry of task test.failing t"]
    await kernel.advance(HOUR)
    assert await stored(kernel) == 0
    assert [round(later - earlier, 2) for earlier, later in itertools.pairwise(at)] == [0.5, 1, 2, 4, 8, 16, 32]


async def test_a_task_whose_lease_has_run_out_is_taken_over(kernel: Kernel) -> None:
    async def step(_ctx: Any, _state: dict[str, Any]) -> None:
        return None

    foreign = tasks.Task("test.step", "1" * 12, "", {}, "another node", kernel.clock.now() + 1000)
    run(kernel, step=step)
    await kernel.store.transact(lambda tx: tx.set((*tasks.PREFIX, "held"), tasks.RECORDS.encode(foreign)))
    await kernel.advance(900)
    assert await stored(kernel) == 1
    await kernel.advance(200)
    assert await stored(kernel) == 0


async def test_tasks_that_start_each_other_for_ever_are_named(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the admin API: 409, with the culprit and the instant at which region time stands."""
    monkeypatch.setattr("atoll.kernel.clock.MAX_ROUNDS", 50)  # a thousand take some seconds

    async def again(ctx: Any, _state: dict[str, Any]) -> None:
        await start(kernel, ctx.task_id + "'" if len(ctx.task_id) < 9 else "t", "again", {})

    run(kernel, again=again)
    await start(kernel, "t", "again", {})
    with pytest.raises(ClockStuck, match=r"task test\.again t'* began 50 times at one instant"):
        await kernel.advance(HOUR)
    request = HttpRequest("POST", "/_atoll/clock", "", [], b'{"advance": "1h"}')
    with pytest.raises(Refused, match=r"Region time stands at .*: task test\.again t'* began 50 times") as refused:
        await admin.move(kernel, request)
    assert refused.value.status == 409


async def test_a_failing_timer_is_logged_and_the_others_fire(kernel: Kernel, caplog: pytest.LogCaptureFixture) -> None:
    fired: list[str] = []
    now = kernel.clock.now()
    kernel.clock.call_at(now + 1, lambda: 1 // 0, "the bad one")  # type: ignore[arg-type, return-value]
    kernel.clock.call_at(now + 2, lambda: fired.append("good"), "good")
    await kernel.advance(5)
    assert fired == ["good"]
    assert "the bad one failed" in caplog.text


async def test_nothing_moves_where_the_way_cannot_be_prepared(kernel: Kernel) -> None:
    async def refuse(_instant: float) -> None:
        raise OSError("no room")

    before = kernel.clock.now()
    kernel.clock.before_move(refuse)
    with pytest.raises(OSError, match="no room"):
        await kernel.advance(HOUR)
    assert kernel.clock.now() - before < 60


async def test_one_advance_after_the_other(kernel: Kernel) -> None:
    order: list[str] = []

    async def slow() -> None:
        order.append("begins")
        await asyncio.sleep(0.05)
        order.append("ends")

    now = kernel.clock.now()
    kernel.clock.call_at(now + 1, slow, "slow")
    kernel.clock.call_at(now + HOUR + 1, lambda: order.append("second"), "second")
    await asyncio.gather(kernel.advance(HOUR), kernel.advance(HOUR))
    assert order == ["begins", "ends", "second"]
    with pytest.raises(ValueError, match="never goes backward"):
        await kernel.advance_to(now)
