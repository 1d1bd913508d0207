"""The front door of function URLs: who may, the event, the function, its answer.

docs: Lambda developer guide, "Lambda function URLs": "Invoking …" (payloads, errors), "Control access …", "Cross-origin resource sharing".
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from atoll.api_runtime.callers import signer
from atoll.api_runtime.cors import cross_origin, is_preflight, preflight_headers
from atoll.api_runtime.event import Arrival, payload_2
from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import AccessDenied, CommonError, ServiceError
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.service import Access, Host
from atoll.services.lambda_.invocation.execute import execute, version_to_run
from atoll.services.lambda_.invocation.invoke import MAX_PAYLOAD
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.urls import answers
from atoll.services.lambda_.urls.address import Address, address
from atoll.services.lambda_.urls.configs import host
from atoll.services.lambda_.urls.store import Url, found_by_id
from atoll.services.lambda_.urls.streaming import stream

log = logging.getLogger(__name__)


def _access(url: Url) -> Sequence[Access]:
    """Both actions are asked for, since October 2025. docs: "Control access to Lambda function URLs"."""
    return (
        permission("InvokeFunctionUrl", {"lambda:FunctionUrlAuthType": lambda _ctx, _request: [url.auth]}),
        permission("InvokeFunction", {"lambda:InvokedViaFunctionUrl": lambda _ctx, _request: ["true"]}),
    )


class FunctionUrls:
    """Serves function URLs: an `edge.edge.DataPlane`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._kernel = host.kernel

    def claims(self, request: HttpRequest) -> Address | None:
        """The URL that the request is addressed to, or None."""
        return address(request)

    async def handle(self, address: Address, request: HttpRequest) -> HttpResponse:
        """Answers a request. Never raises: what goes wrong here is logged and answered 502."""
        found = await self._kernel.store.read(lambda tx: found_by_id(tx, address.url_id))
        if found is None:
            return answers.NOT_FOUND
        place, url = found
        if url.cors and is_preflight(request):
            return HttpResponse(200, preflight_headers(url.cors, request.header("origin") or ""))
        try:
            response = await self._answer(place, url, address, request)
        except Exception:
            log.exception("a call of the URL of %s failed", place.qualified_arn)
            response = answers.FAILED
        return response if url.cors is None else cross_origin(response, url.cors, request)

    async def _answer(self, place: Target, url: Url, address: Address, request: HttpRequest) -> HttpResponse:
        try:
            principal = await self._caller(place, url, request)
        except CommonError as error:
            return answers.refused(error)
        if principal is None:
            return answers.FORBIDDEN
        ctx = self._host.context(
            "lambda", place.account, place.region, principal, f"{request.method} {address.path}"
        ).derive(operation="InvokeFunctionUrl", source_ip=request.source_ip, secure=request.secure)
        with ctx.span:
            ctx.span.note(url=url.id, function=place.qualified_arn)
            try:
                await self._host.admit(ctx, request, _access(url), {"FunctionName": place.qualified_arn})
                response = await self._invoke(ctx, place, url, address, request)
            except AccessDenied as error:
                ctx.span.note(error=error.message)
                log.warning("%s: %s", place.qualified_arn, error.message)
                response = answers.FORBIDDEN
            except ServiceError as error:
                ctx.span.note(error=f"{error.code}: {error.message}")
                response = answers.refused(error)
            ctx.span.status = response.status
        return HttpResponse(response.status, [*response.headers, ("x-amzn-requestid", ctx.request_id)], response.body)

    async def _caller(self, place: Target, url: Url, request: HttpRequest) -> Principal | None:
        """Who calls; None for nobody where somebody must sign. Raises CommonErrors for bad signatures."""
        if url.auth == "NONE":
            return Principal.anonymous()
        return await self._host.signer(request, service="lambda", region=place.region)

    async def _invoke(
        self, ctx: Context, place: Target, url: Url, address: Address, request: HttpRequest
    ) -> HttpResponse:
        if len(request.body) > MAX_PAYLOAD:
            return answers.TOO_LARGE
        version = await version_to_run(ctx, place)
        event = msgspec.json.encode(payload_2(self._arrival(ctx, place, url, address, request)))
        if url.mode == "RESPONSE_STREAM":
            return await stream(ctx, place, event, version)
        result = await execute(ctx, place, event, version=version, request_id=ctx.request_id)
        return answers.FAILED if result.function_error else answers.of_payload(result.payload)

    def _arrival(self, ctx: Context, place: Target, url: Url, address: Address, request: HttpRequest) -> Arrival:
        now = ctx.clock.now()
        return Arrival(
            request=request,
            account="anonymous" if url.auth == "NONE" else ctx.principal.account,
            region=place.region,
            api_id=url.id,
            stage="$default",
            variables={},
            route_key="$default",
            path=address.path,
            parameters={},
            request_id=ctx.request_id,
            trace_id=request.header("x-amzn-trace-id") or ctx.ids.trace(now),
            time=now,
            domain=request.host if address.by_host else host(url, place.region),
            authorizer={"iam": signer(ctx.principal)} if url.auth == "AWS_IAM" else None,
            as_sent=True,
        )
