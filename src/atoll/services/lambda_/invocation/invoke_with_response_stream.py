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
from atoll.services.lambda_.policy import permission

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import InvokeWithResponseStreamRequestTypeDef

CHUNK = 64 << 10
"""Bytes of the answer in one event, at most."""


@operation("InvokeWithResponseStream", access=[permission("InvokeFunction")])
async def invoke_with_response_stream(ctx: Context, request: InvokeWithResponseStreamRequestTypeDef) -> dict[str, Any]:
    """Raises as `run_function` does, before the stream begins."""
    pieces = Pieces()
    running = asyncio.get_running_loop().create_task(run_function(ctx, request, pieces))
    running.add_done_callback(pieces.end)
    try:
        await pieces.begun.wait()
    except asyncio.CancelledError:
        pieces.abandon()
        raise
    version = pieces.version
    if version is None:
        result = await running
        if result is None:
            return {"StatusCode": 204}
        version = result.executed_version
    events = _events(pieces, running, request)
    weakref.finalize(events, pieces.abandon)  # a stream that nobody has begun to read is not closed
    return {"StatusCode": 200, "ExecutedVersion": version, "EventStream": events}


class Pieces:
    """A `ResponseStream`, read with `async for`: at the reader's pace, and without any once it has gone."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        """The answer has begun, or there will be none."""
        self.version: str | None = None
        """The version that answers, once it has begun."""
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._taken = asyncio.Event()
        self._abandoned = False

    def begin(self, _content_type: str, executed_version: str) -> None:
        """The stream of events has a type of its own."""
        self.version = executed_version
        self.begun.set()

    async def write(self, piece: bytes) -> None:
        """Waits until the piece has been sent."""
        if not self._abandoned:
            self._taken.clear()
            self._queue.put_nowait(piece)
            await self._taken.wait()

    def end(self, running: asyncio.Task[InvokeResult | None]) -> None:
        """There is no more. An error is for whoever still waits; if nobody does it has been seen all the same."""
        if not running.cancelled():
            running.exception()
        self._queue.put_nowait(None)
        self.begun.set()

    def abandon(self) -> None:
        """Nobody reads any more."""
        self._abandoned = True
        self._taken.set()

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        try:
            while (piece := await self._queue.get()) is not None:
                yield piece
                self._taken.set()
        finally:
            self.abandon()


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
