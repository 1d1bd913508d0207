"""Calling the functions behind routes."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.api_runtime import event
from atoll.api_runtime import map as mapping
from atoll.api_runtime.answers import INTERNAL_ERROR, TOO_LARGE, UNAVAILABLE
from atoll.api_runtime.match import DEFAULT
from atoll.api_runtime.serving import Integration
from atoll.api_runtime.visit import Visit
from atoll.kernel.errors import RequestTooLarge, ServiceError
from atoll.kernel.http import HttpResponse

log = logging.getLogger(__name__)

_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
_FORMATS = {"1.0": (event.payload_1, mapping.payload_1), "2.0": (event.payload_2, mapping.payload_2)}
"""Per payload format: how the event is built and how the answer is read."""
_ERRORS = {"TooManyRequestsException": UNAVAILABLE, RequestTooLarge.code: TOO_LARGE}
"""What the client gets where Lambda refuses the call; everything else (no permission, no such function) is a 500."""


class Functions:
    """Runs functions. Keeps hold of invocations whose client was told that they took too long: AWS lets them end too."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def proxy(self, visit: Visit, integration: Integration) -> HttpResponse:
        """The answer of an HTTP API's Lambda proxy integration; the function's policy decides whether API Gateway may call."""
        to_event, to_response = _FORMATS[integration.payload_format]
        ctx = visit.ctx
        invocation = asyncio.ensure_future(
            ctx.call(
                "lambda",
                "Invoke",
                {
                    "FunctionName": function_arn(integration.function, visit.variables),
                    "InvocationType": "RequestResponse",
                    "Payload": msgspec.json.encode(to_event(visit.arrival())),
                },
                principal=visit.acting(source_arn(visit)),
            )
        )
        self._running.add(invocation)
        invocation.add_done_callback(self._running.discard)
        done, _ = await asyncio.wait((invocation,), timeout=integration.timeout)
        if not done:
            invocation.add_done_callback(_ended_late)
            ctx.span.note(error=f"integration timed out after {integration.timeout:g} s")
            return UNAVAILABLE
        try:
            output = invocation.result()
        except ServiceError as error:
            ctx.span.note(error=f"{error.code}: {error.message}")
            log.warning("%s %s: %s: %s", visit.api_id, visit.route_key, error.code, error.message)
            return _ERRORS.get(error.code, INTERNAL_ERROR)
        if output.get("FunctionError"):
            return INTERNAL_ERROR
        return to_response(output["Payload"])


def _ended_late(invocation: asyncio.Task[Any]) -> None:
    """Nobody waits for this one any more; what Lambda refused is nobody's concern then, but a failure of Atoll's is logged."""
    error = None if invocation.cancelled() else invocation.exception()
    if error is not None and not isinstance(error, ServiceError):
        log.error("an invocation failed after its time-out", exc_info=error)


def source_arn(visit: Visit) -> str:
    """What API Gateway invokes for: `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/route/path`, or `…/STAGE/$default`.

    docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
    """
    if visit.route_key == DEFAULT:
        return visit.arn_prefix + DEFAULT
    return visit.arn_prefix + visit.request.method + visit.route_key.partition(" ")[2]


def function_arn(function: str, variables: Mapping[str, str]) -> str:
    """The function's ARN with the stage variables put in; an undefined one is empty."""
    if "${" not in function:
        return function
    return _STAGE_VARIABLE.sub(lambda found: variables.get(found[1], ""), function)
