"""Serves HTTP APIs: from a request to the answer of the route that takes it.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from atoll.api_runtime import serving
from atoll.api_runtime.answers import INTERNAL_ERROR, NO_CONTENT
from atoll.api_runtime.authorize.authorizers import Authorizers
from atoll.api_runtime.compiled import CompiledSnapshots
from atoll.api_runtime.cors import cross_origin, is_preflight, preflight_headers
from atoll.api_runtime.http_api import services, sources
from atoll.api_runtime.http_api.answers import SERVICE_UNAVAILABLE, oversized, refusal
from atoll.api_runtime.http_api.http_proxy import forward
from atoll.api_runtime.http_api.parameters import (
    Mappings,
    Outgoing,
    apply_to_request,
    apply_to_response,
    reads_body,
)
from atoll.api_runtime.http_api.sources import Answered, Source
from atoll.api_runtime.integrate.functions import Functions
from atoll.api_runtime.integrate.http_client import Answer, Failed, HttpClient
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.match import Router
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.throttle import Throttle
from atoll.api_runtime.visit import Visit
from atoll.kernel.http import HttpResponse
from atoll.kernel.service import Host

MAX_PAYLOAD = 10 << 20
"""Bytes of a request body (quota "Payload size": 10 MB, not adjustable)."""


@dataclass(frozen=True, slots=True)
class Backend:
    """An integration made ready. `mappings` is None where there are none; `inputs` are an AWS service's."""

    integration: serving.Integration
    mappings: Mappings | None
    inputs: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A snapshot with its routes as a tree, and its integrations by their place."""

    snapshot: serving.Snapshot
    router: Router[serving.Route]
    backends: Sequence[Backend]


def compile_snapshot(raw: bytes) -> Compiled:
    """A stored snapshot made ready to answer requests. A route without an integration answers nothing."""
    snapshot = serving.SNAPSHOTS.decode(raw)
    routes = [(route.key, route) for route in snapshot.routes if route.integration is not None]
    return Compiled(snapshot, Router(routes), [_backend(integration) for integration in snapshot.integrations])


def _backend(integration: serving.Integration) -> Backend:
    if integration.subtype is not None:
        inputs = {name: sources.parse(value) for name, value in integration.request_parameters.items()}
        return Backend(integration, Mappings.of({}, integration.response_parameters), inputs)
    return Backend(integration, Mappings.of(integration.request_parameters, integration.response_parameters), {})


class HttpApis:
    """A `plane.Server`."""

    def __init__(
        self,
        host: Host,
        authorizers: Authorizers,
        functions: Functions,
        http: HttpClient,
        roles: Roles,
        throttle: Throttle,
    ) -> None:
        self._authorizers = authorizers
        self._functions = functions
        self._http = http
        self._roles = roles
        self._throttle = throttle
        self._compiled = CompiledSnapshots(host.kernel.store, compile_snapshot)

    async def answer(self, visit: Visit) -> HttpResponse:
        """The answer to a request."""
        request = visit.request
        if (too_long := oversized(request)) is not None:
            return _with_id(too_long, visit)
        compiled = await self._compiled.of(visit)
        if compiled is None or (compiled.snapshot.endpoint_disabled and not visit.custom_domain):
            return _with_id(refusal(Refused("RESOURCE_NOT_FOUND"), visit), visit)
        cors = compiled.snapshot.cors
        try:
            match = compiled.router.match(request.method, visit.path)
            if match is None and cors and is_preflight(request):
                return _with_id(_with(NO_CONTENT, preflight_headers(cors, request.header("origin") or "")), visit)
            if match is None:
                raise Refused("RESOURCE_NOT_FOUND")
            visit.route_key, visit.parameters = match.route.key, match.parameters
            visit.ctx.span.note(route=visit.route_key)
            response = await self._serve(visit, compiled, match.route)
        except Refused as refused:
            visit.ctx.span.note(error=refused.detail or refused.reason)
            response = refusal(refused, visit)
        return _with_id(response if cors is None else cross_origin(response, cors, request), visit)

    def failed(self, visit: Visit) -> HttpResponse:
        """The answer where Atoll itself failed."""
        return _with_id(INTERNAL_ERROR, visit)

    async def _serve(self, visit: Visit, compiled: Compiled, route: serving.Route) -> HttpResponse:
        """Raises Refused."""
        assert route.integration is not None
        if not self._throttle.passes(visit):
            raise Refused("THROTTLED")
        if len(visit.request.body) > MAX_PAYLOAD:
            raise Refused("REQUEST_TOO_LARGE")
        visit.caller = await self._authorizers.admit(visit, route.guard, compiled.snapshot.authorizers)
        backend = compiled.backends[route.integration]
        integration, mappings = backend.integration, backend.mappings
        outgoing = apply_to_request(mappings.request, visit) if mappings else None
        if integration.kind == "HTTP_PROXY":
            answer = await forward(self._http, visit, integration, outgoing or Outgoing(visit.request, None))
            return await _answered(visit, mappings, answer)
        if integration.subtype is not None:
            response = await services.call(self._roles, visit, integration, backend.inputs)
        else:
            response = await self._functions.proxy(visit, integration, outgoing)
        if mappings is None or not mappings.responses:
            return response
        assert isinstance(response.body, bytes)
        return await _answered(visit, mappings, Answer(response.status, list(response.headers), response.body))


async def _answered(visit: Visit, mappings: Mappings | None, answer: Answer) -> HttpResponse:
    """An integration's answer with the mappings of its status done. Raises Refused where its body, which they need, cannot be read."""
    mapped = mappings.responses.get(str(answer.status)) if mappings else None
    if not mapped:
        return HttpResponse(answer.status, answer.headers, answer.body)
    body: bytes | None = None
    if reads_body(mapped):
        try:
            body = await answer.read()
        except Failed as error:
            raise Refused("INTEGRATION_FAILURE", SERVICE_UNAVAILABLE, detail=str(error)) from error
    status, headers = apply_to_response(mapped, visit, answer.status, Answered(answer.headers, body or b""))
    return HttpResponse(status, headers, answer.body if body is None else body)


def _with(response: HttpResponse, headers: Sequence[tuple[str, str]]) -> HttpResponse:
    return HttpResponse(response.status, [*response.headers, *headers], response.body)


def _with_id(response: HttpResponse, visit: Visit) -> HttpResponse:
    return _with(response, [("apigw-requestid", visit.extended_id)])
