"""Bodies as text and as bytes: binary media types, content handling, compression. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html, as observed on AWS
(aws-observed: test_apigateway_s3).
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence

from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api.call import media_type
from atoll.api_runtime.rest_api.records import ContentHandling
from atoll.kernel.http import HttpResponse

COMPRESSIBLE = frozenset(
    (
        "application/font-sfnt", "application/font-woff", "application/java-archive", "application/javascript",
        "application/json", "application/msword", "application/octet-stream", "application/pdf", "application/rtf",
        "application/vnd.ms-excel", "application/vnd.ms-fontobject", "application/vnd.ms-powerpoint", "application/wasm",
        "application/x-font-ttf", "application/x-javascript", "application/x-web-app-manifest+json", "application/xhtml+xml",
        "application/xml", "font/eot", "font/opentype", "font/otf", "image/bmp", "image/jpeg", "image/svg+xml",
        "image/vnd.microsoft.icon", "image/x-icon", "text/cache-manifest", "text/calendar", "text/css", "text/csv",
        "text/html", "text/javascript", "text/plain", "text/vcard", "text/vtt", "text/xml",
    )
)  # fmt: skip
"""What AWS compresses. docs: "Enable payload compression for an API in API Gateway"."""
_WINDOW = {"gzip": 31, "deflate": 15, "identity": 0}


def is_binary(header: str | None, types: Sequence[str]) -> bool:
    """Whether a Content-Type, or the first type of an Accept header, is one of the API's binary media types (`image/png`, `*/*`,
    `image/*`)."""
    if not types:
        return False
    media = media_type((header or "").partition(",")[0])
    if not media:
        return "*/*" in types
    return media in types or "*/*" in types or media.partition("/")[0] + "/*" in types


def request_body(body: bytes, binary: bool, handling: ContentHandling | None) -> bytes:
    """What the integration gets of a request's body. A text body is UTF-8: bytes that are none are replaced. Raises Refused for text that
    is not base64 where bytes are wanted."""
    if binary:
        return base64.b64encode(body) if handling == "CONVERT_TO_TEXT" else body
    return _decoded(body) if handling == "CONVERT_TO_BINARY" else _text(body)


def response_body(body: bytes, binary: bool, accepts_binary: bool, handling: ContentHandling | None) -> bytes:
    """What the method answers of the integration's body. Raises Refused as `request_body`."""
    if binary:
        to_text = handling == "CONVERT_TO_TEXT" or (handling is None and not accepts_binary)
        return base64.b64encode(body) if to_text else body
    if handling == "CONVERT_TO_BINARY" or (handling is None and accepts_binary):
        return _decoded(body)
    return _text(body)


def uncompressed(body: bytes, encoding: str | None, most: int) -> bytes:
    """A request's body without its Content-Encoding. Raises Refused for one that is none or comes to more than `most` bytes."""
    window = _WINDOW.get((encoding or "identity").strip().lower())
    if not window or not body:
        return body
    unpacking = zlib.decompressobj(window)
    try:
        unpacked = unpacking.decompress(body, most + 1)
    except zlib.error as error:
        raise Refused("BAD_REQUEST_BODY", "Could not decompress request body", detail=str(error)) from error
    if len(unpacked) > most:
        raise Refused("REQUEST_TOO_LARGE")
    if not unpacking.eof:
        raise Refused("BAD_REQUEST_BODY", "Could not decompress request body", detail="the body is cut off")
    return unpacked


def compressed(response: HttpResponse, accepted: str | None, least: int | None) -> HttpResponse:
    """The response compressed as the client accepts, where the API compresses bodies of `least` bytes and more."""
    if least is None or not isinstance(response.body, bytes) or len(response.body) < max(least, 1):
        return response
    named = dict(response.headers)
    encoding = _first_known(accepted)
    if encoding is None or "content-encoding" in named or media_type(named.get("content-type")) not in COMPRESSIBLE:
        return response
    packing = zlib.compressobj(6, zlib.DEFLATED, _WINDOW[encoding])
    body = packing.compress(response.body) + packing.flush()
    return HttpResponse(response.status, [*response.headers, ("content-encoding", encoding)], body)


def _first_known(accepted: str | None) -> str | None:
    """The first encoding of an Accept-Encoding header that API Gateway knows, None where that is to leave the body as it is."""
    for part in (accepted or "").split(","):
        name, _, weight = part.strip().lower().partition(";")
        name = "gzip" if name.strip() == "*" else name.strip()
        if name in _WINDOW and weight.replace(" ", "") not in ("q=0", "q=0.0"):
            return name if _WINDOW[name] else None
    return None


def _text(body: bytes) -> bytes:
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(errors="replace").encode()
    return body


def _decoded(body: bytes) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise Refused(
            "API_CONFIGURATION_ERROR",
            detail="Execution failed due to configuration error: Unable to base64 decode the body.",
        ) from error
