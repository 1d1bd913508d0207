"""Calling AWS's services behind routes: an integration's URI, method and mapped request become a request in the service's own wire form.

docs: https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html (uri)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from atoll.api_runtime.integrate.running import Running
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import Visit
from atoll.kernel.context import Principal
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.service import Host, WireForm

MAX_ANSWER = 10 << 20
"""Bytes of an answer. docs: API Gateway quotas, "Payload size"."""
CONFIGURATION = "Execution failed due to configuration error: "
_URI = re.compile(r"arn:[\w-]+:apigateway:([\w-]+):(?:([\w.-]+)\.)?([\w-]+):(path|action)/(.*)", re.ASCII | re.DOTALL)
_FORM = "application/x-www-form-urlencoded"
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"
_REFUSED = {"states": "Atoll does not run Step Functions."}
_TARGET = "x-amz-target"
_OURS = frozenset(("host", "content-length", "authorization", "x-amz-security-token", "x-amz-date", "connection"))
"""Headers of a mapped request that are API Gateway's to write."""
_IDS = ("x-amzn-requestid", "x-amz-request-id")


class Target(NamedTuple):
    """What an integration's URI names. `path` begins with /, undecoded; `action` is an operation's name; one of them is empty."""

    region: str
    service: str
    subdomain: str
    path: str
    action: str
    query: tuple[tuple[str, str], ...] = ()

    @property
    def host(self) -> str:
        """The service's own."""
        return f"{self.subdomain + '.' if self.subdomain else ''}{self.service}.{self.region}.amazonaws.com"


class ServiceRequest(NamedTuple):
    """What the integration sends: its URI without variables, the mapped headers and query parameters, the rendered body."""

    uri: str
    method: str
    headers: Sequence[tuple[str, str]] = ()
    query: Sequence[tuple[str, str]] = ()
    body: bytes = b""


def target(uri: str) -> Target:
    """The target of `arn:aws:apigateway:REGION:[SUBDOMAIN.]SERVICE:path/PATH[?QUERY]` or `…:action/NAME[&KEY=VALUE]`. Raises Refused."""
    found = _URI.fullmatch(uri)
    if found is None:
        raise Refused("API_CONFIGURATION_ERROR", detail=f"{CONFIGURATION}Invalid endpoint address {uri}")
    region, subdomain, service, kind, rest = found.groups()
    if kind == "action":
        action, _, query = rest.partition("&")
        return Target(region, service, subdomain or "", "", action, tuple(parse_qsl(query, keep_blank_values=True)))
    path, _, query = rest.partition("?")
    quoted = "/" + quote(path.lstrip("/"), safe=_PATH_SAFE)
    return Target(region, service, subdomain or "", quoted, "", tuple(parse_qsl(query, keep_blank_values=True)))


def http_request(to: Target, request: ServiceRequest, form: WireForm | None) -> HttpRequest:
    """The request as the service reads it; `form` says how it names an action."""
    headers = [(name.lower(), value) for name, value in request.headers if name.lower() not in _OURS]
    given = dict(headers)
    query = [*to.query, *request.query]
    if to.action and form is not None:
        if form.target and _TARGET not in given:
            headers.append((_TARGET, form.target))
            if "x-amz-json" not in given.get("content-type", ""):
                headers = [header for header in headers if header[0] != "content-type"]
                headers.append(("content-type", form.content_type))
        elif form.version and _TARGET not in given:
            named = {name for name, _ in query}
            if _FORM in given.get("content-type", ""):
                named |= {name for name, _ in parse_qsl(request.body.decode("utf-8", "replace"))}
            query = [*((n, v) for n, v in (("Action", to.action), ("Version", form.version)) if n not in named), *query]
    encoded = urlencode(query, quote_via=quote, safe="~")
    return HttpRequest(
        request.method, to.path or "/", encoded, [("host", to.host), *headers], request.body, secure=True
    )


class Services:
    """Calls services. A call whose client was told that it takes too long goes on to its end, as on AWS."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._running = Running()

    async def perform(
        self, visit: Visit, request: ServiceRequest, principal: Principal, seconds: float
    ) -> HttpResponse:
        """The service's answer, all of it, whatever its status: one that IAM refuses is the service's own.

        `principal` is who calls (`Roles.acting`). Sets `visit.integration`. Raises Refused where the URI is wrong, the region has not what
        it names, Lambda refuses its function, or the time is up.
        """
        outcome, clock = visit.integration, visit.ctx.clock
        began = clock.monotonic()
        try:
            response = await self._in_time(visit, request, principal, seconds)
        except NotImplementedByAtoll as error:
            outcome.error = error.message
            raise Refused("API_CONFIGURATION_ERROR", detail=error.message) from error
        except Refused as error:
            outcome.error = error.detail
            raise
        finally:
            outcome.latency = round((clock.monotonic() - began) * 1000)
        outcome.status = response.status
        outcome.request_id = next((value for name, value in response.headers if name.lower() in _IDS), None)
        return response

    async def _in_time(
        self, visit: Visit, request: ServiceRequest, principal: Principal, seconds: float
    ) -> HttpResponse:
        to = target(request.uri)
        http = http_request(to, request, self._form(to))
        try:
            response = await self._running.within(self._answered(visit, http, to, principal), seconds)
        except TimeoutError as error:
            raise Refused("INTEGRATION_TIMEOUT", detail="Execution failed due to a timeout error") from error
        if to.service == "lambda" and response.status == 403:
            raise Refused("API_CONFIGURATION_ERROR", detail=f"{CONFIGURATION}Invalid permissions on Lambda function")
        return response

    def _form(self, to: Target) -> WireForm | None:
        if (reason := _REFUSED.get(to.service)) is not None:
            raise Refused("API_CONFIGURATION_ERROR", detail=reason)
        if not to.action:
            return None
        form = self._host.wire_form(to.service, to.action)
        if form is None:
            raise Refused("API_CONFIGURATION_ERROR", detail=f"Atoll does not implement {to.service}:{to.action}.")
        if form == WireForm():
            raise Refused(
                "API_CONFIGURATION_ERROR", detail=f"{CONFIGURATION}{to.service} has paths (path/…), no actions"
            )
        return form

    async def _answered(self, visit: Visit, http: HttpRequest, to: Target, principal: Principal) -> HttpResponse:
        response = await self._host.perform(visit.ctx, http, service=to.service, region=to.region, principal=principal)
        if isinstance(response.body, bytes):
            return response
        body = bytearray()
        async for piece in response.body:
            body += piece
            if len(body) > MAX_ANSWER:
                raise Refused("INTEGRATION_FAILURE", detail="Execution failed: the answer is longer than 10 MB")
        return HttpResponse(response.status, response.headers, bytes(body))
