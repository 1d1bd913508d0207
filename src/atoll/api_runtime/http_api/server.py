"""Serves HTTP APIs: from a request to the answer of the route that takes it.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from atoll.api_runtime import serving
from atoll.api_runtime.answers import INTERNAL_ERROR, NO_CONTENT, NOT_FOUND, TOO_LARGE
from atoll.api_runtime.authorize.authorizers import Authorizers
from atoll.api_runtime.compiled import CompiledSnapshots
from atoll.api_runtime.cors import cross_origin, is_preflight, preflight_headers
from atoll.api_runtime.http_api.answers import refusal
from atoll.api_runtime.integrate.functions import Functions
from atoll.api_runtime.match import Router
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import Visit
from atoll.kernel.http import HttpResponse
from atoll.kernel.service import Host

MAX_PAYLOAD = 10 << 20
"""Bytes of a request body (quota "Payload size": 10 MB, not adjustable)."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A snapshot with its routes as a tree."""

    snapshot: serving.Snapshot
    router: Router[serving.Route]


def compile_snapshot(raw: bytes) -> Compiled:
    """A stored snapshot made ready to answer requests. A route without an integration answers nothing."""
    snapshot = serving.SNAPSHOTS.decode(raw)
    routes = [(route.key, route) for route in snapshot.routes if route.integration is not None]
    return Compiled(snapshot, Router(routes))


class HttpApis:
    """A `plane.Server`."""

    def __init__(self, host: Host, authorizers: Authorizers, functions: Functions) -> None:
        self._authorizers = authorizers
        self._functions = functions
        self._compiled = CompiledSnapshots(host.kernel.store, compile_snapshot)

    async def answer(self, visit: Visit) -> HttpResponse:
        """The answer to a request."""
        request = visit.request
        compiled = await self._compiled.of(visit)
        if compiled is None or (compiled.snapshot.endpoint_disabled and not visit.custom_domain):
            return _with_id(NOT_FOUND, visit)
        cors = compiled.snapshot.cors
        match = compiled.router.match(request.method, visit.path)
        if match is None and cors and is_preflight(request):
            return _with_id(_with(NO_CONTENT, preflight_headers(cors, request.header("origin") or "")), visit)
        if match is None:
            response = NOT_FOUND
        else:
            visit.route_key, visit.parameters = match.route.key, match.parameters
            visit.ctx.span.note(route=visit.route_key)
            response = await self._serve(visit, compiled.snapshot, match.route)
        return _with_id(response if cors is None else cross_origin(response, cors, request), visit)

    def failed(self, visit: Visit) -> HttpResponse:
        """The answer where Atoll itself failed."""
        return _with_id(INTERNAL_ERROR, visit)

    async def _serve(self, visit: Visit, snapshot: serving.Snapshot, route: serving.Route) -> HttpResponse:
        assert route.integration is not None
        if len(visit.request.body) > MAX_PAYLOAD:
            return TOO_LARGE
        try:
            visit.caller = await self._authorizers.admit(visit, route.guard, snapshot.authorizers)
        except Refused as refused:
            visit.refused = refused
            return refusal(refused)
        return await self._functions.proxy(visit, snapshot.integrations[route.integration])


def _with(response: HttpResponse, headers: Sequence[tuple[str, str]]) -> HttpResponse:
    return HttpResponse(response.status, [*response.headers, *headers], response.body)


def _with_id(response: HttpResponse, visit: Visit) -> HttpResponse:
    return _with(response, [("apigw-requestid", visit.extended_id)])
