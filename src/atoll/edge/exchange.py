"""An exchange: one request and its answer on a connection. Bytes become an `HttpRequest` here, an `HttpResponse` becomes bytes.

The application is called when the headers are there; the body is read when somebody asks for it, and refused before it is sent
where it can be (`Expect: 100-continue`). Head and body of an answer leave in one write.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from atoll.edge.handshake import accepting
from atoll.kernel.http import BodyTooLarge, BrokenOff, ClientGone, HttpRequest, HttpResponse
from atoll.kernel.websocket import Peer

if TYPE_CHECKING:
    from atoll.edge.connection import HttpConnection

log = logging.getLogger(__name__)

Application = Callable[[HttpRequest], Awaitable[HttpResponse]]

FAILED = b'{"message":"The request processing has failed."}'
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
WITHOUT_BODY = frozenset({204, 304})
JOINED_UP_TO = 64 << 10
"""Bytes of a body that are copied behind their head, so that both leave in one write; longer ones are written by themselves."""
GATHERED_BELOW = 4096
"""Bytes of a piece of a body, below which it is added to the one before it: one object each would take many times the body's size."""

_CONTROLS = bytes({*range(0x20), 0x7F} - {ord("\t"), ord("\n")})
_STATUS = {s.value: f"HTTP/1.1 {s.value} {s.phrase}".encode() for s in HTTPStatus}


class Exchange:
    """Made by the connection when a request's headers are complete, which feeds it the body and runs it."""

    __slots__ = (
        "_changed", "_connection", "_length", "_parts", "_size", "_wanted",
        "complete", "disconnected", "expects_continue", "keep_alive", "progressed", "request", "response_complete", "streams", "task",
    )  # fmt: skip

    def __init__(self, connection: HttpConnection, request: HttpRequest, *, keep_alive: bool, now: float) -> None:
        self._connection = connection
        self.request = request
        self.keep_alive = keep_alive
        expected = request.fields.get("expect")
        self.expects_continue = expected is not None and expected.lower() == "100-continue"
        self.complete = False
        """Whether the whole body is here."""
        self.disconnected = False
        self.response_complete = False
        self.streams = False
        """Whether an answer of unknown length is being sent."""
        self.progressed = now
        """When the client last sent something, in seconds of the loop's time."""
        self.task: asyncio.Task[None] | None = None
        self._parts: list[bytes | bytearray] = []
        self._size = 0
        self._wanted = False
        self._changed: asyncio.Event | None = None
        length = request.fields.get("content-length", "")
        self._length = int(length) if length.isdecimal() else 0
        request.incoming = self

    # What the connection tells

    def feed(self, data: bytes, now: float) -> None:
        """More of the body has come."""
        self.progressed = now
        if self.response_complete:
            return  # nobody will read it
        if len(data) >= GATHERED_BELOW or not self._parts:
            self._parts.append(data)
        elif type(last := self._parts[-1]) is bytearray:
            last += data
        else:
            self._parts.append(bytearray(data))
        self._size += len(data)
        if self._wanted:
            self._wake()
        elif self._size > JOINED_UP_TO:
            self._connection.flow.pause_reading()

    def feed_end(self) -> None:
        """The body is complete."""
        self.complete = True
        self._wake()

    def disconnect(self) -> None:
        """The client is gone, or was cut off."""
        self.disconnected = True
        self._wake()
        self.break_off()

    def break_off(self) -> None:
        """Ends an answer that streams, whatever it waits for: it might never come to an end, or notice that nobody reads it."""
        if self.streams and self.task is not None:
            self.task.cancel()

    @property
    def waits_for_body(self) -> bool:
        """Whether somebody waits for what the client has not sent yet."""
        return self._wanted and not self.complete

    @property
    def received(self) -> int:
        """Bytes of the body that have come."""
        return self._size

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()

    # An `Incoming` (kernel/http.py)

    async def read(self, limit: int) -> bytes:
        if self._length > limit:
            raise BodyTooLarge
        if not self.complete:
            await self._receive(limit)
        if self._size > limit:
            raise BodyTooLarge
        parts, self._parts = self._parts, []
        return bytes(parts[0]) if len(parts) == 1 else b"".join(parts)

    async def _receive(self, limit: int) -> None:
        if self.expects_continue and not self._parts:
            self._connection.transport.write(CONTINUE)
        self.expects_continue = False
        self._wanted = True
        self._changed = asyncio.Event()
        self._connection.flow.resume_reading()
        while not self.complete and self._size <= limit:
            if self.disconnected:
                raise ClientGone
            await self._changed.wait()
            self._changed.clear()
        self._wanted = False

    # The answer

    async def run(self, application: Application) -> None:
        """Answers the request. What fails unexpectedly is logged, and answered 500 where nothing was sent yet."""
        try:
            try:
                response = await application(self.request)
                if response.peer is not None:
                    self._hand_over(response.headers, response.peer)
                elif isinstance(response.body, bytes):
                    self._send(response.status, response.headers, response.body)
                else:
                    await self._stream(response.status, response.headers, response.body)
            except (ClientGone, BrokenOff):
                self._connection.transport.close()
            except Exception:  # the outermost handler: the application answers its own failures
                log.exception("%s %s failed", self.request.method, self.request.raw_path)
                self._send(500, [("content-type", "application/json")], FAILED)
        finally:
            self.request.incoming = None
            self.request.body, self._parts = b"", []  # an idle connection keeps its last exchange, not its body
            self._connection.ended(self)

    def _may_answer(self) -> bool:
        """Whether somebody is there to be answered."""
        if self.disconnected or self._connection.transport.is_closing():
            return False
        if not self.complete:
            self.keep_alive = False  # the rest of the request is not read as another one
        return True

    def _send(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        if self._may_answer():
            self._connection.turn.answer(self, *self._whole(status, headers, body))

    def write(self, head: bytes, body: bytes) -> None:
        """Sends the answer. The turn's call."""
        transport = self._connection.transport
        if not (self.disconnected or transport.is_closing()):
            transport.write(head)
            if body:
                transport.write(body)
        self._answered()

    def _answered(self) -> None:
        self.response_complete = True
        self._connection.answered(self)

    def _whole(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> tuple[bytes, bytes]:
        """An answer of known length: its head, and the body where it is too long to stand behind the head."""
        head = self._head(status, headers)
        if status in WITHOUT_BODY or b"\r\ncontent-length: " in head:
            head += b"\r\n\r\n"
        else:
            head = b"%b\r\ncontent-length: %d\r\n\r\n" % (head, len(body))
        if status in WITHOUT_BODY or self.request.method == "HEAD":
            return head, b""
        return (head + body, b"") if len(body) <= JOINED_UP_TO else (head, body)

    def _hand_over(self, headers: Sequence[tuple[str, str]], peer: Peer) -> None:
        """Completes the handshake; the connection is another from here on."""
        if not self._may_answer():
            peer.closed(1006, "")
            return
        self.response_complete = True
        self._connection.hand_over(self._head(101, [*accepting(self.request), *headers]) + b"\r\n\r\n", peer)

    async def _stream(self, status: int, headers: Sequence[tuple[str, str]], body: AsyncIterator[bytes]) -> None:
        """A body of unknown length, each piece as soon as it is there. Where it breaks off, so does the connection: an end would lie.
        Where none may be sent it is read all the same, for it may be some work that goes on."""
        close = getattr(body, "aclose", None)
        if not self._may_answer():
            if close is not None:
                await close()
            return
        transport, flow = self._connection.transport, self._connection.flow
        silent = status in WITHOUT_BODY or self.request.method == "HEAD"
        chunked = self.request.http_version == "1.1" and status not in WITHOUT_BODY
        if self.request.http_version != "1.1":
            self.keep_alive = False
        head = self._head(status, headers)
        transport.write(head + (b"\r\ntransfer-encoding: chunked\r\n\r\n" if chunked else b"\r\n\r\n"))
        self.streams = True
        try:
            async for piece in body:
                if piece and not silent:
                    transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                    await flow.drain()
        except BaseException:
            transport.abort()
            raise
        finally:
            self.streams = False
            if close is not None:
                await close()
        if chunked and not silent:
            transport.write(b"0\r\n\r\n")
        self._answered()

    def _head(self, status: int, headers: Sequence[tuple[str, str]]) -> bytes:
        """Status line and headers, without the last line's end. Raises ValueError for one that no header can carry, or that would end
        its line early."""
        text = "".join([f"\n{name.lower()}: {value}" for name, value in headers])
        lines = text.encode("latin-1")
        odd = not text.isascii() and not all(name.isascii() for name, _ in headers)
        if odd or len(lines.translate(None, _CONTROLS)) != len(lines) or lines.count(b"\n") != len(headers):
            raise ValueError(f"not headers: {headers!r}")
        if not self.keep_alive:
            lines += b"\nconnection: close"
        status_line = _STATUS.get(status) or b"HTTP/1.1 %d " % status
        return status_line + self._connection.common_headers() + lines.replace(b"\n", b"\r\n")
