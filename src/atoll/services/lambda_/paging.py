"""Markers of listings: the last name that was shown, opaque to the client."""

from __future__ import annotations

import base64

from atoll.services.lambda_.errors import InvalidParameterValueException


def marker(name: str) -> str:
    """A marker that says `name`."""
    return base64.urlsafe_b64encode(name.encode()).decode()


def read_marker(text: str | None) -> str | None:
    """The name that a marker says. Raises InvalidParameterValueException."""
    if not text:
        return None
    try:
        return base64.b64decode(text, altchars=b"-_", validate=True).decode()
    except ValueError:  # not base 64, not ASCII, or not UTF-8 within
        raise InvalidParameterValueException("Invalid marker.") from None
