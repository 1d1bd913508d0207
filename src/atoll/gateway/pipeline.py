"""The pipeline: the one ordered list of what happens to a call. Each stage is a file in `stages/`; nothing else decides."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from atoll.auth.policy import pinned
from atoll.gateway.call import Call, Parts
from atoll.gateway.stages.authenticate import authenticate
from atoll.gateway.stages.authorize import authorize, denies
from atoll.gateway.stages.identify import identify, identify_as
from atoll.gateway.stages.parse import not_implemented, parse
from atoll.gateway.stages.receive import receive
from atoll.gateway.stages.run import run
from atoll.gateway.stages.serialize import serialize
from atoll.gateway.stages.validate import validate
from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import AccessDenied, InternalFailure, NotImplementedByAtoll, ServiceError
from atoll.kernel.http import ClientGone, HttpRequest, HttpResponse
from atoll.kernel.service import Access, Operation
from atoll.kernel.store.api import Reader

log = logging.getLogger(__name__)

Stage = Callable[[Call], Awaitable[None] | None]
STAGES: tuple[Stage, ...] = (identify, authenticate, receive, parse, authorize, validate, run, serialize)
INSIDE = STAGES[STAGES.index(authorize) : STAGES.index(serialize)]
"""The stages of a call from inside the region: it is already identified, and never leaves as bytes."""
ERRAND = STAGES[STAGES.index(receive) :]
"""The stages of a request in a service's own wire form that somebody inside the region makes: whose it is, is known."""


async def _nothing(_ctx: Context, _request: Any) -> None:
    """What a question does."""


class Gateway:
    """AWS's APIs: HTTP requests from outside (`handle`), and one service calling another (`__call__`, a `kernel.context.Caller`)."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        parts.caller = self

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answers a management request. Raises nothing but ClientGone."""
        kernel = self.parts.kernel
        request_id = kernel.ids.uuid()
        span = kernel.tracer.begin(request_id, "request")
        call = Call(self.parts, span, request_id, http=request)
        try:
            await self._through(call, STAGES)
        except ClientGone:
            raise
        except ServiceError as error:
            call.response = self._failed(call, error)
        except Exception as error:  # the outermost handler
            log.exception("%s.%s failed (request %s)", call.service, call.operation, request_id, exc_info=error)
            call.response = self._failed(
                call, InternalFailure("The request processing has failed because of an unknown error.")
            )
        span.end()
        assert call.response is not None
        span.status = call.response.status
        self.parts.request_log(
            f"{call.service or '-'}.{call.operation or request.method}", call.response.status, span.milliseconds
        )
        if self.parts.unsupported.pending:
            await self.parts.unsupported.flush()
        return call.response

    async def __call__(
        self, parent: Context, service: str, operation: str, request: Mapping[str, Any], principal: Principal
    ) -> Any:
        with parent.span.child(f"call {service}.{operation}", principal=principal.arn) as span:
            call = Call(
                self.parts, span, parent.request_id, service=service, region=parent.region, operation=operation,
                principal=principal, params=request, codec=self.parts.models.codec(service),
                registered=self.parts.operations.get(service, {}).get(operation),
            )  # fmt: skip
            if call.registered is None:
                raise not_implemented(call)
            await self._through(call, INSIDE)
            return call.output

    async def perform(
        self, parent: Context, http: HttpRequest, *, service: str, region: str, principal: Principal
    ) -> HttpResponse:
        """See `kernel.service.Host.perform`."""
        request_id = self.parts.kernel.ids.uuid()
        with parent.span.child(f"request to {service}", principal=principal.arn, request_id=request_id) as span:
            call = Call(self.parts, span, request_id, http=http, region=region, principal=principal)
            try:
                identify_as(call, service)
                await self._through(call, ERRAND)
            except NotImplementedByAtoll as error:
                self.parts.unsupported.refused(call.service or service, call.operation, error.message)
                raise
            except ServiceError as error:
                call.response = self._failed(call, error)
            assert call.response is not None
            span.status = call.response.status
            return call.response

    async def allows(self, parent: Context, action: str, resource: str, principal: Principal) -> bool:
        """See `Context.allows`."""
        with parent.span.child(f"may {action}", principal=principal.arn) as span:
            call = Call(self.parts, span, parent.request_id, region=parent.region, principal=principal)
            call.service = action.partition(":")[0]
            call.registered = Operation(
                action, _nothing, (Access(action, resource=lambda _ctx, _request: resource),), {}
            )
            try:
                await authorize(call)
            except AccessDenied:
                return False
            return True

    async def denies(self, parent: Context, policy: str, access: Access, request: Mapping[str, Any]) -> bool:
        """See `Context.denies`."""
        call = Call(self.parts, parent.span, parent.request_id, region=parent.region, principal=parent.principal)
        return await denies(call, parent, policy, access, request)

    def offers(self, service: str, operation: str) -> bool:
        """See `Context.offers`."""
        return operation in self.parts.operations.get(service, {})

    def pinned(self, tx: Reader, policy: str, *, strict: bool = True) -> str:
        """See `Context.pinned`."""
        return pinned.pinned(policy, partial(self.parts.directory.unique_id, tx), strict=strict)

    def shown(self, tx: Reader, policy: str) -> str:
        """See `Context.shown`."""
        return pinned.shown(policy, partial(self.parts.directory.name_now, tx))

    async def _through(self, call: Call, stages: Sequence[Stage]) -> None:
        lap = call.span.lap
        for stage in stages:
            waits = stage(call)
            if waits is not None:
                await waits
            lap(stage.__name__)

    def _failed(self, call: Call, error: ServiceError) -> HttpResponse:
        if isinstance(error, NotImplementedByAtoll):
            self.parts.unsupported.refused(call.service, call.operation, error.message)
        if isinstance(error, AccessDenied):  # of an operation, too: some have rules of their own
            self.parts.kernel.tracer.keep_denied(call.span.trace_id)
        call.span.note(error=f"{error.code}: {error.message}")
        codec = call.codec or self.parts.models.codec("sts")
        wire = codec.error(error, call.request_id, call.operation or None, call.wire)
        return HttpResponse(wire.status, wire.headers, wire.body)
