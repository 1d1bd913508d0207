"""Calling the functions behind the methods of REST APIs."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any, NamedTuple

from atoll.api_runtime.integrate.functions import source_arn
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api.call import Call
from atoll.api_runtime.rest_api.outgoing import with_variables
from atoll.kernel.context import Principal
from atoll.kernel.errors import RequestTooLarge, ServiceError

log = logging.getLogger(__name__)
_INVOCATIONS = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:lambda:path/(?:/)?[\d-]+/functions/(.+)/invocations", re.ASCII)
_CONFIGURATION = "Execution failed due to configuration error: "


class Invoked(NamedTuple):
    """What Lambda answered. `failed` says that the function did."""

    payload: bytes
    failed: bool
    request_id: str


def invoked_function(uri: str) -> str | None:
    """The function's ARN in the URI of an integration (`…:lambda:path/2015-03-31/functions/ARN/invocations`), None in another URI."""
    found = _INVOCATIONS.fullmatch(uri)
    return found[1] if found else None


class RestFunctions:
    """Invokes functions. Keeps hold of invocations whose client was told that they took too long: AWS lets them end too."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def invoke(self, call: Call, payload: bytes, principal: Principal | None) -> Invoked:
        """Invokes the integration's function as `principal`, or as API Gateway for the method, whom the function's policy must let.

        Raises Refused as AWS answers where Lambda refuses, and where the time is up.
        """
        visit = call.visit
        function = invoked_function(with_variables(call.integration.uri or "", visit.variables))
        if function is None:
            raise Refused("API_CONFIGURATION_ERROR", detail=_CONFIGURATION + "Invalid function URI")
        request = {
            "FunctionName": function,
            "InvocationType": "RequestResponse",
            "Payload": payload,
        }
        acting = visit.acting(source_arn(visit)) if principal is None else principal
        visit.integration.request_id = visit.ctx.request_id  # the invocation's too
        invocation = asyncio.ensure_future(visit.ctx.call("lambda", "Invoke", request, principal=acting))
        self._running.add(invocation)
        invocation.add_done_callback(self._running.discard)
        began = visit.ctx.clock.monotonic()
        done, _ = await asyncio.wait((invocation,), timeout=call.integration.timeout / 1000)
        visit.integration.latency = round((visit.ctx.clock.monotonic() - began) * 1000)
        if not done:
            invocation.add_done_callback(_ended_late)
            raise Refused("INTEGRATION_TIMEOUT", detail="Execution failed due to a timeout error")
        return _invoked(call, function, invocation)


def _invoked(call: Call, function: str, invocation: asyncio.Task[Any]) -> Invoked:
    visit = call.visit
    try:
        output = invocation.result()
    except ServiceError as error:
        log.warning("%s %s: %s: %s", visit.api_id, visit.route_key, error.code, error.message)
        raise _refusal(error) from error
    visit.integration.status = output.get("StatusCode") or 200
    return Invoked(output.get("Payload") or b"", bool(output.get("FunctionError")), visit.ctx.request_id)


def _refusal(error: ServiceError) -> Refused:
    """What the client gets where Lambda refuses the call."""
    if error.code == RequestTooLarge.code:
        return Refused("REQUEST_TOO_LARGE", detail=error.message)
    if error.code in ("AccessDeniedException", "AccessDenied", "ResourceNotFoundException"):
        return Refused("API_CONFIGURATION_ERROR", detail=_CONFIGURATION + "Invalid permissions on Lambda function")
    reason = "Rate Exceeded" if error.code == "TooManyRequestsException" else error.message
    return Refused("API_CONFIGURATION_ERROR", detail=_CONFIGURATION + reason)


def _ended_late(invocation: asyncio.Task[Any]) -> None:
    """Nobody waits for this one any more; what Lambda refused is nobody's concern then, but a failure of Atoll's is logged."""
    error = None if invocation.cancelled() else invocation.exception()
    if error is not None and not isinstance(error, ServiceError):
        log.error("an invocation failed after its time-out", exc_info=error)
