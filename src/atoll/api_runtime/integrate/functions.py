"""Calling the functions behind routes."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from atoll.api_runtime import callers, event
from atoll.api_runtime import map as mapping
from atoll.api_runtime.answers import INTERNAL_ERROR
from atoll.api_runtime.http_api.answers import SERVICE_UNAVAILABLE
from atoll.api_runtime.http_api.parameters import Outgoing
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.integrate.running import Running
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.serving import Integration, with_variables
from atoll.api_runtime.visit import NOBODY, Visit
from atoll.kernel.errors import AccessDenied, RequestTooLarge, ServiceError
from atoll.kernel.http import HttpResponse

log = logging.getLogger(__name__)

_FORMATS = {
    "1.0": (event.payload_1, mapping.payload_1, callers.authorizer_1),
    "2.0": (event.payload_2, mapping.payload_2, callers.authorizer_2),
}
"""Per payload format: how the event is built, how the answer is read, and how the event says who calls."""
BUSY = "TooManyRequestsException"


class Functions:
    """Runs functions. An invocation whose client was told that it takes too long goes on to its end, as on AWS."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self._running = Running()

    async def proxy(self, visit: Visit, integration: Integration, outgoing: Outgoing | None = None) -> HttpResponse:
        """The answer of an HTTP API's Lambda proxy integration to the request, or to what a mapping made of it.

        The function's policy decides whether API Gateway may call it; where the integration names a role, the role's. Raises Refused.
        """
        arrival, (to_event, to_response, says) = _arrival(visit, outgoing), _FORMATS[integration.payload_format]
        if visit.caller is not NOBODY:
            arrival = arrival._replace(authorizer=says(visit.caller), identity=callers.signed(visit.caller))
        outcome, clock = visit.integration, visit.ctx.clock
        began = clock.monotonic()
        try:
            output = await self.invoke(visit, integration, msgspec.json.encode(to_event(arrival)))
        except ServiceError as error:
            raise _refusal(visit, error) from error
        finally:
            outcome.latency = round((clock.monotonic() - began) * 1000)
        outcome.call_status = 200
        if output.get("FunctionError"):
            outcome.error = "the function failed"
            raise Refused("INTEGRATION_FAILURE", detail=outcome.error)
        response = to_response(output["Payload"])
        if response is INTERNAL_ERROR:
            outcome.error = "the function's response is malformed"
            raise Refused("INTEGRATION_FAILURE", detail=outcome.error)
        outcome.status = response.status
        return response

    async def invoke(self, visit: Visit, integration: Integration, event: bytes) -> Any:
        """Invoke's output for the integration's function. Raises ServiceErrors; Refused where nobody may call, or the function
        takes too long."""
        ctx = visit.ctx
        principal = await self._roles.acting(visit, integration.credentials)
        asked = {
            "FunctionName": with_variables(integration.function, visit.variables),
            "InvocationType": "RequestResponse",
            "Payload": event,
        }
        visit.integration.request_id = ctx.request_id  # the invocation's too
        invocation = ctx.call("lambda", "Invoke", asked, principal=principal)
        try:
            return await self._running.within(invocation, integration.timeout)
        except TimeoutError as error:
            visit.integration.error = f"integration timed out after {integration.timeout:g} s"
            ctx.span.note(error=visit.integration.error)
            raise Refused("INTEGRATION_TIMEOUT", detail=visit.integration.error) from error


def _arrival(visit: Visit, outgoing: Outgoing | None) -> event.Arrival:
    arrival = visit.arrival()
    if outgoing is None:
        return arrival
    return arrival._replace(request=outgoing.request, path=arrival.path if outgoing.path is None else outgoing.path)


def _refusal(visit: Visit, error: ServiceError) -> Refused:
    """What the client gets where Lambda refuses the call, or IAM."""
    visit.integration.call_status = 429 if error.code == BUSY else 403 if isinstance(error, AccessDenied) else 500
    visit.integration.error = f"{error.code}: {error.message}"
    visit.ctx.span.note(error=visit.integration.error)
    log.warning("%s %s: %s", visit.api_id, visit.route_key, visit.integration.error)
    if error.code == RequestTooLarge.code:
        return Refused("REQUEST_TOO_LARGE", detail=visit.integration.error)
    return Refused(
        "INTEGRATION_FAILURE", SERVICE_UNAVAILABLE if error.code == BUSY else None, detail=visit.integration.error
    )
