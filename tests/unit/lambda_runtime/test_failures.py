"""Time-outs, exits, limits: AWS's answers, and an environment that is replaced."""

from __future__ import annotations

import json

import pytest
from harness import Harness

from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.spec import FunctionSpec

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_timeout(harness: Harness) -> None:
    source = """
import signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def handler(event, context):
    if event:
        print("before")
        subprocess.Popen(["sleep", "1000"])
        time.sleep(100)
    return "fine"
"""
    function = harness.function(source, timeout=1.0)
    result = await harness.invoke(function, True, request_id="the-id")
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: the-id Error: Task timed out after 1.00 seconds",
    }
    lines = result.log_tail.decode().splitlines()
    assert lines[1] == "before"
    assert lines[2].endswith("Z the-id Task timed out after 1.00 seconds")
    assert "Duration: 1000.00 ms\tBilled Duration:" in lines[-1]
    assert lines[-1].endswith("\tStatus: timeout")
    first = {info.pid for info in harness.environments(function)}
    assert json.loads((await harness.invoke(function)).payload) == "fine"
    assert not first & {info.pid for info in harness.environments(function) if info.state == "idle"}


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("import sys; sys.exit(1)", "Runtime exited with error: exit status 1"),
        ("import sys; sys.exit()", "Runtime exited without providing a reason"),
        ("import os; os._exit(42)", "Runtime exited with error: exit status 42"),
        ("import os; os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("import ctypes; ctypes.string_at(0)", "Runtime exited with error: signal: segmentation fault"),
        ("import os; os.abort()", "Runtime exited with error: signal: aborted"),
        ("raise KeyboardInterrupt", "Runtime exited with error: signal: interrupt"),
    ],
)
async def test_exit_during_an_invocation(harness: Harness, statement: str, words: str) -> None:
    function = harness.function(f"def handler(event, context):\n    print('last words', end='')\n    {statement}\n")
    for _ in range(2):
        result = await harness.invoke(function, request_id="the-id")
        assert json.loads(result.payload) == {
            "errorType": "Runtime.ExitError",
            "errorMessage": f"RequestId: the-id Error: {words}",
        }
        assert (
            f"RequestId: the-id Error: {words}\nRuntime.ExitError\nEND RequestId: the-id\n" in result.log_tail.decode()
        )
        assert "last words" in result.log_tail.decode()
        assert result.log_tail.decode().endswith("\tStatus: error\tError Type: Runtime.ExitError\n")


async def test_exit_while_importing(harness: Harness) -> None:
    result = await harness.invoke(harness.function("import os\nos._exit(3)"), request_id="i")
    reason = "RequestId: i Error: Runtime exited with error: exit status 3"
    assert json.loads(result.payload) == {"errorType": "Runtime.ExitError", "errorMessage": reason}


async def test_memory_limit(harness: Harness) -> None:
    source = """
import time
def handler(event, context):
    kept = [bytearray(b"x") * (1 << 20) for _ in range(event)]
    time.sleep(1 if event > 128 else 0)
    return len(kept)
"""
    function = harness.function(source, memory_mb=128)
    fits = await harness.invoke(function, 60)
    assert json.loads(fits.payload) == 60
    used = int(fits.log_tail.split(b"Max Memory Used: ")[1].split()[0])
    assert 75 <= used <= 128
    result = await harness.invoke(function, 400, request_id="i")
    assert json.loads(result.payload) == {
        "errorType": "Runtime.OutOfMemory",
        "errorMessage": "RequestId: i Error: Runtime exited with error: signal: killed",
    }
    assert b"Max Memory Used: 128 MB" in result.log_tail


async def test_memory_of_child_processes_counts(harness: Harness) -> None:
    source = """
import subprocess, sys
def handler(event, context):
    subprocess.run([sys.executable, "-c", "import time; x = b'x' * (400 << 20); time.sleep(5)"])
"""
    result = await harness.invoke(harness.function(source, memory_mb=128))
    assert json.loads(result.payload)["errorType"] == "Runtime.OutOfMemory"


async def test_an_answer_over_six_megabytes(harness: Harness) -> None:
    function = harness.function("def handler(event, context):\n    return 'x' * event\n")
    assert len((await harness.invoke(function, 6291556 - 2)).payload) == 6291556
    result = await harness.invoke(function, 6291556 - 1)
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert json.loads((await harness.invoke(function, 1)).payload) == "x"


async def test_slow_imports_are_made_up_for_on_the_functions_own_time(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atoll.lambda_runtime.texts.INIT_SECONDS", 0.5)
    slow = harness.function("import time\ntime.sleep(0.8)\ndef handler(event, context):\n    return 1\n", timeout=5.0)
    assert json.loads((await harness.invoke(slow)).payload) == 1
    assert await phases(harness, slow) == ["Phase: init\tStatus: timeout\n"]
    stuck = harness.function("import time\ntime.sleep(60)", timeout=1.0)
    result = await harness.invoke(stuck, request_id="i")
    assert json.loads(result.payload)["errorMessage"] == "RequestId: i Error: Task timed out after 1.00 seconds"
    assert await phases(harness, stuck) == ["Phase: init\tStatus: timeout\n", "Phase: invoke\tStatus: timeout\n"]


async def phases(harness: Harness, function: FunctionSpec) -> list[str]:
    return [text.split("\t", 1)[1] for text in await harness.log(function) if text.startswith("INIT_REPORT")]


async def test_closing_stdout_and_the_log_is_survived(harness: Harness) -> None:
    source = """
import os, sys, logging
def handler(event, context):
    logging.warning("still heard")
    sys.stdout.close()
    os.close(1)
    os.close(2)
    return "alive"
"""
    result = await harness.invoke(harness.function(source))
    assert json.loads(result.payload) == "alive"
    assert b"still heard" in result.log_tail


async def test_a_flood_of_output_is_held_back_not_kept() -> None:
    """The sink takes its time: what waits for it stays bounded, and nothing is lost or out of order."""
    async with Harness() as harness:
        harness.sink_delay = 0.01
        function = harness.function(
            "def handler(event, context):\n    for n in range(200_000): print(n, 'x' * 100)\n", timeout=60.0
        )
        assert (await harness.invoke(function)).function_error is None
        lines = [text for text in await harness.log(function) if text.endswith("x\n")]
        assert [int(text.split(" ")[0]) for text in lines] == list(range(200_000))
        assert harness.biggest_batch < 4 << 20


@pytest.mark.parametrize("runtime", ["ruby3.4", "python2.7", "java21"])
async def test_other_runtimes_are_refused_clearly(harness: Harness, runtime: str) -> None:
    with pytest.raises(RuntimeUnavailable, match=f"runtime {runtime}"):
        await harness.invoke(harness.function("", runtime=runtime))
