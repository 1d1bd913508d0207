"""Work whose client does not wait for it beyond a time-out, and which goes on to its end all the same, as on AWS."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from atoll.api_runtime.refused import Refused
from atoll.kernel.errors import ServiceError

T = TypeVar("T")
log = logging.getLogger(__name__)


class Running:
    """Keeps hold of what goes on."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def within(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """What the work comes to within so many real seconds. Raises what it raises, and TimeoutError."""
        loop = asyncio.get_running_loop()
        task, over = loop.create_task(work), loop.create_future()
        task.add_done_callback(lambda _: _end(over))
        timer = loop.call_later(seconds, _end, over)
        try:
            await over  # what asyncio.wait does, which costs twice as much: this is on every request's way
        finally:
            timer.cancel()
            if not task.done():
                self._tasks.add(task)
                task.add_done_callback(self._ended)
        if task.done():
            return task.result()
        raise TimeoutError

    def _ended(self, task: asyncio.Task[Any]) -> None:
        """Nobody waits for this one any more: what was refused is nobody's concern then, but a failure of Atoll's is logged."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, (ServiceError, Refused)):
            log.error("a call failed after its time-out", exc_info=error)


def _end(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)
