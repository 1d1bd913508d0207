"""The HTTP server: uvicorn with httptools, on a socket that is already bound, with header limits of our own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from atoll.kernel.connection import Connection

MAX_HEADER_BYTES = 64 << 10
"""Request line and headers together. AWS's front ends stop between 8 and 20 KB; what they refuse, services refuse themselves."""


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which would collect headers without end, with an end: 431; and which would lose the body of a request that
    offers to upgrade."""

    _in_headers = True
    _header_bytes = 0
    _connection: Connection | None = None
    _offered = False
    """Whether the request at hand offers another protocol."""
    _data = _left = b""
    """What the parser is fed, and what it is to be fed afterwards."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._connection = Connection.of(transport)

    def data_received(self, data: bytes) -> None:
        self._data = data
        while self._data:
            super().data_received(self._data)
            self._data, self._left = self._left, b""
        if self._in_headers:
            self._header_bytes += len(data)
            self._check()

    def on_message_begin(self) -> None:
        self._in_headers = True
        self._header_bytes = 0
        super().on_message_begin()
        self.scope["connection"] = self._connection  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        # What came in one piece with the body was not counted as it arrived.
        self._in_headers = False
        self._header_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        self._offered = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        if self._check() and not self._offered:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self._offered:
            super().on_message_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """The request goes on in this protocol (RFC 9110, 7.8), without its offer of another: clients that prefer HTTP/2 make one with
        every first request, and a parser that has seen it takes neither the body nor another request."""
        self._offered = False
        after: int = sys.exc_info()[1].args[0]  # type: ignore[union-attr]  # where in the data httptools stopped
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self._left = b"\r\n".join((*lines, b"", b"")) + self._data[after:]

    def _check(self) -> bool:
        if self._header_bytes <= MAX_HEADER_BYTES:
            return True
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
            self.transport.close()
        return False


class Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: the command line decides when to stop (`should_exit`).

    `on_started` is called once connections are answered.
    """

    on_started: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.on_started:
            self.on_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `host`; port 0 takes a free one. Raises OSError where the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def make_server(app: Any) -> Server:
    """A server for the ASGI application `app`; `await server.serve(sockets=[listener])` runs it."""
    config = uvicorn.Config(
        app, http=LimitedProtocol, ws="none", lifespan="off", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_keep_alive=65, timeout_graceful_shutdown=5,
    )  # fmt: skip
    return Server(config)
