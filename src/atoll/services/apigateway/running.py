"""What the service keeps running: the connections of trials (TestInvokeMethod)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from atoll.api_runtime.integrate.http_client import HttpClient
from atoll.kernel.service import Host, Runtime

if TYPE_CHECKING:
    from atoll.api_runtime.rest_api.trial import Trials


class Running(Runtime):
    """What operations find at `ctx.runtime`."""

    def __init__(self, host: Host, http: HttpClient) -> None:
        self._host = host
        self._http = http

    @cached_property
    def trials(self) -> Trials:
        """Made with the first trial: they use most of the data plane, which is large."""
        from atoll.api_runtime.rest_api.trial import Trials

        return Trials(self._host, self._http)


@asynccontextmanager
async def open_running(host: Host) -> AsyncIterator[Running]:
    """The service's runtime."""
    http = HttpClient(host.kernel.outgoing)
    try:
        yield Running(host, http)
    finally:
        await http.close()
