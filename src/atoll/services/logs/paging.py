"""nextTokens: opaque to the client, a position to us."""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

import msgspec

from atoll.kernel.records import encode
from atoll.services.logs.errors import bad_token

T = TypeVar("T")


def token(position: object) -> str:
    """A token that says `position`: plain values that msgpack can hold."""
    return base64.urlsafe_b64encode(encode(position)).decode().rstrip("=")


def read_token(text: str | None, kind: type[T]) -> T | None:
    """The position that a token says; None for no token. Raises InvalidParameterException for what is no such token."""
    if text is None:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise bad_token() from None
