"""Tasks: long operations as stored state machines. A task is a record that says what comes next; it outlives the process.

A service registers a step function per kind (`Service.tasks`). The runner calls it with the stored state, stores what it returns, and calls
it again, until it returns None. A step may run twice for one state (the process died between the step and the storing), so each
is idempotent: one transaction that checks what is there, or a `ctx.call` with a stored token. One holder runs a task, by lease;
a node that comes back under its own name takes its tasks up at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from atoll.kernel.clock import Clock
from atoll.kernel.context import GLOBAL_ACCOUNT, Context
from atoll.kernel.errors import StoreUnavailable
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.service import Step
from atoll.kernel.store.api import Reader, Store, Transaction, Watch

log = logging.getLogger(__name__)

PREFIX: Key = (GLOBAL_ACCOUNT, "", "tasks")
LEASE = 30.0
POLL = 15.0
RETRY_FIRST, RETRY_MOST = 0.5, 60.0
GLANCE = 0.001
"""Seconds of real time between two looks whether the running tasks rest."""


class Task(msgspec.Struct, frozen=True):
    """A stored task. `holder` runs it until `lease` (region time)."""

    kind: str
    account: str
    region: str
    state: dict[str, Any]
    holder: str = ""
    lease: float = 0.0


RECORDS = Codec(Task, memo=1)


def owner(_tx: Reader, _key: Key, raw: bytes) -> str:
    """The account that a stored task works for."""
    return RECORDS.decode(raw).account


ContextFor = Callable[[str, Task], Context]
"""Makes the context under which a task's steps run: (task id, task)."""


def start(tx: Transaction, task_id: str, kind: str, account: str, region: str, state: dict[str, Any]) -> None:
    """Stores a task in this transaction; it begins after the commit. `kind` is "service.name"; the id is drawn before."""
    tx.set((*PREFIX, task_id), RECORDS.encode(Task(kind, account, region, state)))


def cancel(tx: Transaction, task_id: str) -> None:
    """Removes a task in this transaction: a step under way ends, no further one begins."""
    tx.delete((*PREFIX, task_id))


class Tasks:
    """Runs the stored tasks of the kinds it knows."""

    def __init__(self, store: Store, clock: Clock, node: str) -> None:
        self._store = store
        self._clock = clock
        self._node = node
        self._steps: Mapping[str, Step] = {}
        self._context_for: ContextFor | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._runner: asyncio.Task[None] | None = None
        self._watch: Watch | None = None

    def run(self, steps: Mapping[str, Step], context_for: ContextFor) -> None:
        """Takes up every stored task, and from now on every new one."""
        self._steps, self._context_for = steps, context_for
        self._watch = self._store.watch(PREFIX)
        self._runner = asyncio.create_task(self._dispatch(self._watch), name="tasks")

    async def stop(self) -> None:
        """Stops between (or inside) steps; whatever was under way is taken up by the next start."""
        running = [task for task in (self._runner, *self._running.values()) if task]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._watch:
            self._watch.close()

    async def settle(self) -> str | None:
        """Waits until each task that runs is done or waits for a later time, then begins what is due. Returns the name of one that
        began meanwhile, None where all rests (a `kernel.clock.Settler`)."""
        before = set(self._running.values())
        while any(not work.done() and not self._clock.is_asleep(work) for work in before):
            await self._clock.wall_sleep(GLANCE)
        await self._begin()
        return next((work.get_name() for work in self._running.values() if work not in before), None)

    async def _dispatch(self, watch: Watch) -> None:
        while True:
            try:
                await self._begin()
            except StoreUnavailable:
                log.exception("the stored tasks cannot be read; it is tried again")
            # Not wait_for: before Python 3.12 it loses a cancellation that comes together with what it waits for.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await watch.wait()

    async def _begin(self) -> None:
        """Begins every stored task that may be taken and does not run yet."""
        for task_id, task in await self._store.read(self._stored):
            if task_id not in self._running and task.kind in self._steps and self._may_take(task):
                work = asyncio.create_task(self._work(task_id), name=f"task {task.kind} {task_id}")
                self._running[task_id] = work
                work.add_done_callback(functools.partial(self._forget, task_id))

    def _forget(self, task_id: str, _work: asyncio.Task[None]) -> None:
        self._running.pop(task_id, None)

    @staticmethod
    def _stored(tx: Reader) -> list[tuple[str, Task]]:
        return [(str(key[-1]), RECORDS.decode(raw)) for key, raw in tx.scan(under(PREFIX))]

    def _may_take(self, task: Task) -> bool:
        return task.holder in ("", self._node) or task.lease < self._clock.now()

    async def _work(self, task_id: str) -> None:
        delay = RETRY_FIRST
        task = await self._take(task_id)
        while task is not None:
            assert self._context_for is not None
            ctx = self._context_for(task_id, task)
            try:
                with ctx.span:
                    state = await self._steps[task.kind](ctx, task.state)
            except Exception:
                log.exception("task %s %s failed in a step; it is tried again", task.kind, task_id)
                await self._clock.sleep(delay, f"retry of task {task.kind} {task_id}")
                delay = min(delay * 2, RETRY_MOST)
                task = await self._take(task_id)  # it may have been cancelled meanwhile, or be another's
                continue
            delay = RETRY_FIRST
            task = await self._advance(task_id, state)

    async def _take(self, task_id: str) -> Task | None:
        """Takes the lease of the task, or returns None if it is done or another's."""
        now = self._clock.now()

        def take(tx: Transaction) -> Task | None:
            raw = tx.get((*PREFIX, task_id))
            task = RECORDS.decode(raw) if raw else None
            if task is None or (task.holder not in ("", self._node) and task.lease >= now):
                return None
            task = msgspec.structs.replace(task, holder=self._node, lease=now + LEASE)
            tx.set((*PREFIX, task_id), RECORDS.encode(task))
            return task

        return await self._store.transact(take)

    async def _advance(self, task_id: str, state: dict[str, Any] | None) -> Task | None:
        """Stores the task's next state; None where it is done, was cancelled, or went to another node."""
        now = self._clock.now()

        def advance(tx: Transaction) -> Task | None:
            raw = tx.get((*PREFIX, task_id))
            task = RECORDS.decode(raw) if raw else None
            if task is None or task.holder != self._node:
                return None
            if state is None:
                tx.delete((*PREFIX, task_id))
                return None
            task = msgspec.structs.replace(task, state=state, lease=now + LEASE)
            tx.set((*PREFIX, task_id), RECORDS.encode(task))
            return task

        return await self._store.transact(advance)
