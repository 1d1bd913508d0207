"""kill -9 at random instants, and power cuts: what was acknowledged is there, nothing is half there, every task ends as its steps say."""

from __future__ import annotations

import asyncio
import os
import random
import selectors
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.sim.crash import workload
from tests.sim.crash.writer import context_for

from atoll.kernel.region import Kernel, open_kernel
from atoll.kernel.store.api import Durability

KILLS, SOAK_KILLS = 20, 300
WRITER = Path(__file__).with_name("writer.py")


def run_and_kill(directory: Path, durability: str, seed: int, *options: str) -> list[tuple[int, int]]:
    """Runs the writers for a random while, kills them, and returns what they had acknowledged, in order."""
    chance = random.Random(seed)
    command = [sys.executable, str(WRITER), str(directory), durability, str(seed), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    os.set_blocking(process.stdout.fileno(), False)
    reported = bytearray()
    # Now and then while it starts and recovers; else some time after its first acknowledgement.
    deadline = time.monotonic() + (chance.uniform(0.1, 0.6) if chance.random() < 0.2 else 20)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if not selector.select(left):
                break
            if not (data := os.read(process.stdout.fileno(), 1 << 16)):
                break
            if not reported:
                deadline = time.monotonic() + chance.uniform(0, 0.25)
            reported += data
    died = process.poll()
    process.kill()
    os.set_blocking(process.stdout.fileno(), True)
    rest, errors = process.communicate()
    assert died is None, errors.decode()
    lines = (bytes(reported) + rest).decode().splitlines()
    return [(int(writer), int(n)) for writer, n in (line.split() for line in lines)]


@asynccontextmanager
async def reopened(directory: Path) -> AsyncIterator[Kernel]:
    kernel = await open_kernel(directory, "process")
    try:
        yield kernel
    finally:
        await kernel.close()


async def finish_tasks(kernel: Kernel) -> None:
    kernel.tasks.run({workload.TASK_KIND: workload.task_step}, context_for(kernel))
    async with asyncio.timeout(30):
        while await workload.pending_tasks(kernel):
            await asyncio.sleep(0.005)


async def crash_rounds(directory: Path, durability: Durability, rounds: int, seed: int, *options: str) -> int:
    """Kills `rounds` times and judges each time; returns how many transactions were acknowledged. The seed is in every failure."""
    chance = random.Random(seed)
    acknowledged: dict[int, int] = {}
    lives = 0
    for round_ in range(rounds):
        try:
            acknowledged |= dict(run_and_kill(directory, durability, seed * 1000 + round_, *options))
            lives += 1
            if chance.random() < 0.2 and round_ < rounds - 1:
                continue  # killed again before anybody looked
            async with reopened(directory) as kernel:
                acknowledged |= await workload.check(kernel, acknowledged, lives)
                lives = 0
                if chance.random() < 0.3 or round_ == rounds - 1:
                    await finish_tasks(kernel)
                    await workload.check(kernel, acknowledged, lives)
        except AssertionError as error:
            error.add_note(f"durability {durability}, seed {seed}, round {round_}")
            raise
    return sum(n + 1 for n in acknowledged.values())


def fresh_seed() -> int:
    return int(os.environ.get("ATOLL_CRASH_SEED") or random.SystemRandom().randrange(1_000_000))


@pytest.mark.parametrize("durability", ["process", "fsync"])
async def test_kill_9_loses_nothing_acknowledged(tmp_path: Path, durability: Durability) -> None:
    assert await crash_rounds(tmp_path / "data", durability, KILLS, fresh_seed()) > 100


async def test_a_power_cut_loses_nothing_acknowledged_under_fsync(tmp_path: Path) -> None:
    assert await crash_rounds(tmp_path / "data", "fsync", 8, fresh_seed(), "power-cut") > 100


async def test_the_power_cut_is_felt_without_fsync(tmp_path: Path) -> None:
    """Shows that the test above can fail: the lower level promises less, and the harness notices."""
    with pytest.raises(workload.Violation, match="was acknowledged"):
        await crash_rounds(tmp_path / "data", "process", 10, fresh_seed(), "power-cut")


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("options", [("process",), ("fsync",), ("fsync", "power-cut")], ids="-".join)
async def test_300_crashes(tmp_path: Path, options: tuple[Durability, str]) -> None:
    seed = fresh_seed()
    for part in range(SOAK_KILLS // 20):  # a fresh directory now and then, so that the checks stay quick
        await crash_rounds(tmp_path / f"data-{part}", options[0], 20, seed + part, *options[1:])
