"""Warm, stale, retired, left behind: the life of environments."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

import pytest
from harness import RUNTIME, Harness, until

from atoll.lambda_runtime import tree
from atoll.lambda_runtime.environment import Environment, Outcome

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNT = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n"
SLOW = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'old'\n"


async def test_scale_out_and_reuse(harness: Harness) -> None:
    function = harness.function(
        "import os, time\ndef handler(event, context):\n    time.sleep(0.5)\n    return os.uname().nodename\n"
    )
    results = await asyncio.gather(*(harness.invoke(function) for _ in range(8)))
    assert all(result.function_error is None for result in results)
    assert len(harness.environments(function)) == 8
    await asyncio.gather(*(harness.invoke(function) for _ in range(8)))
    assert len(harness.environments(function)) == 8


async def test_a_new_revision_is_never_served_by_old_code(harness: Harness) -> None:
    function = old = harness.function(SLOW)
    await harness.invoke(old, 0)
    running = asyncio.create_task(harness.invoke(old, 0.5))
    await until(lambda: [info.state for info in harness.environments(function)] == ["busy"])
    new = dataclasses.replace(
        harness.function("def handler(event, context):\n    return 'new'\n"), arn=old.arn, revision="2"
    )
    harness.pool.drain(old.arn)
    assert json.loads((await harness.invoke(new)).payload) == "new"
    assert json.loads((await running).payload) == "old"
    await until(lambda: [info.revision for info in harness.environments(function)] == ["2"])


async def test_drain_stops_idle_environments(harness: Harness) -> None:
    function = harness.function(COUNT)
    await harness.invoke(function)
    harness.pool.drain(function.arn)
    await until(lambda: not harness.environments(function))
    assert json.loads((await harness.invoke(function)).payload) == 1


async def test_environments_retire_before_their_credentials_expire(harness: Harness) -> None:
    function = harness.function(COUNT)
    await harness.invoke(function)
    await harness.clock.advance(3600 - 120)
    assert json.loads((await harness.invoke(function)).payload) == 2
    await harness.clock.advance(60)
    assert json.loads((await harness.invoke(function)).payload) == 1


async def test_background_work_of_an_invocation_goes_on_in_the_next(harness: Harness) -> None:
    source = """
import threading, time
seen = []
def handler(event, context):
    if event == "begin":
        threading.Thread(target=lambda: (time.sleep(0.2), seen.append(1)), daemon=True).start()
    while event == "wait" and not seen: time.sleep(0.01)
    return len(seen)
"""
    function = harness.function(source)
    assert json.loads((await harness.invoke(function, "begin")).payload) == 0
    assert json.loads((await harness.invoke(function, "wait")).payload) == 1


async def test_stop_leaves_nothing_behind() -> None:
    source = """
import subprocess, time
def handler(event, context):
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    time.sleep(event)
"""
    async with Harness() as harness:
        await harness.invoke(harness.function(source), 0)
        running = asyncio.create_task(harness.invoke(harness.function(source), 100))
        await until(lambda: [info.state for info in harness.pool.snapshot()].count("busy") == 1)
        await until(lambda: all(len(tree.pids(info.pid or 0)) == 3 for info in harness.pool.snapshot()))
        pids = [pid for info in harness.pool.snapshot() for pid in tree.pids(info.pid or 0)]
        assert len(pids) == 6
        await harness.pool.stop()
        assert (await running).function_error == "Unhandled"
        await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_every_environment_dies_with_atoll(tmp_path: Path) -> None:
    """SIGKILL to the process that holds the pool, while one environment is idle and one is busy."""
    code = f"""
import asyncio, json, sys
from pathlib import Path
sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parents[3] / "src")!r}]
from harness import Harness, until
from atoll.lambda_runtime import tree
from atoll.lambda_runtime.environment import Environment, Outcome
async def main():
    async with Harness(Path.cwd()) as h:
        f = h.function("import time\\ndef handler(e, c): time.sleep(e)")
        await h.invoke(f, 0)
        busy = asyncio.create_task(h.invoke(f, 1000))
        await h.invoke(f, 0)
        await until(lambda: sorted(i.state for i in h.pool.snapshot()) == ["busy", "idle"])
        zygotes = [launcher._process.pid for launcher in h.pool._families.launchers]
        print(json.dumps([pid for i in h.pool.snapshot() for pid in tree.pids(i.pid)] + zygotes), flush=True)
        print(h.pool._groups.directory if h.pool._groups else "", flush=True)
        await asyncio.sleep(1000)
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    assert process.stdout is not None
    try:
        pids = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        groups = (await process.stdout.readline()).decode().strip()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
    assert len(pids) == 5
    await until(lambda: not any(_alive(pid) for pid in pids))
    assert not groups or not Path(groups).exists()


def _alive(pid: int) -> bool:
    """Whether it runs; an ended process that nobody has reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_caller_that_gives_up_does_not_end_the_invocation(harness: Harness) -> None:
    function = harness.function("import time\ndef handler(event, context):\n    time.sleep(event)\n    print('done')\n")
    await harness.invoke(function, 0)
    caller = asyncio.create_task(harness.invoke(function, 3, request_id="abandoned"))
    await until(lambda: [info.state for info in harness.environments(function)] == ["busy"])
    caller.cancel()
    await until(lambda: any(text.startswith("REPORT RequestId: abandoned") for text in harness.messages(function)))
    assert [info.state for info in harness.environments(function)] == ["idle"]


async def test_logs_arrive_soon_after_the_invocation(harness: Harness) -> None:
    """Within a second; a busy machine may hold up one, but not each."""
    function, took = harness.function(COUNT), [9.0]
    for number in range(10):
        await harness.invoke(function, request_id=f"i{number}")
        answered, line = time.monotonic(), f"REPORT RequestId: i{number}"
        await until(lambda line=line: any(text.startswith(line) for text in harness.messages(function)))
        took.append(time.monotonic() - answered)
        if took[-1] < 1:
            break
    assert min(took) < 1


async def test_a_zygote_that_died_is_replaced(harness: Harness) -> None:
    await harness.run(COUNT)
    (zygote,) = harness.pool._families.launchers
    assert zygote._process is not None
    zygote._process.kill()
    await until(lambda: zygote._process is None or zygote._process.returncode is not None)
    assert await harness.run(COUNT) == 1


async def test_a_zygote_is_started_beside_more_than_1024_open_files(harness: Harness) -> None:
    """Each of the region's connections is one: select() takes no descriptor above 1,023."""
    (zygote,) = harness.pool._families.launchers
    function = harness.function(COUNT)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4_096), hard), hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1_100):
            stack.enter_context(open(os.devnull))  # noqa: PTH123, ASYNC230
        await zygote.stop()
        assert json.loads((await harness.invoke(function)).payload) == 1


async def test_without_namespaces_functions_run_with_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on macOS: the same behaviour, nothing hidden, and said so."""
    monkeypatch.setattr("sys.platform", "darwin")
    async with Harness() as harness:
        monkeypatch.undo()
        assert "without isolation" in harness.pool.capabilities.missing
        assert [record.message for record in caplog.records] == [harness.pool.capabilities.missing]
        source = """
import boto3, os, subprocess
def handler(event, context):
    subprocess.Popen(["sleep", "1000"])
    return [os.getcwd(), os.environ["LAMBDA_TASK_ROOT"]]
"""
        function = harness.function(source)
        result = await harness.invoke(function)
        assert json.loads(result.payload) == [str(function.code)] * 2
        assert (
            json.loads((await harness.invoke(harness.function(SLOW, timeout=0.5), 10)).payload)["errorType"]
            == "Sandbox.Timedout"
        )
        pids = tree.pids(harness.pool.snapshot()[0].pid or 0)
        await harness.pool.stop()
        await until(lambda: not any(_alive(pid) for pid in pids))


async def test_hidden_directories_are_empty_wherever_they_lie() -> None:
    async with Harness(hidden=[Path("/usr/share")]) as harness:
        assert await harness.run("import os\ndef handler(event, context):\n    return os.listdir('/usr/share')\n") == []


async def test_a_runtime_can_be_made_ready_before_its_first_function() -> None:
    async with Harness() as harness:
        assert await harness.pool.prepare(RUNTIME) is None
        assert len(harness.pool._families.launchers) == 1


async def test_a_change_between_a_cold_start_and_its_invocation_loses_nothing(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = harness.function(COUNT)

    async def start(self: Environment, endpoint: str, seconds: float) -> Outcome:
        outcome = await started(self, endpoint, seconds)
        harness.pool.drain(function.arn)
        return outcome

    started = Environment.start
    monkeypatch.setattr(Environment, "start", start)
    assert json.loads((await harness.invoke(function)).payload) == 1
    await until(lambda: not harness.environments(function))


async def test_an_environment_that_ends_before_its_first_invocation_is_told(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = harness.function(COUNT)

    async def start(self: Environment, endpoint: str, seconds: float) -> Outcome:
        outcome = await started(self, endpoint, seconds)
        self.kill()
        return outcome

    started = Environment.start
    monkeypatch.setattr(Environment, "start", start)
    result = await harness.invoke(function)
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload)["errorType"] == "Runtime.ExitError"


async def test_what_is_not_used_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.lambda_runtime.pool.TEND_SECONDS", 0.05)
    monkeypatch.setattr("atoll.lambda_runtime.pool.IDLE_SECONDS", 1.0)
    async with Harness() as harness:
        function = harness.function(SLOW)
        await asyncio.gather(*(harness.invoke(function, 0.1) for _ in range(2)))
        assert len(harness.environments(function)) == 2
        used = asyncio.create_task(harness.invoke(function, 3))
        await until(lambda: [info.state for info in harness.environments(function)] == ["busy"])
        assert json.loads((await used).payload) == "old"
        await until(lambda: not harness.environments(function))
