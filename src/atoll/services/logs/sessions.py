"""What the service keeps running: sessions of Live Tail (`live_tail.py`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from atoll.kernel.service import Host, Runtime


@dataclass(frozen=True, slots=True)
class Sessions(Runtime):
    """How many sessions each account has in each region."""

    open: Counter[tuple[str, str]] = field(default_factory=Counter)

    def status(self) -> list[str]:
        """For people: who listens."""
        return [f"{count} Live Tail of {account} in {region}" for (account, region), count in (+self.open).items()]


@asynccontextmanager
async def open_sessions(_host: Host) -> AsyncIterator[Sessions]:
    """The service's runtime. A session ends with its connection, so there is nothing to close."""
    yield Sessions()
