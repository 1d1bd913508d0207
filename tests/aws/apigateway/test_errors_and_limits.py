"""REST APIs: limits, and whatever bad input comes. Never a 500 of Atoll's own."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FINE = {200, 400, 403, 413, 414, 415, 431}
LINE = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"))
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40)


@pytest.fixture
def echo(rest: Any) -> Any:
    """ANY /{proxy+} answers with what it was asked for."""
    rest.method("/{proxy+}", "ANY")
    rest.integrate("/{proxy+}", "ANY", type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    template = '$input.params("proxy") $input.params("q") $input.params("X-Given") $context.path'
    rest.respond("/{proxy+}", "ANY", responseTemplates={"application/json": template})
    rest.deploy()
    return rest


def raw(rest: Any, data: bytes) -> bytes:
    """What comes back for these bytes."""
    url = httpx.URL(rest.endpoint)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=TEXT,
    query=TEXT,
    value=LINE,
    body=st.binary(max_size=200),
)
def test_whatever_a_request_holds(echo: Any, path: str, query: str, value: str, body: bytes) -> None:
    target = f"/_aws/execute-api/{echo.id}/dev/x{path}?{query}".replace(" ", "").replace("#", "")
    head = f"POST {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Given: {value.strip()}\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = raw(echo, head.encode("latin-1", "replace") + body)
    assert answer.startswith(b"HTTP/1.1 ")
    assert int(answer[9:12]) in FINE, answer


@pytest.mark.parametrize(
    "path",
    ["/%", "/%zz", "/%00", "/%ff%fe", "/..%2f..", "/../../x", "//x", "/x//y", "/x;y=1", "/%2F%2F", "/" + "x/" * 3000],
)
def test_odd_paths(echo: Any, path: str) -> None:
    target = f"/_aws/execute-api/{echo.id}/dev{path}"
    answer = raw(echo, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert int(answer[9:12]) in FINE, answer


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_request_smuggling_shapes(echo: Any, framing: bytes) -> None:
    target = f"/_aws/execute-api/{echo.id}/dev/x".encode()
    answer = raw(echo, b"POST " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + framing)
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert not answer or int(answer[9:12]) in FINE


def test_the_request_line_and_headers_have_10_240_bytes(echo: Any) -> None:
    assert echo("/x", headers={"x": "y" * 9_800}).status_code == 200
    headers = echo("/x", headers={"x": "y" * 10_240})
    assert (headers.status_code, headers.text) == (431, '{"message":"Request Header Fields Too Large"}')
    line = echo("/" + "x" * 10_240)
    assert (line.status_code, line.text) == (414, '{"message":"Request-URI Too Long"}')


def test_huge_headers(echo: Any) -> None:
    assert echo("/x", headers={"x": "y" * (65 << 10)}).status_code == 431


def test_the_account_of_another_stage_or_api_is_no_way_in(echo: Any) -> None:
    assert echo("/x", stage="dev%2F..").status_code == 403
    assert echo("/x", stage="").status_code == 403


def test_answers_to_head_have_no_body(echo: Any) -> None:
    response = echo("/x", "HEAD")
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) > 0


def test_a_request_template_sees_bytes_that_are_no_text(echo: Any) -> None:
    response = echo("/x", "POST", content=b"\xff\xfe\x00", headers={"content-type": "application/json"})
    assert response.status_code == 200
