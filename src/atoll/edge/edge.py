"""The edge: decides which part of the region a request is for.

data planes   hosts and paths of deployed APIs, each claimed by its service
/_atoll/*     the admin API, which also answers /_localstack/*
the rest      AWS's management APIs (the gateway)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from atoll.edge.guard import Guard, forbidden, is_admin
from atoll.kernel.clock import Clock
from atoll.kernel.http import BodyTooLarge, HttpRequest, HttpResponse, RequestLog

MAX_BODY = 16 << 20
"""Bytes: the largest body that a data plane or the admin API is given. The gateway has limits of its own."""
TOO_LARGE = HttpResponse(413, [("content-type", "application/json")], b'{"message":"Request Entity Too Large"}')

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]


class DataPlane(Protocol):
    """A service's front door for its users' traffic."""

    def claims(self, request: HttpRequest) -> Any | None:
        """Its address within the service if the request is for it, else None. Cheap: no store."""

    async def handle(self, address: Any, request: HttpRequest) -> HttpResponse:
        """Answers a claimed request. Never raises."""


class Edge:
    """The application that connections call with each request."""

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

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer. Raises ClientGone, and what nobody expected."""
        for plane in self._planes if "," not in request.fields.get("host", "") else ():  # two hosts are nobody's
            if (address := plane.claims(request)) is not None:
                return await self._from_plane(plane, address, request)
        if refusal := self._guard.refuse(request):
            self._request_log(f"{request.method} {request.raw_path} (refused: see its message)", refusal.status, 0.0)
            return refusal
        if preflight := self._guard.preflight(request):
            return preflight
        if is_admin(request):
            if await self._is_inside(request):
                return forbidden("Functions may not use the admin API.")
            response = await self._with_body(self._admin, request)
        else:
            response = await self._management(request)
        if cors := self._guard.cors(request):
            return HttpResponse(response.status, [*response.headers, *cors], response.body)
        return response

    async def _from_plane(self, plane: DataPlane, address: Any, request: HttpRequest) -> HttpResponse:
        began = self._clock.monotonic()
        response = await self._with_body(lambda request: plane.handle(address, request), request)
        milliseconds = (self._clock.monotonic() - began) * 1e3
        self._request_log(f"{request.method} {_shown(request)}", response.status, milliseconds)
        return response

    async def _with_body(self, handler: Handler, request: HttpRequest) -> HttpResponse:
        try:
            await request.read_body(MAX_BODY)
        except BodyTooLarge:
            return TOO_LARGE
        return await handler(request)


def _shown(request: HttpRequest) -> str:
    """The address of a request as a reader of the log wants it: with its host only where that says more than "this machine"."""
    return request.raw_path if request.raw_path.startswith("/_aws/") else request.host + request.raw_path
