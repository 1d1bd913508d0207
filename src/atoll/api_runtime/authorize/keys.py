"""The public keys of token issuers: found by OpenID Connect discovery, kept for two hours, looked for again when a new one is named.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html ("can cache the public key for two hours").
Issuers are reached over HTTPS; over HTTP only where they are on this machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from atoll.api_runtime.integrate.http_client import Failed, HttpClient, TimedOut
from atoll.kernel.clock import Clock
from atoll.kernel.context import Context

Verify = Callable[[bytes, bytes], bool]
"""Whether a signature (the second argument) of a message is the key's."""
Resolver = Callable[[Context, str], Awaitable[bytes | None]]
"""Gives the JSON Web Key Set of an issuer that this region runs itself; None for all others."""

KEPT = 2 * 60 * 60
"""Seconds of region time for which keys are kept."""
MOST_ISSUERS = 1_000
"""Issuers whose keys are kept. Those that were fetched first go first."""
AGAIN = 1.0
"""Real seconds between two looks for a key that an issuer did not have."""
TIMEOUT = 5.0
"""Real seconds for each of the two documents."""
MAX_RSA_BITS, MAX_EXPONENT = 8192, 1 << 32
"""Larger keys would take longer to verify than a request may hold up others."""
FAMILIES: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
}
"""The key type and curve of each algorithm that is accepted."""
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))

KeySet = Mapping[tuple[str, str], Verify]
"""By key id and algorithm."""


class Unreachable(Exception):
    """An issuer's keys could not be had. The message is AWS's."""


class _Known(NamedTuple):
    keys: KeySet
    fetched: float
    """Region time."""
    asked: float
    """`clock.monotonic()`."""


class Keys:
    """The keys of all issuers, in memory; no two requests look for those of one issuer at once."""

    def __init__(self, clock: Clock, http: HttpClient, resolver: Resolver | None = None) -> None:
        self._clock = clock
        self._http = http
        self._resolver = resolver
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[KeySet]] = {}

    async def find(self, ctx: Context, issuer: str, key_id: str, algorithm: str) -> Verify | None:
        """The issuer's key for an algorithm, or None. Raises Unreachable where its keys are not known and cannot be had."""
        known = self._known.get(issuer)
        fresh = known is not None and self._clock.now() < known.fetched + KEPT
        if known is not None and fresh:
            verify = known.keys.get((key_id, algorithm))
            if verify is not None or self._clock.monotonic() < known.asked + AGAIN:
                return verify
            self._known[issuer] = known._replace(asked=self._clock.monotonic())
        try:
            keys = await self._ask(ctx, issuer)
        except Unreachable:
            if fresh:
                return None
            raise
        return keys.get((key_id, algorithm))

    async def _ask(self, ctx: Context, issuer: str) -> KeySet:
        asking = self._asking.get(issuer)
        if asking is None:
            asking = self._asking[issuer] = asyncio.create_task(self._fetch(ctx, issuer))
            asking.add_done_callback(lambda task: self._asked(issuer, task))
        return await asyncio.shield(asking)

    def _asked(self, issuer: str, task: asyncio.Task[KeySet]) -> None:
        del self._asking[issuer]
        if not task.cancelled() and task.exception() is None:
            self._known.pop(issuer, None)
            self._known[issuer] = _Known(task.result(), self._clock.now(), self._clock.monotonic())
            if len(self._known) > MOST_ISSUERS:
                del self._known[next(iter(self._known))]

    async def _fetch(self, ctx: Context, issuer: str) -> KeySet:
        document = await self._resolver(ctx, issuer) if self._resolver else None
        if document is None:
            document = await self._download(issuer)
        return await asyncio.to_thread(_key_set, document)

    async def _download(self, issuer: str) -> bytes:
        failed = "OIDC discovery endpoint communication error"
        about = await self._get(issuer.removesuffix("/") + "/.well-known/openid-configuration", issuer, failed)
        try:
            address = msgspec.json.decode(about)["jwks_uri"]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError) as error:
            raise Unreachable(failed) from error
        return await self._get(str(address), issuer, "JWKS communication error")

    async def _get(self, url: str, issuer: str, failed: str) -> bytes:
        """A document of the issuer's. Raises Unreachable(failed)."""
        if not _may_ask(url, issuer):
            raise Unreachable(failed)
        try:
            answer = await self._http.send("GET", url, [("accept", "application/json")], seconds=TIMEOUT)
            body = await answer.read()
        except (Failed, TimedOut) as error:
            raise Unreachable(failed) from error
        if answer.status != 200:
            raise Unreachable(failed)
        return body


def _may_ask(url: str, issuer: str) -> bool:
    """HTTPS anywhere; HTTP on this machine, for issuers on it."""
    try:
        place, owner = urlsplit(url), urlsplit(issuer)
        hosts = place.hostname, owner.hostname
    except ValueError:
        return False
    if place.scheme == "https":
        return bool(hosts[0])
    return place.scheme == owner.scheme == "http" and all(host in LOOPBACK for host in hosts)


def _key_set(document: bytes) -> KeySet:
    """The keys that verify signatures. Raises Unreachable where the document is no key set. Slow: for threads."""
    try:
        keys = msgspec.json.decode(document)["keys"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError) as error:
        raise Unreachable("JWKS communication error") from error
    found: dict[tuple[str, str], Verify] = {}
    for key in keys if isinstance(keys, list) else ():
        if isinstance(key, dict) and isinstance(key.get("kid"), str) and key.get("use", "sig") == "sig":
            for algorithm, (kind, curve) in FAMILIES.items():
                if key.get("kty") == kind and curve in (None, key.get("crv")) and key.get("alg") in (None, algorithm):
                    verify = _verifier(key, algorithm)
                    if verify is not None:
                        found.setdefault((key["kid"], algorithm), verify)
    return found


def _verifier(key: Mapping[str, Any], algorithm: str) -> Verify | None:
    """None for a key that cannot be read."""
    import jwt
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    public = {name: value for name, value in key.items() if name in ("kty", "kid", "n", "e", "crv", "x", "y")}
    try:
        read = jwt.PyJWK(public, algorithm)
    except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, OverflowError):
        return None
    if isinstance(read.key, RSAPublicKey) and (
        read.key.key_size > MAX_RSA_BITS or read.key.public_numbers().e > MAX_EXPONENT
    ):
        return None
    check, material = read.Algorithm.verify, read.key

    def verify(message: bytes, signature: bytes) -> bool:
        return bool(check(message, material, signature))

    return verify
