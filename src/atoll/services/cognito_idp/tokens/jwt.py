"""JSON Web Tokens as a pool signs them (RS256), and reads its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from atoll.services.cognito_idp.store import SigningKey
from atoll.services.cognito_idp.tokens.keys import private

LONGEST = 64 * 1024
"""Characters of a token that is looked at: far more than any claims that a pool signs."""


def sign(claims: Mapping[str, Any], key: SigningKey) -> str:
    """A token. Takes some 0.7 ms."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    head = _packed({"kid": key.id, "alg": "RS256"}) + b"." + _packed(claims)
    signature = private(key.pem).sign(head, PKCS1v15(), SHA256())
    return (head + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def claims_of(token: str) -> dict[str, Any] | None:
    """What a token says, whoever signed it: for finding out whose it would be. None for what is no token."""
    parts = token.split(".", 3) if len(token) <= LONGEST else []
    claims = _unpacked(parts[1]) if len(parts) == 3 else None
    return claims if isinstance(claims, dict) else None


def is_signed(token: str, key: SigningKey) -> bool:
    """Whether `key` signed this token, in the one way that a pool signs."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    head, _, signature = token.rpartition(".")
    if _unpacked(head.partition(".")[0]) != {"kid": key.id, "alg": "RS256"}:
        return False
    try:
        private(key.pem).public_key().verify(_bytes(signature), head.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _packed(value: Mapping[str, Any]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=")


def _bytes(text: str) -> bytes:
    """Raises ValueError for what is no base64url, or not as anyone writes it (with bits that stand for nothing)."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != text.encode():
        raise ValueError("no base64url")
    return raw


def _unpacked(text: str) -> Any:
    try:
        return json.loads(_bytes(text))
    except (ValueError, RecursionError):
        return None
