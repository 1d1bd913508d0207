"""HTTP and HTTP_PROXY integrations, with a real HTTP server behind them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent; `/status/404` with that status, `/slow` late, `/raw` with its body."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        status = int(parts.path.rpartition("/")[2]) if parts.path.startswith("/status/") else 200
        if parts.path == "/slow":
            time.sleep(3)
        seen = {
            "method": self.command,
            "path": parts.path,
            "query": parse_qsl(parts.query, keep_blank_values=True),
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode(errors="replace"),
        }
        answer = body if parts.path == "/raw" else json.dumps(seen).encode()
        self.send_response(status)
        self.send_header("Content-Type", self.headers.get("x-answer") or "application/json")
        self.send_header("X-Backend", "one")
        self.send_header("X-Backend", "two")
        self.send_header("WWW-Authenticate", "Basic")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else answer)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_arguments: Any) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def backend() -> Iterator[str]:
    """The address of a server that answers with what it was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_proxy_passes_everything_on(rest: Any, backend: str) -> None:
    rest.method("/{proxy+}", "ANY", requestParameters={"method.request.path.proxy": True})
    rest.integrate(
        "/{proxy+}",
        "ANY",
        type="HTTP_PROXY",
        integrationHttpMethod="ANY",
        uri=backend + "/{proxy}",
        requestParameters={"integration.request.path.proxy": "method.request.path.proxy"},
    )
    rest.deploy()
    response = rest(
        "/status/201/?a=1&a=2&b=", "POST", content="x", headers={"X-Given": "v", "content-type": "text/plain"}
    )
    seen = response.json()
    assert response.status_code == 201
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/status/201", "x")
    assert seen["query"] == [["a", "1"], ["a", "2"], ["b", ""]]
    assert (seen["headers"]["x-given"], seen["headers"]["content-type"]) == ("v", "text/plain")
    assert seen["headers"]["x-amzn-apigateway-api-id"] == rest.id
    assert seen["headers"]["x-amzn-trace-id"].startswith("Root=1-")
    assert seen["headers"]["host"] == backend.removeprefix("http://")
    assert response.headers.get_list("x-backend") == ["one", "two"]
    assert response.headers["x-amzn-remapped-www-authenticate"] == "Basic"
    assert response.headers["x-amzn-remapped-date"]
    assert rest("/a%20b/c").json()["path"] == "/a%20b/c"


def test_parameters_are_mapped(rest: Any, backend: str) -> None:
    rest.method(
        "/{id}",
        "POST",
        requestParameters={
            "method.request.path.id": True,
            "method.request.querystring.q": False,
            "method.request.header.X-In": False,
        },
    )
    rest.integrate(
        "/{id}",
        "POST",
        type="HTTP_PROXY",
        integrationHttpMethod="PUT",
        uri=backend + "/${stageVariables.path}/{name}",
        requestParameters={
            "integration.request.path.name": "method.request.path.id",
            "integration.request.header.X-Literal": "'literal'",
            "integration.request.header.X-Out": "method.request.header.X-In",
            "integration.request.header.X-Body": "method.request.body.a.b[1]",
            "integration.request.header.X-Context": "context.stage",
            "integration.request.querystring.again": "method.request.querystring.q",
            "integration.request.querystring.q": "stageVariables.path",
        },
    )
    rest.deploy(variables={"path": "things"})
    seen = rest("/7?q=1", "POST", json={"a": {"b": [1, 2]}}, headers={"x-in": "in"}).json()
    assert (seen["method"], seen["path"]) == ("PUT", "/things/7")
    assert sorted(seen["query"]) == [["again", "1"], ["q", "1"], ["q", "things"]]
    assert [seen["headers"][f"x-{name}"] for name in ("literal", "out", "body", "context")] == [
        "literal",
        "in",
        "2",
        "dev",
    ]


def custom(rest: Any, backend: str, path: str = "/", method: str = "GET", **members: Any) -> None:
    rest.method(path, method)
    rest.integrate(path, method, type="HTTP", integrationHttpMethod=method, uri=backend, **members)


def test_templates_make_the_request_and_the_answer(rest: Any, backend: str) -> None:
    custom(rest, backend, method="POST", requestTemplates={"application/json": '{"wrapped": $input.json("$.a")}'})
    rest.respond(
        "/",
        "POST",
        headers={
            "X-Copied": "integration.response.header.X-Backend",
            "X-All": "integration.response.multivalueheader.X-Backend",
            "X-Method": "integration.response.body.method",
        },
        responseTemplates={"application/json": '{"got": $input.json("$.body")}'},
    )
    rest.deploy()
    response = rest("/", "POST", json={"a": [1]})
    assert response.json() == {"got": '{"wrapped": [1]}'}
    assert (response.headers["x-copied"], response.headers["x-method"]) == ("two", "POST")
    assert response.headers.get_list("x-all") == ["one", "two"]
    assert "x-backend" not in response.headers


def test_what_is_sent_without_a_mapping(rest: Any, backend: str) -> None:
    custom(rest, backend, method="POST")
    rest.respond("/", "POST")
    rest.deploy()
    seen = rest("/?q=1", "POST", json={"message": "hello world"}, headers={"x-given": "v", "user-agent": "mine"}).json()
    assert (seen["query"], seen["body"]) == ([], '{"message":"hello world"}')
    headers = seen["headers"]
    assert (headers["accept"], headers["content-type"]) == ("application/json", "application/json")
    assert headers["user-agent"] == f"AmazonAPIGateway_{rest.id}"
    assert "x-given" not in headers


def test_the_status_selects_the_response(rest: Any, backend: str) -> None:
    for status in ("201", "404", "500"):
        custom(rest, f"{backend}/status/{status}", f"/{status}")
        rest.respond(f"/{status}", status="200")
        rest.respond(f"/{status}", status="400", selectionPattern="4\\d{2}")
    rest.deploy()
    assert [rest(f"/{status}").status_code for status in ("201", "404", "500")] == [200, 400, 200]


@pytest.mark.parametrize("name", ["content-length", "transfer-encoding", "x-amzn-trace-id"])
def test_headers_that_no_mapping_may_set(rest: Any, backend: str, name: str) -> None:
    custom(rest, backend, requestParameters={f"integration.request.header.{name}": "'1'"})
    rest.respond("/")
    rest.deploy()
    assert (rest("/").status_code, rest("/").text) == (500, '{"message": "Internal server error"}')


def test_time_outs_and_dead_backends(rest: Any, backend: str) -> None:
    rest.method("/slow")
    rest.integrate("/slow", type="HTTP_PROXY", integrationHttpMethod="GET", uri=backend + "/slow", timeoutInMillis=500)
    rest.method("/dead")
    rest.integrate("/dead", type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://127.0.0.1:9")
    rest.deploy()
    assert (rest("/slow").status_code, rest("/slow").text) == (504, '{"message": "Endpoint request timed out"}')
    assert rest("/dead").status_code == 504
    assert rest("/dead").headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_head_has_no_body(rest: Any, backend: str) -> None:
    rest.method("/", "HEAD")
    rest.integrate("/", "HEAD", type="HTTP_PROXY", integrationHttpMethod="HEAD", uri=backend)
    rest.deploy()
    assert (rest("/", "HEAD").status_code, rest("/", "HEAD").content) == (200, b"")


def test_vpc_links_are_refused_clearly(rest: Any, backend: str, aws_error: Any) -> None:
    rest.method("/")
    code, _, status = aws_error(
        lambda: rest.integrate(
            "/",
            type="HTTP_PROXY",
            integrationHttpMethod="GET",
            uri=backend,
            connectionType="VPC_LINK",
            connectionId="abc",
        )
    )
    assert (code, status) == ("NotImplemented", 501)
