"""The front door of deployed APIs: from a request to the answer of the route that takes it. Wires the pure steps of `api_runtime`.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

import base64
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from atoll.api_runtime import serving
from atoll.api_runtime.address import Address, address
from atoll.api_runtime.answers import FORBIDDEN, INTERNAL_ERROR, NO_CONTENT, NOT_FOUND, TOO_LARGE
from atoll.api_runtime.cors import cross_origin, is_preflight, preflight_headers
from atoll.api_runtime.event import Arrival
from atoll.api_runtime.integrate import Integrations, source_arn
from atoll.api_runtime.match import DEFAULT, Match, Router
from atoll.kernel.context import Principal
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.service import Host
from atoll.kernel.store.api import Reader

log = logging.getLogger(__name__)

MAX_PAYLOAD = 10 << 20
"""Bytes of a request body (quota "Payload size": 10 MB, not adjustable)."""
COMPILED = 256
"""How many snapshots stay compiled."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A snapshot with its routes as a tree; a route is (route key, integration)."""

    router: Router[tuple[str, serving.LambdaIntegration]]
    cors: serving.Cors | None
    endpoint_disabled: bool


class Place(NamedTuple):
    """Where a request goes: the stage of an API, what that runs (None: nothing is deployed) and the path below the stage."""

    api: serving.Api
    stage: str
    variables: dict[str, str]
    compiled: Compiled | None
    path: str


class DataPlane:
    """Answers the users of APIs. One store read per request; it keeps nothing but compiled snapshots and running invocations."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._kernel = host.kernel
        self._integrations = Integrations()
        self._compiled: OrderedDict[str, Compiled] = OrderedDict()

    def claims(self, request: HttpRequest) -> Address | None:
        """The API that the request is addressed to, or None if it is not for an API."""
        return address(request)

    async def handle(self, address: Address, request: HttpRequest) -> HttpResponse:
        """Answers a request for an API. Never raises: what goes wrong here is logged and answered 500."""
        request_id = self._request_id()
        try:
            response = await self._answer(address, request, request_id)
        except Exception:
            log.exception("request %s to %s failed", request_id, address.api_id)
            response = INTERNAL_ERROR
        return HttpResponse(response.status, [*response.headers, ("apigw-requestid", request_id)], response.body)

    async def _answer(self, address: Address, request: HttpRequest, request_id: str) -> HttpResponse:
        place = await self._kernel.store.read(lambda tx: self._place(tx, address))
        if place is None:
            return FORBIDDEN
        if place.compiled is None or place.compiled.endpoint_disabled:
            return NOT_FOUND
        cors = place.compiled.cors
        match = place.compiled.router.match(request.method, place.path)
        if match is None and cors and is_preflight(request):
            return _with(NO_CONTENT, preflight_headers(cors, request.header("origin") or ""))
        if match is None:
            response = NOT_FOUND
        elif len(request.body) > MAX_PAYLOAD:
            response = TOO_LARGE
        else:
            response = await self._integrate(address, request, request_id, place, match)
        return response if cors is None else cross_origin(response, cors, request)

    async def _integrate(
        self,
        address: Address,
        request: HttpRequest,
        request_id: str,
        place: Place,
        match: Match[tuple[str, serving.LambdaIntegration]],
    ) -> HttpResponse:
        route_key, integration = match.route
        now = self._kernel.clock.now()
        arrival = Arrival(
            request=request,
            account=place.api.account,
            region=place.api.region,
            api_id=address.api_id,
            stage=place.stage,
            variables=place.variables,
            route_key=route_key,
            path=place.path,
            parameters=match.parameters,
            request_id=request_id,
            trace_id=request.header("x-amzn-trace-id") or f"Root=1-{int(now):08x}-{self._kernel.ids.hex(24)}",
            time=now,
            # Where the path named the API, the host that AWS would give it.
            domain=(
                request.host
                if address.stage is None
                else f"{address.api_id}.execute-api.{place.api.region}.amazonaws.com"
            ),
        )
        principal = Principal.service("apigateway.amazonaws.com", place.api.account, source_arn(arrival))
        ctx = self._host.context(
            "apigatewayv2", place.api.account, place.api.region, principal, f"{request.method} {place.path}"
        )
        with ctx.span:
            ctx.span.note(api=address.api_id, stage=place.stage, route=route_key)
            response = await self._integrations.invoke(ctx, integration, arrival)
            ctx.span.status = response.status
        return response

    def _place(self, tx: Reader, address: Address) -> Place | None:
        """Where the request goes, or None if there is no such API."""
        raw = tx.get(serving.api_key(address.api_id))
        if raw is None:
            return None
        api = serving.APIS.decode(raw)
        name, path = resolve_stage(address, api.stages)
        stage = api.stages.get(name)
        if stage is None or not stage.snapshot:
            return Place(api, name, {}, None, path)
        return Place(api, name, stage.variables, self._compile(tx, api, address.api_id, stage.snapshot), path)

    def _compile(self, tx: Reader, api: serving.Api, api_id: str, snapshot_id: str) -> Compiled | None:
        """The compiled snapshot, kept by its id: a snapshot never changes and its id is never used again."""
        compiled = self._compiled.get(snapshot_id)
        if compiled is None:
            raw = tx.get(serving.snapshot_key(api.account, api.region, api_id, snapshot_id))
            if raw is None:
                return None
            compiled = self._compiled[snapshot_id] = compile_snapshot(serving.SNAPSHOTS.decode(raw))
            if len(self._compiled) > COMPILED:
                self._compiled.popitem(last=False)
        else:
            self._compiled.move_to_end(snapshot_id)
        return compiled

    def _request_id(self) -> str:
        """Eleven random bytes in base 64, as in `JKJaXmPLvHcESHA=`; letters and digits only."""
        drawn = self._kernel.ids.random.getrandbits(88).to_bytes(11, "big")
        return base64.b64encode(drawn, b"Aa").decode("ascii")


def compile_snapshot(snapshot: serving.Snapshot) -> Compiled:
    """A snapshot made ready to answer requests."""
    routes = [(route.key, (route.key, snapshot.integrations[route.integration])) for route in snapshot.routes]
    return Compiled(Router(routes), snapshot.cors, snapshot.endpoint_disabled)


def resolve_stage(address: Address, stages: dict[str, serving.Stage]) -> tuple[str, str]:
    """The stage's name and the path below it. A stage that the path names goes before `$default`.

    "Not explicitly matched by a stage" is what `$default` takes: its whole path belongs to the routes.
    """
    if address.stage is not None:
        return address.stage, address.path
    first, slash, rest = address.path[1:].partition("/")
    name = unquote(first)
    if name in stages and name != DEFAULT:
        return name, slash + rest or "/"
    return DEFAULT, address.path


def _with(response: HttpResponse, headers: Sequence[tuple[str, str]]) -> HttpResponse:
    return HttpResponse(response.status, [*response.headers, *headers], response.body)
