"""What follows an environment that broke: its successor goes on in its log, on the invocation's time, as on AWS."""

from __future__ import annotations

import json
import re

import pytest
from harness import Harness, until

COUNT = """
n = 0
def handler(event, context):
    global n
    n += 1
    if event: {statement}
    return n
"""

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_function_that_cannot_be_imported_is_tried_once_more_and_then_once_per_invocation(
    harness: Harness,
) -> None:
    function = harness.function("import nothing_there")
    for request_id in ("first", "second"):
        result = await harness.invoke(function, request_id=request_id)
        assert json.loads(result.payload) == {
            "errorMessage": "Unable to import module 'lambda': No module named 'nothing_there'",
            "errorType": "Runtime.ImportModuleError",
            "requestId": "",
            "stackTrace": [],
        }
        tail = result.log_tail.decode()
        assert tail.startswith("[WARNING]\t")
        assert re.search(
            r"\nTraceback \(most recent call last\):INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: invoke\tStatus: error\t"
            rf"Error Type: Runtime.ImportModuleError\nSTART RequestId: {request_id} Version: \$LATEST\nEND RequestId: {request_id}\n"
            rf"REPORT RequestId: {request_id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\t"
            r"Max Memory Used: \d+ MB\tStatus: error\tError Type: Runtime.ImportModuleError\n$",
            tail,
        )
    messages = await harness.log(function, 2)
    attempt = ["[WARNING]", "[ERROR]", "INIT_REPORT"]
    invocation = [*attempt, "START", "END", "REPORT"]
    assert [text.split()[0] for text in messages] == ["INIT_START", *attempt, *invocation, *invocation]
    assert len(harness.events[function.log_group]) == 1


@pytest.mark.parametrize(
    ("end", "report"),
    [
        ("import os; os._exit(1)", "\tStatus: error\tError Type: Runtime.ExitError\n"),
        ("import time; time.sleep(60)", "\tStatus: timeout\n"),
    ],
    ids=["exit", "timeout"],
)
async def test_after_a_crash_the_same_stream_goes_on(harness: Harness, end: str, report: str) -> None:
    function = harness.function(
        f"n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    if event: {end}\n    return n\n",
        timeout=3.0,
    )
    assert json.loads((await harness.invoke(function)).payload) == 1
    assert (await harness.invoke(function, True)).log_tail.decode().endswith(report)
    assert json.loads((await harness.invoke(function)).payload) == 1
    assert json.loads((await harness.invoke(function)).payload) == 2
    messages = await harness.log(function, 4)
    assert len(harness.events[function.log_group]) == 1
    reports = [text for text in messages if text.startswith("REPORT")]
    assert ["Init Duration" in text for text in reports] == [True, False, False, False]
    assert [text.split()[0] for text in messages if text.split()[0] in ("INIT_START", "START")] == [
        "INIT_START", "START", "START", "INIT_START", "START", "START",
    ]  # fmt: skip


async def test_a_handled_error_keeps_the_environment(harness: Harness) -> None:
    function = harness.function(COUNT.format(statement="raise ValueError"))
    await harness.invoke(function, True)
    assert json.loads((await harness.invoke(function)).payload) == 2
    assert len(harness.environments(function)) == 1


async def test_an_answer_that_is_too_large_keeps_the_environment(harness: Harness) -> None:
    function = harness.function(COUNT.format(statement="return 'x' * 7_000_000"))
    tail = (await harness.invoke(function, True)).log_tail.decode()
    assert "\nLAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.\nEND RequestId: " in tail
    assert tail.endswith("\tStatus: error\tError Type: Function.ResponseSizeTooLarge\n")
    assert json.loads((await harness.invoke(function)).payload) == 2


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("import sys; sys.exit(4)", "exit status 4"),
        ("import os; os.abort()", "signal: aborted"),
        ("raise KeyboardInterrupt", "signal: interrupt"),
    ],
)
async def test_an_end_while_importing(harness: Harness, statement: str, reason: str) -> None:
    function = harness.function(statement)
    result = await harness.invoke(function, request_id="i")
    assert json.loads(result.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: i Error: Runtime exited with error: {reason}",
    }
    assert result.log_tail.decode().endswith("\tStatus: error\tError Type: Runtime.ExitError\n")
    reports = [text for text in await harness.log(function) if text.startswith("INIT_REPORT")]
    assert [text.split("\t")[1:] for text in reports] == [
        [f"Phase: {phase}", "Status: error", "Error Type: Runtime.ExitError\n"] for phase in ("init", "invoke")
    ]


async def test_memory_runs_out_while_importing(harness: Harness) -> None:
    source = "import time\nkept = [bytearray(b'x') * (1 << 20) for _ in range(400)]\ntime.sleep(5)\n"
    result = await harness.invoke(harness.function(source, memory_mb=128), request_id="i")
    assert json.loads(result.payload) == {
        "errorType": "Runtime.OutOfMemory",
        "errorMessage": "RequestId: i Error: Runtime exited with error: signal: killed",
    }
    assert result.log_tail.decode().endswith(
        "Max Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory\n"
    )


async def test_the_deadline_is_the_time_that_is_left(harness: Harness) -> None:
    source = """
import time
def handler(event, context):
    before = context.get_remaining_time_in_millis()
    time.sleep(0.3)
    return [before, context.get_remaining_time_in_millis()]
"""
    before, after = await harness.run(source, timeout=10.0)
    assert 9000 < before <= 10_000
    assert 290 <= before - after < 5000


async def test_what_is_billed(harness: Harness) -> None:
    """A cold start's initialization, too; one that failed is part of the invocation's time."""

    def measured(log_tail: bytes) -> tuple[float, int, float]:
        found = re.search(rb"\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms\t", log_tail)
        cold = re.search(rb"Init Duration: ([\d.]+) ms\t(?!Phase)", log_tail)
        assert found
        return float(found[1]), int(found[2]), float(cold[1]) if cold else 0.0

    stalls = harness.function(COUNT.format(statement="import time; time.sleep(9)"), timeout=0.3)
    duration, billed, init = measured((await harness.invoke(stalls, True)).log_tail)
    assert duration == 300.0
    assert init > 0
    assert 0 <= billed - duration - init < 1.02
    failing = harness.function("import time; time.sleep(0.2); import nothing_there")
    duration, billed, init = measured((await harness.invoke(failing)).log_tail)
    assert (init, duration > 200) == (0.0, True)
    assert 0 <= billed - duration < 1.02


async def test_a_runtime_that_ends_between_invocations_is_replaced(harness: Harness) -> None:
    source = """
import os, threading
def handler(event, context):
    threading.Timer(0.1, os._exit, [1]).start()
    return context.aws_request_id
"""
    function = harness.function(source)
    for request_id in ("a", "b"):
        result = await harness.invoke(function, request_id=request_id)
        assert (json.loads(result.payload), result.function_error) == (request_id, None)
        await until(lambda: not harness.environments(function))
