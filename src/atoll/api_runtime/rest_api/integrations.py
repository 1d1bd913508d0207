"""The integrations of REST APIs: sends what a method's backend is to get, and gives the method's response to its answer."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

import msgspec

from atoll.api_runtime import client_certificates
from atoll.api_runtime.integrate.http_client import Answer, Failed, HttpClient, TimedOut
from atoll.api_runtime.integrate.mock import mock_status
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.integrate.services import ServiceRequest, Services
from atoll.api_runtime.invoke_arns import function_in
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api import headers as fields
from atoll.api_runtime.rest_api.answer import Answered, error_message, method_answer
from atoll.api_runtime.rest_api.call import Call
from atoll.api_runtime.rest_api.content import is_binary, response_body
from atoll.api_runtime.rest_api.event import proxy_event
from atoll.api_runtime.rest_api.execution_log import noted_headers
from atoll.api_runtime.rest_api.functions import RestFunctions
from atoll.api_runtime.rest_api.outgoing import Outgoing, outgoing
from atoll.api_runtime.rest_api.proxy_answer import malformed, proxy_answer
from atoll.api_runtime.serving import with_variables
from atoll.kernel.context import Principal
from atoll.kernel.errors import ServiceError
from atoll.kernel.http import HttpResponse

_CONFIGURATION = "Execution failed due to configuration error: "
_FUNCTION_ERROR = "x-amz-function-error"
_NOT_FROM_HTTP = frozenset(("via",))


class Integrations:
    """Every kind of integration of REST APIs."""

    def __init__(self, services: Services, http: HttpClient, roles: Roles) -> None:
        self._functions = RestFunctions()
        self._services = services
        self._http = http
        self._roles = roles

    async def answer(self, call: Call) -> HttpResponse:
        """The method's response, with the headers that the client gets. Raises Refused."""
        integration = call.integration
        if integration.connection_type == "VPC_LINK":
            raise Refused("API_CONFIGURATION_ERROR", detail="Atoll has no VPC links")
        if integration.kind == "AWS_PROXY":
            return await self._function_proxy(call)
        request = await outgoing(call)
        if integration.kind == "MOCK":
            status = mock_status(request.body)
            return await method_answer(call, Answered(status, (), b"", str(status)))
        if integration.kind == "AWS":
            return await method_answer(call, await self._service(call, request))
        answer, body = await self._http_answer(call, request)
        if integration.kind == "HTTP":
            return await method_answer(call, Answered(answer.status, answer.headers, body, str(answer.status)))
        return _passed_on(call, answer, body)

    async def _function_proxy(self, call: Call) -> HttpResponse:
        integration = call.integration
        fields.check_mapped(
            [target.rpartition(".")[2] for target in integration.parameters if ".header." in target], "AWS_PROXY"
        )
        if integration.method != "POST":
            raise Refused("API_CONFIGURATION_ERROR", detail=_CONFIGURATION + "the integration's method must be POST")
        payload = msgspec.json.encode(proxy_event(call))
        note_request(
            call, Outgoing("POST", with_variables(integration.uri or "", call.visit.variables), [], [], payload)
        )
        invoked = await self._functions.invoke(call, payload, await self._acting(call))
        note_answer(call, 200, [("Content-Type", "application/json")], invoked.payload)
        if invoked.failed:
            raise malformed(
                "Lambda execution failed with status 200 due to customer function error: "
                f"{error_message(invoked.payload)}. Lambda request id: {invoked.request_id}"
            )
        accepts = is_binary(call.header("accept"), call.compiled.snapshot.binary_media_types)
        answer = proxy_answer(invoked.payload, accepts)
        call.visit.integration.status = answer.status
        headers = fields.answered(answer.headers)
        if not any(name == "content-type" for name, _ in headers):
            headers.append(("content-type", "application/json"))
        return HttpResponse(answer.status, headers, answer.body)

    async def _service(self, call: Call, request: Outgoing) -> Answered:
        """What an AWS service answered. Of a function that failed, the message of its error selects the response."""
        note_request(call, request)
        is_function = function_in(request.uri) is not None
        body = request.body or (b"{}" if is_function else b"")
        sent = ServiceRequest(request.uri, request.method, request.headers, request.query, body)
        response = await self._services.perform(
            call.visit, sent, await self._acting(call), call.integration.timeout / 1000
        )
        assert isinstance(response.body, bytes)
        note_answer(call, response.status, response.headers, response.body)
        failed = is_function and any(name.lower() == _FUNCTION_ERROR for name, _ in response.headers)
        selected = error_message(response.body) if failed else ""
        return Answered(response.status, response.headers, response.body, selected or str(response.status))

    async def _acting(self, call: Call) -> Principal:
        """Who calls the backend. Raises Refused where nobody may."""
        try:
            return await self._roles.acting(call.visit, call.integration.credentials)
        except ServiceError as error:
            role = with_variables(call.integration.credentials or "", call.visit.variables)
            reason = f"API Gateway does not have permission to assume the provided role {role}"
            raise Refused("API_CONFIGURATION_ERROR", detail=_CONFIGURATION + reason) from error

    async def _http_answer(self, call: Call, request: Outgoing) -> tuple[Answer, bytes]:
        integration, visit = call.integration, call.visit
        url = _url(request)
        note_request(call, request, url)
        began = visit.ctx.clock.monotonic()
        try:
            answer = await self._http.send(
                request.method,
                url,
                [(name.lower(), value) for name, value in request.headers],
                request.body,
                seconds=integration.timeout / 1000,
                verify=not integration.tls_insecure,
                certificate=await client_certificates.find(visit.ctx, visit.settings.client_certificate),
            )
            body = await answer.read()
        except TimedOut as error:
            raise Refused("INTEGRATION_TIMEOUT", detail="Execution failed due to a timeout error") from error
        except Failed as error:
            raise Refused("INTEGRATION_FAILURE", detail=f"Execution failed due to a network error: {error}") from error
        finally:
            visit.integration.latency = round((visit.ctx.clock.monotonic() - began) * 1000)
        visit.integration.status = answer.status
        note_answer(call, answer.status, answer.headers, body)
        return answer, body


def note_request(call: Call, request: Outgoing, url: str | None = None) -> None:
    """Tells the execution log what goes to the backend."""
    if call.log is None:
        return
    call.note(f"Endpoint request URI: {url or request.uri}")
    call.note(f"Endpoint request headers: {noted_headers(request.headers)}")
    call.note(f"Endpoint request body after transformations: {request.body.decode(errors='replace')}")
    call.note(f"Sending request to {url or request.uri}")


def note_answer(call: Call, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
    """Tells the execution log what the backend answered."""
    if call.log is None:
        return
    call.note(f"Received response. Status: {status}, Integration latency: {call.visit.integration.latency} ms")
    call.note(f"Endpoint response headers: {noted_headers(headers)}")
    call.note(f"Endpoint response body before transformations: {body.decode(errors='replace')}")


def _url(request: Outgoing) -> str:
    """The URL with the query behind it. Raises Refused for one that is no HTTP URL."""
    invalid = Refused("API_CONFIGURATION_ERROR", detail=_CONFIGURATION + "Invalid endpoint address")
    try:
        parts = urlsplit(request.uri)
    except ValueError as error:
        raise invalid from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in request.query)
    joined = "&".join(part for part in (parts.query, query) if part)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return f"{parts.scheme}://{parts.netloc}{path}" + (f"?{joined}" if joined else "")


def _passed_on(call: Call, answer: Answer, body: bytes) -> HttpResponse:
    """What an HTTP service behind a proxy integration answered."""
    types = call.compiled.snapshot.binary_media_types
    declared = dict(answer.headers).get("content-type")
    if is_binary(declared, types):
        body = response_body(body, True, is_binary(call.header("accept"), types), None)
    headers = fields.answered([*answer.headers, *answer.of_connection], _NOT_FROM_HTTP)
    return HttpResponse(answer.status, headers, body)
