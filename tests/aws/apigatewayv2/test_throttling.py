"""Throttling per route, by the stage's settings and the region's clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Proxy = Callable[..., str]
TOO_MANY = '{"message":"Too Many Requests"}'


def test_a_burst_passes_and_the_next_request_gets_429(api: Any, api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("GET /a", "/")
    proxy("GET /b", "/")
    limits = {"ThrottlingBurstLimit": 3, "ThrottlingRateLimit": 0.001}
    api.update_stage(ApiId=api_id, StageName="$default", DefaultRouteSettings=limits)
    answers = [call(api_id, "/a") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].text == TOO_MANY
    assert answers[-1].headers["content-type"] == "application/json"
    assert answers[-1].headers["apigw-requestid"]
    assert call(api_id, "/b").status_code == 200  # each route has a bucket of its own


def test_a_routes_own_settings_go_before_the_stages(api: Any, api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("GET /a", "/")
    proxy("GET /b", "/")
    none = {"ThrottlingBurstLimit": 0, "ThrottlingRateLimit": 0.0}
    api.update_stage(ApiId=api_id, StageName="$default", RouteSettings={"GET /a": none})
    assert [call(api_id, path).status_code for path in ("/a", "/b")] == [429, 200]
    api.update_stage(
        ApiId=api_id, StageName="$default", DefaultRouteSettings=none,
        RouteSettings={"GET /a": {"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 5.0}},
    )  # fmt: skip
    assert [call(api_id, path).status_code for path in ("/a", "/b")] == [200, 429]


def test_tokens_come_back_by_region_time(own: Any, account: str, backend: Any) -> None:
    api = own.client("apigatewayv2", key=account)
    api_id = api.create_api(Name="x", ProtocolType="HTTP", Target=backend.url)["ApiId"]
    api.update_stage(
        ApiId=api_id,
        StageName="$default",
        DefaultRouteSettings={"ThrottlingBurstLimit": 2, "ThrottlingRateLimit": 0.01},
    )
    with httpx.Client(base_url=f"{own.endpoint}/_aws/execute-api/{api_id}/$default/", trust_env=False) as http:

        def statuses(count: int) -> list[int]:
            return [http.get("x").status_code for _ in range(count)]

        assert statuses(3) == [200, 200, 429]
        own.atoll("clock", "advance", "101s")
        assert statuses(2) == [200, 429]
        own.atoll("clock", "advance", "1h")
        assert statuses(3) == [200, 200, 429]


@pytest.mark.parametrize("path", ["/none", "/none?x"])
def test_a_request_without_a_route_takes_no_token(api: Any, api_id: str, proxy: Proxy, call: Any, path: str) -> None:
    proxy("GET /a", "/")
    limits = {"ThrottlingBurstLimit": 1, "ThrottlingRateLimit": 0.001}
    api.update_stage(ApiId=api_id, StageName="$default", DefaultRouteSettings=limits)
    assert [call(api_id, path).status_code for _ in range(3)] == [404, 404, 404]
    assert [call(api_id, "/a").status_code for _ in range(2)] == [200, 429]
