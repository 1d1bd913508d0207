"""Functions that misbehave: each gets AWS's answer, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from harness import Harness, until

from atoll.kernel.log_events import LogEvent
from atoll.lambda_runtime import tree
from atoll.lambda_runtime.spec import FunctionSpec

pytestmark = pytest.mark.asyncio(loop_scope="module")

FINE = "def handler(event, context):\n    return 'fine'\n"
BOMB = """
import os, time
def handler(event, context):
    while True:
        try:
            if os.fork() == 0:
                while True:
                    os.fork()
        except OSError:
            time.sleep(0.01)
"""


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("os.kill(os.getppid(), signal.SIGKILL)", None),
        ("os.kill(1, signal.SIGTERM)", None),
        ("[os.kill(1, number) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGSEGV, signal.SIGABRT)]", None),
        ("threading.Thread(target=sys.exit).start()", None),
        ("os.closerange(0, 1024)", "Runtime exited with error: exit status 1"),
        ("threading.Thread(target=os._exit, args=(7,)).start(); time.sleep(5)", "Runtime exited with error: exit status 7"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "Runtime exited with error: signal: killed"),
    ],
)  # fmt: skip
async def test_it_ends_itself_or_what_is_around_it(harness: Harness, statement: str, answer: str | None) -> None:
    function = harness.function(
        f"import os, signal, sys, threading, time\ndef handler(event, context):\n    if event: {statement}\n"
    )
    result = await harness.invoke(function, 1, request_id="the-id")
    payload = json.loads(result.payload)
    if answer is None:
        assert payload is None
    else:
        assert payload == {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: the-id Error: {answer}"}
    assert json.loads((await harness.invoke(function, 0)).payload) is None
    assert await harness.run(FINE) == "fine"


async def test_endless_recursion(harness: Harness) -> None:
    function = harness.function("def handler(event, context):\n    return handler(event, context)\n")
    payload = json.loads((await harness.invoke(function)).payload)
    assert payload["errorType"] == "RecursionError"
    assert payload["errorMessage"].startswith("maximum recursion depth exceeded")


async def test_an_answer_that_is_no_json(harness: Harness) -> None:
    payload = await harness.run("def handler(event, context):\n    return {1, 2}\n")
    assert payload["errorType"] == "Runtime.MarshalError"
    assert payload["errorMessage"] == "Unable to marshal response: Object of type set is not JSON serializable"


async def test_processes_that_hide_end_with_the_environment(harness: Harness) -> None:
    """In sessions of their own, orphaned, deaf to SIGTERM: a time-out takes them all."""
    source = """
import os, signal, time
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.closerange(0, 1024)
            time.sleep(1000)
        os._exit(0)
def handler(event, context):
    for _ in range(3):
        daemon()
    time.sleep(1000)
"""
    function = harness.function(source, timeout=10.0)
    running = asyncio.create_task(harness.invoke(function))
    # Supervisor and runtime, three that the runtime does not wait for, and what these have left behind.
    await until(lambda: [len(tree.pids(info.pid or 0)) for info in harness.environments(function)] == [8])
    pids = [pid for info in harness.environments(function) for pid in tree.pids(info.pid or 0)]
    assert json.loads((await running).payload)["errorType"] == "Sandbox.Timedout"
    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


class Counting(Harness):
    """Its sink keeps nothing but the number of bytes."""

    logged = 0

    async def _log(self, _spec: FunctionSpec, _stream: str, events: Sequence[LogEvent]) -> None:
        self.logged += sum(len(event.message) for event in events)


@pytest.mark.parametrize("megabytes", [256, pytest.param(1024, marks=pytest.mark.soak)])
async def test_a_flood_of_output_costs_no_memory_and_nobody_else(megabytes: int) -> None:
    """Four times what may stay in memory; what a gigabyte does is a matter of time only."""
    source = f"""
import os
def handler(event, context):
    line = b"x" * 65535 + b"\\n"
    for _ in range({megabytes} << 4):
        os.write(1, line)
"""
    async with Counting() as harness:
        await harness.run(FINE)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # Time enough for a busy machine: what must be quick, and how quick, is said below.
        function, other = harness.function(source, timeout=240.0), harness.function(FINE, timeout=60.0)
        await harness.invoke(other)
        alone = await _beside(harness, other, asyncio.create_task(asyncio.sleep(0.5)))
        flood = asyncio.create_task(harness.invoke(function))
        beside = await _beside(harness, other, flood)
        assert (await flood).function_error is None
        await until(lambda: harness.logged >= megabytes << 20, 60)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
        assert _hardly_slower(beside, alone)


@pytest.mark.parametrize("source", ["import os\nos._exit(1)\n", BOMB], ids=["crash loop", "fork bomb"])
async def test_neighbours_of_bad_functions_are_served(harness: Harness, source: str) -> None:
    good = harness.function(FINE)
    await harness.invoke(good)
    alone = await _beside(harness, good, asyncio.create_task(asyncio.sleep(1)))
    bad = harness.function(source, timeout=2.0)

    async def misbehave() -> None:
        ends = time.monotonic() + 2
        while time.monotonic() < ends:
            assert (await harness.invoke(bad)).function_error == "Unhandled"

    beside = await _beside(harness, good, asyncio.create_task(misbehave()))
    print(f"p50 {statistics.median(alone) * 1e3:.2f} ms alone, {statistics.median(beside) * 1e3:.2f} ms beside it")
    assert len(beside) > 10
    assert _hardly_slower(beside, alone)


def _hardly_slower(beside: list[float], alone: list[float]) -> bool:
    """Fifty milliseconds at most, but on a machine where everything is slow."""
    return statistics.median(beside) < max(0.05, 20 * statistics.median(alone))


async def _beside(harness: Harness, function: FunctionSpec, other: asyncio.Task[object]) -> list[float]:
    """How long invocations of `function` take, one after the other, until the other task is done."""
    took = []
    while not other.done():
        began = time.perf_counter()
        assert json.loads((await harness.invoke(function)).payload) == "fine"
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.005)
    return took


async def test_fifty_at_once_are_served_at_once(harness: Harness) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(event)\n"
    began = time.perf_counter()
    for _ in range(10):
        await harness.invoke(harness.function(source), 0)
    alone = (time.perf_counter() - began) / 10
    function = harness.function(source)
    began = time.perf_counter()
    results = await asyncio.gather(*(harness.invoke(function, 1) for _ in range(50)))
    took = time.perf_counter() - began
    print(f"scaled out in {took - 1:.2f} s, {os.cpu_count()} cores")
    assert all(result.function_error is None for result in results)
    assert took - 1 < max(2, 50 * alone)  # the second where other work on the machine slows everything down
