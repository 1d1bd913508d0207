"""What is no proper request gets AWS's error, never a crash: broken syntax, wrong types, depth, encodings, duplicates."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.kernel.errors import MalformedRequest, ServiceError, UnknownOperation, ValidationFailed
from atoll.protocol.json_types import typed_decoder
from atoll.protocol.json_values import Readers, decode
from atoll.protocol.models import Models
from atoll.protocol.timestamps import read_timestamp
from atoll.protocol.wire import WireRequest

MODELS = Models(["dynamodb", "lambda", "iam", "apigatewayv2"])


def request(body: bytes, method: str = "POST", path: str = "/", query: str = "") -> WireRequest:
    return WireRequest(method, path, query, {}, body)


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
    for service in ("dynamodb", "lambda", "iam", "apigatewayv2"):
        codec = MODELS.codec(service)
        for error in (MalformedRequest(), UnknownOperation("x"), ServiceError("<&>"), ValidationFailed("é")):
            assert codec.error(error, "id").status in (400, 404)
