"""Bodies as text and bytes, as AWS converts them (aws-observed: test_apigw_s3_binary_support_*)."""

from __future__ import annotations

import base64
import gzip
import zlib

import pytest

from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api.content import compressed, is_binary, request_body, response_body, uncompressed
from atoll.kernel.http import HttpResponse

RAW = gzip.compress(b"compressed data", mtime=0)
BASE64 = base64.b64encode(RAW)
LOSSY = RAW.decode(errors="replace").encode()
TEXT = b"this is a UTF8 text typed object"


@pytest.mark.parametrize(
    ("binary", "handling", "body", "expected"),
    [
        (False, None, RAW, LOSSY),
        (False, None, BASE64, BASE64),
        (False, "CONVERT_TO_TEXT", RAW, LOSSY),
        (True, None, RAW, RAW),
        (True, "CONVERT_TO_TEXT", RAW, BASE64),
        (True, "CONVERT_TO_TEXT", TEXT, base64.b64encode(TEXT)),
        (True, "CONVERT_TO_BINARY", RAW, RAW),
        (False, "CONVERT_TO_BINARY", BASE64, RAW),
    ],
)
def test_requests(binary: bool, handling: str | None, body: bytes, expected: bytes) -> None:
    assert request_body(body, binary, handling) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("binary", "accepts", "handling", "body", "expected"),
    [
        (True, True, None, RAW, RAW),
        (True, False, None, RAW, BASE64),
        (False, False, None, RAW, LOSSY),
        (False, True, None, BASE64, RAW),
        (False, False, "CONVERT_TO_BINARY", BASE64, RAW),
        (True, True, "CONVERT_TO_TEXT", RAW, BASE64),
        (True, False, "CONVERT_TO_BINARY", RAW, RAW),
    ],
)
def test_responses(binary: bool, accepts: bool, handling: str | None, body: bytes, expected: bytes) -> None:
    assert response_body(body, binary, accepts, handling) == expected  # type: ignore[arg-type]


def test_text_that_is_no_base64_is_a_configuration_error() -> None:
    with pytest.raises(Refused) as refused:
        request_body(TEXT, False, "CONVERT_TO_BINARY")
    assert refused.value.reason == "API_CONFIGURATION_ERROR"


def test_binary_media_types() -> None:
    assert is_binary("image/png; q=1", ("image/png",))
    assert is_binary("image/png, text/html", ("image/*",))
    assert not is_binary("text/html, image/png", ("image/png",))
    assert is_binary(None, ("*/*",))
    assert not is_binary(None, ("image/png",))
    assert not is_binary("image/png", ())


def test_compressed_requests() -> None:
    assert uncompressed(gzip.compress(b"x"), "gzip", 10) == b"x"
    assert uncompressed(zlib.compress(b"x"), "deflate", 10) == b"x"
    assert uncompressed(b"x", "br", 10) == b"x"
    with pytest.raises(Refused, match="REQUEST_TOO_LARGE"):
        uncompressed(gzip.compress(b"x" * 11), "gzip", 10)
    with pytest.raises(Refused, match="BAD_REQUEST_BODY"):
        uncompressed(b"x", "gzip", 10)


def test_compressed_responses() -> None:
    response = HttpResponse(200, [("content-type", "application/json")], b"x" * 100)
    packed = compressed(response, "br, gzip;q=0.5", 10)
    assert dict(packed.headers)["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(packed.body)) == response.body  # type: ignore[arg-type]
    assert compressed(response, "identity, gzip", 10) is response
    assert compressed(response, "gzip", 101) is response
    assert compressed(response, "gzip", None) is response
    assert compressed(response, None, 0) is response
