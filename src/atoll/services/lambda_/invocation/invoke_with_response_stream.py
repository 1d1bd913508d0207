"""InvokeWithResponseStream: an invocation whose answer comes in events.

docs: API_InvokeWithResponseStream. Python's runtimes do not stream: their whole answer is there before its first PayloadChunk.
What the function does wrong is told by InvokeComplete, in place of a payload.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.lambda_runtime.spec import InvokeResult
from atoll.services.lambda_.invocation.invoke import log_result, run_function
from atoll.services.lambda_.policy import permission

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import InvokeWithResponseStreamRequestTypeDef

CHUNK = 64 << 10
"""Bytes of the answer in one event, at most."""


@operation("InvokeWithResponseStream", access=[permission("InvokeFunction")])
async def invoke_with_response_stream(ctx: Context, request: InvokeWithResponseStreamRequestTypeDef) -> dict[str, Any]:
    """Raises as `run_function` does, before the stream begins."""
    result = await run_function(ctx, request)
    if result is None:
        return {"StatusCode": 204}
    return {
        "StatusCode": 200,
        "ExecutedVersion": result.executed_version,
        "EventStream": _events(result, log_result(request, result)),
    }


async def _events(result: InvokeResult, log_tail: str | None) -> AsyncGenerator[Mapping[str, Any], None]:
    complete: dict[str, Any] = {"LogResult": log_tail}
    if result.function_error is not None:
        complete |= {"ErrorCode": result.function_error, "ErrorDetails": result.payload.decode(errors="replace")}
    else:
        for start in range(0, len(result.payload), CHUNK):
            yield {"PayloadChunk": {"Payload": result.payload[start : start + CHUNK]}}
    yield {"InvokeComplete": complete}
