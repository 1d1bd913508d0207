"""Lambda proxy integrations of REST APIs: the event, and what becomes of the function's answer."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from calls import call, method
from hypothesis import given
from hypothesis import strategies as st

from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api.event import proxy_event
from atoll.api_runtime.rest_api.headers import answered
from atoll.api_runtime.rest_api.proxy_answer import proxy_answer
from atoll.api_runtime.serving import Stage
from atoll.kernel.http import HttpResponse


def test_the_event_is_aws_own() -> None:
    seen = call(
        method("POST"),
        headers=[
            ("tEsT-HEADeR", "aValUE"), ("authorization", "random-value"), ("X-Two", "1"), ("x-two", "2"),
            ("Connection", "close"), ("Content-Length", "5"), ("Expect", "100-continue"),
        ],
        query="category=electronics&category=books&plus=test+alias%2B",
        body=b"hello",
        path="/pets/test%2Balias@gmail.com/",
        parameters={"id": "test%2Balias@gmail.com"},
        settings=Stage(deployment="dep1"),
        variables={"color": "blue"},
    )  # fmt: skip
    event = proxy_event(seen)
    assert list(event) == [
        "resource", "path", "httpMethod", "headers", "multiValueHeaders", "queryStringParameters",
        "multiValueQueryStringParameters", "pathParameters", "stageVariables", "requestContext", "body", "isBase64Encoded",
    ]  # fmt: skip
    assert (event["resource"], event["path"], event["httpMethod"]) == (
        "/pets/{id}",
        "/pets/test%2Balias@gmail.com/",
        "POST",
    )
    assert event["headers"] == {
        "Host": "id.execute-api.us-east-1.amazonaws.com", "User-Agent": "curl/8", "tEsT-HEADeR": "aValUE",
        "Authorization": "random-value", "X-Two": "2", "X-Amzn-Trace-Id": "Root=1-x", "X-Forwarded-For": "192.168.0.1",
        "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https",
    }  # fmt: skip
    assert event["multiValueHeaders"]["X-Two"] == ["1", "2"]
    assert event["queryStringParameters"] == {"category": "books", "plus": "test alias+"}
    assert event["multiValueQueryStringParameters"]["category"] == ["electronics", "books"]
    assert event["pathParameters"] == {"id": "test%2Balias@gmail.com"}
    assert (event["stageVariables"], event["body"], event["isBase64Encoded"]) == ({"color": "blue"}, "hello", False)
    assert event["requestContext"] == {
        "resourceId": "abc123", "resourcePath": "/pets/{id}", "httpMethod": "POST", "extendedRequestId": "EXT=",
        "requestTime": "04/Mar/2020:19:03:58 +0000", "path": "/dev/pets/test%2Balias@gmail.com/",
        "accountId": "123456789012", "protocol": "HTTP/1.1", "stage": "dev", "domainPrefix": "id",
        "requestTimeEpoch": 1583348638390, "requestId": "REQ=", "domainName": "id.execute-api.us-east-1.amazonaws.com",
        "deploymentId": "dep1", "apiId": "id",
        "identity": {
            "accessKey": None, "accountId": None, "caller": None, "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None, "cognitoIdentityId": None, "cognitoIdentityPoolId": None,
            "principalOrgId": None, "sourceIp": "192.168.0.1", "user": None, "userAgent": "curl/8", "userArn": None,
        },
    }  # fmt: skip


def test_what_has_no_value_is_null() -> None:
    event = proxy_event(call(parameters={}))
    for name in (
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "body",
    ):
        assert event[name] is None


def test_the_path_under_a_custom_domain() -> None:
    event = proxy_event(call(base_path="v1", custom_domain=True))
    assert (event["path"], event["requestContext"]["path"]) == ("/v1/pets/7", "/v1/pets/7")


def test_binary_media_types_are_base64_in_the_event() -> None:
    binary = {"binary_media_types": ("image/png",)}
    event = proxy_event(call(headers=[("Content-Type", "image/png")], body=b"\xff\x00", snapshot=binary))
    assert (event["body"], event["isBase64Encoded"]) == (base64.b64encode(b"\xff\x00").decode(), True)
    text = proxy_event(call(headers=[("Content-Type", "text/plain")], body=b"\xffx", snapshot=binary))
    assert (text["body"], text["isBase64Encoded"]) == ("\ufffdx", False)


def answer(value: Any, as_bytes: bool = False) -> tuple[int, list[tuple[str, str]], Any]:
    response = proxy_answer(json.dumps(value).encode(), as_bytes)
    return response.status, list(response.headers), response.body


def test_good_answers() -> None:
    assert answer({}) == (200, [], b"")
    assert answer({"statusCode": "201", "body": "x", "headers": {"A": True, "N": 5, "Z": None}}) == (
        201, [("A", "true"), ("N", "5")], b"x",
    )  # fmt: skip


def test_multi_value_headers_are_merged_with_headers() -> None:
    _, headers, _ = answer(
        {"headers": {"A": "1", "B": "2"}, "multiValueHeaders": {"a": ["1", "3"], "Set-Cookie": ["x", "y"]}}
    )
    assert headers == [("a", "1"), ("a", "3"), ("Set-Cookie", "x"), ("Set-Cookie", "y"), ("B", "2")]


def test_base64_is_decoded_only_for_who_takes_bytes() -> None:
    encoded = {"isBase64Encoded": True, "body": "/wA="}
    assert answer(encoded, as_bytes=True)[2] == b"\xff\x00"
    assert answer(encoded)[2] == b"/wA="


@pytest.mark.parametrize(
    "value",
    [
        None, "hello", [], 7, {"statusCode": 200, "extra": 1}, {"message": "hi"}, {"body": {"a": 1}}, {"body": 5},
        {"statusCode": "abc"}, {"statusCode": 99}, {"statusCode": 600}, {"statusCode": True}, {"headers": []},
        {"headers": {"a": {}}}, {"multiValueHeaders": {"a": "b"}}, {"isBase64Encoded": "maybe"},
    ],
)  # fmt: skip
def test_malformed_answers_are_502(value: Any) -> None:
    with pytest.raises(Refused) as refused:
        answer(value)
    assert (refused.value.status, refused.value.text) == (502, "Internal server error")
    assert refused.value.detail == "Execution failed due to configuration error: Malformed Lambda proxy response"


def test_headers_that_are_api_gateways_are_remapped() -> None:
    assert answered([("WWW-Authenticate", "Basic"), ("Date", "x"), ("Transfer-Encoding", "chunked"), ("X-A", "a\r\nb")]) == [
        ("x-amzn-remapped-www-authenticate", "Basic"), ("x-amzn-remapped-date", "x"), ("x-a", "ab"),
    ]  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 700) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ANSWERS = JSON | st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"), JSON),
)


def outcome(payload: bytes, as_bytes: bool = False) -> HttpResponse | Refused:
    try:
        return proxy_answer(payload, as_bytes)
    except Refused as refused:
        return refused


@given(value=ANSWERS, as_bytes=st.booleans())
def test_whatever_a_function_answers_is_sent_or_is_502(value: Any, as_bytes: bool) -> None:
    found = outcome(json.dumps(value).encode(), as_bytes)
    if isinstance(found, Refused):
        assert found.status == 502
        return
    assert 200 <= found.status <= 599
    for name, text in answered(found.headers):
        assert "\r" not in name + text
        assert "\n" not in name + text
        (name + text).encode("latin-1")


@given(payload=st.binary(max_size=50))
def test_bytes_that_are_no_json_are_502(payload: bytes) -> None:
    found = outcome(b"\xff" + payload)
    assert isinstance(found, Refused)
    assert found.status == 502
