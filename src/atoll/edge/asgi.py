"""The edge: bytes in, bytes out. Reads a request from uvicorn exactly as sent, decides which part of the region it is for, and answers.

data planes   hosts and paths of deployed APIs, each claimed by its service
/_atoll/*     the admin API
the rest      AWS's management APIs (the gateway)
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from atoll.edge.guard import ADMIN, Guard, forbidden
from atoll.kernel.clock import Clock
from atoll.kernel.http import HttpRequest, HttpResponse, RequestLog

log = logging.getLogger(__name__)

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

MAX_BODY = 80 << 20
"""Bytes: the largest body that any service takes (a 50 MB function package in base64, with room)."""

FAILED = b'{"message":"The request processing has failed."}'

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class DataPlane(Protocol):
    """A service's front door for its users' traffic."""

    def claims(self, request: HttpRequest) -> Any | None:
        """Its address within the service if the request is for it, else None. Cheap: no store."""

    async def handle(self, address: Any, request: HttpRequest) -> HttpResponse:
        """Answers a claimed request. Never raises."""


class BodyTooLarge(Exception):
    """The client sent more than MAX_BODY."""


class Edge:
    """The ASGI application."""

    def __init__(
        self,
        *,
        planes: Sequence[DataPlane],
        management: Handler,
        admin: Handler,
        guard: Guard,
        is_inside: Callable[[HttpRequest], Awaitable[bool]],
        clock: Clock,
        request_log: RequestLog,
    ) -> None:
        self._planes = planes
        self._management = management
        self._admin = admin
        self._guard = guard
        self._is_inside = is_inside
        self._clock = clock
        self._request_log = request_log

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"no {scope['type']} here")
        try:
            body = await _read(receive)
        except BodyTooLarge:
            headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
            await _send(send, 413, headers, b'{"message":"Request Entity Too Large"}')
            return
        if body is None:
            return  # the client left before it had sent its request
        request = _request(scope, body)
        try:
            response = await self._answer(request)
            status, headers, body = response.status, _encoded(response.headers), response.body
        except Exception:  # the outermost handler: planes and gateway answer their own failures
            log.exception("%s %s failed", request.method, request.raw_path)
            status, headers, body = 500, [(b"content-type", b"application/json")], FAILED
        await _send(send, status, headers, body, head=request.method == "HEAD")

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        for plane in self._planes:
            if (address := plane.claims(request)) is not None:
                began = self._clock.monotonic()
                response = await plane.handle(address, request)
                self._request_log(
                    f"{request.method} {_shown(request)}", response.status, (self._clock.monotonic() - began) * 1e3
                )
                return response
        if refusal := self._guard.refuse(request):
            self._request_log(f"{request.method} {request.raw_path} (refused: see its message)", refusal.status, 0.0)
            return refusal
        if preflight := self._guard.preflight(request):
            return preflight
        admin = request.raw_path.startswith(ADMIN)
        if admin and await self._is_inside(request):
            return forbidden("Functions may not use the admin API.")
        response = await (self._admin if admin else self._management)(request)
        if cors := self._guard.cors(request):
            return HttpResponse(response.status, [*response.headers, *cors], response.body)
        return response


def _shown(request: HttpRequest) -> str:
    """The address of a request as a reader of the log wants it: with its host only where that says more than "this machine"."""
    return request.raw_path if request.raw_path.startswith("/_aws/") else request.host + request.raw_path


async def _read(receive: Receive) -> bytes | None:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message["body"]
        return body
    parts: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        parts.append(message["body"])
        size += len(message["body"])
        if size > MAX_BODY:
            raise BodyTooLarge
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    return None


def _request(scope: Mapping[str, Any], body: bytes) -> HttpRequest:
    client, server = scope.get("client"), scope.get("server")
    return HttpRequest(
        method=scope["method"],
        raw_path=scope["raw_path"].decode("latin-1"),
        query_string=scope["query_string"].decode("latin-1"),
        headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        body=body,
        source_ip=client[0] if client else "127.0.0.1",
        secure=scope.get("scheme") == "https",
        http_version=scope.get("http_version", "1.1"),
        port=server[1] if server else 0,
        connection=scope.get("connection"),
    )


def _encoded(headers: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """The headers as they travel. Raises ValueError for one that would end its line early, or that no header can carry."""
    encoded = []
    for name, value in headers:
        if not name.isascii() or _CONTROL.search(name) or _CONTROL.search(value):
            raise ValueError(f"not a header: {name!r}: {value!r}")
        encoded.append((name.lower().encode(), value.encode("latin-1")))
    return encoded


async def _send(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes, *, head: bool = False
) -> None:
    bodiless = status in (204, 304)
    if not bodiless and all(name != b"content-length" for name, _ in headers):
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head or bodiless else body})
