"""WebSocket APIs: handshakes, authorizers on $connect, @connections, idle and duration limits by the clock, crashes."""

from __future__ import annotations

import datetime
import json
import os
import pty
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.aws.lambda_.installed import from_npm
from tests.functions import API_GATEWAY, let_apis_invoke, make_function, make_role
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from .sockets import Sockets, asked

ERROR = Callable[[Callable[[], Any]], tuple[str, str, int]]
AUTHORIZER = """
def handler(event, context):
    print("EVENT", event["methodArn"])
    token = (event.get("queryStringParameters") or {}).get("token")
    if token == "unknown":
        raise Exception("Unauthorized")
    if token == "broken":
        raise Exception("x")
    effect = "Allow" if token == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": "ann",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"team": "blue", "level": 3},
    }
"""


def echoing(region: Any, account: str) -> Sockets:
    """An API whose routes all run the function; `$default` answers."""
    made = Sockets(region, account).make()
    target = made.integration()
    made.route("$connect", target)
    made.route("$disconnect", target)
    made.route("$default", target, two_way=True)
    return made


@pytest.fixture
def api(region: Any, account: str) -> Sockets:
    return echoing(region, account)


@pytest.fixture
def timed(own: Any, account: str) -> Sockets:
    """One in a region whose clock may be moved."""
    return echoing(own, account)


def refusal(api: Sockets, query: str = "", **options: Any) -> tuple[int, Any]:
    """Status and body of a handshake that must be refused."""
    with pytest.raises(InvalidStatus) as refused, api.connect(query, **options):
        pass
    response = refused.value.response
    try:
        return response.status_code, json.loads(response.body or b"null")
    except ValueError:
        return response.status_code, response.body


def connection_of(client: Any) -> str:
    found: str = asked(client, "who am I?")["requestContext"]["connectionId"]
    return found


# Handshakes


def test_a_handshake_answers_as_the_protocol_says_and_negotiates_no_compression(api: Sockets) -> None:
    with api.connect() as client:
        headers = client.response.headers
        assert (headers["upgrade"], headers["connection"]) == ("websocket", "upgrade")
        assert "sec-websocket-extensions" not in headers
        assert "sec-websocket-protocol" not in headers


def test_the_subprotocol_that_connect_answers_is_the_connection_s(api: Sockets) -> None:
    with api.connect(subprotocols=["graphql-ws", "other"]) as client:
        assert client.subprotocol == "graphql-ws"


@pytest.mark.parametrize("stage", ["nope", "dev/below", "$default"])
def test_another_stage_or_path_is_forbidden(api: Sockets, stage: str) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(api.url(stage), proxy=None):
        pass
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body) == {"message": "Forbidden"}


def test_an_api_that_is_not_there_is_forbidden(region: Any) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://127.0.0.1:{region.port}/_aws/execute-api/abcdefghij/dev", proxy=None),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_a_disabled_endpoint_is_forbidden_to_clients_and_backends(api: Sockets, aws_error: ERROR) -> None:
    with api.connect() as client:
        id_ = connection_of(client)
        api.client("apigatewayv2").update_api(ApiId=api.api_id, DisableExecuteApiEndpoint=True)
        assert refusal(api) == (403, {"message": "Forbidden"})
        assert aws_error(lambda: api.management().get_connection(ConnectionId=id_))[2] == 403


def test_a_request_that_offers_no_websocket_is_forbidden(api: Sockets) -> None:
    answer = httpx.get(api.url(scheme="http"), trust_env=False)
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


def test_an_http_api_takes_no_websocket(region: Any, client: Callable[..., Any]) -> None:
    api_id = client("apigatewayv2").create_api(Name="http", ProtocolType="HTTP")["ApiId"]
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://127.0.0.1:{region.port}/_aws/execute-api/{api_id}/$default", proxy=None),
    ):
        pass
    assert refused.value.response.status_code == 404


def test_an_api_without_routes_for_connecting_connects_everybody_by_host(region: Any, account: str) -> None:
    api = Sockets(region, account).make()
    api.route("$default", two_way=True)
    url = f"ws://{api.api_id}.execute-api.localhost:{region.port}/dev"
    with socket.create_connection(("127.0.0.1", region.port)) as raw, connect(url, proxy=None, sock=raw) as client:
        assert asked(client, "x")["requestContext"]["domainName"] == f"{api.api_id}.execute-api.localhost"


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ('?answer={"statusCode":401,"body":"away"}', 401, b"away"),
        ('?answer={"statusCode":403}', 403, None),
        ('?answer={"statusCode":500}', 500, None),
        ("?answer={}", 502, "Internal server error"),
        ("?answer=null", 502, "Internal server error"),
        ("?raise=1", 502, "Internal server error"),
        ('?answer={"statusCode":200,"headers":{"Sec-WebSocket-Protocol":"a\\r\\nb:c"}}', 502, "Internal server error"),
        ('?answer={"statusCode":400,"headers":{"Content-Type":"a\\nb"}}', 502, "Internal server error"),
    ],
)
def test_what_connect_answers_decides_on_the_handshake(api: Sockets, query: str, status: int, message: Any) -> None:
    found, body = refusal(api, query)
    assert found == status
    assert (body["message"] if isinstance(body, dict) else body) == message


def test_a_connect_that_takes_too_long_is_504(region: Any, account: str) -> None:
    api = Sockets(region, account).make()
    api.route("$connect", api.integration(TimeoutInMillis=300))
    status, body = refusal(api, "?sleep=2")
    assert (status, body["message"]) == (504, "Endpoint request timed out")
    assert set(body) == {"message", "connectionId", "requestId"}


def test_a_connect_whose_function_api_gateway_may_not_invoke_is_500(api: Sockets) -> None:
    api.client("lambda").remove_permission(FunctionName="ws", StatementId="api")
    status, body = refusal(api)
    assert (status, body["message"]) == (500, "Internal server error")


# Authorizers


@pytest.fixture
def guarded(api: Sockets) -> Sockets:
    """The API with a Lambda authorizer on $connect."""
    v2 = api.client("apigatewayv2")
    arn = make_function(api.client, "authorizer", AUTHORIZER)
    let_apis_invoke(api.client, "authorizer", f"{api.account}:{api.api_id}/authorizers/*")
    authorizer = v2.create_authorizer(
        ApiId=api.api_id, Name="mine", AuthorizerType="REQUEST", IdentitySource=["route.request.querystring.token"],
        AuthorizerUri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
    )["AuthorizerId"]  # fmt: skip
    connecting = next(r for r in v2.get_routes(ApiId=api.api_id)["Items"] if r["RouteKey"] == "$connect")
    v2.update_route(
        ApiId=api.api_id, RouteId=connecting["RouteId"], AuthorizationType="CUSTOM", AuthorizerId=authorizer
    )
    return api


def test_a_lambda_authorizer_on_connect_decides_before_the_upgrade(guarded: Sockets) -> None:
    for query, status in (("", 401), ("?token=unknown", 401), ("?token=bad", 403), ("?token=broken", 500)):
        found, body = refusal(guarded, query)
        assert found == status, query
        assert set(body) == {"message", "connectionId", "requestId"}


def test_the_authorizer_s_context_is_in_every_event_of_the_connection(guarded: Sockets) -> None:
    with guarded.connect("?token=good") as client:
        for _ in range(2):
            said = asked(client, "x")["requestContext"]["authorizer"]
            assert (said["principalId"], said["team"]) == ("ann", "blue")
    for kind in ("CONNECT", "DISCONNECT"):
        assert guarded.events(kind)[0]["requestContext"]["authorizer"]["principalId"] == "ann"


def signed(api: Sockets, key: str, secret: str) -> dict[str, str]:
    """The headers of a handshake that is signed."""
    request = AWSRequest("GET", api.url(scheme="http"), headers={"Host": f"127.0.0.1:{api.region.port}"})
    SigV4Auth(Credentials(key, secret), "execute-api", "us-east-1").add_auth(request)
    return {name: value for name, value in request.headers.items() if name.lower() != "host"}


def test_iam_authorization_asks_for_signed_handshakes(api: Sockets) -> None:
    v2, iam = api.client("apigatewayv2"), api.client("iam")
    connecting = next(r for r in v2.get_routes(ApiId=api.api_id)["Items"] if r["RouteKey"] == "$connect")
    v2.update_route(ApiId=api.api_id, RouteId=connecting["RouteId"], AuthorizationType="AWS_IAM")
    status, body = refusal(api)
    assert (status, body["message"]) == (403, "Missing Authentication Token")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    pair = key["AccessKeyId"], key["SecretAccessKey"]
    arn = f"arn:aws:execute-api:us-east-1:{api.account}:{api.api_id}/dev/$connect"
    status, body = refusal(api, additional_headers=signed(api, *pair))
    shown = arn.replace(api.account, f"********{api.account[-4:]}")
    who = f"User: arn:aws:iam::{api.account}:user/ann is not authorized to perform: execute-api:Invoke on resource: {shown}"
    assert status == 403
    assert body["message"].startswith(who)
    allow(iam, "user", "ann", "execute-api:Invoke", arn)
    assert refusal(api, additional_headers=signed(api, pair[0], "wrong"))[0] == 403
    with api.connect(additional_headers=signed(api, *pair)) as client:
        said = asked(client, "x")["requestContext"]["identity"]
        assert said["userArn"] == f"arn:aws:iam::{api.account}:user/ann"


def allow(iam: Any, kind: str, name: str, action: str, resource: str) -> None:
    """An inline policy of a user or role."""
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}
    )
    if kind == "user":
        iam.put_user_policy(UserName=name, PolicyName="allowed", PolicyDocument=document)
    else:
        iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=document)


def test_an_api_key_that_connect_requires_is_required(api: Sockets) -> None:
    v2 = api.client("apigatewayv2")
    connecting = next(r for r in v2.get_routes(ApiId=api.api_id)["Items"] if r["RouteKey"] == "$connect")
    v2.update_route(ApiId=api.api_id, RouteId=connecting["RouteId"], ApiKeyRequired=True)
    assert refusal(api)[0] == 403
    assert refusal(api, additional_headers={"x-api-key": "guess"})[0] == 403


# @connections


def test_post_get_and_delete_of_a_connection(api: Sockets) -> None:
    manage = api.management()
    with api.connect(user_agent_header="agent/1") as client:
        id_ = connection_of(client)
        manage.post_to_connection(ConnectionId=id_, Data="hellö".encode())
        assert client.recv(timeout=10) == "hellö"
        manage.post_to_connection(ConnectionId=id_, Data=b"\xff\x00")
        assert client.recv(timeout=10) == b"\xff\x00"
        manage.post_to_connection(ConnectionId=id_, Data=b"x" * (128 << 10))
        assert len(client.recv(timeout=10)) == 128 << 10
        told = manage.get_connection(ConnectionId=id_)
        assert told["Identity"] == {"SourceIp": "127.0.0.1", "UserAgent": "agent/1"}
        assert told["ConnectedAt"] <= told["LastActiveAt"] <= datetime.datetime.now(datetime.UTC)
        assert manage.delete_connection(ConnectionId=id_)["ResponseMetadata"]["HTTPStatusCode"] == 204
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)
        assert (client.close_code, client.close_reason) == (1000, "Connection Closed Normally")
    said = api.events("DISCONNECT")[0]["requestContext"]
    assert (said["disconnectStatusCode"], said["disconnectReason"]) == (1000, "Connection Closed Normally")


def test_a_connection_that_is_gone_or_never_was_is_410_and_what_is_no_id_is_400(api: Sockets, aws_error: ERROR) -> None:
    manage = api.management()
    with api.connect() as client:
        id_ = connection_of(client)
    api.events("DISCONNECT")
    for method, more in (("post_to_connection", {"Data": b"x"}), ("get_connection", {}), ("delete_connection", {})):
        for one in (id_, "L0SM9cOFvHcCIhw="):
            code, _, status = aws_error(lambda m=method, o=one, k=more: getattr(manage, m)(ConnectionId=o, **k))  # type: ignore[misc]
            assert (code, status) == ("GoneException", 410)
    assert aws_error(lambda: manage.post_to_connection(ConnectionId="nonsense", Data=b"x")) == (
        "BadRequestException",
        "Invalid connectionId: nonsense",
        400,
    )


def test_more_than_128_KB_is_413(api: Sockets, aws_error: ERROR) -> None:
    with api.connect() as client:
        id_ = connection_of(client)
        big = b"x" * ((128 << 10) + 1)
        answer = httpx.post(
            f"{api.url(scheme='http')}/@connections/{id_}", content=big, trust_env=False,
            headers=_signed_post(api, f"/@connections/{id_}", big),
        )  # fmt: skip
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (413, "PayloadTooLargeException")


def _signed_post(api: Sockets, path: str, body: bytes) -> dict[str, str]:
    request = AWSRequest("POST", api.url(scheme="http") + path, data=body, headers={"content-type": "text/plain"})
    SigV4Auth(Credentials(api.account, "test"), "execute-api", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def test_connections_are_found_percent_encoded_or_not(api: Sockets) -> None:
    with api.connect() as client:
        id_ = connection_of(client)
        for path in (f"/@connections/{id_}", f"/%40connections/{id_.replace('=', '%3D')}"):
            answer = httpx.post(
                api.url(scheme="http") + path, content=b"x", trust_env=False, headers=_signed_post(api, path, b"x")
            )
            assert answer.status_code == 200
            assert client.recv(timeout=10) == "x"


def test_connections_are_managed_by_whom_iam_lets(api: Sockets, aws_error: ERROR) -> None:
    iam = api.client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    manage = api.management(key["AccessKeyId"], key["SecretAccessKey"])
    base = f"arn:aws:execute-api:us-east-1:{api.account}:{api.api_id}/dev"
    with api.connect() as client:
        id_ = connection_of(client)
        answer = httpx.post(f"{api.url(scheme='http')}/@connections/{id_}", content=b"x", trust_env=False)
        assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})
        code, message, status = aws_error(lambda: manage.post_to_connection(ConnectionId=id_, Data=b"x"))
        assert (code, status) == ("AccessDeniedException", 403)
        shown = base.replace(api.account, f"********{api.account[-4:]}") + "/POST/@connections/{connectionId}"
        assert message.startswith(
            f"User: arn:aws:iam::{api.account}:user/ann is not authorized to perform: execute-api:ManageConnections "
            f"on resource: {shown}"
        )
        allow(iam, "user", "ann", "execute-api:ManageConnections", f"{base}/POST/@connections/*")
        manage.post_to_connection(ConnectionId=id_, Data=b"x")
        assert client.recv(timeout=10) == "x"
        assert aws_error(lambda: manage.delete_connection(ConnectionId=id_))[0] == "AccessDeniedException"
        wrong = api.management(key["AccessKeyId"], "wrong")
        assert aws_error(lambda: wrong.get_connection(ConnectionId=id_))[0] == "InvalidSignatureException"
        stranger = api.management("210987654321")
        assert aws_error(lambda: stranger.get_connection(ConnectionId=id_))[2] == 403


def test_a_function_posts_to_its_connection_with_its_role(api: Sockets) -> None:
    with api.connect() as client:
        message = {"post": "from inside"}
        denied = asked(client, message)
        assert "AccessDeniedException" in denied
        assert "execute-api:ManageConnections" in denied
        resource = f"arn:aws:execute-api:us-east-1:{api.account}:{api.api_id}/dev/POST/@connections/*"
        allow(api.client("iam"), "role", "ws", "execute-api:ManageConnections", resource)
        assert asked(client, message) == "from inside"
        assert client.recv(timeout=10) == "posted"


def test_the_aws_cli_manages_connections(api: Sockets, need: Callable[[object, str], None]) -> None:
    need(shutil.which("aws"), "aws")
    keys = {"AWS_ACCESS_KEY_ID": api.account, "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    with api.connect() as client:

        def aws(operation: str, *more: str) -> str:
            command = ["aws", "apigatewaymanagementapi", operation, "--connection-id", connection_of(client), *more]
            command += ["--endpoint-url", api.url(scheme="http")]
            done = subprocess.run(
                command, env=api.region.env(**keys), capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        aws("post-to-connection", "--data", "aGVsbG8=")
        assert client.recv(timeout=10) in ("hello", "aGVsbG8=")  # version 2 of the CLI decodes, version 1 does not
        assert json.loads(aws("get-connection"))["Identity"]["SourceIp"] == "127.0.0.1"
        aws("delete-connection")
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)


# Limits, and the region's end


def test_an_idle_connection_is_closed_after_ten_minutes_of_the_region_s_clock(timed: Sockets) -> None:
    with timed.connect(ping_interval=None) as idle, timed.connect(ping_interval=None) as busy:
        asked(idle, "x")
        timed.region.atoll("clock", "advance", "9m")
        asked(busy, "x")
        timed.region.atoll("clock", "advance", "2m")
        with pytest.raises(ConnectionClosed):
            idle.recv(timeout=10)
        assert (idle.close_code, idle.close_reason) == (1001, "Going away")
        assert timed.events("DISCONNECT")[0]["requestContext"]["disconnectStatusCode"] == 1001
        asked(busy, "x")


def test_a_connection_is_closed_after_two_hours_however_busy(timed: Sockets) -> None:
    with timed.connect(ping_interval=None) as client:
        for _ in range(13):
            asked(client, "x")
            timed.region.atoll("clock", "advance", "9m")
        asked(client, "x")
        timed.region.atoll("clock", "advance", "4m")
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)
        assert client.close_code == 1001


def test_connections_of_a_region_that_crashed_or_stopped_are_gone(
    new_region: Callable[..., Any], account: str, aws_error: ERROR
) -> None:
    region = new_region()
    api = echoing(region, account)
    for end, code in ((region.kill, 1006), (region.stop, 1001)):
        with api.connect() as client:
            id_ = connection_of(client)
            end()
            with pytest.raises(ConnectionClosed):
                client.recv(timeout=10)
            assert client.close_code == code
        region.start()
        assert aws_error(lambda id_=id_: api.management().get_connection(ConnectionId=id_))[0] == "GoneException"  # type: ignore[misc]


@pytest.mark.parametrize("what", ["the API", "its stage", "the account's records"])
def test_connections_of_what_is_deleted_end_at_once(timed: Sockets, what: str) -> None:
    other = Sockets(timed.region, "210987654321")
    other.api_id = other.client("apigatewayv2").create_api(
        Name="other", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    other.client("apigatewayv2").create_route(ApiId=other.api_id, RouteKey="$default")
    other.client("apigatewayv2").create_stage(ApiId=other.api_id, StageName="dev", AutoDeploy=True)
    with timed.connect() as client, other.connect() as stays:
        asked(client, "x")
        if what == "the API":
            timed.client("apigatewayv2").delete_api(ApiId=timed.api_id)
        elif what == "its stage":
            timed.client("apigatewayv2").delete_stage(ApiId=timed.api_id, StageName="dev")
        else:
            httpx.post(f"{timed.region.endpoint}/_atoll/reset", json={"account": timed.account}, trust_env=False)
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=10)
        assert (client.close_code, client.close_reason) == (1001, "Going away")
        assert asked(stays, "x")["connectionId"]


def test_wscat(api: Sockets, need: Callable[[object, str], None]) -> None:
    packages = from_npm({"wscat": "6.1.0"})
    need(packages, "npm, or wscat from it")
    assert packages
    terminal, inside = pty.openpty()
    command = ["node", str(packages / "node_modules/wscat/bin/wscat"), "--no-color", "--connect", api.url()]
    with subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside) as process:
        try:
            assert "Connected (press CTRL+C to quit)" in _until(terminal, "quit)")
            os.write(terminal, b"hello\r")
            assert '"routeKey": "$default"' in _until(terminal, '"isBase64Encoded": false}')
        finally:
            process.kill()
    os.close(terminal)
    os.close(inside)


def _until(terminal: int, text: str) -> str:
    """What a program writes to its terminal, up to and with a text."""
    seen = ""
    while text not in seen:
        assert select.select([terminal], [], [], 20)[0], seen
        seen += os.read(terminal, 1 << 16).decode(errors="replace")
    return seen


def test_a_custom_domain_s_mapping_leads_to_the_api_and_its_connections(api: Sockets) -> None:
    v2 = api.client("apigatewayv2")
    name = f"ws{api.account}.example.com"
    certificate = f"arn:aws:acm:us-east-1:{api.account}:certificate/00000000-0000-4000-8000-000000000000"
    v2.create_domain_name(
        DomainName=name,
        DomainNameConfigurations=[
            {"CertificateArn": certificate, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}
        ],
    )
    v2.create_api_mapping(DomainName=name, ApiId=api.api_id, Stage="dev", ApiMappingKey="chat")
    port = api.region.port
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        connect(f"ws://{name}:{port}/chat", proxy=None, sock=raw) as client,
    ):
        said = asked(client, "x")["requestContext"]
        assert said["domainName"] == name
        api.management().post_to_connection(ConnectionId=said["connectionId"], Data=b"found")
        assert client.recv(timeout=10) == "found"


def test_access_logs_of_a_websocket_api(api: Sockets) -> None:
    logs, v2 = api.client("logs"), api.client("apigatewayv2")
    role = make_role(api.client, "apilogs", API_GATEWAY, "logs:*")
    patch = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    api.client("apigateway").update_account(patchOperations=patch)
    logs.create_log_group(logGroupName="ws-access")
    group = f"arn:aws:logs:us-east-1:{api.account}:log-group:ws-access"
    format_ = "$context.eventType $context.routeKey $context.connectionId $context.status $context.requestId"
    v2.update_stage(ApiId=api.api_id, StageName="dev", AccessLogSettings={"DestinationArn": group, "Format": format_})
    with api.connect() as client:
        id_ = connection_of(client)
    api.events("DISCONNECT")
    expected = {f"MESSAGE $default {id_} 200", f"DISCONNECT $disconnect {id_} 200", f"CONNECT $connect {id_} 200"}
    lines: set[str] = set()
    deadline = time.monotonic() + 60
    while lines != expected:
        assert time.monotonic() < deadline, lines
        lines = {
            event["message"].rpartition(" ")[0] for event in logs.filter_log_events(logGroupName="ws-access")["events"]
        }
