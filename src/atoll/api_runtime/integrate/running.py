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
    """Keeps hold of what runs."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def within(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """What the work comes to within so many real seconds. Raises what it raises, and TimeoutError."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        done, _ = await asyncio.wait((task,), timeout=seconds)
        if done:
            return task.result()
        task.add_done_callback(_ended_late)
        raise TimeoutError


def _ended_late(task: asyncio.Task[Any]) -> None:
    """Nobody waits for this one any more: what was refused is nobody's concern then, but a failure of Atoll's is logged."""
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, (Refused, ServiceError)):
        log.error("a call failed after its time-out", exc_info=error)
