"""Answers that a function sends piece by piece, over TCP as custom runtimes do: a Python function that is its own runtime."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from harness import Harness, until

from atoll.lambda_runtime import response

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUNTIME = """
import base64, http.client, json, os, socket, sys, time

HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
PATH = "/2018-06-01/runtime/invocation/"

def call(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection(HOST, int(PORT))
    connection.request(method, PATH + path, body, headers)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()

class Stream:
    def __init__(self, request_id, mode="streaming", content_type="text/plain"):
        self.socket = socket.create_connection((HOST, int(PORT)))
        head = (f"POST {PATH}{request_id}/response HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: chunked\\r\\n"
                f"Expect: 100-continue\\r\\nLambda-Runtime-Function-Response-Mode: {mode}\\r\\nContent-Type: {content_type}\\r\\n"
                "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\\r\\n\\r\\n")
        self.socket.sendall(head.encode())
        self.receive()  # 100 Continue: the connection is known to be this process's
    def write(self, data):
        self.socket.sendall(b"%x\\r\\n%b\\r\\n" % (len(data), data))
    def cut(self):
        self.socket.shutdown(socket.SHUT_WR)
        self.socket.recv(1)
    def end(self, trailers=b""):
        self.socket.sendall(b"0\\r\\n" + trailers + b"\\r\\n")
        return self.receive()
    def receive(self):
        data = b""
        while b"\\r\\n\\r\\n" not in data and (more := self.socket.recv(4096)):
            data += more
        return data.decode()

def loop(handle):
    while True:
        _, headers, body = call("GET", "next")
        handle(headers["Lambda-Runtime-Aws-Request-Id"], json.loads(body))
"""


class Sink:
    """Remembers what came when; reads as slowly as it is told."""

    def __init__(self) -> None:
        self.began: tuple[str, str] | None = None
        self.pieces: list[tuple[float, bytes]] = []
        self.open = asyncio.Event()
        self.open.set()

    def begin(self, content_type: str, executed_version: str) -> None:
        self.began = content_type, executed_version

    async def write(self, piece: bytes) -> None:
        await self.open.wait()
        self.pieces.append((time.monotonic(), piece))

    @property
    def text(self) -> bytes:
        return b"".join(piece for _, piece in self.pieces)


def program(handle: str) -> str:
    return f"{RUNTIME}\n{handle}\nloop(handle)\n"


async def test_pieces_arrive_while_the_function_runs(harness: Harness) -> None:
    handle = """
def handle(request_id, event):
    stream = Stream(request_id)
    stream.write(b"one ")
    time.sleep(1)
    stream.write(b"two")
    print("ANSWER", stream.end().split("\\r\\n")[0])
"""
    function, sink = harness.function(program(handle)), Sink()
    began = time.monotonic()
    running = asyncio.create_task(harness.invoke(function, stream=sink))
    await until(lambda: sink.text == b"one ")
    assert not running.done()
    result = await running
    assert sink.text == b"one two"
    assert sink.began == ("text/plain", "$LATEST")
    assert sink.pieces[1][0] - sink.pieces[0][0] > 0.9
    assert time.monotonic() - began > 1
    assert (result.payload, result.function_error) == (b"", None)
    assert "ANSWER HTTP/1.1 202 Accepted\n" in await harness.log(function)
    await harness.idle(function)
    assert (await harness.invoke(function, stream=Sink())).function_error is None
    assert len(harness.environments(function)) == 1


async def test_an_http_response_is_passed_on_as_it_is(harness: Harness) -> None:
    handle = """
def handle(request_id, event):
    stream = Stream(request_id, content_type="application/vnd.awslambda.http-integration-response")
    stream.write(b'{"statusCode": 201}' + bytes(4))
    stream.write(bytes(4) + b"body")
    stream.end()
"""
    function, sink = harness.function(program(handle)), Sink()
    await harness.invoke(function, stream=sink)
    assert sink.began == ("application/vnd.awslambda.http-integration-response", "$LATEST")
    assert sink.text == b'{"statusCode": 201}' + bytes(8) + b"body"
    assert (await harness.invoke(function)).payload == sink.text


async def test_a_buffered_invocation_collects_six_megabytes(harness: Harness) -> None:
    handle = """
def handle(request_id, event):
    stream = Stream(request_id)
    for _ in range(event // 65536):
        stream.write(b"x" * 65536)
    stream.write(b"x" * (event % 65536))
    print("ANSWER", stream.end().split("\\r\\n\\r\\n")[0].split("\\r\\n")[0])
"""
    function = harness.function(program(handle))
    assert (await harness.invoke(function, 6291556)).payload == b"x" * 6291556
    result = await harness.invoke(function, 6291557)
    assert json.loads(result.payload) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert result.function_error == "Unhandled"
    assert "ANSWER HTTP/1.1 413 Payload Too Large\n" in await harness.log(function, 2)
    sink = Sink()
    assert (await harness.invoke(function, 8_000_000, stream=sink)).function_error is None
    assert len(sink.text) == 8_000_000


async def test_a_streamed_answer_has_a_limit_of_its_own(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response, "STREAM_LIMIT", 100_000)
    handle = """
def handle(request_id, event):
    stream = Stream(request_id)
    stream.write(b"x" * 100_001)
    stream.end()
"""
    sink = Sink()
    result = await harness.invoke(harness.function(program(handle)), stream=sink)
    assert len(sink.text) == 100_000
    assert (result.function_error, result.error_type) == ("Unhandled", "Function.ResponseSizeTooLarge")


async def test_a_slow_reader_makes_the_function_wait(harness: Harness) -> None:
    handle = """
def handle(request_id, event):
    stream = Stream(request_id)
    for number in range(800):
        stream.write(b"x" * 65536)
        if number % 50 == 0:
            print("written", number)
    stream.end()
"""
    function, sink = harness.function(program(handle)), Sink()
    sink.open.clear()
    running = asyncio.create_task(harness.invoke(function, stream=sink))
    await until(lambda: sink.began)
    await asyncio.sleep(1)
    assert not running.done()
    written = [text for text in harness.messages(function) if text.startswith("written")]
    assert len(written) < 12  # what the window and the sockets between hold
    sink.open.set()
    await running
    assert len(sink.text) == 800 * 65536


@pytest.mark.parametrize(
    ("trailers", "payload"),
    [
        ('b"Lambda-Runtime-Function-Error-Type: T\\r\\nLambda-Runtime-Function-Error-Body: "'
         ' + base64.b64encode(b\'{"errorMessage":"m"}\') + b"\\r\\n"', {"errorMessage": "m"}),
        ('b"Lambda-Runtime-Function-Error-Type: T\\r\\n"', {"errorType": "T"}),
        ('b"Lambda-Runtime-Function-Error-Body: !\\r\\nLambda-Runtime-Function-Error-Type: T\\r\\n"', {"errorType": "T"}),
    ],
    ids=["body", "type", "garbage"],
)  # fmt: skip
async def test_an_error_in_mid_stream(harness: Harness, trailers: str, payload: Any) -> None:
    handle = f"""
def handle(request_id, event):
    stream = Stream(request_id)
    stream.write(b"some")
    stream.end({trailers})
"""
    function, sink = harness.function(program(handle)), Sink()
    result = await harness.invoke(function, stream=sink)
    assert sink.text == b"some"
    assert (json.loads(result.payload), result.function_error, result.error_type) == (payload, "Unhandled", "T")


async def test_a_timeout_in_mid_stream(harness: Harness) -> None:
    handle = """
def handle(request_id, event):
    stream = Stream(request_id)
    stream.write(b"some")
    time.sleep(30)
"""
    sink = Sink()
    result = await harness.invoke(harness.function(program(handle), timeout=1.0), stream=sink)
    assert sink.text == b"some"
    assert (result.function_error, result.error_type) == ("Unhandled", "Sandbox.Timedout")
    assert "Task timed out after 1.00 seconds" in json.loads(result.payload)["errorMessage"]


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("os._exit(3)", "Runtime.ExitError"),
        ("stream.cut()", "Runtime.TruncatedResponse"),
    ],
)
async def test_a_stream_that_breaks_off(harness: Harness, end: str, kind: str) -> None:
    handle = f"""
def handle(request_id, event):
    stream = Stream(request_id)
    stream.write(b"some" * 50000)
    {end}
"""
    function = harness.function(program(handle))
    for _ in range(2):
        sink = Sink()
        result = await harness.invoke(function, stream=sink)
        assert sink.text == b"some" * 50000
        assert (result.function_error, result.error_type) == ("Unhandled", kind)


async def test_streams_that_do_not_fit(harness: Harness) -> None:
    handle = """
def handle(request_id, event):
    other = Stream("other")
    other.write(b"lost")
    print("OTHER", other.end())
    both = [Stream(request_id), Stream(request_id)]
    for stream in both:
        stream.write(b"found")
    print("BOTH", sorted(stream.end()[:12] for stream in both))
    late = Stream(request_id)
    print("LATE", late.end())
"""
    function, sink = harness.function(program(handle)), Sink()
    assert (await harness.invoke(function, stream=sink)).function_error is None
    assert sink.text == b"found"
    log = "".join(await harness.log(function))
    assert "BOTH ['HTTP/1.1 202', 'HTTP/1.1 400']" in log
    for name in ("OTHER", "LATE"):
        assert f"{name} HTTP/1.1 400 Bad Request" in log


async def test_an_unknown_mode(harness: Harness) -> None:
    handle = """
def handle(request_id, event):
    print("ANSWER", Stream(request_id, mode="dripping").end())
"""
    function = harness.function(program(handle))
    result = await harness.invoke(function)
    assert json.loads(result.payload) == {"errorType": "Runtime.InvalidResponseModeHeader"}
    log = "".join(await harness.log(function))
    assert "ANSWER HTTP/1.1 400 Bad Request" in log


async def test_whoever_does_not_stream_answers_at_once(harness: Harness) -> None:
    sink = Sink()
    result = await harness.invoke(harness.function("def handler(e, c):\n    return 1\n"), stream=sink)
    assert (result.payload, sink.began, sink.pieces) == (b"1", None, [])
