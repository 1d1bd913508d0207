"""APIs: whether the number of routes matters, and what an authorizer costs. Atoll alone: every row stands beside its own other half."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from threading import Thread
from typing import Any

from benchmarks import load, servers, system
from benchmarks.load import Sample, Samples, Void
from benchmarks.plan import Plan
from benchmarks.report import Section
from benchmarks.servers import Server

TEXT = """
Cells: answers a second · p50 / p99, by connections. Each row stands beside the one to which it compares: an API of few routes beside one of
1,000, a route without an authorizer beside one behind a JWT authorizer (RS256, keys in its cache). *REST, MOCK* is answered without a
function, so what is left is routing, templates and the edge. Server, functions and client share all cores.
""".strip()
FEW, MANY = 10, 1_000
CONNECTIONS = (1, 16)
AUDIENCE = "bench"


def measure(plan: Plan) -> Section:
    samples = Samples()
    with servers.running([servers.atoll()], pinned=False) as running, _issuer() as (issuer, token):
        server = next(iter(running))
        requests = dict(plan.each("apis, set-up", _apis(server, issuer, token, plan.distinct)))
        for number in range(plan.rounds):
            with load.prepared({what: make() for what, make in requests.items()}) as paths:
                runs = list(product(CONNECTIONS, paths))
                for connections, what in plan.each(f"apis, round {number + 1} of {plan.rounds}", runs):
                    samples.take((what, connections), server, paths[what], connections, plan.seconds, pinned=False)
    medians = samples.medians()
    section = Section(f"APIs (median of {plan.rounds} × {plan.seconds} s)", TEXT, ["", *map(str, CONNECTIONS)])
    for what in requests:
        section.rows.append([what, *(_shown(medians[what, connections]) for connections in CONNECTIONS)])
    return section


def _shown(sample: Sample | Void) -> str:
    if isinstance(sample, Void):
        return f"no: {sample}"
    return f"{sample.rate:,.0f}/s · {sample.p50:.2f} / {sample.p99:.2f} ms"


def _apis(server: Server, issuer: str, token: str, distinct: int) -> list[tuple[str, Callable[[], Iterator[bytes]]]]:
    """What is measured, and what makes its requests."""
    arn = system.function(server, "trivial", system.TRIVIAL, {})
    server.client("lambda").add_permission(
        FunctionName=arn, StatementId="apis", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    signed = {"Authorization": f"Bearer {token}"}
    http = [
        (f"HTTP API of {count:,} routes → function", _http_api(server, arn, count), count, {}) for count in (FEW, MANY)
    ]
    jwt = _http_api(server, arn, FEW, issuer)
    rest = [(f"REST API of {count:,} resources, MOCK", _rest_api(server, count), count, {}) for count in (FEW, MANY)]
    proxied = _rest_api(server, FEW, arn)
    rows: list[tuple[str, str, int, dict[str, str]]] = [
        *http,
        ("HTTP API → JWT authorizer → function", jwt, FEW, signed),
        *rest,
        ("REST API → function", proxied, FEW, {}),
    ]
    return [(what, partial(_gets, server, host, count, headers, distinct)) for what, host, count, headers in rows]


def _gets(server: Server, host: str, count: int, headers: dict[str, str], distinct: int) -> Iterator[bytes]:
    name, _, stage = host.partition("/")
    for number in range(distinct):
        path = f"/{stage}/r{number % count}/x" if stage else f"/r{number % count}/x"
        yield load.raw(server, "GET", path, {"Host": f"{name}.execute-api.localhost:{server.port}", **headers})


def _http_api(server: Server, arn: str, count: int, issuer: str = "") -> str:
    """An HTTP API of so many routes, all to one function, behind a JWT authorizer where an issuer is named."""
    api = server.client("apigatewayv2")
    made: str = api.create_api(Name=f"http-{count}", ProtocolType="HTTP")["ApiId"]
    integration = api.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    guard: dict[str, Any] = {}
    if issuer:
        authorizer = api.create_authorizer(
            ApiId=made, Name="jwt", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Issuer": issuer, "Audience": [AUDIENCE]},
        )["AuthorizerId"]  # fmt: skip
        guard = {"AuthorizationType": "JWT", "AuthorizerId": authorizer}
    for number in range(count):
        api.create_route(ApiId=made, RouteKey=f"GET /r{number}/{{id}}", Target=f"integrations/{integration}", **guard)
    api.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    return made


def _rest_api(server: Server, count: int, arn: str = "") -> str:
    """A REST API of so many resources, deployed, as `id/stage`: in front of a function, or of nothing."""
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    integration = (
        {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
        if arn
        else {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {"default": {"statusCode": "200"}},
        }
    )
    method = {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": integration}
    paths = {f"/r{number}/{{id}}": {"get": method} for number in range(count)}
    document = {"openapi": "3.0.1", "info": {"title": f"rest-{count}", "version": "1"}, "paths": paths}
    api = server.client("apigateway")
    made: str = api.import_rest_api(body=json.dumps(document).encode())["id"]
    api.create_deployment(restApiId=made, stageName="prod")
    return f"{made}/prod"


@contextmanager
def _issuer() -> Iterator[tuple[str, str]]:
    """An OIDC issuer with one key, and a token of its."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {
        "kid": "k",
        "alg": "RS256",
        "use": "sig",
    }

    class Issuer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            base = f"http://127.0.0.1:{self.server.server_port}"  # type: ignore[attr-defined]
            configuration = {"issuer": base, "jwks_uri": f"{base}/keys"}
            body = json.dumps({"keys": [public]} if self.path == "/keys" else configuration).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    Thread(target=server.serve_forever, daemon=True).start()
    issuer, now = f"http://127.0.0.1:{server.server_port}", int(time.time())
    claims = {"iss": issuer, "aud": AUDIENCE, "sub": "joy", "iat": now, "exp": now + 86_400}
    try:
        yield issuer, jwt.encode(claims, key, algorithm="RS256", headers={"kid": "k"})
    finally:
        server.shutdown()
        server.server_close()
