"""Calling the functions behind the methods of REST APIs."""

from __future__ import annotations

import logging
from typing import NamedTuple

from atoll.api_runtime.integrate.running import Running
from atoll.api_runtime.invoke_arns import function_in
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api.call import Call
from atoll.api_runtime.serving import with_variables
from atoll.kernel.context import Principal
from atoll.kernel.errors import RequestTooLarge, ServiceError

log = logging.getLogger(__name__)
_CONFIGURATION = "Execution failed due to configuration error: "


class Invoked(NamedTuple):
    """What Lambda answered. `failed` says that the function did."""

    payload: bytes
    failed: bool
    request_id: str


class RestFunctions:
    """Invokes functions. An invocation whose client was told that it takes too long goes on to its end, as on AWS."""

    def __init__(self) -> None:
        self._running = Running()

    async def invoke(self, call: Call, payload: bytes, principal: Principal) -> Invoked:
        """Invokes the integration's function as `principal` (`Roles.acting`), whom the function's policy must let.

        Raises Refused as AWS answers where Lambda refuses, and where the time is up.
        """
        visit = call.visit
        function = function_in(with_variables(call.integration.uri or "", visit.variables))
        if function is None:
            raise Refused("API_CONFIGURATION_ERROR", detail=_CONFIGURATION + "Invalid function URI")
        request = {
            "FunctionName": function,
            "InvocationType": "RequestResponse",
            "Payload": payload,
        }
        visit.integration.request_id = visit.ctx.request_id  # the invocation's too
        invocation = visit.ctx.call("lambda", "Invoke", request, principal=principal)
        began = visit.ctx.clock.monotonic()
        try:
            output = await self._running.within(invocation, call.integration.timeout / 1000)
        except TimeoutError as error:
            raise Refused("INTEGRATION_TIMEOUT", detail="Execution failed due to a timeout error") from error
        except ServiceError as error:
            log.warning("%s %s: %s: %s", visit.api_id, visit.route_key, error.code, error.message)
            raise _refusal(error) from error
        finally:
            visit.integration.latency = round((visit.ctx.clock.monotonic() - began) * 1000)
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
