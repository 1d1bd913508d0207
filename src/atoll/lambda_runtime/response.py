"""A streamed answer on its way: from the runtime's connection, which delivers it in pieces, to whoever asked for it.

docs: Lambda developer guide, "Response streaming for Lambda functions".
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from atoll.lambda_runtime.spec import ResponseStream
from atoll.lambda_runtime.texts import RESPONSE_LIMIT, STREAM_LIMIT

WINDOW = 256 * 1024
"""Bytes of an answer that may wait for their reader; with more, the function does."""


class Source(Protocol):
    """What an answer comes from."""

    def hold(self, held: bool) -> None:
        """Reads no more while it is held."""


class Relay:
    """Takes one answer and hands it on at its reader's pace; without a reader it collects what a buffered invocation may return."""

    def __init__(self, stream: ResponseStream | None) -> None:
        self.source: Source | None = None
        """Where the answer comes from, since it has begun."""
        self.ended = False
        """Nothing more is taken."""
        self._stream = stream
        self.limit = self._room = RESPONSE_LIMIT if stream is None else STREAM_LIMIT
        self._collected = bytearray()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._work: asyncio.Task[None] | None = None

    @property
    def oversize(self) -> bool:
        """Whether more has come than an answer may have. What is too much is dropped."""
        return self._room < 0

    def begin(self, source: Source, content_type: str, version: str) -> None:
        """The answer begins."""
        self.source = source
        if self._stream is not None:
            self._stream.begin(content_type, version)

    def feed(self, piece: bytes) -> None:
        """The next piece."""
        if self.oversize or self.ended:
            return
        taken = piece[: self._room]
        self._room -= len(piece)
        if self._stream is None:
            self._collected += taken
            return
        self._waiting.append(taken)
        self._waiting_bytes += len(taken)
        if self._waiting_bytes > WINDOW and self.source is not None:
            self.source.hold(True)
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._hand_on(self._stream))

    def take(self) -> bytes:
        """All that was collected; nothing where it was handed on."""
        return bytes(self._collected)

    async def flush(self) -> None:
        """Waits until everything has been handed on. Raises what the reader raised."""
        if self._work is not None:
            await self._work

    async def _hand_on(self, stream: ResponseStream) -> None:
        try:
            while self._waiting:
                piece = self._waiting.popleft()
                await stream.write(piece)
                self._waiting_bytes -= len(piece)
                if self._waiting_bytes <= WINDOW and self.source is not None:
                    self.source.hold(False)
            self._work = None
        except BaseException:
            self.ended = True  # nobody reads it any more: the function runs on, its answer goes nowhere
            if self.source is not None:
                self.source.hold(False)
            raise
