"""Bodies: gzip requests, unpacked within a limit."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import boto3
import pytest
from botocore.awsrequest import AWSRequest
from hypothesis import given
from hypothesis import strategies as st

from atoll.kernel.errors import MalformedRequest, RequestTooLarge
from atoll.protocol.bodies.encodings import content_codings, decode_body

GZIP = {"content-encoding": "gzip"}
PACKED = gzip.compress(b"some text, some text", mtime=0)


@pytest.mark.parametrize("value", ["gzip", "GZIP", "gzip,aws-chunked", "aws-chunked, gzip", " gzip "])
def test_gzip_is_unpacked(value: str) -> None:
    assert decode_body({"content-encoding": value}, PACKED, 20) == b"some text, some text"


@pytest.mark.parametrize(
    "fields", [{}, {"content-encoding": ""}, {"content-encoding": "amz-1.0"}, {"content-encoding": "aws-chunked"}]
)
def test_nothing_else_is(fields: dict[str, str]) -> None:
    assert decode_body(fields, PACKED, 1) == PACKED


def test_what_the_content_is_coded_with() -> None:
    assert content_codings({"content-encoding": "deflate, gzip,aws-chunked, "}) == ["deflate", "gzip"]


def test_what_botocore_packs() -> None:
    sent: list[AWSRequest] = []
    client = boto3.client("cloudwatch", region_name="us-east-1", aws_access_key_id="AKID", aws_secret_access_key="s")

    def stop(request: AWSRequest, **_more: object) -> None:
        sent.append(request)
        raise InterruptedError

    client.meta.events.register("before-send.cloudwatch", stop)
    data = [{"MetricName": f"metric-{number}", "Value": 1.0} for number in range(500)]
    with pytest.raises(InterruptedError):
        client.put_metric_data(Namespace="n", MetricData=data)
    fields = {"content-encoding": sent[0].headers["Content-Encoding"].decode()}
    assert fields == GZIP
    unpacked = decode_body(fields, sent[0].body, 1 << 20)
    assert len(unpacked) > len(sent[0].body)
    assert b"metric-499" in unpacked


@pytest.mark.parametrize(
    "body",
    [b"", b"plain", PACKED[:-1], PACKED[:12], PACKED + b"x", PACKED * 2, zlib.compress(b"x"), PACKED[:-8] + b"\0" * 8],
)
def test_what_is_no_gzip_stops_short_or_goes_on_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        decode_body(GZIP, body, 1000)


def test_the_limit_is_of_what_comes_out() -> None:
    assert decode_body(GZIP, PACKED, 20)
    with pytest.raises(RequestTooLarge):
        decode_body(GZIP, PACKED, 19)


@pytest.mark.parametrize("value", ["gzip", "gzip, gzip"])
def test_a_bomb_is_not_unpacked(value: str) -> None:
    bomb = gzip.compress(b"\0" * (64 << 20))
    if value != "gzip":
        bomb = gzip.compress(bomb)
    tracemalloc.start()
    with pytest.raises(RequestTooLarge):
        decode_body({"content-encoding": value}, bomb, 1 << 20)
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


@given(st.binary(max_size=200), st.integers(0, 200), st.binary(max_size=3))
def test_any_body_is_unpacked_or_refused(data: bytes, cut: int, extra: bytes) -> None:
    packed = gzip.compress(data)
    body = packed[:cut] + extra + packed[cut + len(extra) :]
    try:
        unpacked = decode_body(GZIP, body, 150)
    except (MalformedRequest, RequestTooLarge):
        return
    assert len(unpacked) <= 150
    assert unpacked == data
