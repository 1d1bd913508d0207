"""OpenID Connect discovery: where the keys of an issuer elsewhere are, and what they are. What keeps them is `auth/issuers.py`.

Issuers are reached over HTTPS; over HTTP only where they are on this machine.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from atoll.api_runtime.documents import NO_JSON
from atoll.api_runtime.integrate.http_client import Failed, HttpClient, TimedOut
from atoll.auth.issuers import Unreachable

TIMEOUT = 5.0
"""Real seconds for each of the two documents."""
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


class Discovery:
    """Asks issuers for their keys: an `auth.issuers.Download`."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def __call__(self, issuer: str) -> bytes:
        """The issuer's JSON Web Key Set. Raises Unreachable."""
        failed = "OIDC discovery endpoint communication error"
        about = await self._get(issuer.removesuffix("/") + "/.well-known/openid-configuration", issuer, failed)
        try:
            address = msgspec.json.decode(about)["jwks_uri"]
        except (*NO_JSON, KeyError, TypeError) as error:
            raise Unreachable(failed) from error
        return await self._get(str(address), issuer, "JWKS communication error")

    async def _get(self, url: str, issuer: str, failed: str) -> bytes:
        """A document of the issuer's. Raises Unreachable(failed)."""
        if not may_ask(url, issuer):
            raise Unreachable(failed)
        try:
            answer = await self._http.send("GET", url, [("accept", "application/json")], seconds=TIMEOUT)
            body = await answer.read()
        except (Failed, TimedOut) as error:
            raise Unreachable(failed) from error
        if answer.status != 200:
            raise Unreachable(failed)
        return body


def may_ask(url: str, issuer: str) -> bool:
    """HTTPS anywhere; HTTP on this machine, for issuers on it."""
    try:
        place, owner = urlsplit(url), urlsplit(issuer)
        hosts = place.hostname, owner.hostname
    except ValueError:
        return False
    if place.scheme == "https":
        return bool(hosts[0])
    return place.scheme == owner.scheme == "http" and all(host in LOOPBACK for host in hosts)
