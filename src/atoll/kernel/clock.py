"""The clock: the only place that reads time.

*Region time* is wall time plus an offset; it drives schedules, TTLs, credential expiry, visibility time-outs and retries, and
tests and users can move it forward. It never goes backward, also across restarts (`region.py` stores its high-water mark). *Wall
time* and the monotonic clock drive what is real: signature dates, the Date header, function time-outs and durations.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger(__name__)

Callback = Callable[[], Awaitable[None] | None]
Settler = Callable[[], Awaitable[str | None]]
"""Waits until what it watches over is done or waits for a later region time. Returns the name of what began meanwhile, None where
all rests."""
MAX_ROUNDS = 1000
SETBACK = 5.0
"""Seconds by which the wall clock may fall behind region time before the offset makes up for it; until then region time stands."""
LOOK_AGAIN = 60.0
"""Seconds after which an armed timer looks at the time again: the wall clock may have been set, or the machine have slept."""


class ClockStuck(RuntimeError):
    """Something schedules itself again and again at one instant."""


@dataclass(order=True, slots=True)
class Timer:
    """A callback due at a region time. `cancel()` makes it nothing."""

    when: float
    order: int
    name: str = field(compare=False)
    callback: Callback | None = field(compare=False)

    def cancel(self) -> None:
        """The callback will not run."""
        self.callback = None


class Clock:
    """Region time and wall time, in seconds since the epoch, and waiting on either."""

    def __init__(self, offset: float = 0.0, not_before: float = 0.0) -> None:
        self._offset = offset
        self._latest = not_before
        self._held: float | None = None
        self._held_lead = 0.0
        self._timers: list[Timer] = []
        self._order = itertools.count()
        self._wakeup: asyncio.TimerHandle | None = None
        self._running: set[asyncio.Future[None]] = set()
        self._asleep: set[asyncio.Task[Any] | None] = set()
        self._advancing = asyncio.Lock()
        self._before_move: list[Callable[[float], Awaitable[None]]] = []
        self._settlers: list[Settler] = []

    def wall(self) -> float:
        """Real time, seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Real elapsed time, seconds from an arbitrary start."""
        return time.monotonic()

    @property
    def offset(self) -> float:
        """How far region time runs ahead of wall time, in seconds."""
        return self._offset

    @property
    def lead(self) -> float:
        """By how many seconds what programs take for the time is behind region time; while that moves, behind the instant that it has
        reached. It never shrinks during a move, so that what they say stays in order."""
        return self._offset if self._held is None else self._held_lead

    def now(self) -> float:
        """Region time, seconds since the epoch; never less than an earlier reading."""
        if self._held is not None:
            return self._held
        reading = time.time() + self._offset
        if reading < self._latest - SETBACK:  # the wall clock was set back: region time goes on from where it was
            self._offset += self._latest - reading
        self._latest = max(self._latest, reading)
        return self._latest

    def datetime(self) -> datetime:
        """Region time as an aware datetime (UTC)."""
        return datetime.fromtimestamp(self.now(), UTC)

    async def sleep(self, seconds: float, name: str = "sleep") -> None:
        """Waits until region time has moved on by `seconds`. `name` says what waits."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sleeper = asyncio.current_task()

        def wake() -> None:
            self._asleep.discard(sleeper)  # now, not when it runs: it is no longer at rest
            if not done.done():
                done.set_result(None)

        timer = self.call_at(self.now() + seconds, wake, name)
        self._asleep.add(sleeper)
        try:
            await done
        finally:
            timer.cancel()
            self._asleep.discard(sleeper)

    def is_asleep(self, task: asyncio.Task[Any]) -> bool:
        """Whether `task` waits for a later region time (in `sleep`)."""
        return task in self._asleep

    async def wall_sleep(self, seconds: float) -> None:
        """Waits `seconds` of real time."""
        await asyncio.sleep(seconds)

    def call_at(self, when: float, callback: Callback, name: str) -> Timer:
        """Runs `callback` when region time reaches `when`. `name` says in errors what it is."""
        timer = Timer(when, next(self._order), name, callback)
        heapq.heappush(self._timers, timer)
        self._arm()
        return timer

    def due(self, limit: int) -> list[tuple[float, str]]:
        """The next `limit` timers: (region time, name), soonest first."""
        return [(timer.when, timer.name) for timer in heapq.nsmallest(limit, (t for t in self._timers if t.callback))]

    def before_move(self, hook: Callable[[float], Awaitable[None]]) -> None:
        """`advance` awaits `hook(instant)` before region time jumps to an instant. Where it raises, time stays where it was."""
        self._before_move.append(hook)

    def settle_with(self, settler: Settler) -> None:
        """`advance` awaits `settler` after everything that it fires, until nothing begins any more."""
        self._settlers.append(settler)

    async def advance(self, seconds: float) -> None:
        """Moves region time forward by `seconds`, firing everything due on the way in order of its time, and lets it settle.

        One advance runs after the other. Raises ValueError for a negative amount, ClockStuck where something never settles.
        """
        if seconds < 0:
            raise ValueError("region time never goes backward")
        async with self._advancing:
            await self._advance_to(self.now() + seconds)

    async def advance_to(self, instant: float) -> None:
        """`advance` to a region time. Raises ValueError where it has passed."""
        async with self._advancing:
            if instant < self.now():
                raise ValueError("region time never goes backward")
            await self._advance_to(instant)

    def close(self) -> None:
        """Forgets all timers."""
        self._timers.clear()
        if self._wakeup:
            self._wakeup.cancel()

    async def _advance_to(self, target: float) -> None:
        try:
            self._held, self._held_lead = self.now(), self._offset
            await self._settle()
            await self._fire_until(target)
            await self._fire_until(time.time() + self._offset)  # what came due while all this took its time
        finally:
            self._held = None
            self._offset = max(self._offset, self._latest - time.time())
            self._arm()

    async def _fire_until(self, target: float) -> None:
        """Region time stands at each timer's instant while it fires. A round is all that was due there when the round began."""
        rounds, round_ends = 0, 0
        while True:
            timer = self._next()
            if timer is None or timer.when > target:
                if self._latest >= target:
                    return
                await self._hold(target)  # then looks again: what became due there may have set timers
                await self._settle()
                continue
            if timer.when > self._latest:
                rounds, round_ends = 0, 0
                await self._hold(timer.when)
            if timer.order >= round_ends:
                rounds, round_ends = rounds + 1, next(self._order)
            if rounds > MAX_ROUNDS:
                raise ClockStuck(f"{timer.name} scheduled itself {MAX_ROUNDS} times at one instant")
            await self._fire_one(timer)

    async def _hold(self, instant: float) -> None:
        for hook in self._before_move:
            await hook(instant)
        self._held = self._latest = max(self._latest, instant)
        self._held_lead = max(self._held_lead, instant - time.time())

    async def _fire_one(self, timer: Timer) -> None:
        """Runs a timer's callback to its end. One that raises is logged: it must not stop the others."""
        callback, timer.callback = timer.callback, None
        try:
            if callback and (result := callback()):
                await result
        except Exception:
            log.exception("%s failed", timer.name)
        await self._settle()

    async def _settle(self) -> None:
        """Lets what was woken come to its next wait, and what the settlers watch over to its end."""
        for _ in range(3):
            await asyncio.sleep(0)
        for _ in range(MAX_ROUNDS):
            began = [name for settler in self._settlers if (name := await settler())]
            if not began:
                return
        raise ClockStuck(f"{began[0]} began {MAX_ROUNDS} times at one instant")

    def _next(self) -> Timer | None:
        while self._timers and self._timers[0].callback is None:
            heapq.heappop(self._timers)
        return self._timers[0] if self._timers else None

    def _arm(self) -> None:
        if self._wakeup:
            self._wakeup.cancel()
            self._wakeup = None
        if timer := self._next():
            delay = min(max(0.0, timer.when - self.now()), LOOK_AGAIN)
            self._wakeup = asyncio.get_running_loop().call_later(delay, self._fire)

    def _fire(self) -> None:
        self._wakeup = None
        if self._held is not None:  # `advance` fires what is due, and arms the rest when it is done
            return
        now = self.now()
        try:
            while (timer := self._next()) and timer.when <= now:
                heapq.heappop(self._timers)
                callback, timer.callback = timer.callback, None
                if callback and (result := callback()):
                    task = asyncio.ensure_future(result)
                    self._running.add(task)
                    task.add_done_callback(self._running.discard)
        finally:  # a callback that raises must not stop the others
            self._arm()
