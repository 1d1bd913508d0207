"""TestInvokeMethod: a method answers a request that nobody sent, as its API is now, and the way it took is shown.

Nobody is asked who calls, and nothing is throttled. docs: API_TestInvokeMethod; what a trial's event says was observed on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from atoll.api_runtime import serving
from atoll.api_runtime.integrate.http_client import HttpClient
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.integrate.services import Services
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api import execution_log, server
from atoll.api_runtime.rest_api.compile import compiled
from atoll.api_runtime.rest_api.integrations import Integrations
from atoll.api_runtime.rest_api.match import Match, Router
from atoll.api_runtime.rest_api.records import Method, Resource, Snapshot
from atoll.api_runtime.visit import Caller, Visit
from atoll.kernel.context import Context
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.service import Host

STAGE = "test-invoke-stage"
_WRITTEN = {
    "content-type": "Content-Type",
    "x-amzn-errortype": "x-amzn-ErrorType",
    "x-amzn-trace-id": "X-Amzn-Trace-Id",
}
_HEADER = "method.response.header."


@dataclass(frozen=True, slots=True)
class Trial:
    """A request that nobody sent. `path` is undecoded; `headers` are as their author wrote them."""

    api_id: str
    method: str
    path: str
    query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    variables: Mapping[str, str] = field(default_factory=dict)
    client_certificate: str | None = None


class Trials:
    """What trials share with nobody: the data plane's connections and sessions are its own."""

    def __init__(self, host: Host, http: HttpClient) -> None:
        self._integrations = Integrations(Services(host), http, Roles(host.kernel.clock))

    async def run(
        self, ctx: Context, trial: Trial, snapshot: Snapshot, resource: Resource, method: Method
    ) -> dict[str, Any]:
        """The members of TestInvokeMethod's answer."""
        visit = _visit(ctx, trial)
        match = Router((resource,)).match(trial.method, trial.path)
        call = server.open_call(visit, compiled(snapshot), Match(resource, method, match.parameters if match else {}))
        call.log = []
        try:
            response = server.traced(call, await server.serve(call, lambda: self._integrations.answer(call)))
        except Refused as refused:
            response = server.refuse(visit, call, refused)
        latency = round((ctx.clock.monotonic() - visit.began) * 1000)
        headers = _headers(response, method, refused=visit.refused is not None)
        return {
            "status": response.status,
            "body": response.body.decode(errors="replace") if isinstance(response.body, bytes) else "",
            "headers": {name: values[-1] for name, values in headers.items()},
            "multiValueHeaders": headers,
            "log": execution_log.test_log(visit.request_id, call.log, visit.time),
            "latency": latency,
        }


def _visit(ctx: Context, trial: Trial) -> Visit:
    names = [name.encode("latin-1", "replace") for name, _ in trial.headers]
    request = HttpRequest(
        trial.method,
        trial.path,
        trial.query,
        [(name.lower(), value) for name, value in trial.headers],
        trial.body,
        source_ip="test-invoke-source-ip",
        secure=True,
        sent_names=names,
    )
    now = ctx.clock.now()
    return Visit(
        ctx=ctx,
        request=request,
        api_id=trial.api_id,
        api=serving.Api(ctx.account, ctx.region, {}, "REST"),
        stage=STAGE,
        settings=serving.Stage(variables=dict(trial.variables), client_certificate=trial.client_certificate),
        path=trial.path,
        domain="testPrefix.testDomainName",
        request_id=ctx.ids.uuid(),
        extended_id=ctx.ids.lower(15) + "=",
        trace_id=ctx.ids.trace(now),
        time=now,
        began=ctx.clock.monotonic(),
        custom_domain=True,  # no stage is shown before the path
        variables=trial.variables,
        caller=Caller(principal=ctx.principal),
        api_key="test-invoke-api-key",
        api_key_id="test-invoke-api-key-id",
    )


def _headers(response: HttpResponse, method: Method, *, refused: bool) -> dict[str, list[str]]:
    """The response's headers under the names that AWS or the method's owner wrote, the trace's first."""
    own = {
        name.removeprefix(_HEADER).lower(): name.removeprefix(_HEADER)
        for answer in method.responses.values()
        for name in answer.parameters
    }
    headers: dict[str, list[str]] = {}
    for name, value in sorted(response.headers, key=lambda header: header[0] != "x-amzn-trace-id"):
        if refused and (name, value) == ("content-type", "application/json"):
            continue
        headers.setdefault(own.get(name) or _WRITTEN.get(name) or name, []).append(value)
    return headers
