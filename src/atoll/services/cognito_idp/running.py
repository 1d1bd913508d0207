"""What user pools keep running: triggers that were given up because they took too long, and go on to their end as on AWS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from atoll.api_runtime.integrate.running import Running
from atoll.kernel.service import Host, Runtime


class Triggers(Runtime):
    """Found at `ctx.runtime`."""

    def __init__(self) -> None:
        self.running = Running()


@asynccontextmanager
async def triggers(_host: Host) -> AsyncIterator[Triggers]:
    """For `Service.runtime`."""
    yield Triggers()
