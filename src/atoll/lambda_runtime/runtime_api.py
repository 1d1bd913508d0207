"""The Runtime API, server side: HTTP on one connection of one environment. What its requests mean is decided by `Handler`.

docs: Lambda developer guide, "Using the Lambda runtime API for custom runtimes" (its OpenAPI file gives headers and statuses).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import httptools

from atoll.kernel.connection import Connection
from atoll.lambda_runtime import texts
from atoll.lambda_runtime.response import Relay
from atoll.lambda_runtime.texts import RESPONSE_LIMIT

PREFIX = b"/2018-06-01/runtime/"
ACCEPTED = b'{"status":"OK"}\n'
REASONS = {
    200: b"OK",
    202: b"Accepted",
    400: b"Bad Request",
    403: b"Forbidden",
    404: b"Not Found",
    413: b"Payload Too Large",
}
OVERHEAD_LIMIT = 64 * 1024
"""Bytes that may come in a row and be neither a request's beginning nor its body: headers, or what can stand around chunks."""
MODE, EXPECT = b"lambda-runtime-function-response-mode", b"expect"
ERROR_TYPE, ERROR_BODY = b"lambda-runtime-function-error-type", b"lambda-runtime-function-error-body"
KEPT = frozenset({b"content-type", EXPECT})
STALLED_SECONDS = 60.0
"""How long a TCP connection may send nothing, before its first request and within one. Between two it may take its time."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation as the runtime sees it. `deadline_ms` is wall time in milliseconds since the epoch, `arn` as the caller gave it."""

    request_id: str
    deadline_ms: int
    arn: str
    trace_header: str
    client_context: str | None
    payload: bytes


class Rejected(Exception):
    """The request does not fit the environment's state."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


class Handler(Protocol):
    """What an environment does with the requests. The answers raise Rejected where they do not fit."""

    def on_next(self, connection: RuntimeConnection) -> None:
        """The runtime waits on `connection`, which gets `deliver` when there is work."""

    def on_response(self, request_id: str, body: bytes) -> None:
        """The function has answered."""

    def on_error(self, request_id: str, body: bytes, kind: str) -> None:
        """The function has failed."""

    def on_init_error(self, body: bytes, kind: str) -> None:
        """The handler could not be imported."""

    def on_too_large(self, request_id: str) -> None:
        """The function has answered more than an invocation may return."""

    def on_stream(self, connection: RuntimeConnection, request_id: str, content_type: str) -> Relay:
        """The function begins to answer, piece by piece; `on_response`, `on_error` or `on_too_large` says when it has ended."""

    def on_other(
        self, connection: RuntimeConnection, method: bytes, url: bytes, header: Callable[[bytes], str], body: bytes
    ) -> None:
        """A request of another API: `connection.answer` it. `header` gives one by its name in lower case, "" where it is missing."""

    def on_connected(self, connection: RuntimeConnection) -> None:
        """There is one more connection."""

    async def admits(self, peer: Connection) -> bool:
        """Whether the one who made this TCP connection may use it."""

    def on_disconnected(self, connection: RuntimeConnection) -> None:
        """The connection is gone."""


class RuntimeConnection(asyncio.Protocol):
    """One HTTP/1.1 connection; requests may be pipelined, as Atoll's own bootstraps do."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body = bytearray()
        self._oversize = False
        self._headers: dict[bytes, bytes] = {}
        self._relay: Relay | None = None
        self._rejected: Rejected | None = None
        self._due = True
        self._held_back = self._backed_up = self._last = False
        self._progress = self._overhead = 0
        self._timer: asyncio.TimerHandle | None = None
        self._admission: asyncio.Task[None] | None = None
        self._held: bytearray | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        self._handler.on_connected(self)
        if (peer := Connection.of(self.transport)) is not None:
            self._held = bytearray()
            self._await_bytes()
            self._admission = asyncio.get_running_loop().create_task(self._admit(peer))

    async def _admit(self, peer: Connection) -> None:
        """Finds out who has connected. What he sends meanwhile is kept, unread."""
        admitted = await self._handler.admits(peer)
        if self.transport is None:
            return
        if not admitted:
            self.close()
            return
        held, self._held = self._held, None
        if held:
            self.transport.resume_reading()
            self.data_received(bytes(held))

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._timer is not None:
            self._timer.cancel()
        self._handler.on_disconnected(self)

    def data_received(self, data: bytes) -> None:
        if self._held is not None:
            self._held += data
            if self.transport is not None:
                self.transport.pause_reading()
            return
        before = self._progress
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.close()
        self._overhead = self._overhead + len(data) if self._progress == before else 0
        if self._overhead > OVERHEAD_LIMIT:
            self.close()
        if self._timer is not None:
            self._await_bytes()

    def pause_writing(self) -> None:
        """Whoever does not read his answers gets no more of them."""
        self._backed_up = True
        self._read_or_not()

    def resume_writing(self) -> None:
        self._backed_up = False
        self._read_or_not()

    def hold(self, held: bool) -> None:
        """Reads no more of a streamed answer while it is held."""
        self._held_back = held
        self._read_or_not()

    def _read_or_not(self) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if self._backed_up or self._held_back:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def close(self) -> None:
        """Ends the connection without an answer."""
        if self.transport is not None:
            self.transport.abort()

    def deliver(self, invocation: Invocation) -> None:
        """Answers the request for the next invocation."""
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
        }
        if invocation.trace_header:
            headers["Lambda-Runtime-Trace-Id"] = _one_line(invocation.trace_header)
        if invocation.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = _one_line(invocation.client_context)
        self.answer(200, invocation.payload, headers)

    # httptools calls these

    def on_message_begin(self) -> None:
        self._url, self._body, self._oversize, self._headers = b"", bytearray(), False, {}
        self._relay = self._rejected = None
        self._due = True
        self._progress += 1

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Trailers come here, too."""
        name = name.lower()
        if name.startswith(b"lambda-") or name in KEPT:
            self._headers[name] = value

    def on_headers_complete(self) -> None:
        if EXPECT in self._headers and self.transport is not None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if MODE in self._headers and (request_id := self._request_id(b"response")) is not None:
            try:
                self._begin_stream(request_id)
            except Rejected as rejected:
                self._rejected = rejected

    def _begin_stream(self, request_id: str) -> None:
        if self._headers[MODE] != b"streaming":
            self._handler.on_error(request_id, texts.error_payload(texts.INVALID_MODE), texts.INVALID_MODE)
            raise Rejected(400, "InvalidFunctionResponseMode", "Invalid function response mode")
        self._relay = self._handler.on_stream(self, request_id, self._header(b"content-type"))
        self._due = False  # a stream may pause: only the invocation's own time limits it

    def on_body(self, body: bytes) -> None:
        self._progress += 1
        if self._relay is not None:
            self._relay.feed(body)
        elif self._rejected is not None or len(self._body) + len(body) > RESPONSE_LIMIT:
            self._oversize = True
        else:
            self._body += body

    def on_message_complete(self) -> None:
        self._due = False
        if self.transport is None or self.transport.is_closing():
            return
        self._last = not self._parser.should_keep_alive()
        try:
            if self._rejected is not None:
                raise self._rejected
            self._route(self._parser.get_method(), self._url)
        except Rejected as rejected:
            self._refuse(rejected)

    def _await_bytes(self) -> None:
        """Begins anew to wait for a request, or for more of it, if that is due."""
        if self._timer is not None:
            self._timer.cancel()
        if self._due:
            self._timer = asyncio.get_running_loop().call_later(STALLED_SECONDS, self.close)

    def _route(self, method: bytes, url: bytes) -> None:
        path = url.removeprefix(PREFIX) if url.startswith(PREFIX) else b""
        if method == b"GET" and path == b"invocation/next":
            self._handler.on_next(self)
        elif method == b"POST" and (request_id := self._request_id(b"response")) is not None:
            self._respond(request_id)
            self.answer(202, ACCEPTED)
        elif method == b"POST" and (request_id := self._request_id(b"error")) is not None:
            kind = self._header(ERROR_TYPE)
            self._handler.on_error(request_id, bytes(self._body) or texts.error_payload(kind), kind)
            self.answer(202, ACCEPTED)
        elif method == b"POST" and path == b"init/error":
            self._handler.on_init_error(bytes(self._body), self._header(ERROR_TYPE))
            self.answer(202, ACCEPTED)
        else:
            self._handler.on_other(self, method, url, self._header, bytes(self._body))

    def _request_id(self, last: bytes) -> str | None:
        """The request id in the path of an answer that ends with `last`."""
        match self._url.removeprefix(PREFIX).split(b"/") if self._url.startswith(PREFIX) else []:
            case [b"invocation", request_id, end] if end == last:
                return request_id.decode("latin-1")
        return None

    def _header(self, name: bytes) -> str:
        return self._headers.get(name, b"").decode("latin-1")

    def _respond(self, request_id: str) -> None:
        relay, self._relay = self._relay, None
        if self._oversize or (relay is not None and relay.oversize):
            self._handler.on_too_large(request_id)
            text = f"Exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
            raise Rejected(413, "RequestEntityTooLarge", text)
        if relay is not None and (kind := self._header(ERROR_TYPE)):
            self._handler.on_error(
                request_id, _unpacked(self._headers.get(ERROR_BODY)) or texts.error_payload(kind), kind
            )
        else:
            self._handler.on_response(request_id, bytes(self._body) if relay is None else relay.take())

    def _refuse(self, rejected: Rejected) -> None:
        self.answer(
            rejected.status,
            b'{"errorMessage":"%s","errorType":"%s"}\n' % (rejected.message.encode(), rejected.kind.encode()),
        )

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Answers the last request."""
        if self.transport is None:
            return
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items()).encode()
        head = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % (
            status,
            REASONS[status],
            len(body),
        )
        if self._last:
            head += b"Connection: close\r\n"
        self.transport.write(head + lines + b"\r\n" + body)
        if self._last:
            self.transport.close()


def _one_line(value: str) -> str:
    """A header value: line breaks, which JSON text may contain, become spaces."""
    return value.replace("\r", " ").replace("\n", " ")


def _unpacked(trailer: bytes | None) -> bytes:
    """The error document that a trailer carries in base64."""
    try:
        return base64.b64decode(trailer or b"", validate=True)
    except binascii.Error:
        return b""
