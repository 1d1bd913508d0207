"""Waiting, so that others can see it: for a hint that there is something to do, for a time, or for being told to stop."""

from __future__ import annotations

import asyncio
import contextlib

from atoll.kernel.clock import Clock


class Rest:
    """Where one worker waits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._woken = asyncio.Event()
        self._waiting = self._deaf = self._hinted = False

    @property
    def resting(self) -> bool:
        """Whether the worker waits, and nothing woke it."""
        return self._waiting and not self._woken.is_set()

    def wake(self) -> None:
        """Ends the present wait, or else the next one at once."""
        self._woken.set()

    def hint(self) -> None:
        """`wake`, but for a worker that waits for a time whatever happens: its next wait ends then."""
        if self._deaf:
            self._hinted = True
        else:
            self._woken.set()

    async def until(self, instant: float | None, name: str = "", *, deaf: bool = False) -> None:
        """Waits until the region time `instant` (None: for ever) or until woken; `deaf`: hints do not wake it."""
        timer = self._clock.call_at(instant, self._woken.set, name) if instant is not None else None
        self._waiting, self._deaf = True, deaf
        try:
            await self._woken.wait()
        finally:
            if timer is not None:
                timer.cancel()
            self._waiting = self._deaf = False
            self._woken.clear()
            if self._hinted:
                self._hinted = False
                self._woken.set()

    async def wall(self, seconds: float) -> None:
        """Waits for real time, deaf to hints: for what no movement of region time brings about."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.until(None, deaf=True)
