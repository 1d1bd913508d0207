"""The open connections of WebSocket APIs, and when they end by themselves.

A connection belongs to the process that holds its socket, and so does all that is known of it: a region that was killed has none of
those that it had.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from atoll.api_runtime import serving
from atoll.api_runtime.visit import NOBODY, Caller
from atoll.kernel.clock import Clock, Timer
from atoll.kernel.errors import StoreUnavailable
from atoll.kernel.store.api import Reader, Store
from atoll.kernel.websocket import Socket

IDLE_SECONDS = 600.0
"""Region time after which a connection over which nothing went is closed."""
LONGEST_SECONDS = 7200.0
"""Region time after which a connection is closed in any case."""
GOING_AWAY = 1001
Place = tuple[str, str]
"""An API's id and a stage's name."""

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Who runs the routes of connections."""

    def message(self, connection: Connection, text: str) -> None:
        """A message came."""

    def ended(self, connection: Connection, code: int, reason: str) -> None:
        """The connection is closed."""


class Connection:
    """One client's connection to a stage: a `kernel.websocket.Peer`. Times are region time in seconds.

    `host` and `user_agent` are of the handshake, `domain` what events name as the host; `caller` is who the authorizer of `$connect`
    let in. `under_way` counts messages whose route is running.
    """

    __slots__ = (
        "_connections", "_timer", "api_id", "caller", "connected_at", "domain", "host", "id", "last_active", "socket", "source_ip",
        "stage", "under_way", "user_agent",
    )  # fmt: skip

    def __init__(
        self, connections: Connections, connection_id: str, api_id: str, stage: str, domain: str, host: str, source_ip: str,
        user_agent: str, connected_at: float,
    ) -> None:  # fmt: skip
        self._connections = connections
        self._timer: Timer | None = None
        self.id = connection_id
        self.api_id = api_id
        self.stage = stage
        self.domain = domain
        self.host = host
        self.source_ip = source_ip
        self.user_agent = user_agent
        self.connected_at = self.last_active = connected_at
        self.caller: Caller = NOBODY
        self.socket: Socket | None = None
        self.under_way = 0

    def send(self, message: str | bytes) -> bool:
        """Sends a message. False where its client does not read what it is sent."""
        sent = self.socket is not None and self.socket.send(message)
        if sent:
            self.active()
        return sent

    def close(self, code: int, reason: str) -> None:
        """Closes it."""
        if self.socket is not None:
            self.socket.close(code, reason)

    # A `Peer`

    def opened(self, socket: Socket) -> None:
        self.socket = socket
        self._connections.add(self)
        self.watch()

    def received(self, message: str) -> None:
        self.active()
        self._connections.listener.message(self, message)

    def active(self) -> None:
        self.last_active = self._connections.clock.now()

    def closed(self, code: int, reason: str) -> None:
        self.socket = None
        self._connections.remove(self)
        if self._timer is not None:
            self._timer.cancel()
        self._connections.listener.ended(self, code, reason)

    # Its limits

    def watch(self) -> None:
        """Closes the connection if it is time, and looks again when it could be."""
        due = min(self.last_active + IDLE_SECONDS, self.connected_at + LONGEST_SECONDS)
        clock = self._connections.clock
        if clock.now() >= due:
            self.close(GOING_AWAY, "Going away")
        else:
            self._timer = clock.call_at(due, self.watch, f"the limits of the WebSocket connection {self.id}")


class Connections:
    """All connections of this process. While there are any, it watches for the end of their APIs and stages."""

    def __init__(self, clock: Clock, store: Store, listener: Listener) -> None:
        self.clock = clock
        self.listener = listener
        self._store = store
        self._open: dict[str, Connection] = {}
        self._watching: asyncio.Task[None] | None = None

    def add(self, connection: Connection) -> None:
        """A connection is open."""
        self._open[connection.id] = connection
        if self._watching is None:
            self._watching = asyncio.get_running_loop().create_task(self._watch(), name="APIs of WebSocket connections")

    def remove(self, connection: Connection) -> None:
        """A connection is closed, or never was opened."""
        self._open.pop(connection.id, None)
        if not self._open and self._watching is not None:
            self._watching.cancel()
            self._watching = None

    def find(self, api_id: str, stage: str, connection_id: str) -> Connection | None:
        """An open connection to a stage."""
        found = self._open.get(connection_id)
        return found if found is not None and (found.api_id, found.stage) == (api_id, stage) else None

    async def _watch(self) -> None:
        watch = self._store.watch(serving.PREFIX)
        try:
            while True:
                await watch.wait()
                await self._close_orphans()
        finally:
            watch.close()

    async def _close_orphans(self) -> None:
        """Closes the connections whose stage is gone. Where that cannot be read, their next message closes them."""
        places = {(connection.api_id, connection.stage) for connection in self._open.values()}
        try:
            gone = await self._store.read(lambda tx: _gone(tx, places))
        except StoreUnavailable:
            log.exception("whether APIs of WebSocket connections are still there cannot be read")
            return
        for connection in list(self._open.values()):
            if (connection.api_id, connection.stage) in gone:
                connection.close(GOING_AWAY, "Going away")


def _gone(tx: Reader, places: Iterable[Place]) -> set[Place]:
    """Those that are no more."""
    records = {api_id: tx.get(serving.api_key(api_id)) for api_id, _ in places}
    apis = {api_id: serving.APIS.decode(raw) for api_id, raw in records.items() if raw is not None}
    return {(api_id, stage) for api_id, stage in places if api_id not in apis or stage not in apis[api_id].stages}
