"""JSON Web Tokens: read, and verified with their issuer's keys. What their claims must say is for whoever takes them.

The texts are those with which API Gateway refuses tokens, or worded like them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from atoll.auth.issuers import FAMILIES, NO_JSON, Issuers

_NOT_BASE64 = re.compile(r"[^A-Za-z0-9_-]")
_KNOWN = frozenset((*FAMILIES, "HS256", "HS384", "HS512", "PS256", "PS384", "PS512", "none"))
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Invalid(Exception):
    """The token is not valid; the message says why, and never holds any of it."""


class Token(NamedTuple):
    """A token as it came: nothing of it is to be believed before `verify` has returned."""

    algorithm: str
    key_id: str | None
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    async def verify(self, issuers: Issuers, issuer: str) -> None:
        """Returns if the issuer (its URL) signed it. Raises Invalid, and Unreachable where the issuer's keys cannot be had."""
        check = None
        if self.key_id is not None:
            check = await issuers.find(issuer, self.key_id, self.algorithm)
        if check is None:
            raise Invalid("the token does not have a valid key ID")
        if not check(self.signed, self.signature):
            family = "rsa" if self.algorithm.startswith("RS") else "ecdsa"
            raise Invalid(f"crypto/{family}: verification error")


def read(text: str, methods: frozenset[str] = frozenset(FAMILIES)) -> Token:
    """The parts of a token that is signed by one of the `methods`. Raises Invalid."""
    parts = text.split(".")
    if len(parts) != 3:
        raise Invalid("token contains an invalid number of segments")
    header, claims, signature = _object(parts[0]), _object(parts[1]), _octets(parts[2])
    algorithm, key_id = _algorithm(header.get("alg"), methods), header.get("kid")
    signed = f"{parts[0]}.{parts[1]}".encode()
    return Token(algorithm, key_id if isinstance(key_id, str) else None, claims, signed, signature)


def moment(claims: Mapping[str, Any], name: str, absent: float) -> float:
    """A claim's time in seconds. Raises Invalid where it is none."""
    value = claims.get(name, absent)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Invalid(f"the token does not have a valid {name}")
    return value


def _algorithm(name: Any, methods: frozenset[str]) -> str:
    if not isinstance(name, str):
        raise Invalid("signing method (alg) is unspecified.")
    if name not in _KNOWN:
        raise Invalid("signing method (alg) is unavailable.")
    if name not in methods:
        raise Invalid(f"signing method {name} is invalid")
    return name


def _object(segment: str) -> dict[str, Any]:
    try:
        return _decode(_octets(segment))
    except NO_JSON as error:
        raise Invalid("the token is malformed") from error


def _octets(segment: str) -> bytes:
    if wrong := _NOT_BASE64.search(segment):
        raise Invalid(f"illegal base64 data at input byte {wrong.start()}")
    if len(segment) % 4 == 1:
        raise Invalid(f"illegal base64 data at input byte {len(segment) - 1}")
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
