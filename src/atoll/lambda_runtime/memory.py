"""The memory of one environment: how much it holds, the most it has held, and whether that is more than its function may.

A control group says so, where there is one (`cgroups.py`); else what /proc shows of its processes is added up (`tree.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os

from atoll.lambda_runtime import tree
from atoll.lambda_runtime.cgroups import Group

CROWD = 16
"""More processes than this are looked at in a thread, for the loop must not wait for a fork bomb to be counted."""
WATCHED = 11
"""Processes that may be there once a runtime is ready and that are looked at then: its own, and ten extensions'."""


class Memory:
    """Of an environment that may have `limit_mb`; `group` is its control group, if it has one."""

    def __init__(self, limit_mb: int, group: Group | None) -> None:
        self.group = group
        self.exhausted = False
        """Whether it has been found to want more than it may."""
        self._limit_mb = limit_mb
        self._peak = 0
        self._crowded = False
        self._status_files: list[int] = []

    async def look(self, supervisor: int) -> None:
        """Finds out what the tree of the process `supervisor` holds now, and with that whether it is exhausted."""
        used = self.group.used() if self.group is not None else await self._add_up(supervisor)
        self._peak = max(self._peak, used)
        if used > self._limit_mb << 20:
            self.exhausted = True
        self.ask_kernel()

    def ask_kernel(self) -> None:
        """It is exhausted, too, if the kernel had to end a process for its memory. Ask also when all have ended."""
        if self.group is not None and self.group.killed():
            self.exhausted = True

    def used_mb(self) -> int:
        """The most that has been resident at once, in MiB, never above the limit."""
        if self.exhausted:
            return self._limit_mb
        self._peak = max(self._peak, sum(map(_peak, self._status_files)))
        return min(max(1, self._peak >> 20), self._limit_mb)

    def watch_runtime(self, supervisor: int) -> None:
        """Opens the status of the runtime's process, and of extensions', so that their peaks are one read each away. Reads them
        once, for whatever ends in its first invocation shows no more."""
        for process in tree.pids(supervisor)[1 : 1 + WATCHED]:
            with contextlib.suppress(FileNotFoundError):
                self._status_files.append(os.open(tree.PROC / f"{process}/status", os.O_RDONLY))
        self.used_mb()

    def close(self) -> None:
        """Its processes have ended. The control group is still there."""
        self.used_mb()
        while self._status_files:
            os.close(self._status_files.pop())

    async def _add_up(self, supervisor: int) -> int:
        processes = (await asyncio.to_thread(tree.pids, supervisor) if self._crowded else tree.pids(supervisor))[1:]
        self._crowded = len(processes) > CROWD
        if len(processes) > 1 or (used := tree.resident(processes)) > self._limit_mb << 20:
            used = await asyncio.to_thread(tree.proportional, processes)
        return used


def _peak(status_file: int) -> int:
    try:
        return tree.peak(os.pread(status_file, 4096, 0))
    except ProcessLookupError:
        return 0
