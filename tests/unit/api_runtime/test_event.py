"""The event of payload format 2.0 holds what AWS's holds, member by member."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.api_runtime.event import Arrival, payload_1, payload_2
from atoll.kernel.http import HttpRequest

AT = 1583348638.390


def arrival(
    path: str = "/my/path",
    *,
    method: str = "GET",
    query: str = "",
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
    **changes: Any,
) -> Arrival:
    given = [("host", "id.execute-api.us-east-1.amazonaws.com"), *(headers or [])]
    http = HttpRequest(method, path, query, given, body, source_ip="192.168.0.1", port=443, secure=True)
    members: dict[str, Any] = {
        "request": http,
        "account": "123456789012",
        "region": "us-east-1",
        "api_id": "id",
        "stage": "$default",
        "variables": {},
        "route_key": "$default",
        "path": path,
        "parameters": {},
        "request_id": "JKJaXmPLvHcESHA=",
        "trace_id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
        "time": AT,
        "domain": "id.execute-api.us-east-1.amazonaws.com",
    }
    return Arrival(**{**members, **changes})


def shape(value: Any) -> Any:
    return {key: shape(item) for key, item in value.items()} if isinstance(value, dict) else type(value)


def test_the_documented_event() -> None:
    """The example of the developer guide, but for what only authorizers, mutual TLS and API Gateway's own headers add."""
    event = payload_2(
        arrival(
            method="POST",
            query="parameter1=value1&parameter1=value2&parameter2=value",
            headers=[
                ("cookie", "cookie1; cookie2"),
                ("header1", "value1"),
                ("header2", "value1"),
                ("header2", "value2"),
                ("user-agent", "agent"),
                ("content-type", "application/json"),
            ],
            body=b'{"message": "hello world"}',
            parameters={"parameter1": "value1"},
            variables={"stageVariable1": "value1", "stageVariable2": "value2"},
        )
    )
    assert event == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/path",
        "rawQueryString": "parameter1=value1&parameter1=value2&parameter2=value",
        "cookies": ["cookie1", "cookie2"],
        "headers": {
            "content-length": "26",
            "content-type": "application/json",
            "header1": "value1",
            "header2": "value1,value2",
            "host": "id.execute-api.us-east-1.amazonaws.com",
            "user-agent": "agent",
            "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
            "x-forwarded-for": "192.168.0.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "queryStringParameters": {"parameter1": "value1,value2", "parameter2": "value"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "id",
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "id",
            "http": {
                "method": "POST",
                "path": "/my/path",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.168.0.1",
                "userAgent": "agent",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "pathParameters": {"parameter1": "value1"},
        "stageVariables": {"stageVariable1": "value1", "stageVariable2": "value2"},
        "body": '{"message": "hello world"}',
        "isBase64Encoded": False,
    }


@pytest.mark.parametrize("sample", sorted((Path(__file__).parent / "data").glob("*.json")), ids=lambda path: path.stem)
def test_has_the_members_of_aws_sample_events(sample: Path) -> None:
    expected = json.loads(sample.read_text())
    event = payload_2(
        arrival(
            expected["rawPath"],
            method=expected["requestContext"]["http"]["method"],
            query=expected["rawQueryString"],
            headers=[("cookie", "; ".join(expected["cookies"])), ("content-type", "application/json")],
            body=expected.get("body", "").encode(),
            parameters=expected["pathParameters"],
            variables=expected["stageVariables"],
        )
    )
    for absent in ("authentication", "authorizer"):
        expected["requestContext"].pop(absent)
    for answered in (event, expected):
        answered.pop("headers")
    assert shape(event) == shape(expected)
    assert {key: event[key] for key in ("rawPath", "cookies", "queryStringParameters", "pathParameters")} == {
        key: expected[key] for key in ("rawPath", "cookies", "queryStringParameters", "pathParameters")
    }


def test_what_has_no_value_is_absent() -> None:
    event = payload_2(arrival("/"))
    absent = {"cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"}
    assert absent.isdisjoint(event)
    assert event["rawQueryString"] == ""
    assert event["isBase64Encoded"] is False
    assert event["headers"]["content-length"] == "0"
    assert event["requestContext"]["http"]["userAgent"] == ""


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=1&a=2", {"a": "1,2"}),
        ("a=&b", {"a": "", "b": ""}),
        ("q=a+b%20c", {"q": "a b c"}),
        ("q=a%2Bb", {"q": "a+b"}),
        ("a=b=c", {"a": "b=c"}),
        ("%C3%A9=%E2%82%AC", {"é": "€"}),
        ("a=1;b=2", {"a": "1;b=2"}),
        ("&&a=1&", {"a": "1"}),
    ],
)
def test_query_strings(query: str, expected: dict[str, str]) -> None:
    event = payload_2(arrival(query=query))
    assert event["rawQueryString"] == query
    assert event["queryStringParameters"] == expected


@pytest.mark.parametrize(
    ("stage", "path", "shown"),
    [
        ("$default", "/a%2Fb", "/a/b"),
        ("$default", "/a%20b", "/a b"),
        ("$default", "/users/me%3Fadmin=true", "/users/me"),
        ("$default", "/a/", "/a/"),
        ("dev", "/users", "/dev/users"),
        ("dev", "/", "/dev/"),
    ],
)
def test_raw_path_is_decoded_and_names_the_stage(stage: str, path: str, shown: str) -> None:
    event = payload_2(arrival(path, stage=stage, front="" if stage == "$default" else f"/{stage}"))
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == shown


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("text/plain", True),
        ("text/html; charset=utf-8", True),
        ("Application/JSON", True),
        ("application/vnd.api+json", True),
        ("application/xml", True),
        ("application/javascript", True),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=x", False),
        ("image/png", False),
        ("application/octet-stream", False),
        (None, False),
    ],
)
def test_bodies_that_are_not_text_come_in_base64(content_type: str | None, text: bool) -> None:
    headers = [("content-type", content_type)] if content_type else []
    event = payload_2(arrival(method="POST", body=b"a=1", headers=headers))
    assert event["isBase64Encoded"] is not text
    assert event["body"] == ("a=1" if text else base64.b64encode(b"a=1").decode())


@pytest.mark.parametrize(
    "headers",
    [
        [("content-type", "text/plain")],
        [("content-type", "application/json"), ("content-encoding", "gzip")],
    ],
)
def test_bytes_that_are_no_text_are_never_lost(headers: list[tuple[str, str]]) -> None:
    event = payload_2(arrival(method="POST", body=b"\x1f\x8b\xff", headers=headers))
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\x1f\x8b\xff"


def test_forwarded_headers_are_extended_and_connection_headers_dropped() -> None:
    headers = [
        ("x-forwarded-for", "10.0.0.1"),
        ("connection", "keep-alive"),
        ("transfer-encoding", "chunked"),
        ("cookie", "a=1"),
        ("cookie", "b=2; c=3"),
    ]
    event = payload_2(arrival(headers=headers))
    assert event["headers"]["x-forwarded-for"] == "10.0.0.1, 192.168.0.1"
    assert {"connection", "transfer-encoding", "cookie"}.isdisjoint(event["headers"])
    assert event["cookies"] == ["a=1", "b=2", "c=3"]


def test_the_event_names_the_domain_that_was_called() -> None:
    event = payload_2(arrival())
    assert event["requestContext"]["domainName"] == "id.execute-api.us-east-1.amazonaws.com"
    assert event["requestContext"]["domainPrefix"] == "id"


def test_the_documented_event_of_format_1() -> None:
    """The example of the developer guide for payload format 1.0, but for what only authorizers and mutual TLS add."""
    event = payload_1(
        arrival(
            query="parameter1=value1&parameter1=value2&parameter2=value",
            headers=[("header1", "value1"), ("header2", "value1"), ("header2", "value2"), ("cookie", "a=1; b=2")],
            body=b"Hello from Lambda!",
            route_key="GET /my/{name}",
            parameters={"name": "path"},
        )
    )
    headers = event.pop("multiValueHeaders")
    assert headers["header2"] == ["value1", "value2"]
    assert headers["cookie"] == ["a=1; b=2"]
    assert event.pop("headers") == {name: values[-1] for name, values in headers.items()}
    context = event.pop("requestContext")
    assert event == {
        "version": "1.0",
        "resource": "/my/{name}",
        "path": "/my/path",
        "httpMethod": "GET",
        "queryStringParameters": {"parameter1": "value2", "parameter2": "value"},
        "multiValueQueryStringParameters": {"parameter1": ["value1", "value2"], "parameter2": ["value"]},
        "pathParameters": {"name": "path"},
        "stageVariables": None,
        "body": base64.b64encode(b"Hello from Lambda!").decode(),
        "isBase64Encoded": True,
    }
    identity = context.pop("identity")
    assert (identity.pop("sourceIp"), identity.pop("userAgent")) == ("192.168.0.1", "")
    assert len(identity) == 11
    assert set(identity.values()) == {None}
    assert context == {
        "accountId": "123456789012",
        "apiId": "id",
        "domainName": "id.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "id",
        "extendedRequestId": "JKJaXmPLvHcESHA=",
        "httpMethod": "GET",
        "path": "/my/path",
        "protocol": "HTTP/1.1",
        "requestId": "JKJaXmPLvHcESHA=",
        "requestTime": "04/Mar/2020:19:03:58 +0000",
        "requestTimeEpoch": 1583348638390,
        "resourceId": "GET /my/{name}",
        "resourcePath": "/my/{name}",
        "stage": "$default",
    }


def test_format_1_says_null_where_there_is_nothing() -> None:
    event = payload_1(arrival("/"))
    nothing = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body")
    assert all(event[member] is None for member in nothing)
    assert event["resource"] == event["requestContext"]["resourcePath"] == "$default"


WIRE = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=255), max_size=40)


@given(WIRE, WIRE, st.lists(st.tuples(st.sampled_from(["a", "cookie", "content-type", "host"]), WIRE)), st.binary())
def test_whatever_is_sent_becomes_json(path: str, query: str, headers: list[tuple[str, str]], body: bytes) -> None:
    sent = arrival("/" + path, method="POST", query=query, headers=headers, body=body, stage="dev")
    for build in (payload_1, payload_2):
        event = json.loads(msgspec.json.encode(build(sent)))
        if body:
            carried = event["body"]
            assert (base64.b64decode(carried) if event["isBase64Encoded"] else carried.encode()) == body
