"""Function URLs in the mode RESPONSE_STREAM: the answer reaches the client while the function makes it.

docs: Lambda developer guide, "Invoking a response streaming enabled function using Lambda function URLs", "Response streaming … HTTP
integration": a prelude with status, headers and cookies, eight zero bytes, then the body.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import msgspec

from atoll.api_runtime import map as mapping
from atoll.api_runtime.answers import JSON
from atoll.kernel.context import Context
from atoll.kernel.http import BrokenOff, HttpResponse
from atoll.lambda_runtime.spec import InvokeResult
from atoll.services.lambda_.invocation.execute import execute
from atoll.services.lambda_.invocation.pieces import Pieces, begin
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.store import Version
from atoll.services.lambda_.urls.answers import FAILED

INTEGRATION = "application/vnd.awslambda.http-integration-response"
SEPARATOR = b"\0" * 8
MAX_PRELUDE = 1 << 20
"""Bytes of status, headers and cookies, at most: as much as a client would ever take."""
BINARY = ("content-type", "application/octet-stream")


async def stream(ctx: Context, place: Target, payload: bytes, version: Version) -> HttpResponse:
    """The answer of a function, which streams or not: what does not stream is sent as it is. Raises as `execute` does."""
    pieces, running = await begin(
        lambda pieces: execute(ctx, place, payload, version=version, request_id=ctx.request_id, stream=pieces)
    )
    if pieces.version is None:
        result = await running
        return FAILED if result.function_error else HttpResponse(200, [JSON], result.payload)
    body = _body(pieces, running)
    # A body that nobody has begun to read is not closed: its client has gone before.
    weakref.finalize(body, pieces.abandon)
    if pieces.content_type != INTEGRATION:
        return HttpResponse(200, [("content-type", pieces.content_type) if pieces.content_type else BINARY], body)
    return await _with_prelude(body)


async def _body(pieces: Pieces, running: asyncio.Task[InvokeResult]) -> AsyncGenerator[bytes, None]:
    async with aclosing(aiter(pieces)) as read:
        async for piece in read:
            yield piece
    if (await running).function_error:
        raise BrokenOff


async def _with_prelude(body: AsyncGenerator[bytes, None]) -> HttpResponse:
    begun = bytearray()
    try:
        async for piece in body:
            begun += piece
            if SEPARATOR in begun or len(begun) > MAX_PRELUDE:
                break
        prelude, separator, rest = bytes(begun).partition(SEPARATOR)
        if not separator:
            raise mapping.Malformed
        status, headers = mapping.head(_prelude(prelude), BINARY)
    except (mapping.Malformed, BrokenOff):
        await body.aclose()
        return FAILED
    return HttpResponse(status, headers, _following(rest, body))


def _prelude(text: bytes) -> Mapping[str, Any]:
    """Raises Malformed."""
    try:
        prelude = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise mapping.Malformed from error
    if not isinstance(prelude, dict):
        raise mapping.Malformed
    return {"statusCode": 200, **prelude}


async def _following(first: bytes, body: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with aclosing(body):
        if first:
            yield first
        async for piece in body:
            yield piece
