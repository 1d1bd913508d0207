"""Pages of a list: `limit` and `position` as API Gateway v1 has them. Pure but for reading."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from atoll.kernel.keys import Key, Range
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader
from atoll.services.apigateway.errors import BadRequestException

R = TypeVar("R", bound=msgspec.Struct)
DEFAULT_SIZE, LARGEST = 25, 500


def page(
    tx: Reader, request: Mapping[str, Any], span: Range, prefix: Key, codec: Codec[R], members: Callable[[R], Any]
) -> dict[str, Any]:
    """`items` (and `position` where there are more) of the records in `span`, whose keys are `prefix` and an id."""
    size = size_of(request)
    if position := request.get("position"):
        span = span.past((*prefix, _decoded(position)))
    found = list(tx.scan(span, limit=size + 1))
    output: dict[str, Any] = {"items": [members(codec.decode(raw)) for _, raw in found[:size]]}
    if len(found) > size:
        output["position"] = base64.b64encode(str(found[size - 1][0][-1]).encode()).decode("ascii")
    return output


def size_of(request: Mapping[str, Any]) -> int:
    """How many items the request asks for. AWS takes 1 to 500, and 0 or less as if nothing was said."""
    limit = request.get("limit") or DEFAULT_SIZE
    return min(limit, LARGEST) if limit > 0 else DEFAULT_SIZE


def _decoded(position: str) -> str:
    try:
        return base64.b64decode(position, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise BadRequestException("Invalid position parameter specified") from error
