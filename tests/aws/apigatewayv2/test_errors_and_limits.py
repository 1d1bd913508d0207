"""Errors and limits of HTTP APIs, to the letter: statuses, bodies, headers, and the order of the checks."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.functions import API_GATEWAY, make_role, may

Proxy = Callable[..., str]
ERROR = '{"message":"Internal Server Error"}'
NOT_FOUND = '{"message":"Not Found"}'


def test_errors_are_json_and_name_the_request(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("GET /a", "http://nowhere.invalid/")
    for path, status, text in (("/none", 404, NOT_FOUND), ("/a", 503, '{"message":"Service Unavailable"}')):
        answer = call(api_id, path)
        assert (answer.status_code, answer.text) == (status, text)
        assert answer.headers["content-type"] == "application/json"
        assert len(answer.headers["apigw-requestid"]) == 16


def test_headers_of_ten_kilobytes_are_too_large(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("$default", "/")
    assert call(api_id, headers={"x-long": "x" * 9_500}).status_code == 200
    answer = call(api_id, headers={"x-long": "x" * 10_240})
    assert (answer.status_code, answer.text) == (431, '{"message":"Request Header Fields Too Large"}')
    assert answer.headers["apigw-requestid"]


def test_a_url_of_ten_kilobytes_is_too_long(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("$default", "/")
    assert call(api_id, "/" + "x" * 9_000).status_code == 200
    answer = call(api_id, "/?q=" + "x" * 10_240)
    assert (answer.status_code, answer.text) == (414, '{"message":"Request-URI Too Long"}')


def test_ten_megabytes_of_payload_go_through_and_no_more(api_id: str, proxy: Proxy, call: Any) -> None:
    proxy("POST /{proxy+}", "/{proxy}")
    assert call(api_id, "/status/200", "POST", content=b"x" * (10 << 20)).status_code == 200
    answer = call(api_id, "/status/200", "POST", content=b"x" * ((10 << 20) + 1))
    assert (answer.status_code, answer.text) == (413, '{"message":"Request Entity Too Large"}')


def test_the_order_of_the_checks(api: Any, api_id: str, call: Any, backend: Any) -> None:
    """No route, throttling, too large, the authorizer, the integration."""
    made = api.create_integration(
        ApiId=api_id, IntegrationType="HTTP_PROXY", IntegrationUri=backend.url, IntegrationMethod="ANY", PayloadFormatVersion="1.0"
    )  # fmt: skip
    jwt = api.create_authorizer(
        ApiId=api_id, Name="jwt", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": "https://issuer.invalid", "Audience": ["a"]},
    )["AuthorizerId"]  # fmt: skip
    target = f"integrations/{made['IntegrationId']}"
    api.create_route(ApiId=api_id, RouteKey="POST /a", Target=target, AuthorizationType="JWT", AuthorizerId=jwt)
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    large = b"x" * ((10 << 20) + 1)
    assert call(api_id, "/b", "POST", content=large).status_code == 404
    assert call(api_id, "/a", "POST", content=large).status_code == 413
    unauthorized = call(api_id, "/a", "POST")
    assert (unauthorized.status_code, unauthorized.text) == (401, '{"message":"Unauthorized"}')
    assert unauthorized.headers["www-authenticate"] == "Bearer"
    api.update_stage(
        ApiId=api_id, StageName="$default", DefaultRouteSettings={"ThrottlingBurstLimit": 0, "ThrottlingRateLimit": 0.0}
    )
    assert call(api_id, "/a", "POST", content=large).status_code == 429
    assert call(api_id, "/b", "POST").status_code == 404


def test_preflights_are_answered_before_any_authorizer(api: Any, api_id: str, call: Any, backend: Any) -> None:
    made = api.create_integration(
        ApiId=api_id, IntegrationType="HTTP_PROXY", IntegrationUri=backend.url, IntegrationMethod="ANY", PayloadFormatVersion="1.0"
    )  # fmt: skip
    api.create_route(
        ApiId=api_id, RouteKey="POST /a", Target=f"integrations/{made['IntegrationId']}", AuthorizationType="AWS_IAM"
    )
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    api.update_api(ApiId=api_id, CorsConfiguration={"AllowOrigins": ["*"], "AllowMethods": ["POST"]})
    asked = {"origin": "https://app.example", "access-control-request-method": "POST"}
    preflight = call(api_id, "/a", "OPTIONS", headers=asked)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, "*")
    refused = call(api_id, "/a", "POST", headers={"origin": "https://app.example"})
    assert (refused.status_code, refused.text) == (403, '{"message":"Forbidden"}')
    assert refused.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "many"},
        {"statusCode": 99},
        {"statusCode": 200, "headers": "none"},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "headers": {"x": "a\r\nb: c"}},
        {"statusCode": 200, "headers": {"x": "漢"}},
        {"statusCode": 200, "cookies": "a=b"},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
        {"statusCode": None},
    ],
)
def test_malformed_answers_of_functions(echo: str, call: Any, answer: Any) -> None:
    response = call(echo, "/", "POST", json={"answer": answer})
    assert (response.status_code, response.text) == (500, ERROR)
    assert response.headers["content-type"] == "application/json"


def test_an_answer_larger_than_lambda_takes(echo: str, call: Any) -> None:
    response = call(echo, "/", "POST", json={"answer": {"statusCode": 200, "body": "x" * (6 << 20)}})
    assert response.status_code == 413  # the request that asked for it was as large
    data = base64.b64encode(b"\0" * (4 << 20)).decode()
    fits = call(echo, "/", "POST", json={"answer": {"statusCode": 200, "body": data, "isBase64Encoded": True}})
    assert (fits.status_code, len(fits.content)) == (200, 4 << 20)


def test_a_throttled_function_is_unavailable(echo: str, call: Any, client: Callable[..., Any]) -> None:
    client("lambda").put_function_concurrency(FunctionName="echo", ReservedConcurrentExecutions=0)
    response = call(echo)
    assert (response.status_code, response.text) == (503, '{"message":"Service Unavailable"}')


def test_a_role_calls_the_function_where_the_integration_names_one(
    api: Any, api_id: str, function: str, call: Any, client: Callable[..., Any]
) -> None:
    role = make_role(client, "caller", API_GATEWAY)
    made = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0", CredentialsArn=role
    )  # fmt: skip
    api.create_route(ApiId=api_id, RouteKey="$default", Target=f"integrations/{made['IntegrationId']}")
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    denied = call(api_id)
    assert (denied.status_code, denied.text) == (500, ERROR)
    policy = may("lambda:InvokeFunction")
    client("iam").put_role_policy(RoleName="caller", PolicyName="may", PolicyDocument=policy)
    assert call(api_id).status_code == 200


def test_a_role_that_api_gateway_may_not_assume_calls_nothing(
    api: Any, api_id: str, function: str, call: Any, client: Callable[..., Any], allow: Callable[[str], None]
) -> None:
    allow(f"{api_id}/*/*")
    role = client("iam").get_role(RoleName="echo")["Role"]["Arn"]  # which trusts Lambda only
    made = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0", CredentialsArn=role
    )  # fmt: skip
    api.create_route(ApiId=api_id, RouteKey="$default", Target=f"integrations/{made['IntegrationId']}")
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    response = call(api_id)
    assert (response.status_code, response.text) == (500, ERROR)


TOKENS = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=30)


@pytest.fixture
def mapped(api_id: str, proxy: Proxy) -> str:
    """The API with a route whose mappings read all that a client sends."""
    mapping = {
        "append:header.x-a": "$request.body.a",
        "append:querystring.b": "$request.path",
        "overwrite:path": "/${request.path.proxy}",
    }
    proxy("ANY /{proxy+}", "/{proxy}", RequestParameters=mapping)
    return api_id


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=TOKENS,
    query=TOKENS,
    name=st.from_regex(r"[a-z-]{1,20}", fullmatch=True),
    value=TOKENS,
    body=st.binary(max_size=60),
)
def test_no_request_makes_atoll_fail(
    mapped: str, region: Any, path: str, query: str, name: str, value: str, body: bytes
) -> None:
    """Fuzz of paths, queries, headers and bodies, sent as raw bytes: always an answer, never a 500."""
    if name in ("host", "content-length", "transfer-encoding", "expect", "connection", "upgrade"):
        return
    head = (
        f"POST /_aws/execute-api/{mapped}/$default/p/{path}?{query} HTTP/1.1\r\nhost: 127.0.0.1:{region.port}\r\n"
        f"{name}: {value}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", region.port)) as connection:
        connection.sendall(head.encode("latin-1") + body)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    status = int(answer.split(b" ", 2)[1])
    assert status in (200, 400, 404), answer


@pytest.mark.parametrize(
    "head",
    [
        b"POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        b"POST {} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST {} HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        b"POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: +3\r\n\r\nabc",
        b"GET {} HTTP/1.1\r\nhost: x\r\n x-folded: 1\r\n\r\n",
    ],
)  # fmt: skip
def test_shapes_of_request_smuggling_reach_no_integration(
    api_id: str, proxy: Proxy, region: Any, backend: Any, head: bytes
) -> None:
    proxy("$default", "/")
    path = f"/_aws/execute-api/{api_id}/$default/"
    with socket.create_connection(("127.0.0.1", region.port)) as connection:
        connection.sendall(head.replace(b"{}", path.encode()))
        connection.settimeout(10)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400")


def test_a_request_that_is_cut_short_reaches_no_integration(api_id: str, proxy: Proxy, region: Any, call: Any) -> None:
    proxy("$default", "/")
    path = f"/_aws/execute-api/{api_id}/$default/"
    with socket.create_connection(("127.0.0.1", region.port)) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf".encode())
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(10)
        assert b"200" not in connection.recv(65536)
    assert call(api_id).status_code == 200
