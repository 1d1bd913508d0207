"""The processes of an environment, as Linux shows them: which there are, and what they hold in memory.

On other systems these answer nothing: memory limits then do not apply, which `atoll doctor` says.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
PAGE = os.sysconf("SC_PAGE_SIZE")


def pids(root: int) -> list[int]:
    """`root` and everything below it; orphans too, because `root` adopts them."""
    found, following = [root], [root]
    while following:
        try:
            children = (PROC / f"{(pid := following.pop())}/task/{pid}/children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += map(int, children)
        following += map(int, children)
    return found


def resident(processes: Iterable[int]) -> int:
    """Resident bytes, pages that processes share counted once for each: quick, never too low."""
    total = 0
    for pid in processes:
        try:
            total += int((PROC / f"{pid}/statm").read_bytes().split()[1]) * PAGE
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def proportional(processes: Iterable[int]) -> int:
    """Resident bytes, shared pages divided among those who share them: right, but slow to compute."""
    total = 0
    for pid in processes:
        try:
            rollup = (PROC / f"{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) * 1024
    return total


def peak(status: bytes) -> int:
    """The most that a process had resident, in bytes, from its /proc/PID/status; 0 where it is not said (a process that ended)."""
    at = status.find(b"VmHWM:")
    return int(status[at + 6 : status.find(b"kB", at)]) * 1024 if at >= 0 else 0
