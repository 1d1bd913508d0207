"""Pages of listings, in the order of their keys. A token is the last name that was shown, opaque to the client."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader
from atoll.services.cognito_idp.errors import InvalidParameterException

R = TypeVar("R", bound=msgspec.Struct)
PAGE = 60
"""Things on a page, at most (docs: API_ListUserPools)."""


def page(
    tx: Reader, request: Mapping[str, Any], prefix: Key, codec: Codec[R], shown: tuple[str, Callable[[R], Any]]
) -> dict[str, Any]:
    """A page of the records under `prefix`, as the request's MaxResults (or Limit) and NextToken want it. `shown` is the output's
    member and what it has of a record. Raises InvalidParameterException for a token that is none."""
    member, members = shown
    size = request.get("MaxResults", request.get("Limit")) or PAGE
    span = under(prefix)
    if "NextToken" in request:
        span = span.past((*prefix, _position(request["NextToken"])))
    found = list(tx.scan(span, limit=size + 1))
    output: dict[str, Any] = {member: [members(codec.decode(raw)) for _, raw in found[:size]]}
    if len(found) > size:
        output["NextToken"] = base64.urlsafe_b64encode(str(found[size - 1][0][-1]).encode()).decode("ascii")
    return output


def _position(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except ValueError:  # not base 64, not ASCII, or not UTF-8 within
        raise InvalidParameterException("Invalid pagination token given.") from None
