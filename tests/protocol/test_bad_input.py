"""What is no proper request gets AWS's error, never a crash: broken syntax, wrong types, depth, encodings, duplicates."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from collections.abc import Callable
from time import process_time
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.kernel.errors import MalformedRequest, ServiceError, UnknownOperation, ValidationFailed
from atoll.protocol.json_types import typed_decoder
from atoll.protocol.json_values import Readers, decode
from atoll.protocol.models import Models
from atoll.protocol.timestamps import read_timestamp
from atoll.protocol.wire import WireRequest

MODELS = Models(["dynamodb", "lambda", "iam", "apigatewayv2", "s3", "ec2", "cloudwatch"])
LARGE = 1 << 20
"""Bytes of the large inputs, each of which must be done with in SECONDS."""
SECONDS = 3


def request(body: bytes, method: str = "POST", path: str = "/", query: str = "") -> WireRequest:
    return WireRequest(method, path, query, {}, body)


def tagging(body: bytes) -> dict[str, Any]:
    return parse(body, "PutBucketTagging", "s3", method="PUT", path="/photos", query="tagging")


def metrics(body: bytes) -> dict[str, Any]:
    return parse(body, "PutMetricData", "cloudwatch")


def timed(read: Callable[[bytes], Any], body: bytes) -> float:
    """The processor's seconds that a parser takes for a body, whatever it makes of it."""
    began = process_time()
    with contextlib.suppress(MalformedRequest, UnknownOperation):
        read(body)
    return process_time() - began


def parse(body: bytes, operation: str = "PutItem", service: str = "dynamodb", **where: Any) -> dict[str, Any]:
    return MODELS.codec(service).parse(operation, request(body, **where))


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"TableName": "a",}',
        b'{"TableName": "\xff"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"Item": ' + b'{"M": {"a": ' * 50_000,
        b'{"Item": {"a": ' + b'{"L": [' * 50_000 + b"]}" * 50_000 + b"}}",
        b'{"Item": {"a": {"N": 1e999999}}}',
    ],
)
def test_broken_json_is_a_serialization_exception(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse(body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"TableName": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"TableName": 1.5}, "DECIMAL_VALUE cannot be converted to String"),
        ({"TableName": True}, "TRUE_VALUE cannot be converted to String"),
        ({"TableName": False}, "FALSE_VALUE cannot be converted to String"),
        ({"TableName": []}, "Start of list found where not expected"),
        ({"TableName": {}}, "Start of structure or map found where not expected."),
        ({"Item": []}, "Start of list found where not expected"),
        ({"Item": "x"}, "Expected map or null"),
        ({"Item": {"a": "x"}}, "Unexpected field type"),
        ({"Item": {"a": {"BOOL": "yes"}}}, "STRING_VALUE cannot be converted to Boolean"),
        ({"Item": {"a": {"SS": "x"}}}, "Expected list or null"),
        ({"Item": {"a": {"B": 1}}}, "only base-64-encoded strings are convertible to bytes"),
        ({"Item": {"a": {"B": "abc"}}}, "Base64 encoded length is expected a multiple of 4 bytes but found: 3"),
    ],
)
def test_wrong_types_are_named(body: Any, text: str) -> None:
    with pytest.raises(MalformedRequest) as caught:
        parse(json.dumps(body).encode())
    assert caught.value.message == text


@pytest.mark.parametrize("number", [1 << 63, -(1 << 63) - 1, 1 << 64, 1 << 200, 1e30])
def test_numbers_that_no_type_holds_are_refused(number: float) -> None:
    """They are read twice: at once where that is possible, and in full."""
    with pytest.raises(MalformedRequest, match="_VALUE cannot be converted to Integer"):
        parse(json.dumps({"TableName": "t", "Limit": number}).encode(), "Query")
    body = {"ProvisionedThroughput": {"ReadCapacityUnits": number}, "TableName": None}
    with pytest.raises(MalformedRequest, match="_VALUE cannot be converted to Long"):
        parse(json.dumps(body).encode(), "CreateTable")
    with pytest.raises(MalformedRequest, match="is not a valid integer"):
        parse(f"RoleName=r&MaxSessionDuration={number:.0f}".encode(), "CreateRole", "iam")


def test_the_greatest_numbers_are_read() -> None:
    assert parse(b'{"Limit": 2147483647}', "Query") == {"Limit": 2147483647}
    body = b'{"ProvisionedThroughput": {"ReadCapacityUnits": 9223372036854775807}}'
    assert parse(body, "CreateTable") == {"ProvisionedThroughput": {"ReadCapacityUnits": (1 << 63) - 1}}


def test_nulls_and_unknown_members_are_ignored_and_the_last_duplicate_counts() -> None:
    assert parse(b'{"TableName": "a", "TableName": "b", "Nope": {"x": null}, "Item": null}') == {"TableName": "b"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"Action=CreateRole&RoleName=%zz", {"RoleName": "%zz"}),
        (b"RoleName=a&RoleName=b", {"RoleName": "b"}),
        (b"RoleName=a&RoleName.x.y=b", {"RoleName": "a"}),
        (b"Tags.member.2.Key=b&Tags.member.10.Key=c&Tags.member.1.Key=a", {"Tags": [{"Key": k} for k in "abc"]}),
        (b"Tags=", {"Tags": []}),
        (b"&&=&=x&...=y", {}),
    ],
)
def test_odd_forms_are_read(body: bytes, expected: dict[str, Any]) -> None:
    assert parse(body, "CreateRole", "iam") == expected


@pytest.mark.parametrize(
    "body",
    [b"\xff", b"RoleName=%ff", b"Tags.member.x.Key=a", b"MaxSessionDuration=abc", b"MaxSessionDuration=" + b"9" * 5000],
)
def test_broken_forms_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse(body, "CreateRole", "iam")


def test_a_very_deep_form_name_does_not_crash() -> None:
    assert parse(b"a" + b".a" * 100_000 + b"=1&RoleName=r", "CreateRole", "iam") == {"RoleName": "r"}


def test_a_form_of_very_many_pairs_is_refused_at_once() -> None:
    with pytest.raises(MalformedRequest):
        parse(b"RoleName=r&" + b"a&" * 1_000_000, "CreateRole", "iam")


@pytest.mark.parametrize(
    "value",
    [10**400, 1e300, "9" * 5000, "Thu, 01 Jan 2026 00:00:00 +9999999999999999999", "Wed, 5 3666666667 0 06:00 +02"],
)
def test_a_timestamp_out_of_range_is_none(value: Any) -> None:
    with pytest.raises(ValueError):
        read_timestamp(value)


def test_a_path_that_is_no_utf8_is_refused() -> None:
    with pytest.raises(MalformedRequest):
        parse(b"", "GetFunction", "lambda", method="GET", path="/2015-03-31/functions/%ff")


ENTITIES = (
    b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>"""
)


@pytest.mark.parametrize(
    "body",
    [
        b"<Tagging>",
        b"nonsense",
        b"<Tagging></tagging>",
        b"<Tagging/><Tagging/>",
        b"<Other><TagSet/></Other>",
        b"<Tagging>\xff</Tagging>",
        b"<Tagging>&nope;</Tagging>",
        b"<Tagging a='1' a='2'/>",
        b"<s:Tagging/>",
        ENTITIES + b"<Tagging><TagSet>&b;</TagSet></Tagging>",
        b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><Tagging/>",
        b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><Tagging>&e;</Tagging>",
        b"<Tagging>" * 100_000,
        b"<Tagging>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</Tagging>",
        b"<Tagging>\x00</Tagging>",
    ],
)
def test_broken_and_hostile_xml_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        tagging(body)


def test_odd_xml_is_read() -> None:
    tags = [{"Key": "a<b", "Value": "ä"}]
    assert tagging("<Tagging><TagSet><Tag><Key>a&lt;b</Key><Value>ä</Value></Tag></TagSet></Tagging>".encode()) == {
        "Bucket": "photos",
        "Tagging": {"TagSet": tags},
    }
    namespaced = "<s:Tagging xmlns:s='x'><!-- c --><s:TagSet><s:Tag><s:Key><![CDATA[a<b]]></s:Key>"
    odd = f"{namespaced}<Nope><Deep/></Nope><s:Value>&#228;</s:Value></s:Tag></s:TagSet></s:Tagging>"
    assert tagging(odd.encode())["Tagging"] == {"TagSet": tags}


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"\xbf",
        b"\xa1",
        b"\xbf\x69Namespace",
        cbor2.dumps({"Namespace": 1}),
        cbor2.dumps({"Namespace": b"x"}),
        cbor2.dumps([1]),
        cbor2.dumps({"MetricData": [{"Value": "x"}]}),
        cbor2.dumps({"MetricData": [{"Timestamp": 5}]}),
        cbor2.dumps({"MetricData": [{"Timestamp": cbor2.CBORTag(1, float("nan"))}]}),
        cbor2.dumps({"MetricData": [{"Timestamp": cbor2.CBORTag(1, 2**62)}]}),
        cbor2.dumps({"Namespace": cbor2.CBORTag(999, "x")}),
        b"\xa1\x69Namespace\x62\xc3\x28",
        b"\xa1\x69Namespace\xd8\x23\x63[a+",
        b"\xa1\x69Namespace\xd8\x1c\x81\xd8\x1d\x00",
        b"\xa1\x69Namespace\xd9\x01\x00\x61a",
        b"\xa1\x69Namespace\xc5\x82\x1a\x3b\x9a\xca\x00\x01",
        b"\xa1\x6aMetricData\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xa1\x69Namespace\x7b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xa1\x6aMetricData" + b"\x81" * 100_000,
        b"\xa1\x6aMetricData" + b"\x9f" * 100_000,
        b"\xc1" * 100_000,
    ],
)
def test_broken_and_hostile_cbor_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        metrics(body)


def test_odd_cbor_is_read() -> None:
    half, indefinite = b"\xf9\x3c\x00", b"\xbf\x69Namespace\x7f\x61a\x61b\xff\x6aMetricData\x9f\xbf\x65Value"
    assert metrics(indefinite + half + b"\xff\xff\xff") == {"Namespace": "ab", "MetricData": [{"Value": 1.0}]}
    assert metrics(cbor2.dumps({1: 2, "Nope": [1], "Namespace": None})) == {}


@pytest.mark.parametrize("body", [b"\xff", b"A=%ff", b"Filter.x.Name=a", b"MaxResults=abc"])
def test_broken_ec2_forms_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse(b"Filter.1.Name=a&" + body + b"&MaxResults=x", "DescribeInstances", "ec2")


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (tagging, b"<Tagging><TagSet>" + b"<Tag/>" * (LARGE // 6) + b"</TagSet></Tagging>"),
        (tagging, b"<Tagging>" + b"x" * LARGE + b"</Tagging>"),
        (tagging, b"<Tagging " + b" ".join(b"a%d='1'" % n for n in range(LARGE // 11)) + b"/>"),
        (metrics, cbor2.dumps({"MetricData": [{}] * LARGE})),
        (metrics, cbor2.dumps({"MetricData": [{"Value": 1.5}] * (LARGE // 16)})),
        (
            lambda body: parse(body, "DescribeInstances", "ec2"),
            b"&".join(b"InstanceId.%d=i" % n for n in range(LARGE // 16)),
        ),
        (
            lambda body: parse(body, "CreateRole", "iam"),
            b"&".join(b"Tags.member.%d.Key=k" % n for n in range(LARGE // 20)),
        ),
        (lambda body: parse(body, "CreateRole", "iam"), b"a" + b".a" * (LARGE // 2) + b"=1"),
        (lambda body: parse(b"", "GetObject", "s3", method="GET", path=body.decode()), b"/photos" + b"/" * 60_000),
        (lambda body: parse(b"", "GetObject", "s3", method="PATCH", path=body.decode()), b"/photos" + b"/" * 60_000),
        (lambda body: parse(b"", "GetObject", "s3", method="GET", path="/b/k", query=body.decode()), b"a=1&" * 16_000),
    ],
    ids=range(11),
)
def test_large_inputs_take_time_and_memory_in_proportion(read: Callable[[bytes], Any], body: bytes) -> None:
    timed(read, body[:100])  # compiles what is compiled once
    assert timed(read, body) < SECONDS
    tracemalloc.start()
    with contextlib.suppress(MalformedRequest, UnknownOperation):
        read(body)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 200 * len(body) + LARGE


@given(st.binary(max_size=200))
def test_any_bytes_are_cbor_or_refused(body: bytes) -> None:
    for read in (metrics, lambda body: metrics(b"\xa2\x69Namespace\x61a\x6aMetricData" + body)):
        with contextlib.suppress(MalformedRequest):
            read(body)


XML = st.recursive(
    st.text(alphabet="a1 &<>'\"\n\x00é", max_size=4)
    | st.sampled_from(["&amp;", "<![CDATA[x]]>", "<!-- -->", "&#0;", "<?x?>"]),
    lambda inner: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
        st.sampled_from(["Tagging", "TagSet", "Tag", "Key", "Value", "x", "a:b"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=10,
)


@given(XML | st.binary(max_size=100))
def test_any_text_is_xml_or_refused(document: str | bytes) -> None:
    body = document if isinstance(document, bytes) else document.encode()
    for sent in (body, b"<Tagging>" + body + b"</Tagging>"):
        with contextlib.suppress(MalformedRequest):
            tagging(sent)


@given(
    st.text(max_size=60),
    st.text(alphabet="/%.?&=+ab2f", max_size=60),
    st.text(alphabet="abs3.-localhost:4", max_size=30),
)
def test_any_request_to_s3_finds_an_operation_or_none(query: str, path: str, host: str) -> None:
    codec = MODELS.codec("s3")
    for method in ("GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"):
        asked = WireRequest(method, "/" + path, query, {"host": host}, b"")
        with contextlib.suppress(UnknownOperation, MalformedRequest):
            codec.parse(codec.operation_of(asked), asked)


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_are_refused(body: bytes) -> None:
    for service, operation in (("dynamodb", "PutItem"), ("dynamodb", "CreateTable"), ("iam", "CreateRole")):
        try:
            params = parse(body, operation, service)
            MODELS.codec(service).validate(operation, params)
        except (MalformedRequest, ValidationFailed):
            pass


@given(st.text(max_size=60), st.text(alphabet="/%?&=+{}$:.a2fv1", max_size=60))
def test_any_path_and_query_find_an_operation_or_none(query: str, path: str) -> None:
    for service in ("lambda", "apigatewayv2"):
        codec = MODELS.codec(service)
        asked = WireRequest("GET", "/" + path, query, {}, b"{}")
        with contextlib.suppress(UnknownOperation, MalformedRequest):
            codec.parse(codec.operation_of(asked), asked)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "a", "YQ==", "NaN"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["S", "N", "B", "BOOL", "M", "L", "SS", "NULL", "Item", "TableName", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["TableName", "Item", "Expected", "ConditionExpression", "Limit"]), JSON, max_size=3
    )
)
def test_the_fast_way_into_json_agrees_with_the_readers(document: dict[str, Any]) -> None:
    for operation in ("PutItem", "Query"):
        shape = MODELS.service("dynamodb").operation_model(operation).input_shape
        fast, readers, body = typed_decoder(shape), Readers(), json.dumps(document).encode()
        assert fast is not None
        try:
            found = fast(body)
        except ValueError:
            continue
        assert found == readers.structure(shape)(decode(body))


def test_no_error_of_any_service_fails_to_render() -> None:
    for service in ("dynamodb", "lambda", "iam", "apigatewayv2", "s3", "ec2", "cloudwatch", "route53"):
        codec = MODELS.codec(service)
        for error in (MalformedRequest(), UnknownOperation("x"), ServiceError("<&>"), ValidationFailed("é\x00")):
            assert codec.error(error, "id").status in (400, 404, 405)
