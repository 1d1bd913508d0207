"""The public keys of token issuers: this region's own services are asked each time, so that a pool that is deleted vouches for nobody;
those that OpenID Connect discovery finds are kept for two hours, and looked for again when a new one is named. One `Issuers` serves the
whole region (`Host.issuers`): APIs' authorizers and STS ask it.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html ("can cache the public key for two hours").
How issuers elsewhere are asked is the composition root's to say: `api_runtime/authorize/discovery.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec

from atoll.kernel.clock import Clock
from atoll.kernel.service import Host, Runtime

Verify = Callable[[bytes, bytes], bool]
"""Whether a signature (the second argument) of a message is the key's."""
Resolver = Callable[[str], Awaitable[bytes | None]]
"""Gives the JSON Web Key Set of an issuer (its URL) that a service of this region is; None for all others."""
Download = Callable[[str], Awaitable[bytes]]
"""Gives the JSON Web Key Set of an issuer elsewhere. Raises Unreachable."""

KEPT = 2 * 60 * 60
"""Seconds of region time for which keys are kept."""
MOST_ISSUERS = 1_000
"""Issuers whose keys are kept. Those that were fetched first go first."""
AGAIN = 1.0
"""Real seconds between two looks for a key that an issuer did not have."""
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
NO_JSON = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What reading a document raises that is none."""

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


class Issuers:
    """The keys of all issuers, in memory; no two requests look for those of one issuer at once."""

    def __init__(self, clock: Clock, download: Download) -> None:
        self._clock = clock
        self._download = download
        self._resolvers: list[Resolver] = []
        self._own: dict[str, tuple[bytes, KeySet]] = {}
        """The keys of the region's issuers, with the documents that they were read from."""
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[KeySet]] = {}

    def resolve(self, resolver: Resolver) -> None:
        """From now on `resolver` is asked for keys before any network is: for a service's runtime, about the issuers that it is."""
        self._resolvers.append(resolver)

    async def find(self, issuer: str, key_id: str, algorithm: str) -> Verify | None:
        """The issuer's key for an algorithm, or None. Raises Unreachable where its keys are not known and cannot be had."""
        for resolver in self._resolvers:
            document = await resolver(issuer)
            if document is not None:
                return (await self._read(issuer, document)).get((key_id, algorithm))
        self._own.pop(issuer, None)
        known = self._known.get(issuer)
        fresh = known is not None and self._clock.now() < known.fetched + KEPT
        if known is not None and fresh:
            verify = known.keys.get((key_id, algorithm))
            if verify is not None or self._clock.monotonic() < known.asked + AGAIN:
                return verify
            self._known[issuer] = known._replace(asked=self._clock.monotonic())
        try:
            keys = await self._ask(issuer)
        except Unreachable:
            if fresh:
                return None
            raise
        return keys.get((key_id, algorithm))

    async def _read(self, issuer: str, document: bytes) -> KeySet:
        known = self._own.get(issuer)
        if known is None or known[0] != document:
            known = self._own[issuer] = document, await asyncio.to_thread(_key_set, document)
            if len(self._own) > MOST_ISSUERS:
                del self._own[next(iter(self._own))]
        return known[1]

    async def _ask(self, issuer: str) -> KeySet:
        asking = self._asking.get(issuer)
        if asking is None:
            asking = self._asking[issuer] = asyncio.create_task(self._fetch(issuer))
            asking.add_done_callback(lambda task: self._asked(issuer, task))
        return await asyncio.shield(asking)

    def _asked(self, issuer: str, task: asyncio.Task[KeySet]) -> None:
        del self._asking[issuer]
        if not task.cancelled() and task.exception() is None:
            self._known.pop(issuer, None)
            self._known[issuer] = _Known(task.result(), self._clock.now(), self._clock.monotonic())
            if len(self._known) > MOST_ISSUERS:
                del self._known[next(iter(self._known))]

    async def _fetch(self, issuer: str) -> KeySet:
        return await asyncio.to_thread(_key_set, await self._download(issuer))


def _key_set(document: bytes) -> KeySet:
    """The keys that verify signatures. Raises Unreachable where the document is no key set. Slow: for threads."""
    try:
        keys = msgspec.json.decode(document)["keys"]
    except (*NO_JSON, KeyError, TypeError) as error:
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


class AsksIssuers(Runtime):
    """The runtime of a service that takes tokens: its operations find the region's issuers at `ctx.runtime.issuers`."""

    def __init__(self, issuers: Issuers) -> None:
        self.issuers = issuers


@asynccontextmanager
async def asks_issuers(host: Host) -> AsyncIterator[AsksIssuers]:
    """For `Service.runtime`."""
    yield AsksIssuers(host.issuers)
