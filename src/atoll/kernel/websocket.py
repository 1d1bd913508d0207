"""WebSocket connections as data planes see them. The edge speaks the protocol (`edge/websocket.py`).

An HttpRequest with `websocket` set offers one. A data plane takes it with an HttpResponse whose status is 101 and whose `peer` is to hear
of what comes; any other response is the refusal. There is no task per connection: whoever waits costs nothing but memory.
"""

from __future__ import annotations

from typing import Protocol


class Socket(Protocol):
    """An open connection."""

    def send(self, message: str | bytes) -> bool:
        """Sends a message. False where it cannot be: the connection is closing, or its client does not read what it is sent."""

    def close(self, code: int, reason: str = "") -> None:
        """Closes the connection; the peer hears of it at once. Nothing where it is closed already."""

    def pause_reading(self) -> None:
        """No message is handed on until `resume_reading`."""

    def resume_reading(self) -> None:
        """Goes on after `pause_reading`."""


class Peer(Protocol):
    """Whoever a client's messages are for. Called from the event loop; raises nothing."""

    def opened(self, socket: Socket) -> None:
        """The handshake is done."""

    def received(self, message: str) -> None:
        """A text message, whole."""

    def active(self) -> None:
        """The client sent something that is no message (ping, pong)."""

    def closed(self, code: int, reason: str) -> None:
        """Called once at the end, also where the client was gone before it could be opened. `code` is as in RFC 6455, 7.4 (1005: the
        client gave none; 1006: the connection was lost). Not called when the region stops."""
