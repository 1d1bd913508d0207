"""The Runtime API over TCP, as official runtime clients and custom runtimes use it: here a function that is its own runtime."""

from __future__ import annotations

import json
from typing import Any

import pytest
from harness import Harness

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENT = """
import http.client, json, os

connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])

def call(method, path, body=None, headers={}):
    connection.request(method, "/2018-06-01/runtime/" + path, body, headers)
    response = connection.getresponse()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

def loop(handle):
    while True:
        status, headers, body = call("GET", "invocation/next")
        handle(headers["lambda-runtime-aws-request-id"], headers, json.loads(body))
"""


async def run(harness: Harness, handle: str, event: Any = None, **options: Any) -> tuple[Any, str | None]:
    result = await harness.invoke(harness.function(CLIENT + handle + "\nloop(handle)\n"), event, **options)
    return json.loads(result.payload), result.function_error


async def test_an_invocations_headers_and_its_answer(harness: Harness) -> None:
    handle = """
def handle(request_id, headers, event):
    assert call("POST", f"invocation/{request_id}/response", json.dumps([headers, event]))[0] == 202
"""
    function = harness.function(CLIENT + handle + "\nloop(handle)\n")
    for number in range(3):
        result = await harness.invoke(
            function, number, request_id=f"id-{number}", trace_header="Root=1-2-3", client_context="{}"
        )
        headers, event = json.loads(result.payload)
        assert (event, result.function_error) == (number, None)
        assert headers["lambda-runtime-aws-request-id"] == f"id-{number}"
        assert headers["lambda-runtime-invoked-function-arn"] == function.arn
        assert headers["lambda-runtime-trace-id"] == "Root=1-2-3"
        assert headers["lambda-runtime-client-context"] == "{}"
        assert 0 < int(headers["lambda-runtime-deadline-ms"]) / 1000 - harness.clock.wall() <= 10
        assert headers["content-type"] == "application/json"
    assert len(harness.environments(function)) == 1


async def test_a_chunked_answer(harness: Harness) -> None:
    handle = """
def handle(request_id, headers, event):
    call("POST", f"invocation/{request_id}/response", iter([b'{"a"', b": ", b"1}"]))
"""
    assert await run(harness, handle) == ({"a": 1}, None)


async def test_an_invocation_error(harness: Harness) -> None:
    handle = """
def handle(request_id, headers, event):
    error = json.dumps({"errorMessage": "m", "errorType": "T"})
    assert call("POST", f"invocation/{request_id}/error", error, {"Lambda-Runtime-Function-Error-Type": "T"})[0] == 202
"""
    assert await run(harness, handle) == ({"errorMessage": "m", "errorType": "T"}, "Unhandled")


async def test_an_initialization_error(harness: Harness) -> None:
    source = (
        CLIENT
        + """
status = call("POST", "init/error", json.dumps({"errorMessage": "m", "errorType": "T"}))[0]
os._exit(0 if status == 202 else 9)
"""
    )
    result = await harness.invoke(harness.function(source))
    assert (json.loads(result.payload), result.function_error) == ({"errorMessage": "m", "errorType": "T"}, "Unhandled")


async def test_requests_that_do_not_fit(harness: Harness) -> None:
    handle = """
def handle(request_id, headers, event):
    answers = [call("POST", "invocation/other/response", "1"), call("POST", "init/error", "{}"), call("GET", "nothing")]
    answers.append(call("GET", "invocation/next"))
    answers.append(call("POST", f"invocation/{request_id}/response", b" " * event))
    found = [(status, body.decode()) for status, _, body in answers]
    print(json.dumps(found))
"""
    function = harness.function(CLIENT + handle + "\nloop(handle)\n")
    result = await harness.invoke(function, 6291557)
    assert json.loads(result.payload)["errorType"] == "Function.ResponseSizeTooLarge"
    (line,) = (text for text in await harness.log(function) if text.startswith("[["))
    found = json.loads(line)
    assert [status for status, _ in found] == [400, 403, 404, 403, 413]
    assert json.loads(found[0][1]) == {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"}
    assert json.loads(found[4][1]) == {
        "errorMessage": "Exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "RequestEntityTooLarge",
    }
