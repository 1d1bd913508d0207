"""CreateRoute, GetRoute(s), UpdateRoute, DeleteRoute."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

AwsError = Callable[[Callable[[], Any]], tuple[str, str, int]]
BAD_KEY = (
    "The provided route key is not formatted properly for HTTP protocol. "
    'Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"'
)


def own(response: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in response.items() if key != "ResponseMetadata"}


def test_a_new_route(api: Any, api_id: str, integration: str) -> None:
    created = api.create_route(ApiId=api_id, RouteKey="GET /users/{id}", Target=integration)
    assert re.fullmatch(r"[a-z0-9]{7}", created["RouteId"])
    assert own(created) == {
        "ApiKeyRequired": False,
        "AuthorizationType": "NONE",
        "RouteId": created["RouteId"],
        "RouteKey": "GET /users/{id}",
        "Target": integration,
    }
    assert own(api.get_route(ApiId=api_id, RouteId=created["RouteId"])) == own(created)


@pytest.mark.parametrize(
    "key",
    ["$default", "ANY /", "GET /", "PATCH /a/{b}/c/{d+}", "HEAD /a.b-c_d~e", "OPTIONS /{proxy+}", "DELETE /a/b/c/d/e"],
)
def test_keys_that_aws_takes(api: Any, api_id: str, key: str) -> None:
    assert api.create_route(ApiId=api_id, RouteKey=key)["RouteKey"] == key


@pytest.mark.parametrize(
    "key",
    [
        "/users",
        "GET",
        "GET users",
        "GET/users",
        "get /users",
        "FETCH /users",
        "GET /users/",
        "GET /a//b",
        "GET /{a+}/b",
        "GET /{}",
        "GET /{a}/{a}",
        "GET /a b",
        "GET /{a}x",
        "$connect",
    ],
)
def test_keys_that_aws_refuses(api: Any, api_id: str, aws_error: AwsError, key: str) -> None:
    assert aws_error(lambda: api.create_route(ApiId=api_id, RouteKey=key)) == ("BadRequestException", BAD_KEY, 400)


def test_a_key_is_there_once(api: Any, api_id: str, aws_error: AwsError) -> None:
    first = api.create_route(ApiId=api_id, RouteKey="GET /a")
    other = api.create_route(ApiId=api_id, RouteKey="GET /b")
    taken = ("ConflictException", "Route with key GET /a already exists for this API", 409)
    assert aws_error(lambda: api.create_route(ApiId=api_id, RouteKey="GET /a")) == taken
    assert aws_error(lambda: api.update_route(ApiId=api_id, RouteId=other["RouteId"], RouteKey="GET /a")) == taken
    api.update_route(ApiId=api_id, RouteId=first["RouteId"], RouteKey="GET /c")
    api.update_route(ApiId=api_id, RouteId=other["RouteId"], RouteKey="GET /a")
    assert {route["RouteKey"] for route in api.get_routes(ApiId=api_id)["Items"]} == {"GET /a", "GET /c"}


def test_a_deleted_route_is_gone(api: Any, api_id: str, aws_error: AwsError) -> None:
    route = api.create_route(ApiId=api_id, RouteKey="GET /a")["RouteId"]
    api.delete_route(ApiId=api_id, RouteId=route)
    expected = ("NotFoundException", "Invalid Route identifier specified", 404)
    assert aws_error(lambda: api.get_route(ApiId=api_id, RouteId=route)) == expected
    assert aws_error(lambda: api.delete_route(ApiId=api_id, RouteId=route)) == expected
    api.create_route(ApiId=api_id, RouteKey="GET /a")


def test_the_target_must_be_there(api: Any, api_id: str, aws_error: AwsError) -> None:
    missing = aws_error(lambda: api.create_route(ApiId=api_id, RouteKey="GET /a", Target="integrations/nothere"))
    assert missing == ("NotFoundException", "Invalid Integration identifier specified", 404)
    assert aws_error(lambda: api.create_route(ApiId=api_id, RouteKey="GET /a", Target="x"))[0] == "BadRequestException"


def test_routes_come_in_pages(api: Any, api_id: str, aws_error: AwsError) -> None:
    made = {api.create_route(ApiId=api_id, RouteKey=f"GET /{i}")["RouteId"] for i in range(5)}
    first = api.get_routes(ApiId=api_id, MaxResults="3")
    rest = api.get_routes(ApiId=api_id, MaxResults="3", NextToken=first["NextToken"])
    assert (len(first["Items"]), len(rest["Items"]), "NextToken" in rest) == (3, 2, False)
    assert {route["RouteId"] for route in first["Items"] + rest["Items"]} == made
    for wrong in ({"MaxResults": "many"}, {"MaxResults": "0"}, {"NextToken": "?"}):
        assert aws_error(lambda wrong=wrong: api.get_routes(ApiId=api_id, **wrong))[0] == "BadRequestException"  # type: ignore[misc]
