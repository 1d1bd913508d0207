"""Runs functions in a pool in a process of its own, for tests that need another user, or to kill what runs the pool.

    python driver.py UID < JSON list of [source, event, changes]    prints the JSON list of [payload, function_error, log tail]

UID "" keeps the user. With a UID it becomes that user, after making the interpreter reachable for it: where Python is installed
under a closed home directory, in a mount namespace of this process only, an open one is put in its place.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
SOURCES = HERE.parents[3] / "src"
sys.path[:0] = [str(HERE.parent), str(SOURCES)]
MS_BIND, MS_REC, MS_PRIVATE, CLONE_NEWNS = 4096, 16384, 1 << 18, 0x20000


def expose(path: Path) -> None:
    """Makes `path` reachable for everyone, in this process's mount namespace."""
    closed = next((p for p in reversed(path.parents) if not p.stat().st_mode & 0o001), None)
    if closed is None:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(CLONE_NEWNS) == 0
    assert libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0
    kept = os.open(path, os.O_PATH)
    assert libc.mount(b"tmpfs", str(closed).encode(), b"tmpfs", 0, b"mode=755") == 0
    path.mkdir(parents=True)
    assert libc.mount(f"/proc/self/fd/{kept}".encode(), str(path).encode(), None, MS_BIND | MS_REC, None) == 0
    os.close(kept)


def become(uid: int) -> None:
    expose(Path(sys.base_prefix).resolve())
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.environ.clear()
    os.environ["HOME"] = "/nonexistent"
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # a change of user makes a process undumpable, and /proc/self root's


async def main() -> None:
    from harness import Harness

    jobs = json.loads(sys.stdin.read())
    results: list[Any] = []
    async with Harness(Path(tempfile.gettempdir())) as harness:
        for source, event, changes in jobs:
            result = await harness.invoke(harness.function(source, **changes), event)
            results.append([json.loads(result.payload), result.function_error, result.log_tail.decode()])
        results.append(harness.pool.capabilities.missing)
    print(json.dumps(results))


if __name__ == "__main__":
    if sys.argv[1]:
        become(int(sys.argv[1]))
    asyncio.run(main())
