"""APIs: whether the number of routes matters, and what an authorizer costs. Atoll alone: every row stands beside its own other half."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from threading import Thread
from typing import Any

from benchmarks import load, servers, sockets, system
from benchmarks.load import Sample, Samples, Void
from benchmarks.plan import Plan
from benchmarks.report import Section
from benchmarks.servers import Server

TEXT = """
Cells: answers a second · p50 / p99 · CPU of the server and its functions per request, by connections. Each row stands beside the one to
which it compares: an API of few routes beside one of 1,000, a route without an authorizer beside one behind a JWT authorizer (RS256, keys
in its cache), a method beside one that asks for an API key whose usage plan throttles and has a quota. *MOCK* is answered without a
function, so what is left is routing, templates and the edge. Of WebSocket APIs it is messages that are counted, each sent after the
answer to the one before; their client is Python's (`websockets`). Server, functions and client share all cores.
""".strip()
FEW, MANY = 10, 1_000
CONNECTIONS = (1, 16)
AUDIENCE = "bench"
DOMAIN = "api.bench.example"
ANSWER = "pong"
SPEAKING = f"""
def handler(event, context):
    return {{"statusCode": 200, "body": "{ANSWER}"}}
"""
OPEN: Mapping[str, Any] = {}
KEYED = {"security": [{"key": []}]}
"""A REST API's methods that anybody may call, and that ask for an API key."""
MESSAGES = {"WebSocket API, MOCK": '{"action": "mock"}', "WebSocket API → function": '{"action": "function"}'}
"""What is sent, by what is measured: each names its route."""


def measure(plan: Plan) -> Section:
    samples = Samples()
    with servers.running([servers.atoll()], pinned=False) as running, _issuer() as (issuer, token):
        server = next(iter(running))
        requests = dict(plan.each("apis, set-up", _apis(server, issuer, token, plan.distinct)))
        socket = _web_socket_api(server)
        for number in range(plan.rounds):
            with load.prepared({what: make() for what, make in requests.items()}) as paths:
                runs = list(product(CONNECTIONS, paths))
                for connections, what in plan.each(f"apis, round {number + 1} of {plan.rounds}", runs):
                    samples.take((what, connections), server, paths[what], connections, plan.seconds, pinned=False)
            for connections, (what, message) in product(CONNECTIONS, MESSAGES.items()):
                run = partial(sockets.exchange, server, socket, message, ANSWER, connections, plan.seconds)
                samples.add((what, connections), run)
    medians = samples.medians()
    section = Section(f"APIs (median of {plan.rounds} × {plan.seconds} s)", TEXT, ["", *map(str, CONNECTIONS)])
    for what in (*requests, *MESSAGES):
        section.rows.append([what, *(_shown(medians[what, connections]) for connections in CONNECTIONS)])
    return section


def _shown(sample: Sample | Void) -> str:
    if isinstance(sample, Void):
        return f"no: {sample}"
    return f"{sample.rate:,.0f}/s · {sample.p50:.2f} / {sample.p99:.2f} ms · {sample.cpu:.0f} µs"


def _apis(server: Server, issuer: str, token: str, distinct: int) -> list[tuple[str, Callable[[], Iterator[bytes]]]]:
    """What is measured, and what makes its requests."""
    arn = system.function(server, "trivial", system.TRIVIAL, {})
    server.client("lambda").add_permission(
        FunctionName=arn, StatementId="apis", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    signed = {"Authorization": f"Bearer {token}"}
    http = {count: _http_api(server, arn, count) for count in (FEW, MANY)}
    rest = {count: _rest_api(server, count) for count in (FEW, MANY)}
    keyed = _rest_api(server, FEW, guard=KEYED)
    _map(server, http[FEW])
    rows: list[tuple[str, str, int, dict[str, str]]] = [
        *((f"HTTP API of {count:,} routes → function", _host(server, api), count, {}) for count, api in http.items()),
        ("… by a custom domain name", DOMAIN, FEW, {}),
        ("… behind a JWT authorizer", _host(server, _http_api(server, arn, FEW, issuer)), FEW, signed),
        *((f"REST API of {count:,} resources, MOCK", _host(server, api), count, {}) for count, api in rest.items()),
        ("… with an API key", _host(server, keyed), FEW, {"x-api-key": _key(server, keyed)}),
        ("REST API → function", _host(server, _rest_api(server, FEW, arn)), FEW, {}),
    ]
    return [(what, partial(_gets, server, host, count, headers, distinct)) for what, host, count, headers in rows]


def _host(server: Server, api: str) -> str:
    """The host of an API, and the stage where one was named: `id.execute-api.localhost:4566/prod`."""
    name, slash, stage = api.partition("/")
    return f"{name}.execute-api.localhost:{server.port}{slash}{stage}"


def _gets(server: Server, at: str, count: int, headers: dict[str, str], distinct: int) -> Iterator[bytes]:
    host, slash, stage = at.partition("/")
    for number in range(distinct):
        yield load.raw(server, "GET", f"{slash}{stage}/r{number % count}/x", {"Host": host, **headers})


def _map(server: Server, api: str) -> None:
    """A custom domain name whose root is the API."""
    client = server.client("apigatewayv2")
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/bench"
    client.create_domain_name(DomainName=DOMAIN, DomainNameConfigurations=[{"CertificateArn": certificate}])
    client.create_api_mapping(DomainName=DOMAIN, ApiId=api, Stage="$default")


def _key(server: Server, api: str) -> str:
    """The value of an API key of a plan that limits what it will not reach."""
    client = server.client("apigateway")
    name, _, stage = api.partition("/")
    plan = client.create_usage_plan(
        name="bench", apiStages=[{"apiId": name, "stage": stage}], throttle={"rateLimit": 9_999.0, "burstLimit": 5_000},
        quota={"limit": 1_000_000_000, "period": "DAY"},
    )["id"]  # fmt: skip
    key = client.create_api_key(name="bench", enabled=True)
    client.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    value: str = key["value"]
    return value


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


def _rest_api(server: Server, count: int, arn: str = "", guard: Mapping[str, Any] = OPEN) -> str:
    """A REST API of so many resources, deployed, as `id/stage`: in front of a function, or of nothing. `guard` are the methods'."""
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
    method = {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": integration, **guard}
    paths = {f"/r{number}/{{id}}": {"get": method} for number in range(count)}
    document = {
        "openapi": "3.0.1", "info": {"title": f"rest-{count}", "version": "1"}, "paths": paths,
        "components": {"securitySchemes": {"key": {"type": "apiKey", "name": "x-api-key", "in": "header"}}},
    }  # fmt: skip
    api = server.client("apigateway")
    made: str = api.import_rest_api(body=json.dumps(document).encode())["id"]
    api.create_deployment(restApiId=made, stageName="prod")
    return f"{made}/prod"


def _web_socket_api(server: Server) -> str:
    """A WebSocket API with a route to nothing and one to a function, both of which answer ANSWER; the path of its stage."""
    api, functions = server.client("apigatewayv2"), server.client("lambda")
    arn = system.function(server, "speaking", SPEAKING, {"statusCode": 200, "body": ANSWER})
    functions.add_permission(
        FunctionName=arn, StatementId="apis", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    made = api.create_api(Name="ws", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")["ApiId"]
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    mock = {"TemplateSelectionExpression": "200", "RequestTemplates": {"200": '{"statusCode": 200}'}}
    for key, integration in (
        ("function", {"IntegrationType": "AWS_PROXY", "IntegrationUri": uri, "IntegrationMethod": "POST"}),
        ("mock", {"IntegrationType": "MOCK", **mock}),
    ):
        target = api.create_integration(ApiId=made, **integration)["IntegrationId"]
        if key == "mock":
            api.create_integration_response(
                ApiId=made, IntegrationId=target, IntegrationResponseKey="$default",
                TemplateSelectionExpression="200", ResponseTemplates={"200": ANSWER},
            )  # fmt: skip
        route = api.create_route(
            ApiId=made, RouteKey=key, Target=f"integrations/{target}", RouteResponseSelectionExpression="$default"
        )
        api.create_route_response(ApiId=made, RouteId=route["RouteId"], RouteResponseKey="$default")
    api.create_stage(ApiId=made, StageName="dev", AutoDeploy=True)
    return f"/_aws/execute-api/{made}/dev"


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
