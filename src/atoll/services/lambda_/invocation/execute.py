"""Running a function once, whoever asks: Invoke, an event that waits, an event source, a function URL.

It is not asked here whether the caller may: operations are judged by their `access`, and Lambda itself needs no permission.
"""

from __future__ import annotations

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.store.api import Reader
from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.spec import InvokeResult, ResponseStream
from atoll.services.lambda_.concurrency.limits import CONCURRENCY, Throttled
from atoll.services.lambda_.errors import TooManyRequestsException
from atoll.services.lambda_.invocation import lineage
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.running import Running
from atoll.services.lambda_.store import Version, find, get_version, reserved_in_all
from atoll.services.lambda_.versions.resolve import NO_SHIFT, names_alias, resolve


async def version_to_run(ctx: Context, place: Target) -> Version:
    """The version that one invocation of `place` runs: of a weighted alias, this time. Raises ResourceNotFoundException."""
    draw = ctx.ids.random.random() if names_alias(place.qualifier) else NO_SHIFT
    return await ctx.store.read(lambda tx: named_version(tx, place, draw))


def named_version(tx: Reader, place: Target, draw: float = NO_SHIFT) -> Version:
    """The version that `place` names; `draw` as in `resolve`. Raises ResourceNotFoundException, which names $LATEST."""
    if place.qualifier is None:
        return get_version(tx, place, named=place.exact_arn)
    return resolve(tx, place, draw)


def trace_of(ctx: Context, place: Target, version: Version) -> str:
    """The trace header of an invocation that a request asks for: of the caller's trace, and counted in its lineage."""
    running: Running = ctx.runtime
    return lineage.header(ctx.trace, running.trace(ctx.trace, active=version.tracing == "Active"), place.arn)


def tell_trace(ctx: Context, trace: str) -> None:
    """Adds to the answer what AWS's has beside the model's: the trace that the function is in, and a remnant of Lambda's own gateway
    (seen in recorded answers of SDKs and of Step Functions; no document lists them)."""
    ctx.headers += [("x-amzn-Remapped-Content-Length", "0"), ("X-Amzn-Trace-Id", trace)]


async def execute(
    ctx: Context,
    place: Target,
    payload: bytes,
    *,
    version: Version,
    request_id: str,
    client_context: str | None = None,
    stream: ResponseStream | None = None,
    trace: str | None = None,
) -> InvokeResult:
    """Runs `version` as what `place` names, and returns what it answered: also of a function that failed.

    `payload` is JSON, `client_context` JSON text; `stream` takes an answer that the function streams; `trace` is the trace header where
    one was made before.

    Raises TooManyRequestsException, NotImplementedByAtoll.
    """
    running: Running = ctx.runtime
    function, unreserved = await ctx.store.read(lambda tx: (find(tx, place), CONCURRENCY - reserved_in_all(tx, place)))
    try:
        return await running.invoke(
            place, version, payload, request_id=request_id, client_context=client_context,
            reserved=function.reserved if function else None, unreserved=unreserved, stream=stream,
            trace=trace or running.trace(ctx.trace, active=version.tracing == "Active"),
        )  # fmt: skip
    except Throttled as refusal:
        raise TooManyRequestsException("Rate Exceeded.", Reason=refusal.reason) from None
    except RuntimeUnavailable as error:
        raise NotImplementedByAtoll(f"lambda: {error}") from error
