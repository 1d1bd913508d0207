"""Invoke: runs a function and waits for its answer, or takes an event that it is to run for later (`events.py`).

docs: API_Invoke. What the function does wrong is a success of Invoke, with `FunctionError`; only what Lambda itself refuses is an error.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll, RequestTooLarge
from atoll.kernel.service import operation
from atoll.lambda_runtime.spec import InvokeResult, ResponseStream
from atoll.services.lambda_.errors import (
    InvalidParameterValueException,
    InvalidRequestContentException,
    RecursiveInvocationException,
)
from atoll.services.lambda_.invocation import lineage
from atoll.services.lambda_.invocation.events import accept
from atoll.services.lambda_.invocation.execute import execute, tell_trace, trace_of, version_to_run
from atoll.services.lambda_.invocation.json_errors import complaint
from atoll.services.lambda_.names import Target, target
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import get

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import InvocationRequestTypeDef, InvokeWithResponseStreamRequestTypeDef

    Invocation = InvocationRequestTypeDef | InvokeWithResponseStreamRequestTypeDef

MAX_PAYLOAD, MAX_EVENT = 6_291_456, 1_048_576
"""Bytes. docs: Lambda quotas, "Invocation payload"."""
MAX_CLIENT_CONTEXT = 3583


@operation("Invoke", access=[permission("InvokeFunction")])
async def invoke(ctx: Context, request: InvocationRequestTypeDef) -> dict[str, Any]:
    """Raises as `run_function` does."""
    if request.get("InvocationType") == "Event":
        place, payload = asked(ctx, request, MAX_EVENT)
        _client_context(request)  # checked, and given to functions that are waited for only
        await accept(ctx, place, payload)
        return {"StatusCode": 202}
    result = await run_function(ctx, request)
    if result is None:
        return {"StatusCode": 204}
    return {
        "StatusCode": 200,
        "FunctionError": result.function_error,
        "LogResult": log_result(request, result),
        "Payload": result.payload,
        "ExecutedVersion": result.executed_version,
    }


async def run_function(ctx: Context, request: Invocation, stream: ResponseStream | None = None) -> InvokeResult | None:
    """Runs the function that a request names, and returns what it answered, None where that was only to be tried (DryRun). `stream`
    takes an answer that the function streams.

    Raises ResourceNotFoundException, InvalidRequestContentException, TooManyRequestsException, RequestTooLarge,
    RecursiveInvocationException.
    """
    place, payload = asked(ctx, request, MAX_PAYLOAD)
    version = await version_to_run(ctx, place)
    if request.get("InvocationType") == "DryRun":
        return None
    client_context = _client_context(request)
    trace = trace_of(ctx, place, version)
    if lineage.is_loop(trace, place.arn) and (await ctx.store.read(lambda tx: get(tx, place))).recursion == "Terminate":
        raise RecursiveInvocationException(
            "Lambda has detected your function being invoked in a recursive loop and stopped your function's invocation."
        )
    tell_trace(ctx, trace)
    return await execute(
        ctx, place, payload, version=version, request_id=ctx.request_id, client_context=client_context, stream=stream,
        trace=trace,
    )  # fmt: skip


def asked(ctx: Context, request: Invocation, most: int) -> tuple[Target, bytes]:
    """What is to run, and its payload of at most `most` bytes. Raises InvalidRequestContentException, RequestTooLarge."""
    place = target(ctx, request)
    payload = read_payload(request.get("Payload", b""), request.get("InvocationType", "RequestResponse"), most)
    for member in ("DurableExecutionName", "TenantId"):
        if request.get(member):
            raise NotImplementedByAtoll(f"lambda: {member} of {ctx.operation}.")
    return place, payload


def log_result(request: Invocation, result: InvokeResult) -> str | None:
    """The tail of the invocation's log in base64, where the request asks for it."""
    return base64.b64encode(result.log_tail).decode() if request.get("LogType") == "Tail" else None


def read_payload(payload: Any, kind: str, most: int) -> bytes:
    """A payload, checked; without one the empty event."""
    assert isinstance(payload, bytes)
    if len(payload) > most:
        raise RequestTooLarge(
            f"{len(payload)} byte payload is too large for the {kind} invocation type (limit {most} bytes)"
        )
    if not payload.strip():
        return b"{}"
    try:
        msgspec.json.decode(payload, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequestContentException(
            f"Could not parse request body into json: Could not parse payload into json: {complaint(payload) or error}"
        ) from None
    return payload


def _client_context(request: Invocation) -> str | None:
    """The client context as JSON text. Raises InvalidParameterValueException, InvalidRequestContentException."""
    encoded = request.get("ClientContext")
    if encoded is None:
        return None
    if len(encoded) > MAX_CLIENT_CONTEXT:
        raise InvalidParameterValueException(
            f"Client context must be no more than {MAX_CLIENT_CONTEXT} bytes when base64-encoded"
        )
    try:
        text = base64.b64decode(encoded, validate=True)
        msgspec.json.decode(text)
        return text.decode()
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise InvalidRequestContentException("Client context must be a valid Base64-encoded JSON object.") from None
