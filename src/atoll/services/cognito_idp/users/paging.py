"""Pages of users and groups: a token says after which key to go on."""

from __future__ import annotations

import base64
import binascii

from atoll.services.cognito_idp.errors import InvalidParameterException

MOST = 60
"""Entries of a page."""


def token(position: str | None) -> str | None:
    """What the next request must give, None where nothing follows."""
    return None if position is None else base64.b64encode(position.encode()).decode()


def position(given: str | None) -> str:
    """Where a token goes on, "" without one. Raises InvalidParameterException."""
    if given is None:
        return ""
    try:
        return base64.b64decode(given, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise InvalidParameterException("Invalid pagination token") from None
