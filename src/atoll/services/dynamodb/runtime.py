"""What the service keeps running beside its operations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from atoll.kernel.service import Host
from atoll.services.dynamodb.throttle import Meters
from atoll.services.dynamodb.ttl.expiry import expiring


@asynccontextmanager
async def running(host: Host) -> AsyncIterator[Meters]:
    """The meters of throughput, which operations find at `ctx.runtime`; meanwhile items expire."""
    async with expiring(host):
        yield Meters(strict=host.strict)
