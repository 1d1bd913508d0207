"""What identity pools keep running: nothing; operations find the issuers of tokens here, at `ctx.runtime`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from atoll.auth.issuers import Issuers
from atoll.kernel.service import Host, Runtime


class IdentityPools(Runtime):
    """Found at `ctx.runtime`."""

    def __init__(self, issuers: Issuers) -> None:
        self.issuers = issuers


@asynccontextmanager
async def running(host: Host) -> AsyncIterator[IdentityPools]:
    """For `Service.runtime`."""
    yield IdentityPools(host.issuers)
