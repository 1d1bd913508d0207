"""Content-Encoding of requests. Pure.

Services that take compressed requests say so in their models (`requestCompression`); S3 keeps what it gets and the encoding's name.
aws-chunked is the odd one: `auth/chunked.py` takes it apart, because its chunks carry signatures.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from atoll.kernel.errors import MalformedRequest, RequestTooLarge

_GZIP = 16 + zlib.MAX_WBITS


def content_codings(fields: Mapping[str, str]) -> list[str]:
    """The codings of the content in the order they were applied, aws-chunked left out: it is how the content travels, no part of it.
    `fields` are headers by lower-case name."""
    codings = (coding.strip() for coding in fields.get("content-encoding", "").split(","))
    return [coding for coding in codings if coding and coding.lower() != "aws-chunked"]


def decode_body(fields: Mapping[str, str], body: bytes, limit: int) -> bytes:
    """The body of an operation that takes compressed requests, unpacked where its Content-Encoding is gzip. Other codings say nothing
    about the bytes for AWS's services (an SDK sends `amz-1.0`).

    Raises RequestTooLarge where more than `limit` bytes come out, without unpacking the rest; MalformedRequest where it is no gzip,
    stops short or goes on after its end.
    """
    for coding in reversed(content_codings(fields)):
        if coding.lower() == "gzip":
            body = _unpack(body, limit)
    return body


def _unpack(body: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        unpacked = unpacker.decompress(body, limit + 1)
    except zlib.error:
        raise MalformedRequest() from None
    if len(unpacked) > limit:
        raise RequestTooLarge()
    if not unpacker.eof or unpacker.unused_data:
        raise MalformedRequest()
    return unpacked
