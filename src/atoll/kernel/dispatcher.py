"""The dispatcher: runs stored deliveries (`deliveries.py`) when they are due, a bounded number at once, lines by turns.

Of each line it remembers a little, all of which can be found again in the store: what is due there, when the rest is, how many may run.
A line whose deliveries hang, fail or are held up does not keep the others waiting.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from atoll.kernel import deliveries
from atoll.kernel.clock import Clock, Timer
from atoll.kernel.context import Context
from atoll.kernel.deliveries import NEW, QUEUE, Again, Delivery, Outcome, Owner, Policy
from atoll.kernel.errors import StoreUnavailable
from atoll.kernel.keys import Range, under
from atoll.kernel.store.api import Reader, Store, Watch

log = logging.getLogger(__name__)

MOST = 512
"""Deliveries that run at once; beyond, a line of which nothing runs still begins one."""
AT_ONCE, RAMP = 8, 0.02
"""Deliveries of a line that begin at once, and seconds of real time between two more: quick ones need no more, slow ones get them."""
BATCH = 256
"""Due deliveries of a line that one look at the store finds."""
SLICE = 100
"""Lines that one look at the store finds."""
POLL = 15.0
GLANCE = 0.001
RETRY_MOST = 60.0
WIDENS = 1 / 16
"""By how much a line that was held up widens with each delivery that is not."""

ContextFor = Callable[[Delivery], Context]
"""Makes the context under which an attempt runs."""


class _Line:
    """What the dispatcher remembers of an owner's line; all of it can be found again in the store."""

    def __init__(self, owner: Owner, policy: Policy) -> None:
        self.owner = owner
        self.policy = policy
        self.running: dict[str, asyncio.Task[None]] = {}
        self.ready: deque[tuple[float, str]] = deque()
        """(due, id) of what is due and was found."""
        self.stale = True
        """Whether the store may hold more that is due."""
        self.next: float | None = None
        """When the first of what is not due is."""
        self.width: float = policy.width
        self.holds = 0
        self.held_until = 0.0
        self.began = 0.0
        self.timer: Timer | None = None

    @property
    def label(self) -> str:
        return f"{self.owner.kind} {self.owner.name}"

    @property
    def is_done(self) -> bool:
        return not (self.running or self.ready or self.stale or self.next is not None)


class Dispatcher:
    """Runs the stored deliveries of the kinds it knows."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._policies: Mapping[str, Policy] = {}
        self._context_for: ContextFor | None = None
        self._lines: dict[Owner, _Line] = {}
        self._eager: dict[Owner, _Line] = {}
        """The lines that may have something to begin, by turn."""
        self._running: set[asyncio.Task[None]] = set()
        self._keeping: list[asyncio.Task[None]] = []
        self._looking = asyncio.Lock()
        self._stir = asyncio.Event()
        self._has_news = True
        self._is_ramping = False
        self._begun = 0
        self._latest = ""
        self._recovered = asyncio.Event()
        self._watch: Watch | None = None

    def run(self, policies: Mapping[str, Policy], context_for: ContextFor) -> None:
        """Takes up every stored delivery, and from now on every new one."""
        self._policies, self._context_for = policies, context_for
        self._watch = self._store.watch(NEW)
        self._keeping = [
            asyncio.create_task(self._dispatch(), name="deliveries"),
            asyncio.create_task(self._listen(self._watch), name="new deliveries"),
        ]

    async def stop(self) -> None:
        """Stops inside whatever runs: the next start runs it again."""
        running = [*self._keeping, *self._running]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for line in self._lines.values():
            if line.timer is not None:
                line.timer.cancel()
        if self._watch:
            self._watch.close()

    async def settle(self) -> str | None:
        """Waits until all is done that runs or was found to be due, then begins what else is. Returns the name of one that ran, None
        where all rests (a `kernel.clock.Settler`)."""
        if not self._keeping:
            return None
        await self._recovered.wait()
        before = {work for work in self._running if not self._clock.is_asleep(work)}
        begun = self._begun
        goal = begun + sum(len(line.ready) for line in self._eager.values())
        while not all(work.done() for work in before) or (
            self._begun < goal and (self._running or self._stir.is_set())
        ):
            await self._clock.wall_sleep(GLANCE)
        self._has_news = True
        await self._look()
        return self._latest if before or self._begun > begun else None

    async def _dispatch(self) -> None:
        await self._recover()
        self._recovered.set()
        while True:
            try:
                await self._look()
            except StoreUnavailable:
                log.exception("the stored deliveries cannot be read; it is tried again")
            try:
                # Not wait_for: before Python 3.12 it loses a cancellation that comes together with what it waits for.
                async with asyncio.timeout(RAMP if self._is_ramping else POLL):
                    await self._stir.wait()
            except TimeoutError:
                self._has_news = True
            self._stir.clear()

    async def _listen(self, watch: Watch) -> None:
        while True:
            await watch.wait()
            self._has_news = True
            self._stir.set()

    async def _recover(self) -> None:
        """Finds the lines that an earlier process left."""
        span: Range | None = under(QUEUE)
        while span is not None:
            try:
                owners, span = await self._store.read(functools.partial(deliveries.lines, span=span, most=SLICE))
            except StoreUnavailable:
                log.exception("the stored deliveries cannot be read; it is tried again")
                await self._clock.wall_sleep(1.0)
                continue
            for owner in owners:
                self._wake(owner)
            await self._clock.wall_sleep(0)

    def _wake(self, owner: Owner) -> None:
        """The line may have something that is due."""
        line = self._lines.get(owner)
        if line is None:
            if owner.kind not in self._policies:
                return
            line = self._lines[owner] = _Line(owner, self._policies[owner.kind])
        line.stale = True
        self._eager[owner] = line
        self._stir.set()

    async def _look(self) -> None:
        """Hears of new deliveries and begins what is due, one of each line in turn."""
        async with self._looking:
            if self._has_news:
                await self._hear()
            self._is_ramping = False
            began = True
            while began:
                began = False
                for line in list(self._eager.values()):
                    began |= await self._serve(line)

    async def _hear(self) -> None:
        self._has_news = False  # now: there may be more by the time that these are taken
        try:
            owners = await self._store.transact(lambda tx: deliveries.take_new(tx, SLICE))
        except StoreUnavailable:
            self._has_news = True
            raise
        self._has_news |= len(owners) == SLICE
        for owner in owners:
            self._wake(owner)

    async def _serve(self, line: _Line) -> bool:
        """Begins one delivery of the line, if it may; says whether it did."""
        if line.held_until <= self._clock.now() and not line.ready and line.stale:
            await self._find(line)
        if line.held_until > self._clock.now() or not line.ready:
            self._eager.pop(line.owner, None)
            self._rest(line)
            return False
        if not self._may_begin(line):
            return False
        due, delivery_id = line.ready.popleft()
        line.began = self._clock.monotonic()
        self._begun += 1
        self._latest = f"delivery {line.label}"
        work = asyncio.create_task(self._work(line, due, delivery_id), name=self._latest)
        self._running.add(work)
        line.running[delivery_id] = work
        work.add_done_callback(functools.partial(self._ended, line, delivery_id))
        return True

    def _may_begin(self, line: _Line) -> bool:
        running = len(line.running)
        if running == 0:
            return True
        if len(self._running) >= MOST or running >= int(line.width):
            return False
        if running >= AT_ONCE and self._clock.monotonic() - line.began < RAMP:
            self._is_ramping = True
            return False
        return True

    async def _find(self, line: _Line) -> None:
        """Finds what of the line is due, and when the rest is."""
        now, most = self._clock.now(), len(line.running) + BATCH

        def find(tx: Reader) -> tuple[list[tuple[float, str]], float | None, bool]:
            due: list[tuple[float, str]] = []
            count = 0
            for key, _ in tx.scan(under(line.owner.queue), limit=most):
                when, delivery_id = key[-2:]
                assert isinstance(when, float)
                if when > now:
                    return due, when, False
                count += 1
                if delivery_id not in line.running:
                    due.append((when, str(delivery_id)))
            return due, None, count == most

        due, line.next, line.stale = await self._store.read(find)
        line.ready.extend(due)

    def _rest(self, line: _Line) -> None:
        """Sets the line's timer to when it next has something to begin, or forgets the line."""
        when = 0.0 if line.ready or line.stale else line.next
        when = None if when is None else max(when, line.held_until)
        if line.timer is not None and (line.timer.callback is None or line.timer.when != when):
            line.timer.cancel()
            line.timer = None
        if when is not None and line.timer is None:
            line.timer = self._clock.call_at(when, lambda: self._wake(line.owner), f"delivery {line.label}")
        if line.is_done and self._lines.get(line.owner) is line:
            del self._lines[line.owner]

    def _ended(self, line: _Line, delivery_id: str, work: asyncio.Task[None]) -> None:
        self._running.discard(work)
        if line.running.get(delivery_id) is work:
            del line.running[delivery_id]
        if line.ready or line.stale:
            self._eager[line.owner] = line
        else:
            self._rest(line)
        self._stir.set()

    async def _work(self, line: _Line, due: float, delivery_id: str) -> None:
        """One attempt, and what comes of it."""
        try:
            find = functools.partial(deliveries.read, owner=line.owner, due=due, delivery_id=delivery_id)
            delivery = await self._store.read(find)
            if delivery is not None:  # else it was taken back
                await self._attempt(line, delivery)
        except Exception:
            log.exception("a delivery (%s) failed, and that cannot be stored; it is tried again", line.label)
            await self._clock.wall_sleep(1.0)
            line.stale = True

    async def _attempt(self, line: _Line, delivery: Delivery) -> None:
        assert self._context_for is not None
        ctx = self._context_for(delivery)
        outcome: Outcome
        try:
            with ctx.span:
                outcome = await line.policy.run(ctx, msgspec.structs.replace(delivery, holds=line.holds))
        except Exception:
            log.exception("a delivery (%s) failed; it is tried again", line.label)
            outcome = Again(min(2.0**delivery.attempts, RETRY_MOST))
        due = self._clock.now() + outcome.after if isinstance(outcome, Again) else 0.0
        if isinstance(outcome, Again) and outcome.hold:
            others = len(line.running) - 1
            line.width = max(1, others)
            if others:  # it takes the place of one that ends
                del line.running[delivery.id]  # now: whoever else is held up in this tick is not among the others
                line.stale = True
                return
            line.holds += 1
            line.held_until = due
        else:
            line.holds = 0
            line.width = min(line.policy.width, line.width + WIDENS)
        await self._store.transact(lambda tx: deliveries.settle(tx, delivery, outcome, due))
        if isinstance(outcome, Again):
            line.next = due if line.next is None else min(line.next, due)
            line.stale |= due <= self._clock.now()
