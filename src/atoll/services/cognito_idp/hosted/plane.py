"""The front door of user pools' domains and issuers: finds the pool, then the page or endpoint.

docs: "User pool endpoints and managed login reference".
"""

from __future__ import annotations

import logging

from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.service import Host
from atoll.services.cognito_idp.hosted.address import Address, address

log = logging.getLogger(__name__)

FAILED = HttpResponse(500, [("content-type", "text/plain; charset=utf-8")], b"Internal Server Error")


class HostedPages:
    """Serves hosted pages, OAuth 2.0 endpoints and issuers' documents: an `edge.edge.DataPlane`."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def claims(self, request: HttpRequest) -> Address | None:
        """The domain or issuer that the request is addressed to, or None."""
        return address(request)

    async def handle(self, address: Address, request: HttpRequest) -> HttpResponse:
        """Answers a request. Never raises: what goes wrong here is logged and answered 500."""
        from atoll.services.cognito_idp.hosted import serving

        try:
            place = await serving.find(self._host, address, request)
            if place is None:
                return serving.nobody(address)
            return await serving.answer(self._host, place, address, request)
        except Exception:
            log.exception("a request to a page of the user pools failed: %s %s", request.method, address.path)
            return FAILED

    async def custom(self, request: HttpRequest) -> HttpResponse | None:
        """The answer where the Host header is a pool's custom domain; None where it is nobody's."""
        from atoll.services.cognito_idp.hosted import serving

        found = Address("host", request.host, "", request.raw_path or "/")
        return await self.handle(found, request) if await serving.find(self._host, found, request) else None
