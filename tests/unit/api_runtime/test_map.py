"""What a function returns becomes the response that API Gateway makes of it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.api_runtime.map import payload_1, payload_2

PLAIN = ("content-type", "text/plain; charset=utf-8")
JSON = ("content-type", "application/json")


def mapped(value: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    response = payload_2(json.dumps(value).encode())
    return response.status, list(response.headers), response.body


def test_what_is_nested_too_deep_to_look_into_is_a_body() -> None:
    deep = b"[" * 5000 + b"]" * 5000
    assert payload_2(deep).body == deep
    assert payload_1(deep).status == 500


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\x01", "漢"])
def test_what_no_header_can_carry_is_malformed(value: str) -> None:
    assert mapped({"statusCode": 200, "headers": {"x": value}})[0] == 500
    assert mapped({"statusCode": 200, "cookies": [value]})[0] == 500


@pytest.mark.parametrize(
    ("returned", "response"),
    [
        ({"statusCode": 200, "body": "hi"}, (200, [PLAIN], b"hi")),
        ({"statusCode": 201}, (201, [PLAIN], b"")),
        ({"statusCode": "404", "body": None}, (404, [PLAIN], b"")),
        ({"statusCode": 200, "body": ""}, (200, [PLAIN], b"")),
        ({"statusCode": 200, "headers": {"Content-Type": "text/html"}}, (200, [("content-type", "text/html")], b"")),
        ({"statusCode": 200, "headers": {"X-N": 5, "X-B": True}}, (200, [("x-n", "5"), ("x-b", "true"), PLAIN], b"")),
        ({"statusCode": 200, "headers": None, "cookies": None}, (200, [PLAIN], b"")),
        (
            {"statusCode": 200, "cookies": ["a=1; Secure", "b=2"]},
            (200, [("set-cookie", "a=1; Secure"), ("set-cookie", "b=2"), PLAIN], b""),
        ),
        (
            {"statusCode": 200, "headers": {"Date": "now", "Server": "me", "Connection": "close"}},
            (
                200,
                [
                    ("x-amzn-remapped-date", "now"),
                    ("x-amzn-remapped-server", "me"),
                    ("x-amzn-remapped-connection", "close"),
                    PLAIN,
                ],
                b"",
            ),
        ),
        ({"statusCode": 200, "headers": {"Transfer-Encoding": "chunked"}}, (200, [PLAIN], b"")),
        ({"statusCode": 200, "body": 42}, (200, [PLAIN], b"42")),
        ({"statusCode": 200, "body": "é"}, (200, [PLAIN], "é".encode())),
        ({"statusCode": 302, "headers": {"Location": "/x"}}, (302, [("location", "/x"), PLAIN], b"")),
    ],
)
def test_responses(returned: Any, response: tuple[int, list[tuple[str, str]], bytes]) -> None:
    assert mapped(returned) == response


def test_base64_bodies_are_decoded() -> None:
    body = base64.b64encode(b"\x89PNG\xff").decode()
    returned = {"statusCode": 200, "body": body, "isBase64Encoded": True, "headers": {"content-type": "image/png"}}
    assert mapped(returned) == (200, [("content-type", "image/png")], b"\x89PNG\xff")


@pytest.mark.parametrize(
    "payload",
    [b'{"message": "hi"}', b'"Hello from Lambda!"', b"[1, 2]", b"null", b"7", b"{}", b'{"name": "Jo', b""],
)
def test_without_a_status_code_the_payload_is_the_body_as_it_is(payload: bytes) -> None:
    response = payload_2(payload)
    assert (response.status, list(response.headers), response.body) == (200, [JSON], payload)


@pytest.mark.parametrize(
    "returned",
    [
        {"statusCode": "abc"},
        {"statusCode": None},
        {"statusCode": 0},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": True},
        {"statusCode": 200.5},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": ["a"]},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a\r\nb": "c"}},
        {"statusCode": 200, "headers": {"a": "b\r\nset-cookie: x=1"}},
        {"statusCode": 200, "headers": {"": "b"}},
        {"statusCode": 200, "headers": {"a": "€"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "cookies": [["a=1"]]},
        {"statusCode": 200, "cookies": ["a=1\nb"]},
        {"statusCode": 200, "body": "not base64!", "isBase64Encoded": True},
    ],
)
def test_malformed_responses_are_internal_errors(returned: Any) -> None:
    assert mapped(returned) == (500, [JSON], b'{"message":"Internal Server Error"}')


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {"statusCode": st.integers(190, 610) | JSON_VALUES},
        optional=dict.fromkeys(("headers", "cookies", "body", "isBase64Encoded"), JSON_VALUES),
    )
)
def test_whatever_a_function_returns_can_be_sent(returned: Any) -> None:
    status, headers, body = mapped(returned)
    assert 200 <= status <= 599
    assert isinstance(body, bytes)
    for name, value in headers:
        assert name
        assert not set("\r\n\0 ") & set(name)
        assert not set("\r\n\0") & set(value)
        value.encode("latin-1")


@pytest.mark.parametrize(
    ("returned", "response"),
    [
        ({"statusCode": 200, "body": "hi"}, (200, [PLAIN], b"hi")),
        (
            {"statusCode": 200, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "headers": {"X-A": "b"}},
            (200, [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("x-a", "b"), PLAIN], b""),
        ),
        ({"statusCode": 200, "cookies": ["a=1"]}, (200, [PLAIN], b"")),
    ],
)
def test_responses_in_format_1(returned: Any, response: tuple[int, list[tuple[str, str]], bytes]) -> None:
    mapped_1 = payload_1(json.dumps(returned).encode())
    assert (mapped_1.status, list(mapped_1.headers), mapped_1.body) == response


@pytest.mark.parametrize(
    "payload",
    [b"{}", b'"hi"', b"null", b"", b'{"message": "hi"}', b'{"statusCode": 200, "multiValueHeaders": {"a": "b"}}'],
)
def test_format_1_takes_nothing_but_responses(payload: bytes) -> None:
    response = payload_1(payload)
    assert (response.status, response.body) == (500, b'{"message":"Internal Server Error"}')
