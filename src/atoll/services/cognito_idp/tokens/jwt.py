"""JSON Web Tokens of a pool, as it reads its own."""

from __future__ import annotations

import base64
import json
from typing import Any

from atoll.auth.token_keys import SigningKey, private

LONGEST = 64 * 1024
"""Characters of a token that is looked at: far more than any claims that a pool signs."""


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
