"""The front door of custom domain names: from a Host header to the API that the longest base path of the request is mapped to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from atoll.api_runtime import domains
from atoll.api_runtime.address import Address
from atoll.api_runtime.answers import FORBIDDEN
from atoll.api_runtime.front_door import ApiGateway
from atoll.edge.guard import LONGEST_HOST, foreign_host, is_own_host
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.store.api import Store

Others = Callable[[HttpRequest], Awaitable[HttpResponse | None]]
"""Answers for the domains of other services; None for what is not theirs."""


class CustomDomains:
    """An `edge.edge.DataPlane`, asked after all others. It takes every host that is not the region's own: the management APIs never
    see one, so that pages whose name is made to point here (DNS rebinding) find the APIs of users at most.

    TLS is not terminated here: clients use http.
    """

    def __init__(self, store: Store, apis: ApiGateway, others: Others) -> None:
        self._store = store
        self._apis = apis
        self._others = others

    def claims(self, request: HttpRequest) -> str | None:
        """The host, if no part of the region answers for it by itself. What is too long for a name, or came twice, is the guard's."""
        host = request.header("host")
        if not host or is_own_host(host) or len(host) > LONGEST_HOST or "," in host:
            return None
        return request.host

    async def handle(self, address: str, request: HttpRequest) -> HttpResponse:
        """The API's answer; AWS's 403 where no base path is mapped, the guard's where there is no such domain name."""
        domain = await self._store.read(lambda tx: domains.serving(tx, address))
        if domain is None:
            return await self._others(request) or foreign_host(request.header("host"))
        found = domains.split(domain, request.raw_path or "/")
        if found is None:
            return FORBIDDEN
        base, mapping, path = found
        return await self._apis.handle(Address(mapping.api, mapping.stage, path, base), request)
