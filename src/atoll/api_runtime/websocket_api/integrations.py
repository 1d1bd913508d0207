"""What stands behind a WebSocket API's routes: functions and HTTP services.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integrations.html
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from atoll.api_runtime import variables
from atoll.api_runtime.authorize import identity
from atoll.api_runtime.integrate.functions import function_arn
from atoll.api_runtime.integrate.http_client import Failed, HttpClient, TimedOut
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.serving import Integration
from atoll.api_runtime.visit import Visit
from atoll.api_runtime.websocket_api.select import in_body
from atoll.kernel.context import Principal
from atoll.kernel.errors import ServiceError

log = logging.getLogger(__name__)

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
_FUNCTION = re.compile(r"arn:[^:]+:apigateway:[^:]+:lambda:path/2015-03-31/functions/(.+)/invocations")


class Answer(NamedTuple):
    """What stands behind a route answered. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: str


class Integrations:
    """Calls what stands behind routes. Keeps hold of invocations that took too long: AWS lets them end too."""

    def __init__(self, roles: Roles, http: HttpClient) -> None:
        self._roles = roles
        self._http = http
        self._running: set[asyncio.Task[Any]] = set()

    async def answer(self, visit: Visit, integration: Integration, event: Mapping[str, Any]) -> Answer:
        """The answer to an event (as functions see it). Also sets `visit.integration`. Raises Refused."""
        clock = visit.ctx.clock
        began = clock.monotonic()
        try:
            if integration.kind == "AWS_PROXY":
                return _proxied(await self._invoke(visit, integration, event))
            if integration.kind == "AWS" and _FUNCTION.fullmatch(integration.uri or integration.function):
                payload = await self._invoke(visit, integration, _message(event))
                return Answer(200, {}, payload.decode())
            if integration.kind in ("HTTP_PROXY", "HTTP"):
                return await self._send(visit, integration, event)
            raise Refused("API_CONFIGURATION_ERROR", detail=f"Atoll has no {integration.kind} integration of this kind")
        finally:
            visit.integration.latency = round((clock.monotonic() - began) * 1000)

    async def _invoke(self, visit: Visit, integration: Integration, event: Any) -> bytes:
        """What the function returned. Raises Refused."""
        given = integration.function or integration.uri or ""
        found = _FUNCTION.fullmatch(given)
        request = {
            "FunctionName": function_arn(found[1] if found else given, visit.variables),
            "InvocationType": "RequestResponse",
            "Payload": msgspec.json.encode(event),
        }
        try:
            principal = await self._principal(visit, integration)
            call = asyncio.ensure_future(visit.ctx.call("lambda", "Invoke", request, principal=principal))
            self._running.add(call)
            call.add_done_callback(self._ended)
            done, _ = await asyncio.wait((call,), timeout=integration.timeout)
            if not done:
                raise Refused("INTEGRATION_TIMEOUT", detail=f"no answer after {integration.timeout:g} s")
            output = call.result()
        except ServiceError as error:
            log.warning("%s %s: %s: %s", visit.api_id, visit.route_key, error.code, error.message)
            visit.integration.error = error.message
            raise Refused("API_CONFIGURATION_ERROR", detail=f"{error.code}: {error.message}") from error
        visit.integration.call_status = output["StatusCode"]
        if output.get("FunctionError"):
            raise Refused("INTEGRATION_FAILURE", detail=f"the function failed ({output['FunctionError']})")
        payload: bytes = output["Payload"]
        return payload

    def _ended(self, call: asyncio.Task[Any]) -> None:
        self._running.discard(call)
        if not call.cancelled():
            call.exception()  # of one for which nobody waits any more

    async def _principal(self, visit: Visit, integration: Integration) -> Principal:
        source = visit.arn_prefix + visit.route_key
        if integration.credentials is None:
            return visit.acting(source)
        return await self._roles.session(visit.ctx, integration.credentials, source)

    async def _send(self, visit: Visit, integration: Integration, event: Mapping[str, Any]) -> Answer:
        """What the HTTP service answered. Raises Refused."""
        body = event.get("body") or ""
        mapped = _mapped(visit, integration.request_parameters, body)
        url = _STAGE_VARIABLE.sub(lambda found: visit.variables.get(found[1], ""), integration.uri or "")
        for name, value in mapped["path"].items():
            url = url.replace(f"{{{name}}}", quote(value, safe=""))
        if mapped["querystring"]:
            url += ("&" if "?" in url else "?") + urlencode(mapped["querystring"])
        headers = {"content-type": "application/json", "user-agent": f"AmazonAPIGateway_{visit.api_id}"}
        headers |= {name.lower(): value for name, value in mapped["header"].items()}
        method = integration.method if integration.method not in (None, "ANY") else "POST"
        try:
            answer = await self._http.send(
                method or "POST", url, list(headers.items()), body.encode(),
                seconds=integration.timeout, server_name=integration.tls_server_name,
            )  # fmt: skip
            content = await answer.read()
        except TimedOut as error:
            raise Refused("INTEGRATION_TIMEOUT", detail=str(error)) from error
        except Failed as error:
            raise Refused("INTEGRATION_FAILURE", detail=str(error)) from error
        visit.integration.status = visit.integration.call_status = answer.status
        return Answer(answer.status, dict(answer.headers), content.decode(errors="replace"))


def _message(event: Mapping[str, Any]) -> Any:
    """What a function gets that is no proxy: the message itself, as JSON where it is any."""
    body = event.get("body")
    if body is None:
        return {}
    try:
        return msgspec.json.decode(body)
    except _UNREADABLE:
        return body


def _proxied(payload: bytes) -> Answer:
    """The answer that a function's return value stands for: an object with a status. Raises Refused."""
    try:
        said = msgspec.json.decode(payload)
    except _UNREADABLE:
        said = None
    status = said.get("statusCode") if isinstance(said, dict) else None
    if isinstance(status, str) and status.isdecimal():
        status = int(status)
    if not isinstance(said, dict) or isinstance(status, bool) or not isinstance(status, int):
        raise Refused("INTEGRATION_FAILURE", detail="the function's answer has no statusCode")
    body, headers = said.get("body"), said.get("headers") or {}
    if not (body is None or isinstance(body, str)) or not isinstance(headers, dict):
        raise Refused("INTEGRATION_FAILURE", detail="the function's answer is malformed")
    return Answer(
        status, {name.lower(): value for name, value in headers.items() if isinstance(value, str)}, body or ""
    )


def _mapped(visit: Visit, parameters: Mapping[str, str], body: str) -> dict[str, dict[str, str]]:
    """The parameters of the integration's request by where they go: `integration.request.header.X` is `header`, `X`."""
    places: dict[str, dict[str, str]] = {"header": {}, "querystring": {}, "path": {}}
    for target, expression in parameters.items():
        place, _, name = target.removeprefix("integration.request.").partition(".")
        value = _value(visit, expression, body)
        if place in places and value is not None:
            places[place][name] = value
    return places


def _value(visit: Visit, expression: str, body: str) -> str | None:
    """A mapping's value: a constant between quotes, the context, a stage variable, or a part of the request."""
    if len(expression) > 1 and expression[0] == expression[-1] == "'":
        return expression[1:-1]
    if expression.startswith("context."):
        return variables.text(variables.value(visit, expression.removeprefix("context."))) or None
    if expression == "route.request.body":
        return body
    if expression.startswith("route.request.body."):
        try:
            return in_body(expression, "route.request.body", msgspec.json.decode(body))
        except _UNREADABLE:
            return None
    return identity.value_of(visit, expression)
