"""What a function whose log format is JSON has in its log, and what its log levels keep out."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from harness import Harness, until

from atoll.lambda_runtime.logs import FRAME, Piece, labelled
from atoll.lambda_runtime.spec import FunctionSpec, Logging

MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
EVERYTHING = Logging("JSON", "TRACE", "DEBUG")
FINE = "def handler(event, context):\n    print('here')\n    return 'x'\n"


async def events(harness: Harness, function: FunctionSpec, invocations: int = 1) -> list[Any]:
    """The log's events once that many reports are in, those that are JSON decoded."""
    await until(lambda: sum('"platform.report"' in text for text in harness.messages(function)) >= invocations)
    return [json.loads(text) if text.startswith("{") else text for text in harness.messages(function)]


def kinds(found: list[Any]) -> list[str]:
    return [event.get("type", event.get("level")) if isinstance(event, dict) else event for event in found]


@pytest.mark.asyncio(loop_scope="module")
async def test_the_platforms_events(harness: Harness) -> None:
    function = harness.function(FINE, logging=EVERYTHING)
    result = await harness.invoke(function, request_id="the-id")
    found = await events(harness, function)
    for event in found:
        if isinstance(event, dict):
            assert re.fullmatch(MOMENT, event.pop("time"))
    init = {"initializationType": "on-demand", "phase": "init"}
    (stream,) = harness.events[function.log_group]
    assert found[0]["type"] == "platform.initStart"
    assert re.fullmatch(r"arn:aws:lambda:eu-west-1::runtime:[0-9a-f]{64}", found[0]["record"].pop("runtimeVersionArn"))
    assert found[0]["record"] == {
        **init, "runtimeVersion": "python:3.11.v1", "functionName": function.name, "functionVersion": "$LATEST",
        "instanceId": stream, "instanceMaxMemory": 256 << 20,
    }  # fmt: skip
    assert found[1] == {"type": "platform.initRuntimeDone", "record": {**init, "status": "success"}}
    init_ms = found[2]["record"]["metrics"].pop("durationMs")
    assert found[2] == {"type": "platform.initReport", "record": {**init, "status": "success", "metrics": {}}}
    assert found[3] == {
        "type": "platform.start",
        "record": {"requestId": "the-id", "functionArn": function.arn, "version": "$LATEST"},
    }
    assert found[4] == "here\n"
    assert found[5]["record"]["metrics"].pop("durationMs") > 0
    assert found[5] == {
        "type": "platform.runtimeDone",
        "record": {"requestId": "the-id", "status": "success", "metrics": {"producedBytes": 3}},
    }
    report = found[6]["record"]
    metrics = report.pop("metrics")
    assert found[6]["type"] == "platform.report"
    assert report == {"requestId": "the-id", "status": "success"}
    assert (metrics["memorySizeMB"], metrics["initDurationMs"]) == (256, init_ms)
    assert 0 < metrics["maxMemoryUsedMB"] < 256
    assert metrics["billedDurationMs"] - 1 < metrics["durationMs"] + init_ms <= metrics["billedDurationMs"]
    assert [json.loads(line)["type"] for line in result.log_tail.decode().splitlines() if line != "here"] == [
        "platform.start", "platform.runtimeDone", "platform.report",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        ("DEBUG", ["initStart", "initRuntimeDone", "initReport", "start", "runtimeDone", "report"]),
        ("INFO", ["initStart", "start", "report"]),
        ("WARN", []),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_the_system_log_level_of_what_goes_well(harness: Harness, level: str, kept: list[str]) -> None:
    function = harness.function(FINE, logging=Logging("JSON", "INFO", level))
    await harness.invoke(function)
    await until(lambda: len(harness.messages(function)) >= len(kept) + 1)
    assert [
        kind.removeprefix("platform.")
        for kind in kinds([json.loads(t) for t in harness.messages(function) if t[0] == "{"])
    ] == kept


@pytest.mark.asyncio(loop_scope="module")
async def test_failures_are_warnings(harness: Harness) -> None:
    slow = harness.function(
        "import time\ndef handler(event, context):\n    time.sleep(5)\n",
        timeout=0.3,
        logging=Logging("JSON", "INFO", "WARN"),
    )
    result = await harness.invoke(slow, request_id="i")
    assert json.loads(result.payload)["errorType"] == "Sandbox.Timedout"
    done, report = await events(harness, slow)
    assert (done["type"], done["record"]["status"]) == ("platform.runtimeDone", "timeout")
    assert (report["record"]["status"], report["record"]["metrics"]["durationMs"]) == ("timeout", 300.0)
    exiting = harness.function("import os\nos._exit(3)", logging=Logging("JSON", "INFO", "WARN"))
    await harness.invoke(exiting)
    found = await events(harness, exiting)
    assert kinds(found) == [
        *["platform.initRuntimeDone", "platform.initReport"] * 2,
        "platform.runtimeDone",
        "platform.report",
    ]
    assert [event["record"].get("phase") for event in found[:4]] == ["init", "init", "invoke", "invoke"]
    assert {(event["record"]["status"], event["record"]["errorType"]) for event in found} == {
        ("error", "Runtime.ExitError")
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_what_an_exception_makes(harness: Harness) -> None:
    source = "def handler(event, context):\n    raise ValueError('no ü')\n"
    function = harness.function(source, logging=Logging("JSON"))
    await harness.invoke(function, request_id="the-id")
    error = (await events(harness, function))[2]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", error.pop("timestamp"))
    assert error == {
        "level": "ERROR", "errorMessage": "no ü", "errorType": "ValueError", "requestId": "the-id",
        "stackTrace": ["  File \"/var/task/lambda.py\", line 2, in handler\n    raise ValueError('no ü')\n"],
    }  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
async def test_what_logging_makes(harness: Harness) -> None:
    source = """
import logging
log = logging.getLogger("mine")
log.info("at init")
def handler(event, context):
    log.info("hi %s", "ü", extra={"k": {1}, "none": None})
    log.warning({"a": 1})
    log.log(25, "odd")
    log.debug("not this")
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("bad")
"""
    function = harness.function(source, logging=Logging("JSON", "INFO", "WARN"))
    await harness.invoke(function, request_id="the-id")
    await until(lambda: len(harness.messages(function)) == 5)
    texts = harness.messages(function)
    assert re.fullmatch(r'\{"timestamp": ".*, "message": "hi ü", .*\}\n', texts[1])
    found = [json.loads(text) for text in texts]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event.pop("timestamp")) for event in found)
    common = {"logger": "mine", "requestId": "the-id"}
    assert found == [
        {"level": "INFO", "message": "at init", "logger": "mine", "requestId": ""},
        {"level": "INFO", "message": "hi ü", **common, "k": "{1}"},
        {"level": "WARNING", "message": {"a": 1}, **common},
        {"level": "INFO", "message": "odd", **common},
        {
            "level": "ERROR", "message": "bad", **common, "errorType": "ZeroDivisionError",
            "errorMessage": "division by zero", "location": "/var/task/lambda.py:handler:13",
            "stackTrace": ['  File "/var/task/lambda.py", line 11, in handler\n    1 / 0\n    ~~^~~\n']
            if "~~" in texts[4] else ['  File "/var/task/lambda.py", line 11, in handler\n    1 / 0\n'],
        },
    ]  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
async def test_the_application_log_level(harness: Harness) -> None:
    source = """
import logging
def handler(event, context):
    print("no level is INFO")
    print('{"level": "error", "timestamp": "2026-01-01T00:00:00Z", "msg": "said to be one"}')
    print('{"level": "error", "msg": "without a timestamp it is INFO"}')
    print('{"level": 7, "timestamp": "2026-01-01T00:00:00Z"}')
    logging.warning("no"); logging.error("yes")
    return logging.getLogger().level
"""
    function = harness.function(source, logging=Logging("JSON", "ERROR", "WARN"))
    assert json.loads((await harness.invoke(function)).payload) == 40
    await until(lambda: len(harness.messages(function)) >= 2)
    found = [json.loads(text) for text in harness.messages(function)]
    assert [event.get("msg", event.get("message")) for event in found] == ["said to be one", "yes"]


@pytest.mark.asyncio(loop_scope="module")
async def test_lines_that_no_parser_likes(harness: Harness) -> None:
    lines = ['{"deep":' + "[" * 20_000, '{"level": "INFO", "timestamp": "0001-01-01T00:00:00+14:00"}', "after them"]
    source = f"def handler(event, context):\n    print(*{lines}, sep='\\n')\n    return 1\n"
    function = harness.function(source, logging=Logging("JSON", "INFO", "WARN"))
    assert (await harness.invoke(function)).payload == b"1"
    await until(lambda: len(harness.messages(function)) >= 3)
    assert [text.rstrip("\n") for text in harness.messages(function)] == lines


@pytest.mark.asyncio(loop_scope="module")
async def test_variables_tell_runtimes_how_to_log(harness: Harness) -> None:
    source = """
import os
def handler(event, context):
    return {k: v for k, v in os.environ.items() if k in ("AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL")}
"""
    found = await harness.run(source, logging=Logging("JSON", "TRACE", "INFO"))
    assert found == {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "TRACE"}
    assert await harness.run(source) == {}


def test_a_line_may_say_when_it_was_and_how_grave() -> None:
    line = '{"timestamp": "2024-11-02T16:51:31.587199Z", "level": "Debug"}'
    assert labelled(Piece(line)) == Piece(line, 1730566291587, 2)
    for text in ("plain", "{broken", '["list"]', "{}", '{"timestamp": "yesterday", "level": "ERROR"}'):
        assert labelled(Piece(text)) == Piece(text, None, 3)
    for text in ('{"deep":' + "[" * 100_000, '{"timestamp": "0001-01-01T00:00:00+14:00", "level": "ERROR"}'):
        assert labelled(Piece(text)) == Piece(text, None, 3)
    assert labelled(Piece("framed", 5, 6)) == Piece("framed", 5, 6)
    assert FRAME == b"\xa5\x5a\x00"
