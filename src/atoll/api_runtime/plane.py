"""Answers requests for deployed APIs of every kind: finds the API and stage that one is for; the API's kind answers."""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol
from urllib.parse import unquote

from atoll.api_runtime import serving
from atoll.api_runtime.access_log import AccessLogs
from atoll.api_runtime.address import Address
from atoll.api_runtime.answers import FORBIDDEN
from atoll.api_runtime.authorize.authorizers import Authorizers
from atoll.api_runtime.http_api.server import HttpApis
from atoll.api_runtime.integrate.functions import Functions
from atoll.api_runtime.integrate.http_client import HttpClient
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.integrate.services import Services
from atoll.api_runtime.match import DEFAULT
from atoll.api_runtime.rest_api import execution_log
from atoll.api_runtime.rest_api.integrations import Integrations
from atoll.api_runtime.rest_api.server import RestApis
from atoll.api_runtime.throttle import Throttle
from atoll.api_runtime.visit import Visit
from atoll.api_runtime.websocket_api.integrations import Integrations as WebSocketIntegrations
from atoll.api_runtime.websocket_api.server import WebSocketApis
from atoll.kernel.context import Principal
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.service import Host

log = logging.getLogger(__name__)


class Server(Protocol):
    """Answers the requests to one kind of API."""

    async def answer(self, visit: Visit) -> HttpResponse:
        """The answer, with all its headers. Raises nothing that is the client's or the API owner's doing."""

    def failed(self, visit: Visit) -> HttpResponse:
        """The answer where Atoll itself failed."""


REFUSED = (401, 403)


class Plane:
    """Answers the users of APIs. One store read finds the API; what its servers keep is compiled snapshots, running invocations, and
    what AWS keeps in memory too (authorizers' answers, throttling)."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._kernel = host.kernel
        self._http = HttpClient(self._kernel.outgoing)
        roles, throttle = Roles(self._kernel.clock), Throttle(self._kernel.clock)
        authorizers, functions = Authorizers(host, roles), Functions(roles)
        self._logs = AccessLogs(host, roles)
        services = Services(host)
        integrations = Integrations(services, self._http, roles)
        behind_routes = WebSocketIntegrations(functions, self._http, services, roles)
        self._servers: Mapping[serving.Kind, Server] = {
            "HTTP": HttpApis(host, authorizers, functions, self._http, roles, throttle),
            "REST": RestApis(host, authorizers, integrations, throttle, self._logs),
            "WEBSOCKET": WebSocketApis(host, authorizers, behind_routes, throttle, self._finish),
        }

    async def handle(self, address: Address, request: HttpRequest) -> HttpResponse:
        """Answers a request for an API. Never raises: what goes wrong here is logged and answered 500."""
        raw = await self._kernel.store.read(lambda tx: tx.get(serving.api_key(address.api_id)))
        if raw is None:
            log.info("There is no API %r: atoll urls shows those that there are.", address.api_id)
            return FORBIDDEN
        visit = self._visit(address, serving.APIS.decode(raw), request)
        if visit.stage not in visit.api.stages:
            there = ", ".join(sorted(visit.api.stages)) or "none"
            log.info("The API %s has no stage %r; deployed: %s.", visit.api_id, visit.stage, there)
        server = self._servers[visit.api.kind]
        with visit.ctx.span as span:
            span.note(api=visit.api_id, stage=visit.stage, request_id=visit.request_id)
            try:
                response = await server.answer(visit)
            except Exception:
                log.exception("request %s to %s failed", visit.request_id, visit.api_id)
                response = server.failed(visit)
            # A connection that was opened counts as a success, as AWS's access logs have it.
            span.status = visit.status = 200 if response.peer is not None else response.status
        if response.status in REFUSED:
            self._kernel.tracer.keep_denied(span.trace_id)
        if isinstance(response.body, bytes):
            visit.response_length = len(response.body)
            self._finish(visit)
            return response
        return HttpResponse(response.status, response.headers, Counted(visit, response.body, self._finish))

    async def close(self) -> None:
        """Writes what access logs still lack, and drops connections. Called when no more requests come."""
        await self._logs.close()
        await self._http.close()

    def _finish(self, visit: Visit) -> None:
        """The request is answered and its outcome known: logs are told."""
        visit.latency = round((self._kernel.clock.monotonic() - visit.began) * 1000)
        self._logs.note(visit)
        if visit.log:
            settings = serving.settings_of(visit.settings, visit.route_key)
            self._logs.note_execution(visit, execution_log.stage_log(visit.log, settings))

    def _visit(self, address: Address, api: serving.Api, request: HttpRequest) -> Visit:
        kernel = self._kernel
        stage, path = resolve_stage(address, api.stages)
        settings = api.stages.get(stage) or serving.Stage()
        now = kernel.clock.now()
        principal = Principal.service(serving.SERVICE_HOST, api.account)
        ctx = self._host.context("apigateway", api.account, api.region, principal, f"{request.method} {path}")
        request_id = extended_id = self._short_id()
        if api.kind == "REST":
            request_id = kernel.ids.uuid()
        return Visit(
            ctx=ctx,
            request=request,
            api_id=address.api_id,
            api=api,
            stage=stage,
            settings=settings,
            path=path,
            # Where the path named the API, the host that AWS would give it.
            domain=(
                request.host
                if address.stage is None or address.base is not None
                else f"{address.api_id}.execute-api.{api.region}.amazonaws.com"
            ),
            base_path=address.base or "",
            custom_domain=address.base is not None,
            stage_named=address.stage is None,
            request_id=request_id,
            extended_id=extended_id,
            trace_id=request.header("x-amzn-trace-id") or kernel.ids.trace(now),
            time=now,
            began=kernel.clock.monotonic(),
            variables=settings.variables,
        )

    def _short_id(self) -> str:
        """Eleven random bytes in base 64, as in `JKJaXmPLvHcESHA=`; letters and digits only."""
        drawn = self._kernel.ids.random.getrandbits(88).to_bytes(11, "big")
        return base64.b64encode(drawn, b"Aa").decode("ascii")


class Counted:
    """A body that streams: counts its bytes, and tells when it has ended or was given up."""

    def __init__(self, visit: Visit, body: AsyncIterator[bytes], finish: Callable[[Visit], None]) -> None:
        self._visit = visit
        self._body = body
        self._finish: Callable[[Visit], None] | None = finish

    def __aiter__(self) -> Counted:
        return self

    async def __anext__(self) -> bytes:
        piece = await anext(self._body)
        self._visit.response_length += len(piece)
        return piece

    async def aclose(self) -> None:
        """To be called at the end, also where nobody has begun to read."""
        close = getattr(self._body, "aclose", None)
        if close is not None:
            await close()
        finish, self._finish = self._finish, None
        if finish is not None:
            finish(self._visit)


def resolve_stage(address: Address, stages: Mapping[str, serving.Stage]) -> tuple[str, str]:
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
