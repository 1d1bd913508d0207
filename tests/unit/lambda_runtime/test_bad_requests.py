"""What the Runtime API makes of bytes that are no requests, or too many: it hangs up, and holds no more than it must."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
import uvloop
from harness import Harness
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.kernel.connection import Connection
from atoll.lambda_runtime import peers, runtime_api
from atoll.lambda_runtime.response import Relay
from atoll.lambda_runtime.runtime_api import Rejected, RuntimeConnection

RESPONSE = b"POST /2018-06-01/runtime/invocation/id/response HTTP/1.1\r\nhost: x\r\n"


class Recorder:
    """An environment that takes every answer and remembers it."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, bytes]] = []

    def on_next(self, connection: RuntimeConnection) -> None:
        raise Rejected(403, "InvalidStateTransition", "no")

    def on_response(self, request_id: str, body: bytes) -> None:
        self.answers.append((request_id, body))

    def on_error(self, request_id: str, body: bytes, kind: str) -> None:
        self.answers.append((request_id, body))

    def on_init_error(self, body: bytes, kind: str) -> None:
        self.answers.append(("", body))

    def on_too_large(self, request_id: str) -> None:
        self.answers.append((request_id, b""))

    def on_stream(self, connection: RuntimeConnection, request_id: str, content_type: str) -> Relay:
        relay = Relay(None)
        relay.begin(connection, content_type, "1")
        return relay

    def on_other(
        self, connection: RuntimeConnection, method: bytes, url: bytes, header: Callable[[bytes], str], body: bytes
    ) -> None:
        raise Rejected(404, "NotFound", "no")

    def on_connected(self, connection: RuntimeConnection) -> None:
        """Nothing to do."""

    async def admits(self, peer: Connection) -> bool:
        return True

    def on_disconnected(self, connection: RuntimeConnection) -> None:
        """Nothing to do."""


async def exchange(*pieces: bytes, recorder: Recorder | None = None) -> bytes:
    """What comes back for these pieces, each sent by itself, until the other side hangs up or has nothing more to say."""
    loop = asyncio.get_running_loop()
    failures: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: failures.append(context))
    recorder = recorder or Recorder()
    server = await loop.create_server(lambda: RuntimeConnection(recorder), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 60)
    except ConnectionError:
        return b""
    finally:
        writer.close()
        server.close()
        assert failures == []


pieces = st.lists(st.one_of(
    st.binary(max_size=60),
    st.sampled_from([
        RESPONSE, b"\r\n", b"content-length: 3\r\n\r\nabc", b"content-length: -1\r\n\r\n", b"content-length: 99999999999999999999\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"ffffffffffffffffffff\r\n", b"0\r\ntrailer: x\r\n\r\n",
        b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
        b"lambda-runtime-function-response-mode: streaming\r\n", b"lambda-runtime-function-response-mode: x\r\n",
        b"expect: 100-continue\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\n\r\n", b"lambda-runtime-function-error-type: \xff\r\n",
        b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\n", b"POST /2018-06-01/runtime/invocation/\xff\x00/error HTTP/1.1\r\n",
    ]),
), max_size=8)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(pieces)
def test_garbage_is_refused_or_hung_up_on(sent: list[bytes]) -> None:
    answer = uvloop.run(exchange(*sent))
    assert {int(status) for status in re.findall(rb"HTTP/1.1 (\d+) ", answer)} <= {100, 202, 400, 403, 404, 413}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=300), max_size=12), st.booleans(), st.data())
def test_a_body_is_read_however_it_is_cut(chunks: list[bytes], chunked: bool, data: st.DataObject) -> None:
    body = b"".join(chunks)
    if chunked:
        parts = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        request = RESPONSE + b"transfer-encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"
    else:
        request = RESPONSE + b"content-length: %d\r\n\r\n" % len(body) + body
    request *= 2  # pipelined
    cuts = sorted(data.draw(st.lists(st.integers(0, len(request)), max_size=6)))
    sent = [request[a:b] for a, b in zip([0, *cuts], [*cuts, len(request)], strict=True)]
    recorder = Recorder()
    answer = uvloop.run(exchange(*sent, recorder=recorder))
    assert recorder.answers == [("id", body)] * 2
    assert answer.count(b"HTTP/1.1 202") == 2


@pytest_asyncio.fixture
async def address() -> AsyncIterator[tuple[str, int]]:
    """Where a Runtime API listens that takes every answer."""
    server = await asyncio.get_running_loop().create_server(lambda: RuntimeConnection(Recorder()), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()
    server.close()


async def pour(address: tuple[str, int], start: bytes, more: bytes, limit: int) -> int:
    """Sends `start`, then `more` again and again: how many bytes went off before it was hung up on, or nobody took them any more."""
    loop = asyncio.get_running_loop()
    with socket.socket() as client:
        client.setblocking(False)
        await loop.sock_connect(client, address)
        await loop.sock_sendall(client, start)
        sent, last = 0, time.monotonic()
        while sent < limit and time.monotonic() - last < 1:
            try:
                sent += client.send(more)
                last = time.monotonic()
            except BlockingIOError:
                pass
            except ConnectionError:
                break
            await asyncio.sleep(0)
        return sent


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"POST /", b"a" * 1000),
        (RESPONSE + b"x: ", b"a" * 1000),
        (RESPONSE, b"name: value\r\n" * 50),
        (RESPONSE + b"transfer-encoding: chunked\r\n\r\n1;", b"a" * 1000),
        (RESPONSE + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: ", b"a" * 1000),
        (b"", b"\r\n" * 500),
        (b"", b"GET /pipelined HTTP/1.1\r\n\r\n" * 20),
    ],
    ids=["address", "header", "headers", "chunk extension", "trailer", "blank lines", "answers that nobody reads"],
)
async def test_what_has_no_end(address: tuple[str, int], start: bytes, more: bytes) -> None:
    assert await pour(address, start, more, 64 << 20) < 16 << 20  # what the kernel holds for a connection counts, too


async def test_an_endless_body_is_not_kept(address: tuple[str, int]) -> None:
    tracemalloc.start()
    start = RESPONSE + b"transfer-encoding: chunked\r\n\r\n"
    assert await pour(address, start, b"400\r\n" + b"a" * 1024 + b"\r\n", 0) == 0
    assert await pour(address, start, (b"400\r\n" + b"a" * 1024 + b"\r\n") * 60, 40 << 20) >= 40 << 20
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * runtime_api.RESPONSE_LIMIT


@pytest.mark.parametrize("start", [b"", b"\r\n", b"POST /2018", RESPONSE, RESPONSE + b"content-length: 9\r\n\r\nabc"])
async def test_who_sends_nothing_is_cut_off(
    address: tuple[str, int], start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_api, "STALLED_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(start)
    assert await asyncio.wait_for(reader.read(), 60) == b""
    writer.close()


async def test_who_has_asked_may_take_his_time(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_api, "STALLED_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection(*address)
    for _ in range(2):
        writer.write(RESPONSE + b"content-length: 1\r\n\r\n1")
        assert (await reader.read(1000)).startswith(b"HTTP/1.1 202")
        await asyncio.sleep(0.5)
    writer.close()


async def test_connections_are_limited() -> None:
    source = """
import os, socket
def handler(event, context):
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    connections = [socket.create_connection((host, int(port))) for _ in range(300)]
    served = 0
    for connection in connections:
        connection.settimeout(10)
        try:
            connection.sendall(b"GET /nothing HTTP/1.1\\r\\n\\r\\n")
            served += connection.recv(100).startswith(b"HTTP/1.1 404")
        except ConnectionError:
            pass
    return served
"""
    async with Harness() as harness:
        result = await harness.invoke(harness.function(source))
        assert json.loads(result.payload) == 99  # and the one that the runtime itself has


async def test_strangers_are_turned_away_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, where functions have users of their own: a neighbour that connects without end keeps nobody searching."""
    if os.geteuid() != 0:
        pytest.skip("functions run as this very user")
    searched: list[int] = []
    monkeypatch.setattr(peers, "_held_below", lambda _root, inode: bool(searched.append(inode)))
    async with Harness() as harness:
        source = """
import os
def handler(event, context):
    return int(os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")[1])
"""
        port = json.loads((await harness.invoke(harness.function(source))).payload)
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 60) == b""
            writer.close()
    assert searched == []
