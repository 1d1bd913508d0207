"""Environments of every kind, made and ended in every way: what they took is given back."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import Harness, until
from test_extensions import EXTENSION, LOOP
from test_provided import SHELL

from atoll.lambda_runtime import tree
from atoll.lambda_runtime.environment import Environment
from atoll.lambda_runtime.logs import Log
from atoll.lambda_runtime.runtime_api import RuntimeConnection
from atoll.lambda_runtime.spec import Allocation, FunctionSpec

PYTHON = """
import os, subprocess, time
def handler(event, context):
    print("it runs")
    if event == "leave":
        subprocess.Popen(["sleep", "1000"], start_new_session=True)
    if event == "hang":
        time.sleep(1000)
    if event == "crash":
        os._exit(1)
    return event
"""
NODE = """
exports.handler = async (event) => {
  console.log('it runs');
  if (event === 'leave') require('node:child_process').spawn('sleep', ['1000'], {detached: true, stdio: 'ignore'}).unref();
  if (event === 'hang') await new Promise((done) => setTimeout(done, 1e6));
  if (event === 'crash') process.exit(1);
  return event;
};
"""
SHELL_ANSWER = """
  case $event in *hang*) sleep 1000;; *crash*) exit 1;; *leave*) setsid sleep 1000 & ;; esac
  curl -sS "$api/invocation/$id/response" -d "$event" >/dev/null
"""
SOURCES: dict[str, dict[str, str | bytes]] = {
    "python3.11": {"lambda.py": PYTHON},
    "nodejs20.x": {"lambda.js": NODE},
    "provided.al2023": {"bootstrap": SHELL.replace("{answer}", SHELL_ANSWER)},
}


def function(harness: Harness, runtime: str, *, extended: bool) -> FunctionSpec:
    layers = harness.function({"extensions/one": EXTENSION + 'register \'"INVOKE", "SHUTDOWN"\'' + LOOP}).code
    return harness.function(
        SOURCES[runtime], runtime=runtime, layers=layers if extended else None, timeout=1.0, version="1"
    )


async def live(harness: Harness, function: FunctionSpec) -> None:
    """Everything that can happen to the environments of one function."""

    async def invoke(spec: FunctionSpec, event: str) -> None:
        await harness.invoke(spec, event)

    await asyncio.gather(*(invoke(function, "use") for _ in range(3)))
    for event in ("leave", "crash", "hang", "use"):
        await invoke(function, event)
    caller = asyncio.create_task(invoke(function, "hang"))
    await until(lambda: "busy" in {info.state for info in harness.environments(function)}, 30)
    following = dataclasses.replace(function, revision="2")
    await asyncio.gather(caller, *(invoke(following, event) for event in ("use", "crash", "leave")))
    left = asyncio.create_task(invoke(following, "hang"))
    await asyncio.sleep(0)
    left.cancel()
    pool = harness.pool
    pool.provisioned.aim(function.arn, {"1": (following, 2)})
    await until(lambda: pool.provisioned.allocation(function.arn, "1") == Allocation(2, None), 30)
    await asyncio.gather(*(invoke(following, event) for event in ("use", "crash", "use")))
    pool.provisioned.aim(function.arn, {"1": (following, 1)})
    early = asyncio.create_task(invoke(dataclasses.replace(following, revision="3"), "use"))
    await asyncio.sleep(0)
    pool.drain(function.arn)  # while one is being made
    await asyncio.wait([early, left])
    pool.provisioned.aim(function.arn, {})
    pool.drain(function.arn)


def held(harness: Harness) -> dict[str, Any]:
    """What the region, and what stands ready for its functions, holds."""
    gc.collect()
    groups = harness.pool._groups
    kinds = Counter(type(thing) for thing in gc.get_objects())
    return {
        "processes": len(tree.pids(os.getpid())),
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "tasks": len(asyncio.all_tasks()),
        "mounts": Path("/proc/self/mounts").read_text(),
        "groups": [path.name for path in groups.directory.iterdir() if path.is_dir()] if groups else [],
        "files": sorted(path.name for path in (harness.directory / "work").rglob("*")),
        # Two of the pool's tasks keep in mind the environment that they looked at last.
        "objects": {kind: count for kind in (Environment, Log, RuntimeConnection) if (count := kinds[kind]) > 2},
    }


async def settled(harness: Harness, wanted: dict[str, Any] | None) -> dict[str, Any]:
    """What is held once that is `wanted`, by default once it stays the same for three seconds; what it is after sixty."""
    now, since = held(harness), time.monotonic()
    ends = since + 60
    while now != wanted and time.monotonic() < (ends if wanted else since + 3):
        await asyncio.sleep(0.05)
        if (following := held(harness)) != now:
            now, since = following, time.monotonic()
    return now


def resident() -> int:
    """Bytes of this process."""
    return tree.resident([os.getpid()])


async def lives(rounds: int) -> int:
    """Lets that many functions of each kind live, and returns by how many bytes that made this process larger."""
    async with Harness() as harness:
        kinds = [(runtime, extended) for runtime in SOURCES for extended in (False, True)]

        async def one_round() -> None:
            await asyncio.gather(
                *(live(harness, function(harness, runtime, extended=extended)) for runtime, extended in kinds)
            )
            await until(lambda: not harness.pool.snapshot(), 30)
            harness.events.clear()

        await one_round()  # after which zygotes and spare processes are there
        before, size = await settled(harness, None), resident()
        for _ in range(rounds):
            await one_round()
        after = await settled(harness, before)
        after["processes"] = max(
            after["processes"], before["processes"]
        )  # fewer are no leak: some were slow to end before
        assert after == before
        return resident() - size


@pytest.fixture(autouse=True)
def programs(need: Callable[[object, str], None]) -> None:
    for name in ("node", "curl"):
        need(shutil.which(name), name)


async def test_environments_leave_nothing_behind() -> None:
    await lives(1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_thousands_of_environments_leave_nothing_behind() -> None:
    await lives(5)
    assert await lives(100) < 32 << 20
