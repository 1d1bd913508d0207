"""Serves REST APIs: from a request to the answer of the method that takes it, step by step as API Gateway does.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-rest-api.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import ParamSpec, TypeVar

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.access_log import AccessLogs
from atoll.api_runtime.authorize.authorizers import Authorizers
from atoll.api_runtime.compiled import CompiledSnapshots
from atoll.api_runtime.http_api.answers import oversized
from atoll.api_runtime.models import Models
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api import execution_log
from atoll.api_runtime.rest_api.cache import CachedIntegrations
from atoll.api_runtime.rest_api.call import Call, call_of
from atoll.api_runtime.rest_api.compile import Compiled, compile_snapshot
from atoll.api_runtime.rest_api.content import compressed, uncompressed
from atoll.api_runtime.rest_api.event import proxy_event
from atoll.api_runtime.rest_api.gateway_responses import gateway_response, status_of, text_of
from atoll.api_runtime.rest_api.integrations import Integrations
from atoll.api_runtime.rest_api.match import Match, Router
from atoll.api_runtime.rest_api.parameters import common
from atoll.api_runtime.rest_api.records import Method, Resource, Snapshot
from atoll.api_runtime.rest_api.validate import validate
from atoll.api_runtime.throttle import Throttle
from atoll.api_runtime.usage_plans import UsagePlans
from atoll.api_runtime.visit import Visit
from atoll.kernel.http import HttpResponse
from atoll.kernel.service import Host

P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)

MAX_PAYLOAD = 10 << 20
"""Bytes of a request body. docs: API Gateway quotas, "Payload size": not adjustable."""
TOO_LONG = HttpResponse(
    413, [("content-type", "text; charset=utf-8")], b"HTTP content length exceeded %d bytes." % MAX_PAYLOAD
)
"""Said before anything of the API is looked at, so that its gateway responses and logs have no part in it: as observed on AWS."""
AT_ONCE, MOST_PACKED = 32 << 10, 100
"""Bytes that are compressed or uncompressed within a millisecond, and how much less they may be when compressed."""
FAILED = Refused("API_CONFIGURATION_ERROR")
NOT_SERVED = Refused("INVALID_API_KEY")
"""`Forbidden`, which is also what an API without such a stage answers."""


class RestApis:
    """A `plane.Server`."""

    def __init__(
        self, host: Host, authorizers: Authorizers, integrations: Integrations, throttle: Throttle, logs: AccessLogs
    ) -> None:
        self._logs = logs
        self._authorizers = authorizers
        self._integrations = CachedIntegrations(integrations, authorizers)
        self._throttle = throttle
        self._usage_plans = UsagePlans(throttle.buckets)
        self._compiled = CompiledSnapshots(host.kernel.store, compile_snapshot)

    async def answer(self, visit: Visit) -> HttpResponse:
        """The answer to a request."""
        if (long := oversized(visit.request)) is not None:
            return _finished(visit, long)
        if len(visit.request.body) > MAX_PAYLOAD:
            return TOO_LONG
        compiled = await self._compiled.of(visit, _choose(visit))
        if compiled is None or (compiled.snapshot.endpoint_disabled and not visit.custom_domain):
            return _finished(visit, refuse(visit, None, NOT_SERVED))
        call = None
        try:
            if (match := compiled.router.match(visit.request.method, visit.path)) is None:
                raise await self._authorizers.unmatched(visit)
            call = open_call(visit, compiled, match)
            response = traced(call, await self._serve(call))
        except Refused as refused:
            response = refuse(visit, call or compiled.snapshot, refused)
        if call is not None and call.log:
            self._logs.note_execution(visit, execution_log.stage_log(call.log, settings_of(visit)))
        least = compiled.snapshot.minimum_compression
        if least is not None:
            size = len(response.body) if isinstance(response.body, bytes) else 0
            response = await _aside(
                size > AT_ONCE, compressed, response, visit.request.header("accept-encoding"), least
            )
        return _finished(visit, response)

    def failed(self, visit: Visit) -> HttpResponse:
        """The answer where Atoll itself failed."""
        return _finished(visit, refuse(visit, None, FAILED))

    async def _serve(self, call: Call) -> HttpResponse:
        visit, snapshot = call.visit, call.compiled.snapshot
        if settings_of(visit).logging_level in ("INFO", "ERROR"):
            call.log = []
        if not self._throttle.passes(visit, setting_of(visit)):
            raise Refused("THROTTLED", detail="faster than the stage or the account may be called")
        visit.caller = await self._authorizers.admit_by_policy(
            visit, call.method.guard, snapshot.authorizers, snapshot.policy, lambda: proxy_event(call)
        )
        if call.method.api_key_required:
            by_authorizer = snapshot.api_key_source == "AUTHORIZER"
            await self._usage_plans.admit(visit, visit.caller.usage_key if by_authorizer else call.header("x-api-key"))
            visit.further |= {"identity.apiKey": visit.api_key, "identity.apiKeyId": visit.api_key_id}
        return await serve(call, lambda: self._integrations.answer(call, setting_of(visit)))


def setting_of(visit: Visit) -> str:
    """What the stage's settings call the method: they name the request's, or the resource's ANY."""
    own = f"{visit.request.method} {visit.route_key.partition(' ')[2]}"
    return own if own in visit.settings.routes else visit.route_key


def settings_of(visit: Visit) -> serving.RouteSettings:
    """How the stage serves the method."""
    return serving.settings_of(visit.settings, setting_of(visit))


async def serve(call: Call, integrated: Callable[[], Awaitable[HttpResponse]]) -> HttpResponse:
    """What a method answers to a request that was let in; `integrated` gives what its integration answers. Raises Refused."""
    if (encoding := call.header("content-encoding")) is not None:
        large = len(call.body) > AT_ONCE // MOST_PACKED
        call.body = await _aside(large, uncompressed, call.body, encoding, MAX_PAYLOAD)
    execution_log.opened(call)
    await validate(call)
    response = await integrated()
    execution_log.succeeded(call, response)
    execution_log.closed(call, response.status)
    return response


def open_call(visit: Visit, compiled: Compiled, match: Match) -> Call:
    """The request as the steps see it; also says in `visit` what took it."""
    visit.route_key, visit.resource_id = f"{match.method.name} {match.resource.path}", match.resource.id
    visit.parameters = match.parameters
    visit.ctx.span.note(route=visit.route_key)
    return call_of(visit, compiled, match.resource, match.method)


def refuse(visit: Visit, of: Call | Snapshot | None, refused: Refused) -> HttpResponse:
    """The gateway response to a refused request: of the call, or of an API that has nothing for it, or of none."""
    visit.refused, visit.error, visit.status = refused, text_of(refused), status_of(refused)
    if refused.detail:
        visit.ctx.span.note(error=refused.detail)
        if visit.status >= 500:
            log.warning("%s %s: %s", visit.api_id, visit.route_key or visit.path, refused.detail)
    if of is None:
        return gateway_response(refused, {}, lambda _name: ())
    call = of if isinstance(of, Call) else _unmatched(visit, of)
    if refused.detail:
        call.note(refused.detail)
    response = gateway_response(
        refused, call.compiled.snapshot.gateway_responses, lambda name: _values(call, name), call.header("accept")
    )
    execution_log.closed(call, response.status)
    return response


def _values(call: Call, expression: str) -> Sequence[str]:
    if expression == "context.error.messageString" and call.visit.error is None:
        return ("null",)
    return common(call, expression)


def _unmatched(visit: Visit, snapshot: Snapshot) -> Call:
    """A request that no method takes, for the variables of its gateway response."""
    return call_of(visit, Compiled(snapshot, Router(()), Models({})), Resource("", ""), Method(visit.request.method))


def _choose(visit: Visit) -> str:
    """The snapshot that the request runs: the stage's, or for a share of the requests its canary's, with the variables of that one."""
    canary = visit.settings.canary
    if canary is None:
        return visit.settings.snapshot
    chosen = visit.ctx.ids.random.random() * 100 < canary.percent
    visit.further["isCanaryRequest"] = chosen
    if not chosen:
        return visit.settings.snapshot
    visit.variables = {**visit.variables, **canary.variables}
    cache = visit.settings.cache if canary.use_cache else ""
    visit.settings = msgspec.structs.replace(visit.settings, deployment=canary.deployment, cache=cache)
    return canary.snapshot


def traced(call: Call, response: HttpResponse) -> HttpResponse:
    """The answer of a backend of AWS's carries the trace's id."""
    if call.integration.kind not in ("AWS", "AWS_PROXY", "HTTP"):
        return response
    if any(name == "x-amzn-trace-id" for name, _ in response.headers):
        return response
    return HttpResponse(response.status, [*response.headers, ("x-amzn-trace-id", call.visit.trace_id)], response.body)


async def _aside(large: bool, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What zlib makes of bytes: of many on a thread, for it lets go of the interpreter."""
    return await asyncio.to_thread(work, *arguments, **named) if large else work(*arguments, **named)


def _finished(visit: Visit, response: HttpResponse) -> HttpResponse:
    ids = [("x-amzn-requestid", visit.request_id), ("x-amz-apigw-id", visit.extended_id)]
    return HttpResponse(response.status, [*response.headers, *ids], response.body)
