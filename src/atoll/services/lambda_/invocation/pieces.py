"""An answer while a function makes it, from whoever runs the function to whoever sends it on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Pieces:
    """A `ResponseStream`, read with `async for`: at the reader's pace, and without any once it has gone."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        """The answer has begun, or there will be none."""
        self.version: str | None = None
        """The version that answers, once it has begun."""
        self.content_type = ""
        """What the runtime says that the answer is, once it has begun."""
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._taken = asyncio.Event()
        self._abandoned = False

    def begin(self, content_type: str, executed_version: str) -> None:
        """There will be pieces."""
        self.version, self.content_type = executed_version, content_type
        self.begun.set()

    async def write(self, piece: bytes) -> None:
        """Waits until the piece has been sent."""
        if not self._abandoned:
            self._taken.clear()
            self._queue.put_nowait(piece)
            await self._taken.wait()

    def end(self, running: asyncio.Task[Any]) -> None:
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


async def begin(run: Callable[[Pieces], Coroutine[Any, Any, T]]) -> tuple[Pieces, asyncio.Task[T]]:
    """Runs a function whose answer goes into the pieces, and returns once it has begun, or ended without. A caller who is cancelled
    before gives up on the answer; the function runs to its end all the same."""
    pieces = Pieces()
    running = asyncio.get_running_loop().create_task(run(pieces))
    running.add_done_callback(pieces.end)
    try:
        await pieces.begun.wait()
    except asyncio.CancelledError:
        pieces.abandon()
        raise
    return pieces, running
