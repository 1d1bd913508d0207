"""An API to test, and calling it the way that works without names: by path."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.functions import let_apis_invoke, make_function

ECHO = """
import json, time

def handler(event, context):
    body = json.loads(event["body"]) if event.get("body") and not event["isBase64Encoded"] else None
    if isinstance(body, dict) and "raise" in body:
        raise ValueError(body["raise"])
    if isinstance(body, dict) and "sleep" in body:
        time.sleep(body["sleep"])
    if isinstance(body, dict) and "answer" in body:
        return body["answer"]
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
"""A function that is not there: AWS does not ask whether an integration's function exists."""


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    """The API Gateway v2 client."""
    return client("apigatewayv2")


@pytest.fixture
def api_id(api: Any) -> str:
    """A new, empty HTTP API."""
    created: str = api.create_api(Name="test", ProtocolType="HTTP")["ApiId"]
    return created


@pytest.fixture
def integration(api: Any, api_id: str) -> str:
    """An integration of that API with a function that is not there."""
    created = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="2.0"
    )
    return f"integrations/{created['IntegrationId']}"


@dataclass
class Caller:
    """Calls an API's stage."""

    endpoint: str
    http: httpx.Client

    def __call__(
        self, api_id: str, path: str = "/", method: str = "GET", stage: str = "$default", **options: Any
    ) -> httpx.Response:
        return self.http.request(method, f"{self.endpoint}/_aws/execute-api/{api_id}/{stage}{path}", **options)

    def status(self, api_id: str, path: str = "/", method: str = "GET", stage: str = "$default") -> int:
        """404 where no route takes the call; 500 where one does but its function is not there."""
        return self(api_id, path, method, stage).status_code


@pytest.fixture
def call(region: Any) -> Iterator[Caller]:
    """`call(api_id, "/path", method="POST", stage="dev", json={…})`."""
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield Caller(region.endpoint, http)


@pytest.fixture
def function(client: Callable[..., Any]) -> str:
    """The ARN of a function that answers with its event, or as its JSON body says: {"answer"}, {"raise"}, {"sleep"}."""
    return make_function(client, "echo", ECHO)


@pytest.fixture
def allow(client: Callable[..., Any], account: str) -> Callable[[str], None]:
    """`allow(f"{api_id}/*/*")`: lets API Gateway call the function for that source."""

    def permit(source: str) -> None:
        let_apis_invoke(client, "echo", f"{account}:{source}")

    return permit


@pytest.fixture
def echo(api: Any, api_id: str, function: str, allow: Callable[[str], None]) -> str:
    """The API with an auto-deployed $default stage; its $default route goes to the function."""
    created = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )
    api.create_route(ApiId=api_id, RouteKey="$default", Target=f"integrations/{created['IntegrationId']}")
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    allow(f"{api_id}/*/*")
    return api_id


class Backend(http.server.ThreadingHTTPServer):
    """An HTTP service behind APIs. It answers with what it was asked, or by its path: /status/404, /cookies, /redirect, /stream (a
    piece, and another one once `go` is set), /slow (once `go` is set), /big/BYTES, /broken, /gone, /json."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.go = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Backend
    disable_nagle_algorithm = True

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        first, _, rest = self.path[1:].partition("?")[0].partition("/")
        special = getattr(self, f"_{first}", None)
        if special is not None:
            special(rest)
            return
        asked = {
            "method": self.command,
            "path": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "body": body.decode("latin-1"),
        }
        self.send(200, json.dumps(asked).encode(), {"content-type": "application/json", "x-backend": "yes"})

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_HEAD = answer  # noqa: N815

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def _status(self, status: str) -> None:
        self.send(int(status), b"said so", {"content-type": "text/plain"})

    def _cookies(self, _: str) -> None:
        self.send_response(200)
        self.send_header("set-cookie", "a=1")
        self.send_header("set-cookie", "b=2")
        self.send_header("content-length", "0")
        self.end_headers()

    def _redirect(self, _: str) -> None:
        self.send(302, b"", {"location": "/elsewhere"})

    def _json(self, _: str) -> None:
        answer = {"id": "x1", "deep": {"list": [{"n": 1}, {"n": 2}]}, "flag": True}
        self.send(200, json.dumps(answer).encode(), {"content-type": "application/json", "x-old": "1", "x-both": "b"})

    def _stream(self, _: str) -> None:
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        self.server.go.wait(20)
        self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")

    def _slow(self, _: str) -> None:
        self.server.go.wait(20)
        self.send(200, b"late", {})

    def _big(self, size: str) -> None:
        self.send(200, b"x" * int(size), {"content-type": "text/plain"})

    def _broken(self, _: str) -> None:
        self.send_response(200)
        self.send_header("content-length", "100")
        self.end_headers()
        self.wfile.write(b"too short")
        self.close_connection = True

    def _gone(self, _: str) -> None:
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def backend() -> Iterator[Backend]:
    """An HTTP service to stand behind APIs."""
    with Backend() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.go.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(api: Any, api_id: str, backend: Backend) -> Callable[..., str]:
    """`proxy("ANY /x/{proxy+}", "/{proxy}", RequestParameters={…})`: a route to a path of the backend, or to another URL. Returns the
    integration's id."""
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)

    def make(key: str, uri: str = "/", method: str = "ANY", **members: Any) -> str:
        created = api.create_integration(
            ApiId=api_id,
            IntegrationType="HTTP_PROXY",
            IntegrationUri=backend.url + uri if uri.startswith("/") else uri,
            IntegrationMethod=method,
            PayloadFormatVersion="1.0",
            **members,
        )
        api.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{created['IntegrationId']}")
        integration: str = created["IntegrationId"]
        return integration

    return make
