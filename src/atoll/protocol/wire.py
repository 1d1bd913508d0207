"""What travels: a request as it was sent, a response as it will be sent. No meaning is attached to either here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import msgspec

Body = bytes | AsyncIterator[bytes]
"""A response's body: all of it, or its pieces as they come."""


class WireRequest(msgspec.Struct):
    """An HTTP request. `raw_path` is undecoded and without the query; `query_string` is as sent, without "?"; header
    names are lower-case, the values of repeated ones joined with ","."""

    method: str
    raw_path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes


class WireResponse(msgspec.Struct, frozen=True):
    """An HTTP response. Content-Length, Date and connection headers are the edge's to add."""

    status: int
    headers: list[tuple[str, str]]
    body: Body
