"""Extensions: programs of layers, and those within a runtime, from their registration to their end."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from harness import Harness, until

from atoll.lambda_runtime import sandbox
from atoll.lambda_runtime.sandbox import Capabilities
from atoll.lambda_runtime.spec import FunctionSpec

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXTENSION = r"""#!/bin/sh
name=$(basename "$0")
api=http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension
headers=$(mktemp)
call() { curl -sS -H "Lambda-Extension-Identifier: $id" "$@"; }
register() {
  answer=$(curl -sS -D "$headers" -H "Lambda-Extension-Name: $name" -H "Lambda-Extension-Accept-Feature: accountId" \
    -d "{\"events\": [$1]}" $api/register)
  id=$(sed -n 's/^lambda-extension-identifier: *\([^\r]*\).*/\1/ip' "$headers")
  echo "$name registered $answer"
}
next() { event=$(call $api/event/next); echo "$name got $event"; }
"""
LOOP = """
while next; do
  case $event in *SHUTDOWN*) echo "$name says good-bye"; exit 0;; esac
done
"""
COUNT = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sandbox", "no sandbox"])
async def extended(request: pytest.FixtureRequest, need: Callable[[object, str], None]) -> AsyncIterator[Harness]:
    """A pool, with isolation and without."""
    need(shutil.which("curl"), "curl")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "no sandbox":

            async def none() -> Capabilities:
                return Capabilities(False, "none")

            patch.setattr(sandbox, "probe", none)
        async with Harness() as harness:
            yield harness


def function(harness: Harness, source: str, extensions: dict[str, str], **changes: Any) -> FunctionSpec:
    """A function with a layer of these programs: the text that follows the helpers above."""
    files: dict[str, str | bytes] = {f"extensions/{name}": EXTENSION + text for name, text in extensions.items()}
    layers: Path = harness.function(files).code
    return harness.function(source, layers=layers, **changes)


async def said(harness: Harness, spec: FunctionSpec, start: str) -> str:
    """The first log line that begins so, once it is there."""
    await until(lambda: any(text.startswith(start) for text in harness.messages(spec)))
    return next(text for text in harness.messages(spec) if text.startswith(start))


async def stopped(harness: Harness, spec: FunctionSpec, seconds: float = 10) -> None:
    await until(lambda: not harness.environments(spec), seconds)
    await until(lambda: any(text.startswith("REPORT") for text in harness.messages(spec)))


async def test_an_extension_hears_of_invocations_and_of_the_end(extended: Harness) -> None:
    spec = function(extended, COUNT, {"watcher": 'register \'"INVOKE", "SHUTDOWN"\'\n' + LOOP})
    began = extended.clock.wall()
    for number in (1, 2):
        assert (await extended.invoke(spec, request_id=f"id-{number}")).payload == str(number).encode()
        await extended.idle(spec)
    assert json.loads((await said(extended, spec, "watcher registered")).split(" ", 2)[2]) == {
        "functionName": spec.name, "functionVersion": "$LATEST", "handler": "lambda.handler", "accountId": "111111111111",
    }  # fmt: skip
    first = json.loads((await said(extended, spec, "watcher got")).split(" ", 2)[2])
    assert began + 9.99 < first.pop("deadlineMs") / 1000 < extended.clock.wall() + 10
    assert first == {
        "eventType": "INVOKE", "requestId": "id-1", "invokedFunctionArn": spec.arn,
        "tracing": {
            "type": "X-Amzn-Trace-Id",
            "value": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0",
        },
    }  # fmt: skip
    ready = "EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n"
    messages = extended.messages(spec)
    assert messages.index(ready) < messages.index("START RequestId: id-1 Version: $LATEST\n")
    extended.pool.drain(spec.arn)
    await said(extended, spec, "watcher says good-bye\n")
    messages = extended.messages(spec)
    last = next(text for text in messages if "SHUTDOWN" in text and text.startswith("watcher got"))
    event = json.loads(last.split(" ", 2)[2])
    assert event.pop("deadlineMs") / 1000 - extended.clock.wall() < 2
    assert event == {"eventType": "SHUTDOWN", "shutdownReason": "spindown"}


async def test_the_environment_of_an_extension(extended: Harness) -> None:
    spec = function(extended, COUNT, {"e": "env | sed 's/^/ENV /'\nregister\n" + LOOP}, environment={"MINE": "1"})
    await extended.invoke(spec)
    await said(extended, spec, "ENV MINE=1")
    names = {text[4:].split("=")[0] for text in extended.messages(spec) if text.startswith("ENV ")}
    assert {"AWS_LAMBDA_RUNTIME_API", "AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME"} <= names
    assert not {"_HANDLER", "LAMBDA_TASK_ROOT", "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME"} & names


async def test_the_initialization_waits_for_extensions(extended: Harness) -> None:
    spec = function(extended, "import os, time\nos.write(1, b'imported %f\\n' % time.time())\n" + COUNT, {
        "slow": 'sleep 0.5\nregister \'"INVOKE"\'\ndate +"registered %s.%N"\nsleep 0.5\n' + LOOP,
    })  # fmt: skip
    began = time.monotonic()
    assert (await extended.invoke(spec)).payload == b"1"
    assert time.monotonic() - began > 1
    imported = float((await said(extended, spec, "imported")).split()[1])
    registered = float((await said(extended, spec, "registered")).split()[1])
    assert registered - 0.1 < imported


async def test_an_environment_is_free_when_its_extensions_are(extended: Harness) -> None:
    spec = function(extended, COUNT, {"slow": "register '\"INVOKE\"'\nwhile next; do sleep 3; done\n"})
    await extended.invoke(spec)
    await extended.idle(spec)
    assert (await extended.invoke(spec)).payload == b"2"
    assert [each.state for each in extended.environments(spec)] == ["busy"]  # the caller does not wait
    assert (await extended.invoke(spec)).payload == b"1"  # in another environment


async def test_who_takes_no_interest_in_invocations(extended: Harness) -> None:
    spec = function(extended, COUNT, {"quiet": "register\n" + LOOP})
    for number in (1, 2):
        assert (await extended.invoke(spec)).payload == str(number).encode()
        await extended.idle(spec)
    extended.pool.drain(spec.arn)
    await stopped(extended, spec)
    assert not any(text.startswith("quiet got {") for text in extended.messages(spec))
    assert "EXTENSION\tName: quiet\tState: Ready\tEvents: []\n" in extended.messages(spec)


async def test_the_runtime_is_asked_to_end(extended: Harness) -> None:
    source = """
import os, signal
def good_bye(*_):
    os.write(1, b"the runtime ends\\n")
    os._exit(0)
signal.signal(signal.SIGTERM, good_bye)
def handler(event, context):
    pass
"""
    alone = extended.function(source)
    spec = function(extended, source, {"e": "register '\"SHUTDOWN\"'\n" + LOOP})
    for each in (alone, spec):
        await extended.invoke(each)
        extended.pool.drain(each.arn)
        await stopped(extended, each)
    await said(extended, spec, "e says good-bye\n")
    assert "the runtime ends\n" not in extended.messages(alone)
    messages = extended.messages(spec)
    assert messages.index("the runtime ends\n") < messages.index("e says good-bye\n")


async def test_two_seconds_for_the_shutdown(extended: Harness) -> None:
    spec = function(
        extended, COUNT, {"stubborn": 'register \'"SHUTDOWN"\'\ntrap "" TERM\nwhile :; do next; sleep 1; done\n'}
    )
    await extended.invoke(spec)
    began = time.monotonic()
    extended.pool.drain(spec.arn)
    await stopped(extended, spec)
    assert time.monotonic() - began > 1.9


async def test_a_timeout_is_the_reason_of_the_shutdown(extended: Harness) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(20)\n"
    spec = function(extended, source, {"e": 'register \'"INVOKE", "SHUTDOWN"\'\n' + LOOP}, timeout=1.0)
    result = await extended.invoke(spec)
    assert json.loads(result.payload)["errorType"] == "Sandbox.Timedout"
    assert '"shutdownReason":"timeout"' in await said(extended, spec, 'e got {"eventType":"SHUTDOWN"')


async def test_a_runtime_that_ends(extended: Harness) -> None:
    spec = function(
        extended,
        "import os\ndef handler(event, context):\n    os._exit(3)\n",
        {"e": "register '\"SHUTDOWN\"'\n" + LOOP},
    )
    result = await extended.invoke(spec, request_id="id")
    text = "RequestId: id Error: Runtime exited with error: exit status 3"
    assert json.loads(result.payload) == {"errorType": "Runtime.ExitError", "errorMessage": text}
    assert '"shutdownReason":"failure"' in await said(extended, spec, 'e got {"eventType":"SHUTDOWN"')


FAILURES = {
    "crash at once": ("exit 7\n", "Extension.Crash", "exit status 7", "Exited"),
    "ends at once": ("exit 0\n", "Extension.Crash", "exit code 0", "Exited"),
    "crash after registration": ("register\nexit 7\n", "Extension.Crash", "exit status 7", "Exited"),
    "init error": (
        'register\ncall -H "Lambda-Extension-Function-Error-Type: My.Reason" -d "{}" $api/init/error\nexit 1\n',
        "Extension.InitError", "exit status 1", "InitError",
    ),
    "exit error": (
        'register\ncall -H "Lambda-Extension-Function-Error-Type: My.Reason" -d "{}" $api/exit/error\nexit 0\n',
        "Extension.ExitError", "exit code 0", "ExitError",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("program", "kind", "reason", "state"), FAILURES.values(), ids=FAILURES)
async def test_an_extension_that_fails_in_the_initialization(
    extended: Harness, program: str, kind: str, reason: str, state: str
) -> None:
    spec = function(extended, COUNT, {"bad": program})
    result = await extended.invoke(spec, request_id="id")
    assert json.loads(result.payload) == {"errorType": kind, "errorMessage": f"RequestId: id Error: {reason}"}
    assert result.function_error == "Unhandled"
    log = await extended.log(spec)
    assert f"RequestId: id Error: {reason}\n{kind}\n" in log
    assert any(text.startswith(f"EXTENSION\tName: bad\tState: {state}\tEvents: []") for text in log)
    if "Error" in state:
        assert f"EXTENSION\tName: bad\tState: {state}\tEvents: []\tError Type: My.Reason\n" in log


async def test_an_extension_that_does_not_start(extended: Harness) -> None:
    spec = function(extended, COUNT, {"bad": ""})
    assert spec.layers is not None
    (spec.layers / "extensions" / "bad").chmod(0o644)
    result = await extended.invoke(spec, request_id="id")
    directory = "/opt" if extended.pool.capabilities.namespaces else str(spec.layers.resolve())
    text = f"RequestId: id Error: fork/exec {directory}/extensions/bad: permission denied"
    assert json.loads(result.payload) == {"errorType": "Extension.LaunchError", "errorMessage": text}
    log = await extended.log(spec)
    assert "EXTENSION\tName: bad\tState: LaunchError\tEvents: []\tError Type: PermissionDenied\n" in log


async def test_an_extension_that_crashes_in_an_invocation(extended: Harness) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'done'\n"
    spec = function(extended, source, {"bad": "register '\"INVOKE\"'\nnext\nnext\nkill -SEGV $$\n"})
    assert (await extended.invoke(spec, 0)).payload == b'"done"'
    await extended.idle(spec)
    result = await extended.invoke(spec, 5, request_id="id")
    text = "RequestId: id Error: signal: segmentation fault"
    assert json.loads(result.payload) == {"errorType": "Extension.Crash", "errorMessage": text}
    await until(lambda: not extended.environments(spec))


async def test_no_more_than_ten(extended: Harness) -> None:
    spec = function(extended, COUNT, {f"e{number}": "register\n" + LOOP for number in range(11)})
    result = await extended.invoke(spec)
    assert json.loads(result.payload)["errorType"] == "Extension.LaunchError"
    fewer = function(extended, COUNT, {f"e{number}": "register\n" + LOOP for number in range(10)})
    assert (await extended.invoke(fewer)).payload == b"1"


INTERNAL = """
import http.client, json, os, threading
def call(method, path, headers={}, body=None):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, "/2020-01-01/extension/" + path, body, headers)
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(answer.read())
def register(name, *events):
    return call("POST", "register", {"Lambda-Extension-Name": name}, json.dumps({"events": events}))
def identified(headers):
    return {"Lambda-Extension-Identifier": headers["lambda-extension-identifier"]}
"""


async def test_an_internal_extension(extended: Harness) -> None:
    source = (
        INTERNAL
        + """
import signal
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"terminated\\n"), os._exit(0)))
me = identified(register("inside", "INVOKE")[1])
seen = []
def watch():
    while True:
        seen.append(call("GET", "event/next", me)[2]["requestId"])
threading.Thread(target=watch, daemon=True).start()
def handler(event, context):
    while context.aws_request_id not in seen:
        pass
    return seen
"""
    )
    spec = extended.function(source)
    for number in (1, 2):
        result = await extended.invoke(spec, request_id=f"id-{number}")
        assert json.loads(result.payload) == [f"id-{n + 1}" for n in range(number)]
        await extended.idle(spec)
    assert "EXTENSION\tName: inside\tState: Ready\tEvents: [INVOKE]\n" in await extended.log(spec)
    extended.pool.drain(spec.arn)
    await said(extended, spec, "terminated\n")


async def test_what_is_refused(extended: Harness) -> None:
    source = (
        INTERNAL
        + """
found = {}
def keep(name, answer):
    found[name] = [answer[0], answer[2].get("errorType"), answer[2].get("errorMessage")]
keep("no name", register("", "INVOKE"))
keep("no json", call("POST", "register", {"Lambda-Extension-Name": "x"}, "{"))
keep("deep", call("POST", "register", {"Lambda-Extension-Name": "x"}, '{"x":' + "[" * 100_000))
keep("shutdown", register("x", "SHUTDOWN"))
keep("event", register("x", "NOTHING"))
first = register("x", "INVOKE")
me = identified(first[1])
keep("again", register("x", "INVOKE"))
keep("missing", call("GET", "event/next"))
keep("invalid", call("GET", "event/next", {"Lambda-Extension-Identifier": "x"}))
keep("unknown", call("GET", "event/next", {"Lambda-Extension-Identifier": "85083764-ff1e-476f-ada1-d51f26e4f6be"}))
keep("no type", call("POST", "exit/error", me, "{}"))
keep("path", call("GET", "nothing"))
for number in range(9):
    other = register(f"other{number}")
    threading.Thread(target=call, args=("GET", "event/next", identified(other[1])), daemon=True).start()
keep("eleventh", register("last"))
threading.Thread(target=call, args=("GET", "event/next", me), daemon=True).start()
def handler(event, context):
    keep("late", register("late"))
    return found
"""
    )
    result = await extended.invoke(extended.function(source))
    assert json.loads(result.payload) == {
        "no name": [403, "Extension.InvalidExtensionName", "Empty extension name"],
        "no json": [403, "InvalidRequestFormat", "Input data was truncated"],
        "deep": [403, "InvalidRequestFormat", "maximum recursion depth exceeded while deserializing an object"],
        "shutdown": [403, "Extension.InvalidEventType", "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension"],
        "event": [403, "Extension.InvalidEventType", "NOTHING: ErrorInvalidEventType"],
        "again": [403, "Extension.InvalidExtensionState", "Extension with this name already registered"],
        "missing": [403, "Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header"],
        "invalid": [403, "Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier"],
        "unknown": [
            403, "Extension.UnknownExtensionIdentifier", "Unknown extension 85083764-ff1e-476f-ada1-d51f26e4f6be",
        ],
        "no type": [403, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found"],
        "path": [404, "NotFound", "404 page not found"],
        "eleventh": [403, "Extension.TooManyExtensions", "Extension limit (10) reached"],
        "late": [403, "Extension.RegistrationClosed", "Extension registration closed already"],
    }  # fmt: skip


async def test_extensions_of_many_environments_at_once(extended: Harness) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(0.3)\n    return 1\n"
    spec = function(extended, source, {"e": "register '\"INVOKE\"'\n" + LOOP})
    results = await asyncio.gather(*(extended.invoke(spec) for _ in range(4)))
    assert [result.payload for result in results] == [b"1"] * 4
