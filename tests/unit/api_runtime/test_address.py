"""Requests are recognised as an API's by their host or by their path, and by nothing else."""

from __future__ import annotations

import pytest

from atoll.api_runtime.address import Address, address
from atoll.kernel.http import HttpRequest


def request(host: str, path: str = "/") -> HttpRequest:
    return HttpRequest("GET", path, "", [("host", host)], b"")


@pytest.mark.parametrize(
    "host",
    [
        "abc123defg.execute-api.us-east-1.amazonaws.com",
        "ABC123DEFG.execute-api.US-EAST-1.amazonaws.com:443",
        "abc123defg.execute-api.cn-north-1.amazonaws.com.cn",
        "abc123defg.execute-api.localhost",
        "abc123defg.execute-api.localhost:4566",
        "abc123defg.execute-api.localhost.localstack.cloud:4566",
    ],
)
def test_hosts_that_name_an_api(host: str) -> None:
    assert address(request(host, "/dev/x%2Fy")) == Address("abc123defg", None, "/dev/x%2Fy")


@pytest.mark.parametrize(
    "host",
    ["localhost:4566", "127.0.0.1", "", "execute-api.us-east-1.amazonaws.com", "a.execute-api.evil.com", "[::1]:4566"],
)
def test_hosts_that_do_not(host: str) -> None:
    assert address(request(host)) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/_aws/execute-api/abc/dev/users/1", Address("abc", "dev", "/users/1")),
        ("/_aws/execute-api/abc/$default/users/", Address("abc", "$default", "/users/")),
        ("/_aws/execute-api/abc/%24default/a%2Fb", Address("abc", "$default", "/a%2Fb")),
        ("/_aws/execute-api/abc/dev", Address("abc", "dev", "/")),
        ("/_aws/execute-api/abc", Address("abc", "", "/")),
        ("/restapis/abc/dev/_user_request_/users", Address("abc", "dev", "/users")),
        ("/restapis/abc/dev/_user_request_", Address("abc", "dev", "/")),
        ("/restapis/abc/stages/_user_request_x", None),
        ("/restapis/abc/resources", None),
        ("/v2/apis/abc", None),
    ],
)
def test_paths(path: str, expected: Address | None) -> None:
    assert address(request("127.0.0.1:4566", path)) == expected
