"""WebSocket connections over real sockets: what the edge hands on, what it refuses, and when it closes."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import connect

from atoll.edge import websocket as limits
from atoll.edge.server import Server, listen, make_server
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.websocket import Socket

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@dataclass
class Recorder:
    """A peer that echoes, and keeps what it heard."""

    heard: list[str] = field(default_factory=list)
    ended: list[tuple[int, str]] = field(default_factory=list)
    pings: int = 0
    socket: Socket | None = None
    end: asyncio.Event = field(default_factory=asyncio.Event)

    def opened(self, socket: Socket) -> None:
        self.socket = socket

    def received(self, message: str) -> None:
        self.heard.append(message)
        assert self.socket
        self.socket.send(message)

    def active(self) -> None:
        self.pings += 1

    def closed(self, code: int, reason: str) -> None:
        self.ended.append((code, reason))
        self.end.set()


@asynccontextmanager
async def serving(application: Callable[[HttpRequest], Awaitable[HttpResponse]]) -> AsyncIterator[tuple[Server, int]]:
    started = asyncio.Event()
    with listen("127.0.0.1", 0) as listener:
        server = make_server(application)
        server.on_started = started.set
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await started.wait()
        try:
            yield server, listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def peered() -> AsyncIterator[tuple[Recorder, str, Server]]:
    peer = Recorder()

    async def application(request: HttpRequest) -> HttpResponse:
        if not request.websocket:
            return HttpResponse(200, [("x-upgrade", request.header("upgrade") or "none")])
        return HttpResponse(101, [("x-more", "1")], peer=peer)

    async with serving(application) as (server, port):
        yield peer, f"ws://127.0.0.1:{port}/", server


async def close_code(uri: str, send: Callable[[Any], Awaitable[Any]]) -> tuple[int | None, str | None]:
    async with connect(uri, proxy=None, max_size=None) as client:
        await send(client)
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(client.recv(), 60)
        return client.close_code, client.close_reason


async def test_an_upgrade_is_taken_with_the_response_s_headers() -> None:
    async with peered() as (peer, uri, _), connect(uri, proxy=None) as client:
        assert client.response.headers["x-more"] == "1"
        assert "sec-websocket-extensions" not in client.response.headers
        await client.send("hello")
        assert await client.recv() == "hello"
        await client.close(4001, "enough")
        await peer.end.wait()
    assert peer.heard == ["hello"]
    assert peer.ended == [(4001, "enough")]


@pytest.mark.parametrize(
    "lines",
    [
        b"Upgrade: h2c\r\nHTTP2-Settings: x\r\nConnection: Upgrade, HTTP2-Settings\r\n",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: c2hvcnQ=\r\nSec-WebSocket-Version: 13\r\n",
    ],
    ids=["another protocol", "no key", "an old version", "a short key"],
)
async def test_every_other_upgrade_is_answered_as_if_it_had_not_been_offered(lines: bytes) -> None:
    async with peered() as (peer, uri, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(uri.rsplit(":", 1)[1].strip("/")))
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
        assert peer.socket is None


async def test_a_message_of_128_KB_in_frames_of_32_KB_passes_and_comes_back_in_such_frames() -> None:
    async with peered() as (peer, uri, _), connect(uri, proxy=None, max_size=None) as client:
        await client.send(["x" * (32 << 10)] * 4)
        assert len(await client.recv()) == 128 << 10
        await client.send("ü" * (16 << 10))
        assert await client.recv() == "ü" * (16 << 10)
        assert len(peer.heard) == 2


@pytest.mark.parametrize(
    "message", ["x" * ((32 << 10) + 1), ["x" * (32 << 10)] * 4 + ["x"]], ids=["a frame", "a message"]
)
async def test_more_than_32_KB_in_a_frame_or_128_KB_in_a_message_closes_with_1009(message: Any) -> None:
    async with peered() as (peer, uri, _):
        assert (await close_code(uri, lambda client: client.send(message)))[0] == 1009
        assert peer.heard == []
        assert [code for code, _ in peer.ended] == [1009]


async def test_binary_frames_close_with_1003() -> None:
    async with peered() as (peer, uri, _):
        assert (await close_code(uri, lambda client: client.send(b"\x00\x01")))[0] == 1003
        assert [code for code, _ in peer.ended] == [1003]


async def test_frames_that_break_the_protocol_close_with_1002() -> None:
    async with peered() as (peer, uri, _):
        async with connect(uri, proxy=None) as client:
            client.transport.write(b"\x81\x01x")  # unmasked
            with pytest.raises(websockets.ConnectionClosed):
                await asyncio.wait_for(client.recv(), 60)
            assert client.close_code == 1002
        assert [code for code, _ in peer.ended] == [1002]


async def test_text_that_is_no_utf_8_closes_with_1007() -> None:
    async with peered() as (_, uri, _), connect(uri, proxy=None) as client:
        client.transport.write(b"\x81\x81\x00\x00\x00\x00\xff")
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(client.recv(), 60)
        assert client.close_code == 1007


async def test_pings_are_answered_and_count_as_activity() -> None:
    async with peered() as (peer, uri, _), connect(uri, proxy=None) as client:
        await asyncio.wait_for(await client.ping(), 60)
        assert peer.pings == 1


async def test_a_client_that_vanishes_is_told_as_1006_and_one_that_gives_no_code_as_1005() -> None:
    async with peered() as (peer, uri, _):
        async with connect(uri, proxy=None) as client:
            client.transport.abort()
            await asyncio.wait_for(peer.end.wait(), 60)
        assert peer.ended == [(1006, "")]
    async with peered() as (peer, uri, _):
        async with connect(uri, proxy=None) as client:
            client.transport.write(b"\x88\x80\x00\x00\x00\x00")
            await asyncio.wait_for(peer.end.wait(), 60)
        assert peer.ended == [(1005, "")]


async def test_what_a_client_does_not_read_is_refused_before_it_fills_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CLOSE_SECONDS", 0.1)
    async with peered() as (peer, uri, server):
        with socket.create_connection(("127.0.0.1", int(uri.rsplit(":", 1)[1].strip("/")))) as raw:
            raw.sendall(HANDSHAKE)
            while peer.socket is None:
                await asyncio.sleep(0.01)
            sent = 0
            while peer.socket.send("x" * 100_000):
                sent += 100_000
                assert sent < 64 << 20
                await asyncio.sleep(0)
            assert peer.socket.send("x") is False
            peer.socket.close(1000)
            while server.server_state.connections:  # which it answers by no close frame
                await asyncio.sleep(0.05)


async def test_reading_can_be_paused_even_amid_what_was_read_already() -> None:
    async with peered() as (peer, uri, _), connect(uri, proxy=None) as client:
        await client.send("first")
        await client.recv()
        assert peer.socket
        peer.socket.pause_reading()
        for number in range(5):
            await client.send(str(number))
        await asyncio.sleep(0.05)
        assert peer.heard == ["first"]
        peer.socket.resume_reading()
        assert [await client.recv() for _ in range(5)] == ["0", "1", "2", "3", "4"]


async def test_the_region_s_end_closes_connections_with_1001() -> None:
    async with peered() as (peer, uri, server), connect(uri, proxy=None) as client:
        server.should_exit = True
        with pytest.raises(websockets.ConnectionClosed):
            await asyncio.wait_for(client.recv(), 60)
        assert client.close_code == 1001
        assert peer.ended == []


async def test_bytes_of_any_kind_after_the_handshake_break_nothing(caplog: pytest.LogCaptureFixture) -> None:
    drawn = random.Random(6455)
    async with peered() as (peer, uri, server):
        port = int(uri.rsplit(":", 1)[1].strip("/"))
        for _ in range(150):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HANDSHAKE)
            await reader.readuntil(b"\r\n\r\n")
            for _ in range(drawn.randrange(1, 6)):
                head = bytes((drawn.choice((0x81, 0x01, 0x80, 0x82, 0x88, 0x89, 0x8A, 0xC1, drawn.randrange(256))),))
                size = drawn.choice((0x80, 0x85, 0xFE, 0xFF, drawn.randrange(256)))
                writer.write(head + bytes((size,)) + drawn.randbytes(drawn.randrange(40)))
            await asyncio.sleep(0)
            writer.transport.abort() if drawn.random() < 0.5 else writer.close()
        async with connect(uri, proxy=None) as client:
            await client.send("alive")
            assert await client.recv() == "alive"
        while server.server_state.connections:
            await asyncio.sleep(0.05)
        assert len(peer.ended) == 151  # each was told once
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
