"""APIs of every kind whose every route has a guard, under random requests of people who have no key: nothing behind them is ever reached,
and Atoll never fails. A little in each run of the tests, long in `make soak`."""

from __future__ import annotations

import http.server
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LONG = int(os.environ.get("ATOLL_FUZZ_EXAMPLES", "20000"))
DENY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}],
}


@pytest.fixture
def reached() -> Iterator[tuple[str, list[str]]]:
    """A backend's address, and the requests that reached it."""
    seen: list[str] = []

    class Backend(http.server.BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            if line := self.rfile.readline():
                seen.append(line.decode("latin-1"))
            self.close_connection = True

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", seen
    server.shutdown()


@pytest.fixture
def guarded(client: Callable[..., Any], reached: tuple[str, list[str]]) -> list[str]:
    """The ids of an HTTP, a REST and a WebSocket API, with guards of every kind that needs no function."""
    two, one, backend = client("apigatewayv2"), client("apigateway"), reached[0]
    web = two.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    issuer = {"Issuer": "http://127.0.0.1:9", "Audience": ["a"]}
    jwt = two.create_authorizer(
        ApiId=web,
        Name="j",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration=issuer,
    )["AuthorizerId"]
    proxy = {
        "IntegrationType": "HTTP_PROXY",
        "IntegrationUri": backend,
        "IntegrationMethod": "ANY",
        "PayloadFormatVersion": "1.0",
    }
    target = "integrations/" + two.create_integration(ApiId=web, **proxy)["IntegrationId"]
    for key in ("$default", "GET /a", "ANY /a/{b}"):
        two.create_route(ApiId=web, RouteKey=key, Target=target, AuthorizationType="AWS_IAM")
    two.create_route(ApiId=web, RouteKey="ANY /j/{p+}", Target=target, AuthorizationType="JWT", AuthorizerId=jwt)
    two.create_stage(ApiId=web, StageName="$default", AutoDeploy=True)

    rest = one.create_rest_api(name="a", policy=json.dumps(DENY))["id"]
    root = one.get_resources(restApiId=rest)["items"][0]["id"]
    for parent, part, kind in ((root, "a", "AWS_IAM"), (root, "j", "NONE"), (root, "{p+}", "NONE")):
        made = {
            "restApiId": rest,
            "resourceId": one.create_resource(restApiId=rest, parentId=parent, pathPart=part)["id"],
        }
        one.put_method(**made, httpMethod="ANY", authorizationType=kind, apiKeyRequired=part == "j")
        one.put_integration(**made, httpMethod="ANY", type="HTTP_PROXY", integrationHttpMethod="ANY", uri=backend)
    one.create_deployment(restApiId=rest, stageName="dev")

    chat = two.create_api(Name="a", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.a")["ApiId"]
    target = (
        "integrations/" + two.create_integration(ApiId=chat, **{**proxy, "IntegrationMethod": "POST"})["IntegrationId"]
    )
    two.create_route(ApiId=chat, RouteKey="$connect", Target=target, AuthorizationType="AWS_IAM")
    two.create_route(ApiId=chat, RouteKey="$default", Target=target)
    two.create_stage(ApiId=chat, StageName="dev", AutoDeploy=True)
    return [web, rest, chat]


TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=12)
PATH = st.lists(
    st.sampled_from(
        ["/", "//", "a", "j", "dev", "$default", "%61", "%2F", "%2e%2e", "..", ".", ";", "%00", "%", "*", "@connections", "{p+}", "%ff"]
    ) | TEXT, max_size=8,
).map("".join)  # fmt: skip
NAME = st.sampled_from(
    ["Authorization", "x-api-key", "X-Amz-Date", "X-Amz-Security-Token", "X-HTTP-Method-Override", "X-Original-URL", "Host",
     "X-Forwarded-For", "Connection", "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Expect", "Cookie", "Origin",
     "Access-Control-Request-Method", "x-amzn-trace-id", "Transfer-Encoding", "Content-Encoding"]
)  # fmt: skip
VALUE = st.sampled_from(
    ["", "Bearer ", "Bearer a.b.c", "Bearer e30.e30.", "Bearer eyJhbGciOiJub25lIiwia2lkIjoiYSJ9.e30.", "*", "GET", "websocket",
     "Upgrade, close", "13", "AAAAAAAAAAAAAAAAAAAAAA==", "chunked", "gzip", "100-continue", "127.0.0.1",
     "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0"]
) | TEXT  # fmt: skip
METHOD = st.sampled_from(["GET", "POST", "OPTIONS", "HEAD", "ANY", "*", "TRACE", "PUT", "get"])
HEADERS = st.lists(st.tuples(NAME, VALUE), max_size=5)


def request_of(
    api: str, form: int, method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes
) -> bytes:
    """The bytes of a request: by the path of one of three forms, or by host."""
    host = f"{api}.execute-api.us-east-1.amazonaws.com" if form == 3 else "127.0.0.1"
    before = (
        f"/_aws/execute-api/{api}/dev",
        f"/_aws/execute-api/{api}/$default",
        f"/restapis/{api}/dev/_user_request_",
        "",
    )[form]
    lines = [f"{method} {before}/{path}?{query} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def exchange(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def attack(examples: int, region: Any, apis: list[str], seen: list[str]) -> None:
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(apis), st.integers(0, 3), METHOD, PATH, TEXT, HEADERS, st.binary(max_size=40))
    def one(
        api: str, form: int, method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        answer = exchange(region.port, request_of(api, form, method, path, query, headers, body))
        assert not seen, "what is behind a guard was reached"
        assert 400 <= int(answer[9:12]) < 500, answer

    one()


def test_no_request_gets_past_a_guard(
    region: Any, guarded: list[str], reached: tuple[str, list[str]], client: Callable[..., Any]
) -> None:
    attack(200, region, guarded, reached[1])
    gateway, web = client("apigatewayv2"), guarded[0]
    target = "integrations/" + gateway.get_integrations(ApiId=web)["Items"][0]["IntegrationId"]
    gateway.create_route(ApiId=web, RouteKey="GET /open", Target=target)
    exchange(region.port, request_of(web, 1, "GET", "open", "", [], b""))
    assert reached[1], "nor would anything else have reached it"


@pytest.mark.soak
def test_no_request_gets_past_a_guard_however_long_they_try(
    region: Any, guarded: list[str], reached: tuple[str, list[str]]
) -> None:
    attack(LONG, region, guarded, reached[1])
