"""The server: uvicorn's, with our connections, and without its signal handlers."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import uvicorn

from atoll.edge.connection import HttpConnection
from atoll.edge.exchange import Application
from atoll.edge.turn import Turn

TICKS_PER_SWEEP = 10
"""uvicorn ticks ten times a second."""


class Server(uvicorn.Server):
    """uvicorn's server; the command line decides when to stop (`should_exit`).

    `on_started` is called once connections are answered.
    """

    on_started: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.on_started:
            self.on_started()

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_PER_SWEEP == 0 and self.server_state.connections:
            connections = [cast(HttpConnection, connection) for connection in self.server_state.connections]
            now = connections[0].loop.time()
            for connection in connections:
                connection.sweep(now)
        return await super().on_tick(counter)

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


def make_server(application: Application) -> Server:
    """A server for `application`; `await server.serve(sockets=[listener])` runs it."""
    config = uvicorn.Config(
        application,  # uvicorn hands it to our connections as it is
        http=partial(HttpConnection, Turn()),  # type: ignore[arg-type]  # uvicorn only calls it
 interface="asgi3", ws="none", lifespan="off", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=5,
    )  # fmt: skip
    return Server(config)
