"""The machine: which cores serve and which load, what it is, and what processes use."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"
"""Where environments of peers, data of servers and prepared requests lie: on a real disk, so that fsync means something."""

CLOCK = os.sysconf("SC_CLK_TCK")
_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
PINNED = len(_CORES) > 1 and shutil.which("taskset") is not None
"""Whether the server and its load can have a core each."""


def on_core(index: int, command: list[str]) -> list[str]:
    """The command, kept on one core: 0 is the server's, -1 the load's."""
    return ["taskset", "-c", str(_CORES[index]), *command] if PINNED else command


def facts() -> str:
    """A line that says what was measured, where and when."""
    changed = " with uncommitted changes" if _said("git", "status", "--porcelain", "--", "src") else ""
    return (
        f"{date.today()}, commit {_said('git', 'rev-parse', '--short', 'HEAD')}{changed}, "
        f"{_processor()}, {len(_CORES) or os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the start, "
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}, "
        f"data on {_said('df', '--output=fstype', str(CACHE)).removeprefix('Type').strip()}"
    )


def resident(pid: int) -> float:
    """Megabytes that a process and its descendants hold in memory (VmRSS)."""
    kilobytes = 0
    for text in _of_tree(pid, "status"):
        kilobytes += next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS:")), 0)
    return kilobytes / 1024


def proportional(pid: int) -> float:
    """Megabytes that a process and its descendants hold in memory, each page divided among those who share it (Pss)."""
    kilobytes = 0
    for text in _of_tree(pid, "smaps_rollup"):
        kilobytes += next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
    return kilobytes / 1024


def cpu_seconds(pid: int) -> float:
    """What a process and its descendants have used of their cores so far."""
    fields = [text.rpartition(")")[2].split() for text in _of_tree(pid, "stat")]
    return sum(int(user) + int(system) for *_, user, system in (found[:13] for found in fields)) / CLOCK


def _of_tree(pid: int, file: str) -> Iterator[str]:
    """A file in /proc of a process and of each of its descendants that has not ended meanwhile."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        yield Path(f"/proc/{pid}/{file}").read_text()
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text().split():
                yield from _of_tree(int(child), file)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
