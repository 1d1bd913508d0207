"""A connection that went over to WebSocket (RFC 6455): frames become messages for its peer, within API Gateway's limits.

wsproto reads and writes the frames. No extension is negotiated: API Gateway has no permessage-deflate.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wsproto.connection import Connection as Frames
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage
from wsproto.utilities import LocalProtocolError

if TYPE_CHECKING:
    from atoll.kernel.websocket import Peer

MAX_MESSAGE = 128 << 10
"""Bytes of a message."""
MAX_FRAME = 32 << 10
"""Bytes of a frame's payload. Longer messages come, and are sent, in several."""
MAX_UNSENT = 1 << 20
"""Bytes that wait for a client that does not read. What is sent to it then is refused."""
CLOSE_SECONDS = 5.0
"""For how long a client may take to answer a close frame, and to read what was sent before it."""
PAYLOAD_CHARACTERS = MAX_FRAME // 4
"""Characters of text that fit into a frame whatever they are."""
GOING_AWAY, UNSUPPORTED, LOST, TOO_BIG = 1001, 1003, 1006, 1009
"""Close codes (RFC 6455, 7.4.1)."""


class WebSocketConnection(asyncio.Protocol):
    """A `kernel.websocket.Socket`. One of uvicorn's connections from the handshake on (`connections` are all of the server's)."""

    __slots__ = (
        "_closed_at", "_connections", "_frame", "_frames", "_parts", "_paused", "_peer", "_pending", "_size", "_transport", "loop",
    )  # fmt: skip

    def __init__(
        self, transport: asyncio.Transport, connections: set[Any], loop: asyncio.AbstractEventLoop, peer: Peer
    ) -> None:
        self.loop = loop
        self._transport = transport
        self._connections = connections
        self._peer: Peer | None = peer
        """None once it was told of the end."""
        self._frames = Frames(ConnectionType.SERVER)
        self._parts: list[str] = []
        self._size = self._frame = 0
        """Bytes of the message and of its frame that have come."""
        self._paused = False
        self._pending: Iterator[Event] | None = None
        """Events that are read already and wait for `resume_reading`."""
        self._closed_at: float | None = None
        """When a close frame was sent, in seconds of the loop's time."""

    def open(self) -> None:
        """Begins. The transport's protocol is this one already."""
        self._connections.add(self)
        if self._peer is not None:
            self._peer.opened(self)

    # A `Socket`

    def send(self, message: str | bytes) -> bool:
        if self._frames.state is not ConnectionState.OPEN or self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() > MAX_UNSENT:
            return False
        size = PAYLOAD_CHARACTERS if isinstance(message, str) else MAX_FRAME
        frame: Any = TextMessage if isinstance(message, str) else BytesMessage
        for at in range(0, len(message) or 1, size):
            self._write(frame(data=message[at : at + size], message_finished=at + size >= len(message)))
        return True

    def close(self, code: int, reason: str = "") -> None:
        if self._frames.state is ConnectionState.OPEN:
            self._write(CloseConnection(code=code, reason=reason))
            self._closed_at = self.loop.time()
            self._pending = None
            self._transport.resume_reading()  # its answer is all that is still read
        self._end(code, reason)

    def pause_reading(self) -> None:
        self._paused = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._paused = False
        if self._transport.is_closing():
            return
        if self._pending is not None:
            self._take(self._pending)
        if not self._paused:
            self._transport.resume_reading()

    # The transport's calls

    def data_received(self, data: bytes) -> None:
        try:
            self._frames.receive_data(data)
        except LocalProtocolError:  # after the end
            return
        self._take(self._frames.events())

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._end(LOST, "")

    # uvicorn's calls

    def shutdown(self) -> None:
        """The region stops."""
        self._peer = None
        self.close(GOING_AWAY, "Going away")
        self._transport.close()

    def sweep(self, now: float) -> None:
        """Cuts off a client that does not answer a close frame. Called about every second."""
        if self._closed_at is not None and now - self._closed_at > CLOSE_SECONDS:
            self._transport.abort()

    # What comes

    def _take(self, events: Iterator[Event]) -> None:
        for event in events:
            self._take_one(event)
            if self._paused:
                self._pending = events
                return
        self._pending = None

    def _take_one(self, event: Event) -> None:
        if isinstance(event, CloseConnection):
            self._close_received(event)
        elif self._frames.state is not ConnectionState.OPEN or self._peer is None:
            return  # what was under way when we closed
        elif isinstance(event, TextMessage):
            self._text(event)
        elif isinstance(event, BytesMessage):
            self.close(UNSUPPORTED, "Unsupported data")
        else:
            if isinstance(event, Ping):
                self._write(event.response())
            self._peer.active()

    def _text(self, event: TextMessage) -> None:
        size = len(event.data) if event.data.isascii() else len(event.data.encode())
        self._frame += size
        self._size += size
        if self._frame > MAX_FRAME or self._size > MAX_MESSAGE:
            self._parts = []
            self.close(TOO_BIG, "Message too big")
            return
        self._parts.append(event.data)
        if event.frame_finished:
            self._frame = 0
        if event.message_finished:
            message, self._parts, self._size = "".join(self._parts), [], 0
            assert self._peer is not None
            self._peer.received(message)

    def _close_received(self, event: CloseConnection) -> None:
        """The client's close frame, or what wsproto makes of frames that break the protocol."""
        state = self._frames.state
        if state is ConnectionState.OPEN:
            self.close(event.code, event.reason or "")
        elif state is ConnectionState.REMOTE_CLOSING:
            self._write(event.response())
            self._end(event.code, event.reason or "")
        self._transport.close()

    def _write(self, event: Event) -> None:
        self._transport.write(self._frames.send(event))

    def _end(self, code: int, reason: str) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.closed(code, reason)
