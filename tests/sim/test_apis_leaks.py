"""Memory and descriptors of a region stay bounded, whatever its APIs' users send: requests, connections, tokens, names, deployments."""

from __future__ import annotations

import http.client
import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.aws.apigateway.mock_api import mock_api, plan_with_key
from websockets.sync.client import connect

if TYPE_CHECKING:
    from tests.conftest import Region

ACCOUNT = "123456789012"
GROWTH_MB, DESCRIPTORS = 8, 10
AUTHORIZER = """
def handler(event, context):
    what = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}
    return {"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": [what]}}
"""


class Load:
    """Requests to a region over one kept connection."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self._connection = http.client.HTTPConnection("127.0.0.1", region.port, timeout=60)

    def get(self, path: str, expected: int, **headers: str) -> None:
        self._connection.request(
            "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == expected, answer.status

    def client(self, service: str) -> Any:
        return self.region.client(service, key=ACCOUNT)

    def memory(self) -> float:
        """Megabytes."""
        (line,) = (
            line
            for line in Path(f"/proc/{self.region.pid}/status").read_text().splitlines()
            if line.startswith("VmRSS")
        )
        return int(line.split()[1]) / 1024

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.region.pid}/fd").iterdir()))


@pytest.fixture
def load(new_region: Callable[..., Region]) -> Load:
    return Load(new_region())


@pytest.fixture
def backend() -> Iterator[str]:
    """The URL of an HTTP service."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def function(load: Load) -> str:
    """The invoke ARN of an authorizer's function."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("app.py"), AUTHORIZER)
    who = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [who]})
    role = load.client("iam").create_role(RoleName="fn", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    functions = load.client("lambda")
    arn = functions.create_function(
        FunctionName="fn", Runtime="python3.11", Handler="app.handler", Role=role, Code={"ZipFile": archive.getvalue()}
    )["FunctionArn"]
    functions.add_permission(
        FunctionName="fn", StatementId="s", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


# Each gives a function that does the same thing again, with another number each time.


def rest_requests(load: Load, _backend: str) -> Callable[[int], None]:
    api = load.client("apigateway")
    api_id = mock_api(api)
    *_, key = plan_with_key(api, api_id, throttle={"rateLimit": 1e6, "burstLimit": 100_000})
    return lambda n: load.get(f"/_aws/execute-api/{api_id}/dev/pets?n={n}", 200, x_api_key=key)


def http_requests(load: Load, backend: str) -> Callable[[int], None]:
    api_id = load.client("apigatewayv2").create_api(Name="a", ProtocolType="HTTP", Target=backend)["ApiId"]
    return lambda n: load.get(f"/_aws/execute-api/{api_id}/%24default/{n}", 200)


def host_names(load: Load, _backend: str) -> Callable[[int], None]:
    def request(n: int) -> None:
        load.get("/x", 403, host=f"a{n:09d}.execute-api.us-east-1.amazonaws.com")

    return request


def tokens(load: Load, _backend: str) -> Callable[[int], None]:
    api = load.client("apigateway")
    api_id = mock_api(api, key=False)
    authorizer = api.create_authorizer(
        restApiId=api_id, name="t", type="TOKEN", authorizerUri=function(load), authorizerResultTtlInSeconds=3600,
        identitySource="method.request.header.Authorization",
    )["id"]  # fmt: skip
    (pets,) = (item["id"] for item in api.get_resources(restApiId=api_id)["items"] if item["path"] == "/pets")
    changes = {"/authorizationType": "CUSTOM", "/authorizerId": authorizer}
    api.update_method(
        restApiId=api_id, resourceId=pets, httpMethod="GET",
        patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in changes.items()],
    )  # fmt: skip
    api.create_deployment(restApiId=api_id, stageName="dev")
    return lambda n: load.get(f"/_aws/execute-api/{api_id}/dev/pets", 200, authorization=f"token-{n}")


def deployments(load: Load, _backend: str) -> Callable[[int], None]:
    api = load.client("apigateway")
    api_id = mock_api(api, {f"r{n}": "GET" for n in range(20)}, key=False)

    def deploy(_n: int) -> None:
        api.create_deployment(restApiId=api_id, stageName="dev")
        load.get(f"/_aws/execute-api/{api_id}/dev/r1", 200)

    return deploy


def websockets(load: Load, _backend: str) -> Callable[[int], None]:
    api = load.client("apigatewayv2")
    made = api.create_api(Name="w", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
    names = {"ApiId": made["ApiId"]}
    templates = {"RequestTemplates": {"200": '{"statusCode": 200}'}, "TemplateSelectionExpression": "200"}
    integration = api.create_integration(**names, IntegrationType="MOCK", **templates)["IntegrationId"]
    for key in ("$connect", "$disconnect", "$default"):
        api.create_route(**names, RouteKey=key, Target=f"integrations/{integration}")
    api.create_stage(**names, StageName="dev", AutoDeploy=True)

    def visit(_n: int) -> None:
        with connect(f"ws://127.0.0.1:{load.region.port}/_aws/execute-api/{made['ApiId']}/dev", proxy=None) as client:
            client.send('{"action": "x"}')

    return visit


SHORT = {rest_requests: 400, http_requests: 400, host_names: 400, tokens: 100, deployments: 20, websockets: 60}
SOAK = {
    rest_requests: 100_000,
    http_requests: 100_000,
    host_names: 25_000,
    tokens: 25_000,
    deployments: 1_000,
    websockets: 10_000,
}


def check(load: Load, one: Callable[[int], None], times: int) -> None:
    """After caches are full (half the times), the other half makes neither memory nor descriptors grow."""
    for n in range(times // 2):
        one(n)
    memory, descriptors = load.memory(), load.descriptors()
    for n in range(times // 2, times):
        one(n)
    deadline = time.monotonic() + 60  # connections end in their own time
    while load.descriptors() > descriptors + DESCRIPTORS and time.monotonic() < deadline:
        time.sleep(0.1)
    print(f"{memory:.1f} MB then {load.memory():.1f} MB; {descriptors} descriptors then {load.descriptors()}")
    assert load.descriptors() <= descriptors + DESCRIPTORS
    assert load.memory() < memory + GROWTH_MB


def test_memory_and_descriptors_stay_bounded(load: Load, backend: str) -> None:
    for kind, times in SHORT.items():
        check(load, kind(load, backend), times)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", SOAK)
def test_memory_and_descriptors_stay_bounded_for_long(load: Load, backend: str, kind: Any) -> None:
    check(load, kind(load, backend), SOAK[kind])
