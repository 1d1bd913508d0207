"""Pages of listings: how long they are, and where they begin. A marker is the last name that was shown, opaque to the client."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from atoll.services.lambda_.errors import InvalidParameterValueException

PAGE = 50
T = TypeVar("T")


def page_of(request: Mapping[str, Any], most: int = PAGE) -> tuple[int, str | None]:
    """How many things the page that a request wants has at most, and after which name it begins, None for the first.

    Raises InvalidParameterValueException for a marker that is none.
    """
    return min(request.get("MaxItems", most), most), _name(request.get("Marker"))


def next_marker(found: Sequence[T], limit: int, name: Callable[[T], str]) -> str | None:
    """The marker of the page after this one: there is one if more than `limit` were found."""
    if len(found) <= limit:
        return None
    return base64.urlsafe_b64encode(name(found[limit - 1]).encode()).decode()


def _name(marker: str | None) -> str | None:
    if not marker:
        return None
    try:
        return base64.b64decode(marker, altchars=b"-_", validate=True).decode()
    except ValueError:  # not base 64, not ASCII, or not UTF-8 within
        raise InvalidParameterValueException("Invalid marker.") from None
