"""Calls of a deployed HTTP API, through to a function: routes, events, answers and errors as its users see them."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

ERROR = '{"message":"Internal Server Error"}'


def test_the_function_gets_the_event_and_its_answer_comes_back(echo: str, call: Any, account: str) -> None:
    response = call(echo, "/a/b?q=1&q=2", "POST", headers={"cookie": "x=1; y=2", "X-Two": "a"}, json={"n": 1})
    event = response.json()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert re.fullmatch(r"[A-Za-z0-9]{15}=", response.headers["apigw-requestid"])
    assert event["requestContext"]["requestId"] == response.headers["apigw-requestid"]
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/a/b")
    assert (event["rawQueryString"], event["queryStringParameters"]) == ("q=1&q=2", {"q": "1,2"})
    assert event["cookies"] == ["x=1", "y=2"]
    assert event["headers"]["x-two"] == "a"
    assert event["body"] == '{"n":1}'
    assert event["requestContext"]["accountId"] == account
    assert event["requestContext"]["http"]["method"] == "POST"


@pytest.mark.parametrize("host", ["execute-api.us-east-1.amazonaws.com", "execute-api.localhost:4566"])
def test_by_host_the_path_is_the_routes_own(echo: str, region: Any, host: str) -> None:
    response = httpx.get(f"{region.endpoint}/x%20y/", headers={"host": f"{echo}.{host}"}, trust_env=False)
    assert response.json()["rawPath"] == "/x y/"
    assert response.json()["requestContext"]["domainPrefix"] == echo
    assert response.json()["requestContext"]["domainName"] == f"{echo}.{host}".partition(":")[0]


def test_a_named_stage_is_the_first_segment_and_goes_before_default(api: Any, echo: str, region: Any) -> None:
    api.create_stage(ApiId=echo, StageName="dev", AutoDeploy=True, StageVariables={"color": "blue"})
    host = {"host": f"{echo}.execute-api.us-east-1.amazonaws.com"}
    named = httpx.get(f"{region.endpoint}/dev/users", headers=host, trust_env=False).json()
    default = httpx.get(f"{region.endpoint}/devil/users", headers=host, trust_env=False).json()
    assert (named["requestContext"]["stage"], named["rawPath"]) == ("dev", "/dev/users")
    assert named["stageVariables"] == {"color": "blue"}
    assert (default["requestContext"]["stage"], default["rawPath"]) == ("$default", "/devil/users")
    assert "stageVariables" not in default


def test_path_variables_and_priorities(api: Any, echo: str, call: Any) -> None:
    target = api.get_routes(ApiId=echo)["Items"][0]["Target"]
    for key in ("GET /users/{id}", "ANY /users/me", "ANY /files/{path+}"):
        api.create_route(ApiId=echo, RouteKey=key, Target=target)

    def found(path: str, method: str = "GET") -> tuple[str, dict[str, str] | None]:
        event = call(echo, path, method).json()
        return event["routeKey"], event.get("pathParameters")

    assert found("/users/7") == ("GET /users/{id}", {"id": "7"})
    assert found("/users/a%2Fb+c%20d") == ("GET /users/{id}", {"id": "a/b+c d"})
    assert found("/users/me") == ("ANY /users/me", None)
    assert found("/users/7", "POST") == ("$default", None)
    assert found("/users/7/") == ("$default", None)
    assert found("/files/a/b", "PUT") == ("ANY /files/{path+}", {"path": "a/b"})


def test_binary_bodies_both_ways(echo: str, call: Any) -> None:
    data = bytes(range(256))
    event = call(echo, "/", "PUT", content=data, headers={"content-type": "image/png"}).json()
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == data
    answer = {
        "statusCode": 200,
        "headers": {"content-type": "image/png"},
        "isBase64Encoded": True,
        "body": base64.b64encode(data).decode(),
    }
    response = call(echo, "/", "POST", json={"answer": answer})
    assert (response.content, response.headers["content-type"]) == (data, "image/png")


def test_answers(echo: str, call: Any) -> None:
    full = {"statusCode": 201, "headers": {"X-A": "b"}, "cookies": ["a=1; HttpOnly", "b=2"], "body": "made"}
    response = call(echo, "/", "POST", json={"answer": full})
    assert (response.status_code, response.text, response.headers["x-a"]) == (201, "made", "b")
    assert response.headers.get_list("set-cookie") == ["a=1; HttpOnly", "b=2"]
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    simple = call(echo, "/", "POST", json={"answer": {"hello": "world"}})
    assert (simple.status_code, simple.json()) == (200, {"hello": "world"})
    assert simple.headers["content-type"] == "application/json"
    malformed = call(echo, "/", "POST", json={"answer": {"statusCode": "many"}})
    assert (malformed.status_code, malformed.text) == (500, ERROR)


def test_payload_format_1(api: Any, echo: str, function: str, call: Any) -> None:
    created = api.create_integration(
        ApiId=echo, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="1.0"
    )
    api.create_route(ApiId=echo, RouteKey="ANY /old/{id}", Target=f"integrations/{created['IntegrationId']}")
    event = call(echo, "/old/7?a=1&a=2", headers={"cookie": "x=1"}).json()
    assert (event["version"], event["resource"], event["path"]) == ("1.0", "/old/{id}", "/old/7")
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert (event["pathParameters"], event["headers"]["cookie"]) == ({"id": "7"}, "x=1")
    answer = {"statusCode": 200, "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]}}
    cookies = call(echo, "/old/7", "POST", json={"answer": answer}).headers.get_list("set-cookie")
    assert cookies == ["a=1", "b=2"]
    malformed = call(echo, "/old/7", "POST", json={"answer": {"hello": "world"}})
    assert (malformed.status_code, malformed.text) == (500, ERROR)


def test_head_has_no_body_and_options_reaches_the_function(echo: str, call: Any) -> None:
    head = call(echo, "/x", "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 0
    options = call(echo, "/x", "OPTIONS", headers={"origin": "https://a.example"})
    assert options.json()["requestContext"]["http"]["method"] == "OPTIONS"
    assert "access-control-allow-origin" not in options.headers


def test_a_function_that_fails_is_an_internal_error(echo: str, call: Any) -> None:
    response = call(echo, "/", "POST", json={"raise": "secret"})
    assert (response.status_code, response.text) == (500, ERROR)
    assert response.headers["content-type"] == "application/json"


def test_a_function_that_takes_too_long_is_unavailable(api: Any, echo: str, call: Any) -> None:
    integration = api.get_integrations(ApiId=echo)["Items"][0]["IntegrationId"]
    call(echo, "/", "POST", json={"answer": {}})
    api.update_integration(ApiId=echo, IntegrationId=integration, TimeoutInMillis=300)
    response = call(echo, "/", "POST", json={"sleep": 2})
    assert (response.status_code, response.text) == (503, '{"message":"Service Unavailable"}')


def test_the_functions_policy_decides(
    api: Any, api_id: str, function: str, call: Any, allow: Callable[[str], None]
) -> None:
    created = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )
    for key in ("GET /users/{id}", "GET /other", "$default"):
        api.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{created['IntegrationId']}")
    api.create_stage(ApiId=api_id, StageName="dev", AutoDeploy=True)
    denied = call(api_id, "/users/7", stage="dev")
    assert (denied.status_code, denied.text) == (500, ERROR)
    allow(f"{api_id}/dev/GET/users/{{id}}")
    assert call(api_id, "/users/7", stage="dev").status_code == 200
    assert call(api_id, "/other", stage="dev").status_code == 500
    assert call(api_id, "/none", stage="dev").status_code == 500
    allow(f"{api_id}/*/$default")
    assert call(api_id, "/none", stage="dev").status_code == 200
    assert call(api_id, "/other", stage="dev").status_code == 500


def test_stage_variables_name_the_function(api: Any, echo: str, function: str, call: Any) -> None:
    uri = function.replace(":function:echo", ":function:${stageVariables.name}")
    created = api.create_integration(
        ApiId=echo, IntegrationType="AWS_PROXY", IntegrationUri=uri, PayloadFormatVersion="2.0"
    )
    api.create_route(ApiId=echo, RouteKey="GET /var", Target=f"integrations/{created['IntegrationId']}")
    assert call.status(echo, "/var") == 500
    api.update_stage(ApiId=echo, StageName="$default", StageVariables={"name": "echo"})
    assert call.status(echo, "/var") == 200


def test_what_is_not_there(api: Any, api_id: str, call: Any) -> None:
    forbidden = call("nosuchapi0")
    assert (forbidden.status_code, forbidden.text) == (403, '{"message":"Forbidden"}')
    missing = call(api_id, stage="none")
    assert (missing.status_code, missing.text) == (404, '{"message":"Not Found"}')
    api.create_route(ApiId=api_id, RouteKey="GET /untargeted")
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    assert call.status(api_id, "/untargeted") == 404


def test_a_disabled_endpoint_answers_nothing(api: Any, api_id: str, integration: str, call: Any) -> None:
    api.create_route(ApiId=api_id, RouteKey="$default", Target=integration)
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    assert call.status(api_id) == 500
    api.update_api(ApiId=api_id, DisableExecuteApiEndpoint=True)
    assert call.status(api_id) == 404


def test_cors_is_answered_as_configured(api: Any, api_id: str, integration: str, call: Any) -> None:
    origin = "https://app.example"
    api.create_route(ApiId=api_id, RouteKey="POST /a", Target=integration)
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    asked = {"origin": origin, "access-control-request-method": "POST"}
    assert call(api_id, "/a", "OPTIONS", headers=asked).status_code == 404
    cors = {"AllowOrigins": [origin], "AllowMethods": ["POST"], "AllowHeaders": ["content-type"], "MaxAge": 5}
    api.update_api(ApiId=api_id, CorsConfiguration=cors)
    preflight = call(api_id, "/a", "OPTIONS", headers=asked)
    assert (preflight.status_code, preflight.content) == (204, b"")
    told = {name: value for name, value in preflight.headers.items() if name.startswith("access-control-")}
    assert told == {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "5",
    }
    stranger = call(api_id, "/a", "OPTIONS", headers={**asked, "origin": "https://evil.example"})
    assert (stranger.status_code, "access-control-allow-origin" in stranger.headers) == (204, False)
    answer = call(api_id, "/a", "POST", headers={"origin": origin})
    assert answer.headers["access-control-allow-origin"] == origin


def test_a_body_too_large_for_the_function_is_refused(echo: str, call: Any) -> None:
    response = call(echo, "/", "POST", content=b"x" * (7 << 20), headers={"content-type": "text/plain"})
    assert (response.status_code, response.text) == (413, '{"message":"Request Entity Too Large"}')


def test_ten_megabytes_are_the_limit(api: Any, api_id: str, integration: str, call: Any) -> None:
    api.create_route(ApiId=api_id, RouteKey="$default", Target=integration)
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    response = call(api_id, "/", "POST", content=b"x" * ((10 << 20) + 1))
    assert (response.status_code, response.text) == (413, '{"message":"Request Entity Too Large"}')


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_ends_there(echo: str, call: Any, status: int) -> None:
    """A body would be read as the beginning of the next answer."""
    for _ in range(2):
        assert call(echo, method="POST", json={"answer": {"statusCode": status, "body": "x"}}).status_code == status


@pytest.mark.parametrize("member", ["AllowOrigins", "AllowHeaders", "AllowMethods", "ExposeHeaders"])
def test_cors_headers_that_cannot_be_sent_are_refused(api: Any, aws_error: Any, member: str) -> None:
    for value in ("a\r\nx-evil: 1", "漢"):
        code, _, status = aws_error(
            lambda value=value: api.create_api(Name="x", ProtocolType="HTTP", CorsConfiguration={member: [value]})
        )
        assert (code, status) == ("BadRequestException", 400)


def test_the_regions_log_says_why_an_api_does_not_answer(
    api: Any, api_id: str, function: str, region: Any, call: Any
) -> None:
    """What AWS says to callers names no cause; who runs the region reads it: no such API, no such stage, no permission."""
    assert call("greetings", stage="prod").json() == {"message": "Forbidden"}
    assert call(api_id, stage="prod").status_code == 404
    created = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )
    api.create_route(ApiId=api_id, RouteKey="GET /hello", Target=f"integrations/{created['IntegrationId']}")
    api.create_stage(ApiId=api_id, StageName="dev", AutoDeploy=True)
    assert call(api_id, stage="prod").status_code == 404
    assert call(api_id, "/hello", stage="dev").json() == {"message": "Internal Server Error"}
    wanted = (
        "There is no API 'greetings': atoll urls shows those that there are.",
        f"The API {api_id} has no stage 'prod'; deployed: none.",
        f"The API {api_id} has no stage 'prod'; deployed: dev.",
        f"{api_id} GET /hello: AccessDeniedException: User: apigateway.amazonaws.com is not authorized to perform: "
        f"lambda:InvokeFunction on resource: {function} because no resource-based policy allows the "
        "lambda:InvokeFunction action",
    )
    deadline = time.monotonic() + 60  # the log is written twenty times a second
    while not all(line in region.log.read_text() for line in wanted):
        assert time.monotonic() < deadline, region.log.read_text()[-2000:]
