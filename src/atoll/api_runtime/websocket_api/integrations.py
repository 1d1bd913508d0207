"""What stands behind a WebSocket API's routes: functions, HTTP services, AWS's services, or nothing (MOCK).

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-integrations.html
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from atoll.api_runtime.documents import NO_JSON
from atoll.api_runtime.integrate.functions import Functions
from atoll.api_runtime.integrate.http_client import Failed, HttpClient, TimedOut
from atoll.api_runtime.integrate.mock import mock_status
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.integrate.services import ServiceRequest, Services
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.serving import Integration, with_variables
from atoll.api_runtime.visit import Visit
from atoll.api_runtime.websocket_api import execution_log
from atoll.api_runtime.websocket_api.transform import Answer, Outgoing, incoming, outgoing
from atoll.kernel.errors import ServiceError

log = logging.getLogger(__name__)

_PATH = re.compile(r"\{([^{}]+)\}")


class Integrations:
    """Calls what stands behind routes."""

    def __init__(self, functions: Functions, http: HttpClient, services: Services, roles: Roles) -> None:
        self._functions = functions
        self._http = http
        self._services = services
        self._roles = roles

    async def answer(self, visit: Visit, integration: Integration, event: Mapping[str, Any]) -> Answer:
        """The answer to an event, as functions see it. Also sets `visit.integration`. Raises Refused."""
        clock = visit.ctx.clock
        began = clock.monotonic()
        try:
            if integration.kind == "AWS_PROXY":
                answer = _proxied(await self._invoke(visit, integration, msgspec.json.encode(event)))
                visit.integration.status = answer.status
                return answer
            request = await outgoing(visit, integration, event)
            answer = await self._perform(visit, integration, request)
            visit.integration.status = answer.status
            return answer if integration.kind == "HTTP_PROXY" else await incoming(visit, integration, answer)
        finally:
            visit.integration.latency = round((clock.monotonic() - began) * 1000)

    async def _perform(self, visit: Visit, integration: Integration, request: Outgoing) -> Answer:
        if integration.kind == "MOCK":
            return Answer(mock_status(request.body), {}, b"")
        if integration.kind != "AWS":
            return await self._send(visit, integration, request)
        if integration.function:
            payload = await self._invoke(visit, integration, _json(request.body), whole=True)
            return Answer(200, {"content-type": "application/json"}, payload)
        return await self._call(visit, integration, request)

    async def _invoke(self, visit: Visit, integration: Integration, payload: bytes, *, whole: bool = False) -> bytes:
        """What the function returned; with `whole` also how it failed. Raises Refused."""
        function = with_variables(integration.function, visit.variables)
        uri = f"https://lambda.{visit.api.region}.amazonaws.com/2015-03-31/functions/{function}/invocations"
        execution_log.sent(visit, uri, {}, payload)
        began = visit.ctx.clock.monotonic()
        try:
            output = await self._functions.invoke(visit, integration, payload)
        except ServiceError as error:
            log.warning("%s %s: %s: %s", visit.api_id, visit.route_key, error.code, error.message)
            visit.integration.error = f"{error.code}: {error.message}"
            raise Refused("API_CONFIGURATION_ERROR", detail=visit.integration.error) from error
        visit.integration.call_status = 200
        execution_log.received(visit, began, {}, output["Payload"])
        if output.get("FunctionError") and not whole:
            visit.integration.error = "the function failed"
            raise Refused("INTEGRATION_FAILURE", detail=visit.integration.error)
        returned: bytes = output["Payload"]
        return returned

    async def _call(self, visit: Visit, integration: Integration, request: Outgoing) -> Answer:
        """What an AWS service answered. Raises Refused."""
        if not integration.credentials:
            raise Refused("API_CONFIGURATION_ERROR", detail="an AWS service is called under a role, which is missing")
        try:
            principal = await self._roles.acting(visit, integration.credentials)
        except ServiceError as error:
            raise Refused("API_CONFIGURATION_ERROR", detail=f"{error.code}: {error.message}") from error
        headers = {"Content-Type": "application/json"} | request.header
        asked = ServiceRequest(
            _with_path(visit, integration.uri or "", request), integration.method or "POST", list(headers.items()),
            list(request.querystring.items()), request.body,
        )  # fmt: skip
        execution_log.sent(visit, asked.uri, headers, request.body)
        began = visit.ctx.clock.monotonic()
        response = await self._services.perform(visit, asked, principal, integration.timeout)
        assert isinstance(response.body, bytes)
        execution_log.received(visit, began, dict(response.headers), response.body)
        return Answer(response.status, dict(response.headers), response.body)

    async def _send(self, visit: Visit, integration: Integration, request: Outgoing) -> Answer:
        """What the HTTP service answered. Raises Refused."""
        url = _with_path(visit, integration.uri or "", request, safe="")
        if request.querystring:
            url += ("&" if "?" in url else "?") + urlencode(request.querystring)
        headers = {"content-type": "application/json", "user-agent": f"AmazonAPIGateway_{visit.api_id}"}
        headers |= {name.lower(): value for name, value in request.header.items()}
        method = integration.method if integration.method not in (None, "ANY") else "POST"
        assert method is not None
        execution_log.sent(visit, url, headers, request.body)
        began = visit.ctx.clock.monotonic()
        try:
            answer = await self._http.send(
                method, url, list(headers.items()), request.body,
                seconds=integration.timeout, server_name=integration.tls_server_name,
            )  # fmt: skip
            content = await answer.read()
        except TimedOut as error:
            raise Refused("INTEGRATION_TIMEOUT", detail=str(error)) from error
        except Failed as error:
            visit.integration.error = str(error)
            raise Refused("INTEGRATION_FAILURE", detail=str(error)) from error
        visit.integration.call_status = answer.status
        execution_log.received(visit, began, dict(answer.headers), content)
        return Answer(answer.status, dict(answer.headers), content)


def _with_path(visit: Visit, uri: str, request: Outgoing, safe: str = "/") -> str:
    """The URI with stage variables and path parameters put in."""
    return _PATH.sub(
        lambda found: quote(request.path[found[1]], safe=safe) if found[1] in request.path else found[0],
        with_variables(uri, visit.variables),
    )


def _json(body: bytes) -> bytes:
    """What a function gets that is no proxy: the message itself, as a JSON text where it is no JSON."""
    try:
        msgspec.json.decode(body or b"{}")
    except NO_JSON:
        return msgspec.json.encode(body.decode(errors="replace"))
    return body or b"{}"


def _proxied(payload: bytes) -> Answer:
    """The answer that a function's return value stands for: an object with a status. Raises Refused."""
    try:
        said = msgspec.json.decode(payload)
    except NO_JSON:
        said = None
    status = said.get("statusCode") if isinstance(said, dict) else None
    if isinstance(status, str) and len(status) < 9 and status.isascii() and status.isdigit():
        status = int(status)
    if not isinstance(said, dict) or isinstance(status, bool) or not isinstance(status, int):
        raise Refused("INTEGRATION_FAILURE", detail="the function's answer has no statusCode")
    body, headers = said.get("body"), said.get("headers") or {}
    if not (body is None or isinstance(body, str)) or not isinstance(headers, dict):
        raise Refused("INTEGRATION_FAILURE", detail="the function's answer is malformed")
    told = {name.lower(): value for name, value in headers.items() if isinstance(value, str)}
    return Answer(status, told, (body or "").encode())
