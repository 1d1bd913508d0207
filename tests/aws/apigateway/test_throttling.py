"""Throttling of REST APIs: settings of stages and methods, by region time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

SLOW = '{"message":"Too Many Requests"}'


@pytest.fixture
def slow(own: Any, rest_in: Callable[..., Any]) -> Callable[..., Any]:
    """`slow(path="/*/*/throttling/rateLimit", …)`: an API with GET /a and GET /b in a region of the module's own, and its settings."""

    def make(**settings: str) -> Any:
        rest = rest_in(own)
        rest.mock("/a", answer="a")
        rest.mock("/b", answer="b")
        rest.deploy()
        rest.client.update_stage(
            restApiId=rest.id,
            stageName="dev",
            patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in settings.items()],
        )
        return rest

    return make


def test_a_stage_throttles_each_method(own: Any, slow: Callable[..., Any]) -> None:
    rest = slow(**{"/*/*/throttling/rateLimit": "0.001", "/*/*/throttling/burstLimit": "2"})
    assert [rest("/a").status_code for _ in range(3)] == [200, 200, 429]
    refused = rest("/a")
    assert (refused.status_code, refused.text) == (429, SLOW)
    assert refused.headers["x-amzn-errortype"] == "TooManyRequestsException"
    assert rest("/b").status_code == 200
    own.atoll("clock", "advance", "1000")
    assert [rest("/a").status_code for _ in range(2)] == [200, 429]


def test_a_methods_own_settings_go_before_the_stages(slow: Callable[..., Any]) -> None:
    rest = slow(
        **{
            "/*/*/throttling/rateLimit": "0.001",
            "/*/*/throttling/burstLimit": "1",
            "/~1b/GET/throttling/rateLimit": "1000",
            "/~1b/GET/throttling/burstLimit": "100",
        }
    )
    assert [rest("/a").status_code for _ in range(2)] == [200, 429]
    assert {rest("/b").status_code for _ in range(10)} == {200}


def test_minus_one_is_no_limit_as_terraform_writes_it(slow: Callable[..., Any]) -> None:
    rest = slow(**{"/~1a/GET/throttling/rateLimit": "-1", "/~1a/GET/throttling/burstLimit": "-1"})
    assert rest("/a").status_code == 200


def test_a_rate_of_nothing_lets_nobody_in(slow: Callable[..., Any]) -> None:
    rest = slow(**{"/~1a/GET/throttling/rateLimit": "0", "/~1a/GET/throttling/burstLimit": "0"})
    assert rest("/a").status_code == 429
