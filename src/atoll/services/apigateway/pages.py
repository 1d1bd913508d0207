"""Pages of a list: `limit` and `position` as API Gateway v1 has them. Pure but for reading."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, TypeVar

import msgspec

from atoll.kernel.keys import Key, Range
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader
from atoll.services.apigateway.errors import BadRequestException

R = TypeVar("R", bound=msgspec.Struct)
DEFAULT_SIZE, LARGEST = 25, 500


def page(
    tx: Reader,
    request: Mapping[str, Any],
    span: Range,
    prefix: Key,
    codec: Codec[R],
    members: Callable[[R], Any],
    wanted: Callable[[R], bool] = lambda _record: True,
) -> dict[str, Any]:
    """`items` (and `position` where there are more) of the `wanted` records in `span`, whose keys are `prefix` and an id."""
    size = size_of(request)
    if (after := starts_after(request)) is not None:
        span = span.past((*prefix, after))
    records = ((key, codec.decode(raw)) for key, raw in tx.scan(span))
    found = list(islice(((key, record) for key, record in records if wanted(record)), size + 1))
    output: dict[str, Any] = {"items": [members(record) for _, record in found[:size]]}
    if len(found) > size:
        output["position"] = position_after(str(found[size - 1][0][-1]))
    return output


def names_page(
    tx: Reader, request: Mapping[str, Any], span: Range, prefix: Key, wanted: Callable[[str], bool]
) -> tuple[list[str], str | None]:
    """The last elements of the keys in `span` that are `wanted`, for one page, and the position of the next."""
    size = size_of(request)
    if (after := starts_after(request)) is not None:
        span = span.past((*prefix, after))
    found = list(islice(filter(wanted, (str(key[-1]) for key, _ in tx.scan(span))), size + 1))
    return found[:size], position_after(found[size - 1]) if len(found) > size else None


def starts_after(request: Mapping[str, Any]) -> str | None:
    """The record after which the request's page begins, None for the first page. Raises BadRequestException."""
    position = request.get("position")
    return _decoded(position) if position else None


def position_after(name: str) -> str:
    """The position of the page that begins after a record."""
    return base64.b64encode(name.encode()).decode("ascii")


def size_of(request: Mapping[str, Any]) -> int:
    """How many items the request asks for. AWS takes 1 to 500, and 0 or less as if nothing was said."""
    limit = request.get("limit") or DEFAULT_SIZE
    return min(limit, LARGEST) if limit > 0 else DEFAULT_SIZE


def _decoded(position: str) -> str:
    try:
        return base64.b64decode(position, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise BadRequestException("Invalid position parameter specified") from error
