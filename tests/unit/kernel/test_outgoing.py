"""Connections that the region makes itself are known by both their ends."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

from atoll.kernel import connection
from atoll.kernel.connection import Connection, Outgoing

NEAR, FAR, OTHER = ("127.0.0.1", 40000), ("127.0.0.1", 4566), ("127.0.0.1", 8080)


def accepted(peer: connection.Address | None, local: connection.Address = FAR, since: float = 0.0) -> Connection:
    return Connection(peer, local, cast(asyncio.Transport, None), since=since)


def test_whose_connection_it_is() -> None:
    outgoing = Outgoing()
    outgoing.opened(NEAR, FAR)
    assert outgoing.made(accepted(NEAR))
    assert not outgoing.made(accepted(OTHER))
    assert not outgoing.made(accepted(None))


def test_another_program_may_have_the_same_port_for_another_service() -> None:
    outgoing = Outgoing()
    outgoing.opened(NEAR, OTHER)
    assert not outgoing.made(accepted(NEAR))


async def test_a_connection_is_known_for_a_while_after_its_end(monkeypatch: Any) -> None:
    monkeypatch.setattr(connection, "LINGERS", 0.02)
    outgoing = Outgoing()
    outgoing.opened(NEAR, FAR)
    outgoing.closed(NEAR, FAR)
    assert outgoing.made(accepted(NEAR))
    while outgoing.made(accepted(NEAR)):
        await asyncio.sleep(0.01)
    assert not outgoing._ended


async def test_a_port_that_was_ours_a_moment_ago_may_be_anybodys() -> None:
    """Else a client to whom Linux gives it would be taken for a function, and its account's key for one that nobody issued."""
    outgoing, now = Outgoing(), asyncio.get_running_loop().time()
    outgoing.opened(NEAR, FAR)
    assert outgoing.made(accepted(NEAR, since=now + 60))
    outgoing.closed(NEAR, FAR)
    assert outgoing.made(accepted(NEAR, since=now + 0.5))
    assert not outgoing.made(accepted(NEAR, since=now + 60))
    outgoing.opened(NEAR, FAR)  # ours again
    assert outgoing.made(accepted(NEAR, since=now + 60))


async def test_the_end_of_one_connection_does_not_hide_another_between_the_same_ends(monkeypatch: Any) -> None:
    monkeypatch.setattr(connection, "LINGERS", 0.01)
    outgoing = Outgoing()
    outgoing.opened(NEAR, FAR)
    outgoing.closed(NEAR, FAR)
    outgoing.opened(NEAR, FAR)
    while outgoing._ended:
        await asyncio.sleep(0.01)
    assert outgoing.made(accepted(NEAR))


async def test_the_client_registers_what_it_opens() -> None:
    from atoll.api_runtime.integrate.http_client import HttpClient

    seen: list[bool] = []
    outgoing = Outgoing()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        seen.append(outgoing.made(accepted(writer.get_extra_info("peername"), writer.get_extra_info("sockname"))))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    listener = socket.create_server(("127.0.0.1", 0))
    async with await asyncio.start_server(serve, sock=listener):
        client = HttpClient(outgoing)
        answer = await client.send("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/", [], seconds=10)
        await client.close()
    assert (answer.status, seen) == (200, [True])
