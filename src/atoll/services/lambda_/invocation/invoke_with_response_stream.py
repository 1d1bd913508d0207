"""InvokeWithResponseStream: an invocation whose answer comes in events.

docs: API_InvokeWithResponseStream. The events of a function that streams come as it writes them; the answer of one that does not is
there before its first PayloadChunk. What the function does wrong is told by InvokeComplete.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.lambda_runtime.spec import InvokeResult
from atoll.services.lambda_.invocation.invoke import log_result, run_function
from atoll.services.lambda_.invocation.pieces import Pieces, begin
from atoll.services.lambda_.policy import permission

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import InvokeWithResponseStreamRequestTypeDef

CHUNK = 64 << 10
"""Bytes of the answer in one event, at most."""


@operation("InvokeWithResponseStream", access=[permission("InvokeFunction")])
async def invoke_with_response_stream(ctx: Context, request: InvokeWithResponseStreamRequestTypeDef) -> dict[str, Any]:
    """Raises as `run_function` does, before the stream begins."""
    pieces, running = await begin(lambda pieces: run_function(ctx, request, pieces))
    version = pieces.version
    if version is None:
        result = await running
        if result is None:
            return {"StatusCode": 204}
        version = result.executed_version
    events = _events(pieces, running, request)
    weakref.finalize(events, pieces.abandon)  # a stream that nobody has begun to read is not closed
    return {"StatusCode": 200, "ExecutedVersion": version, "EventStream": events}


async def _events(
    pieces: Pieces, running: asyncio.Task[InvokeResult | None], request: InvokeWithResponseStreamRequestTypeDef
) -> AsyncGenerator[Mapping[str, Any], None]:
    async with aclosing(aiter(pieces)) as read:
        async for piece in read:
            for chunk in _chunks(piece):
                yield chunk
    result = await running
    assert result is not None
    complete: dict[str, Any] = {"LogResult": log_result(request, result)}
    if result.function_error is None:
        for chunk in _chunks(result.payload):
            yield chunk
    else:
        # In mid-stream the error has its own name, as AWS's Runtime.TruncatedResponse shows.
        complete["ErrorCode"] = result.error_type if pieces.version is not None else result.function_error
        complete["ErrorDetails"] = result.payload.decode(errors="replace") or None
    yield {"InvokeComplete": complete}


def _chunks(payload: bytes) -> Iterator[Mapping[str, Any]]:
    for start in range(0, len(payload), CHUNK):
        yield {"PayloadChunk": {"Payload": payload[start : start + CHUNK]}}
