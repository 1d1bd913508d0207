"""Provisioned environments: made ahead, used first, replaced, moved, let go."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal

import pytest
from harness import Harness, until

from atoll.lambda_runtime.spec import Allocation, FunctionSpec

pytestmark = pytest.mark.asyncio(loop_scope="module")

TELL = """
import os, time
print("initialized")
def handler(event, context):
    time.sleep(event or 0)
    return [os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]]
"""

FRAGILE = """
import os
def handler(event, context):
    if event:
        os._exit(3)
    return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
"""


def provision(harness: Harness, *wanted: tuple[FunctionSpec, int]) -> None:
    harness.pool.provisioned.aim(wanted[0][0].arn, {spec.version: (spec, count) for spec, count in wanted if count})


def allocation(harness: Harness, spec: FunctionSpec) -> Allocation:
    return harness.pool.provisioned.allocation(spec.arn, spec.version)


async def ready(harness: Harness, spec: FunctionSpec, count: int) -> None:
    await until(lambda: allocation(harness, spec) == Allocation(count, None))


async def test_invocations_use_them_first_and_spill_over(harness: Harness) -> None:
    function = harness.function(TELL, version="1")
    assert json.loads((await harness.invoke(function)).payload)[0] == "on-demand"
    provision(harness, (function, 2))
    await ready(harness, function, 2)
    await until(lambda: harness.messages(function).count("initialized\n") == 3)  # before any of them is invoked
    results = await asyncio.gather(*(harness.invoke(function, 0.3) for _ in range(3)))
    kinds = [json.loads(result.payload)[0] for result in results]
    assert sorted(kinds) == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]
    assert all(b"Init Duration" not in result.log_tail for result in results)
    for _ in range(4):
        assert json.loads((await harness.invoke(function)).payload)[0] == "provisioned-concurrency"
    assert len(harness.environments(function)) == 3
    provision(harness, (function, 0))
    await until(lambda: len(harness.environments(function)) == 1)
    assert json.loads((await harness.invoke(function)).payload)[0] == "on-demand"


async def test_more_and_fewer(harness: Harness) -> None:
    function = harness.function(TELL, version="1")
    provision(harness, (function, 1))
    await ready(harness, function, 1)
    provision(harness, (function, 3))
    await ready(harness, function, 3)
    provision(harness, (function, 2))
    await until(lambda: len(harness.environments(function)) == 2)
    assert allocation(harness, function) == Allocation(2, None)


async def test_one_that_dies_is_replaced(harness: Harness) -> None:
    function = harness.function(FRAGILE, version="1")
    provision(harness, (function, 1))
    await ready(harness, function, 1)
    first = harness.environments(function)[0].log_stream
    assert (await harness.invoke(function, 1)).function_error == "Unhandled"
    await until(lambda: [info.state for info in harness.environments(function)] == ["idle"])
    assert harness.environments(function)[0].log_stream != first
    assert json.loads((await harness.invoke(function)).payload) == "provisioned-concurrency"
    victim = harness.environments(function)[0]
    assert victim.pid
    os.kill(victim.pid, signal.SIGKILL)
    await until(lambda: harness.environments(function) and harness.environments(function)[0].pid != victim.pid)
    await ready(harness, function, 1)


async def test_a_failing_initialization_is_told_and_not_tried_for_ever(harness: Harness) -> None:
    for source in ("raise ValueError('no')\n", "import os\nos._exit(1)\n", "def other(): pass\n"):
        function = harness.function(source, version="1")
        provision(harness, (function, 3))
        await until(
            lambda function=function: allocation(harness, function) == Allocation(0, "FUNCTION_ERROR_INIT_FAILURE")
        )
        await until(lambda function=function: not harness.environments(function))
        assert sum(text.startswith("INIT_START") for text in harness.messages(function)) <= 3
        assert (await harness.invoke(function)).function_error == "Unhandled"


async def test_one_that_ends_by_itself_at_once_is_not_made_for_ever(harness: Harness) -> None:
    source = (
        "import os, threading\nthreading.Timer(0.05, lambda: os._exit(1)).start()\ndef handler(event, context): pass\n"
    )
    function = harness.function(source, version="1")
    provision(harness, (function, 2))
    await until(lambda: allocation(harness, function) == Allocation(0, "FUNCTION_ERROR_INIT_FAILURE"))
    assert sum(text.startswith("INIT_START") for text in harness.messages(function)) <= 4


async def test_the_old_version_stands_ready_until_the_new_one_does(harness: Harness) -> None:
    old = harness.function(TELL, version="1")
    new = dataclasses.replace(
        harness.function("import time\ntime.sleep(0.5)\n" + TELL), arn=old.arn, name=old.name, version="2"
    )
    provision(harness, (old, 2))
    await ready(harness, old, 2)
    provision(harness, (new, 2))
    assert (allocation(harness, new), harness.pool.provisioned.leaving(old.arn)) == (Allocation(0, None), 2)
    assert json.loads((await harness.invoke(old)).payload)[0] == "provisioned-concurrency"
    await ready(harness, new, 2)
    await until(lambda: len(harness.environments(old)) == 2)
    assert harness.pool.provisioned.leaving(old.arn) == 0
    assert json.loads((await harness.invoke(new)).payload)[0] == "provisioned-concurrency"


async def test_what_is_gone_is_not_made(harness: Harness) -> None:
    function = harness.function("import time\ntime.sleep(0.3)\n" + TELL, version="1")
    provision(harness, (function, 3))
    await until(lambda: harness.environments(function))
    harness.pool.drain(function.arn)
    await until(lambda: not harness.environments(function))
    assert allocation(harness, function) == Allocation(0, None)
    await asyncio.sleep(0.1)
    assert not harness.environments(function)


async def test_they_are_replaced_before_their_credentials_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atoll.lambda_runtime.pool.TEND_SECONDS", 0.05)
    monkeypatch.setattr("atoll.lambda_runtime.pool.IDLE_SECONDS", 0.0)
    async with Harness() as harness:
        function = harness.function(TELL, version="1")
        provision(harness, (function, 2))
        await ready(harness, function, 2)
        before = {info.log_stream for info in harness.environments(function)}
        await asyncio.sleep(0.2)
        assert {info.log_stream for info in harness.environments(function)} == before  # never reaped
        await harness.clock.advance(3600 - 60)
        await until(lambda: not before & {info.log_stream for info in harness.environments(function)})
        await ready(harness, function, 2)
        assert json.loads((await harness.invoke(function)).payload)[0] == "provisioned-concurrency"
