"""What is loaded with a service's first request: botocore, AWS's model of it, and our operations.

A thread loads, one service after the other: it takes tens of milliseconds, in which the region goes on answering. What asks for a service
from inside before anybody else loads it where it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from atoll.kernel.service import Operation

if TYPE_CHECKING:
    from atoll.protocol.models import Models


class Loading:
    """Which services are loaded, by the names that signatures have for them; None for requests that nobody signed."""

    def __init__(self, models: Models, operations: Mapping[str, Mapping[str, Operation]]) -> None:
        self._models = models
        self._operations = operations
        self._names: frozenset[str | None] | None = None
        self._loading = asyncio.Lock()
        self.done: set[str | None] = set()

    async def load(self, signing_name: str | None) -> None:
        """Returns when the services that go by the name are loaded. A name that no service here goes by is not kept: it may be any."""
        if self._names is not None and signing_name not in self._names:
            return
        async with self._loading:
            if signing_name not in self.done:
                await asyncio.to_thread(self._load, signing_name)

    def _load(self, signing_name: str | None) -> None:
        self._names = frozenset({None, *self._models.signing_names()})
        if signing_name in self._names:
            for name in self._models.called(signing_name) if signing_name else ():
                self._models.codec(name)
                self._operations[name]
            self.done.add(signing_name)
