"""A connection: uvicorn's HTTP protocol over httptools, with limits of our own, and exchanges in place of ASGI's messages.

uvicorn accepts, parses, pipelines, controls the flow and shuts down. Ours are what it lets pass (endless headers, clients that dawdle,
the body of a request that offers to upgrade) and what costs it most of its time (docs/decisions/0012).
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from functools import lru_cache
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from atoll.edge.exchange import Application, Exchange
from atoll.edge.handshake import is_handshake
from atoll.edge.turn import Turn
from atoll.kernel.connection import Connection
from atoll.kernel.http import HttpRequest, joined
from atoll.kernel.websocket import Peer

MAX_HEADER_BYTES = 64 << 10
"""Request line and headers together. AWS's front ends stop between 8 and 20 KB; what they refuse, services refuse themselves."""

HEADER_SECONDS = 20.0
"""For how long a request's headers may be under way."""
BODY_SECONDS = 20.0
"""For how long a client may send nothing of a body that somebody waits for."""
SLOWEST_BODY = 16 << 10
"""Bytes per second that a body must come to after its first BODY_SECONDS, so that one byte at a time does not hold a connection."""
IDLE_SECONDS = 65.0
"""For how long a connection may wait for its first or next request."""
LINGER_SECONDS = 2.0
"""For how long the rest of a refused body is thrown away, so that the client sees its answer rather than a reset."""


class HttpConnection(HttpToolsProtocol):
    """One client's connection. `cycle` is the exchange at hand, or the last one."""

    cycle: Exchange | None  # type: ignore[assignment]
    pipeline: deque[Exchange]  # type: ignore[assignment]

    def __init__(self, turn: Turn, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.turn = turn
        self._application = cast(Application, self.app)
        self._header_bytes = 0
        self._in_headers = False
        self._in_trailers = False
        """Whether what comes may be trailers, which are dropped: nothing that AWS reads travels in them."""
        self._offered = False
        """Whether the request at hand offers another protocol."""
        self._offer: tuple[int, str] | None = None
        """The Upgrade header that the request at hand was sent with, and its place among the headers."""
        self._data = self._left = b""
        """What the parser is fed, and what it is to be fed afterwards."""
        self._list: list[tuple[str, str]] = []
        self._names: list[bytes] = []
        self._waiting_since = 0.0
        """Since when the client owes us headers, in seconds of the loop's time."""
        self._body_since = 0.0
        self._lingering = False
        self._connection: Connection | None = None
        self._receiving: Exchange | None = None
        """The exchange whose request was begun last."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._connection = Connection.of(transport)
        self._waiting_since = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)
        for exchange in (self.cycle, *self.pipeline):
            if exchange is not None and not exchange.response_complete:
                exchange.disconnect()
        self.pipeline.clear()
        self.flow.resume_writing()
        self.transport.close()
        self.parser = None  # type: ignore[assignment]

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether answers to a client that has nothing more to say are still to be sent. One that leaves looks the same: an answer
        that streams, perhaps without end, is not waited for."""
        if self.cycle is not None and self.cycle.streams:
            self.cycle.break_off()
            return False
        asked = [each for each in (self.cycle, *self.pipeline) if each is not None and each.complete]
        waits = bool(asked) and not asked[-1].response_complete
        if waits:
            asked[-1].keep_alive = False
        return waits

    def data_received(self, data: bytes) -> None:
        self._data = data
        while self._data:
            try:
                self.parser.feed_data(self._data)
            except httptools.HttpParserUpgrade:
                if self.transport.is_closing():
                    return
                self._resume_without_upgrade()
            except httptools.HttpParserError:
                self._refuse(b"400 Bad Request", b"Invalid HTTP request received.")
                return
            self._data, self._left = self._left, b""
        if self._in_headers or self._in_trailers:
            self._header_bytes += len(data)
            self._check()

    # The parser's calls

    def on_message_begin(self) -> None:
        self.url = b""
        self._list = []
        self._names = []
        self._in_headers = True
        self._header_bytes = 0
        self._waiting_since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_headers:
            self._list.append((_name(name), value.decode("latin-1")))
            self._names.append(name)

    def on_headers_complete(self) -> None:
        self._in_headers = False
        if self._header_bytes + len(self._data) > MAX_HEADER_BYTES:  # of which a part may be the body
            self._header_bytes = len(self.url) + sum([len(name) + len(value) for name, value in self._list])
        parser = self.parser
        method = parser.get_method()
        self._offered = parser.should_upgrade()
        if method == b"CONNECT":
            self._refuse(b"405 Method Not Allowed", b"This is no proxy.")
        if not self._check() or self._offered:
            return
        url = self.url
        if b"#" in url or not url.startswith(b"/"):  # an absolute form, as for a proxy
            parsed = httptools.parse_url(url)
            path, query = parsed.path or b"/", parsed.query or b""
        else:
            path, _, query = url.partition(b"?")
        version = parser.get_http_version()
        if self._offer is not None:
            self._list.insert(self._offer[0], ("upgrade", self._offer[1]))
            self._names.insert(self._offer[0], b"upgrade")
        request = HttpRequest(
            method.decode(),
            path.decode("latin-1"),
            query.decode("latin-1"),
            self._list,
            b"",
            self.client[0] if self.client else "127.0.0.1",
            self.scheme == "https",
            version,
            (self.server and self.server[1]) or 0,
            joined(self._list),
            connection=self._connection,
            sent_names=self._names,
        )
        if self._offer is not None:
            self._offer = None
            request.websocket = is_handshake(request)
        self._begin(request, keep_alive=version != "1.0" and parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        self._in_trailers = False
        if self._receiving is not None and self._is_received:
            self._receiving.feed(body, self.loop.time())

    def on_chunk_header(self) -> None:
        self._in_trailers = True  # unless data follows
        self._header_bytes = -len(self._data)  # most of which was chunks: what comes later counts

    def on_message_complete(self) -> None:
        self._in_trailers = False
        if self._receiving is not None and self._is_received:
            self._receiving.feed_end()
            if self._lingering:
                self.transport.close()

    @property
    def _is_received(self) -> bool:
        """Whether the parser is at an exchange's request: not at one that is refused, or is to be parsed anew."""
        return not (self._offered or self.transport.is_closing())

    def _begin(self, request: HttpRequest, *, keep_alive: bool) -> None:
        now = self._body_since = self.loop.time()
        exchange = self._receiving = Exchange(self, request, keep_alive=keep_alive, now=now)
        if self.cycle is None or self.cycle.response_complete:
            self._start(exchange)
        else:  # pipelined: one after the other
            self.flow.pause_reading()
            self.pipeline.append(exchange)

    def _start(self, exchange: Exchange) -> None:
        self.cycle = exchange
        exchange.task = self.loop.create_task(exchange.run(self._application))
        self.tasks.add(exchange.task)

    # The exchange's calls

    def common_headers(self) -> bytes:
        """What every answer carries (the Date), as it stands behind the status line."""
        return _lines(tuple(self.server_state.default_headers))

    def answered(self, exchange: Exchange) -> None:
        """The answer is written: on with the next request, or to the end."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if not exchange.keep_alive:
            if exchange.complete:
                self.transport.close()
            else:
                self._lingering = True
                self._waiting_since = self.loop.time()
                self.flow.resume_reading()
            return
        self._waiting_since = self.loop.time()
        self.flow.resume_reading()
        if self.pipeline:
            self._start(self.pipeline.popleft())

    def hand_over(self, head: bytes, peer: Peer) -> None:
        """The client and `peer` speak WebSocket from here on; `head` tells the client. The exchange at hand is this connection's last."""
        from atoll.edge.websocket import WebSocketConnection  # few need it

        self.server_state.total_requests += 1
        self.connections.discard(self)
        self.pipeline.clear()
        self.transport.write(head)
        socket = WebSocketConnection(self.transport, self.connections, self.loop, peer)
        self.transport.set_protocol(socket)
        self.flow.resume_reading()
        socket.open()

    def ended(self, exchange: Exchange) -> None:
        """Its task is about to end."""
        if exchange.task is not None:
            self.tasks.discard(exchange.task)

    def shutdown(self) -> None:
        """Closes as soon as nothing is under way. What streams is cut off: its client knows then that more would have come."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False
            self.cycle.break_off()

    # What is cut off

    def sweep(self, now: float) -> None:
        """Cuts the client off if it keeps us waiting. Called about every second."""
        waited = now - self._waiting_since
        exchange = self.cycle
        if self._lingering:
            if waited > LINGER_SECONDS:
                self.transport.close()
        elif self._in_headers:
            if waited > HEADER_SECONDS:
                self._refuse(b"408 Request Timeout", b"The request's headers took too long.")
        elif exchange is None or exchange.response_complete:
            if waited > IDLE_SECONDS:
                self.transport.close()
        elif exchange.waits_for_body and self._dawdles(exchange, now):
            exchange.disconnect()
            self._refuse(b"408 Request Timeout", b"The request's body took too long.")

    def _dawdles(self, exchange: Exchange, now: float) -> bool:
        under_way = now - self._body_since - BODY_SECONDS
        return now - exchange.progressed > BODY_SECONDS or exchange.received < under_way * SLOWEST_BODY

    def _check(self) -> bool:
        if self._header_bytes <= MAX_HEADER_BYTES:
            return True
        self._refuse(b"431 Request Header Fields Too Large", b"")
        return False

    def _refuse(self, status: bytes, text: bytes) -> None:
        """Answers what never became a request, and closes."""
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 %b\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
                % (status, len(text), text)
            )
            self.transport.close()

    def _resume_without_upgrade(self) -> None:
        """The request goes on in this protocol (RFC 9110, 7.8), parsed without its offer of another: clients that prefer HTTP/2 make
        one with every first request, and a parser that has seen it takes neither the body nor another request. Whoever answers may
        still take one of WebSocket."""
        self._offered = False
        offers = [(at, value) for at, (name, value) in enumerate(self._list) if name == "upgrade"]
        self._offer = offers[0] if len(offers) == 1 and offers[0][1].strip().lower() == "websocket" else None
        after: int = sys.exc_info()[1].args[0]  # type: ignore[union-attr]  # where in the data httptools stopped
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += [
            b"%b: %b" % (sent, value.encode("latin-1"))
            for sent, (name, value) in zip(self._names, self._list, strict=True)
            if name != "upgrade"
        ]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self._left = b"\r\n".join((*lines, b"", b"")) + self._data[after:]


@lru_cache(maxsize=512)
def _name(raw: bytes) -> str:
    """A header's name as it is looked up. Clients send the same few."""
    return raw.decode("latin-1").lower()


@lru_cache(maxsize=4)
def _lines(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Headers as they stand behind a status line. They change once a second."""
    return b"".join([b"\r\n%b: %b" % header for header in headers])
