"""The front door of deployed APIs. What answers behind it (`plane.py`) is loaded with the first request for an API: it is large."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from atoll.api_runtime.address import Address, address
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.service import Host

if TYPE_CHECKING:
    from atoll.api_runtime.plane import Plane


class ApiGateway:
    """An `edge.edge.DataPlane`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._plane: Plane | None = None
        self._opening = asyncio.Lock()

    def claims(self, request: HttpRequest) -> Address | None:
        """The API that the request is addressed to, or None if it is not for an API."""
        return address(request)

    async def handle(self, address: Address, request: HttpRequest) -> HttpResponse:
        """Answers a request for an API. Never raises: what goes wrong there is logged and answered 500."""
        plane = self._plane or await self._opened()
        return await plane.handle(address, request)

    async def close(self) -> None:
        """Writes what access logs still lack, and drops connections. Called when no more requests come."""
        if self._plane is not None:
            await self._plane.close()

    async def _opened(self) -> Plane:
        async with self._opening:
            if self._plane is None:
                self._plane = (await asyncio.to_thread(_load))(self._host)
            return self._plane


def _load() -> type[Plane]:
    from atoll.api_runtime.plane import Plane

    return Plane
