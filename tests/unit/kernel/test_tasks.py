"""Tasks: stored state machines that end, whatever happens on the way."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atoll.kernel import tasks
from atoll.kernel.keys import under
from atoll.kernel.region import Kernel, open_kernel
from atoll.kernel.tracing import Span


@pytest.fixture
async def kernel(tmp_path: Path) -> AsyncIterator[Kernel]:
    kernel = await open_kernel(tmp_path / "data", "process")
    yield kernel
    await kernel.close()


def run(kernel: Kernel, **steps: Any) -> None:
    kernel.tasks.run({f"test.{kind}": step for kind, step in steps.items()}, context)


def context(task_id: str, task: tasks.Task) -> Any:
    return SimpleNamespace(task_id=task_id, account=task.account, region=task.region, span=Span("task", task_id))


async def start(kernel: Kernel, task_id: str, kind: str, state: dict[str, Any]) -> None:
    await kernel.store.transact(lambda tx: tasks.start(tx, task_id, f"test.{kind}", "1" * 12, "eu-west-1", state))


async def all_done(kernel: Kernel) -> None:
    async with asyncio.timeout(10):
        while await kernel.store.read(lambda tx: list(tx.scan(under(tasks.PREFIX)))):
            await asyncio.sleep(0.002)


async def test_tasks_of_two_kinds_run_step_by_step(kernel: Kernel) -> None:
    seen: list[Any] = []

    async def count(ctx: Any, state: dict[str, Any]) -> dict[str, Any] | None:
        seen.append((ctx.task_id, ctx.account, ctx.region, state["n"]))
        return {"n": state["n"] - 1} if state["n"] else None

    async def once(ctx: Any, state: dict[str, Any]) -> None:
        seen.append((ctx.task_id, state))

    await start(kernel, "before", "count", {"n": 2})
    run(kernel, count=count, once=once)
    await start(kernel, "after", "once", {"x": [1, None]})
    await all_done(kernel)
    assert ("after", {"x": [1, None]}) in seen
    assert [entry for entry in seen if entry[0] == "before"] == [
        ("before", "1" * 12, "eu-west-1", n) for n in (2, 1, 0)
    ]


async def test_a_task_resumes_at_its_stored_step(tmp_path: Path) -> None:
    seen: list[int] = []
    hanging = asyncio.Event()

    async def step(_ctx: Any, state: dict[str, Any]) -> dict[str, Any] | None:
        seen.append(state["n"])
        if seen == [0, 1]:
            hanging.set()
            await asyncio.Event().wait()
        return {"n": state["n"] + 1} if state["n"] < 3 else None

    for _ in range(2):
        kernel = await open_kernel(tmp_path / "data", "process")
        if not seen:
            await start(kernel, "t", "step", {"n": 0})
            run(kernel, step=step)
            await asyncio.wait_for(hanging.wait(), 60)
        else:
            run(kernel, step=step)
            await all_done(kernel)
        await kernel.close()
    assert seen == [0, 1, 1, 2, 3]


async def test_a_failing_step_is_tried_again_ever_later(kernel: Kernel) -> None:
    at: list[float] = []

    async def flaky(_ctx: Any, _state: dict[str, Any]) -> None:
        at.append(kernel.clock.now())
        if len(at) < 5:
            raise RuntimeError("not yet")

    run(kernel, flaky=flaky)
    await start(kernel, "t", "flaky", {})
    async with asyncio.timeout(10):
        while len(at) < 5:
            await kernel.advance(0.25)
            await asyncio.sleep(0.001)
    await all_done(kernel)
    pauses = [later - earlier for earlier, later in itertools.pairwise(at)]
    for pause, least in zip(pauses, (0.5, 1, 2, 4), strict=True):
        assert least <= pause < least + 1


async def test_a_cancelled_task_takes_no_further_step(kernel: Kernel) -> None:
    tries = 0

    async def failing(_ctx: Any, _state: dict[str, Any]) -> None:
        nonlocal tries
        tries += 1
        raise RuntimeError("always")

    run(kernel, failing=failing)
    await start(kernel, "t", "failing", {})
    async with asyncio.timeout(10):
        while not tries:
            await asyncio.sleep(0.001)
    await kernel.store.transact(lambda tx: tasks.cancel(tx, "t"))
    for _ in range(20):
        await kernel.advance(60)
        await asyncio.sleep(0.001)
    assert tries == 1


async def test_a_task_of_another_node_is_taken_up_only_after_its_lease(kernel: Kernel) -> None:
    ran = asyncio.Event()

    async def step(_ctx: Any, _state: dict[str, Any]) -> None:
        ran.set()

    def foreign(holder: str, lease: float) -> bytes:
        return tasks.RECORDS.encode(tasks.Task("test.step", "1" * 12, "", {}, holder, lease))

    now = kernel.clock.now()
    await kernel.store.transact(lambda tx: tx.set((*tasks.PREFIX, "held"), foreign("other", now + 1000)))
    run(kernel, step=step)
    await start(kernel, "mine", "step", {})
    await asyncio.wait_for(ran.wait(), 60)
    assert await kernel.store.read(lambda tx: tx.get((*tasks.PREFIX, "held"))) == foreign("other", now + 1000)
    await kernel.advance(1001)
    await start(kernel, "again", "step", {})
    await all_done(kernel)
