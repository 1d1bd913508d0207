"""Function URLs: their configuration, who may call them, what the function gets and the caller receives."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

FORBIDDEN = {
    "Message": "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
}
ANSWER = """
import json, time

def handler(event, context):
    body = json.loads(event["body"]) if event.get("body") and not event["isBase64Encoded"] else {}
    if "raise" in body:
        raise ValueError(body["raise"])
    return body["answer"] if "answer" in body else {**event, "invoked": context.invoked_function_arn}
"""


@pytest.fixture
def allow(fn: Any) -> Callable[..., None]:
    """Lets everyone call a function's URL: the two statements that AWS asks for since October 2025."""

    def both(name: str = "fn", principal: str = "*", **more: Any) -> None:
        fn.client.add_permission(
            FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal=principal,
            **{"FunctionUrlAuthType": "NONE", **more},
        )  # fmt: skip
        fn.client.add_permission(
            FunctionName=name, StatementId="function", Action="lambda:InvokeFunction", Principal=principal,
            InvokedViaFunctionUrl=True, **{k: v for k, v in more.items() if k == "Qualifier"},
        )  # fmt: skip

    return both


@pytest.fixture
def call(region: Any) -> Callable[..., httpx.Response]:
    """Sends a request to a function URL, named by its host as a browser would."""

    def send(url: str, method: str = "GET", path: str = "/", **options: Any) -> httpx.Response:
        headers = {"host": url.removeprefix("https://").rstrip("/"), **options.pop("headers", {})}
        return httpx.request(method, region.endpoint + path, headers=headers, trust_env=False, timeout=30, **options)

    return send


@pytest.fixture
def public(fn: Any, allow: Callable[..., None]) -> str:
    """The URL of a function that everyone may call."""
    fn.create(code=ANSWER)
    allow()
    return str(fn.client.create_function_url_config(FunctionName="fn", AuthType="NONE")["FunctionUrl"])


def test_a_url_is_made_changed_listed_and_deleted(fn: Any, aws_error: Any) -> None:
    arn = fn.create()["FunctionArn"]
    made = fn.client.create_function_url_config(FunctionName="fn", AuthType="NONE")
    made.pop("ResponseMetadata")
    assert set(made) == {"AuthType", "CreationTime", "FunctionArn", "FunctionUrl"}
    assert made["FunctionArn"] == arn
    assert made["FunctionUrl"].endswith(".lambda-url.us-east-1.on.aws/")
    again = aws_error(lambda: fn.client.create_function_url_config(FunctionName="fn", AuthType="NONE"))
    assert again == (
        "ResourceConflictException",
        f"Failed to create function url config for [functionArn = {arn}]. Error message:  "
        "FunctionUrlConfig exists for this Lambda function",
        409,
    )
    got = fn.client.get_function_url_config(FunctionName="fn")
    assert (got["InvokeMode"], got["LastModifiedTime"]) == ("BUFFERED", made["CreationTime"])
    cors = {
        "AllowOrigins": ["https://example.com"],
        "AllowMethods": ["GET", "POST"],
        "MaxAge": 60,
        "AllowCredentials": True,
    }
    changed = fn.client.update_function_url_config(FunctionName="fn", AuthType="AWS_IAM", Cors=cors)
    assert (changed["AuthType"], changed["Cors"], "InvokeMode" in changed) == ("AWS_IAM", cors, False)
    assert changed["LastModifiedTime"] > changed["CreationTime"]
    (listed,) = fn.client.list_function_url_configs(FunctionName="fn")["FunctionUrlConfigs"]
    assert (listed["FunctionUrl"], listed["InvokeMode"], listed["Cors"]) == (made["FunctionUrl"], "BUFFERED", cors)
    fn.client.delete_function_url_config(FunctionName="fn")
    gone = ("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    assert aws_error(lambda: fn.client.get_function_url_config(FunctionName="fn")) == gone
    assert aws_error(lambda: fn.client.delete_function_url_config(FunctionName="fn")) == gone


def test_an_alias_has_a_url_of_its_own(fn: Any, allow: Callable[..., None], call: Any, aws_error: Any) -> None:
    arn = fn.create(code=ANSWER)["FunctionArn"]
    fn.client.publish_version(FunctionName="fn")
    fn.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    own = fn.client.create_function_url_config(FunctionName="fn", AuthType="NONE")["FunctionUrl"]
    live = fn.client.create_function_url_config(FunctionName="fn", Qualifier="live", AuthType="NONE")
    assert live["FunctionArn"] == f"{arn}:live"
    assert live["FunctionUrl"] != own
    allow(Qualifier="live")
    assert call(live["FunctionUrl"]).json()["invoked"] == f"{arn}:live"
    assert call(own).status_code == 403  # the alias's policy is not the function's
    fn.client.delete_function_url_config(FunctionName="fn")
    assert call(own).status_code == 404
    assert call(live["FunctionUrl"]).status_code == 200
    code, message, _ = aws_error(lambda: fn.client.create_function_url_config(FunctionName="fn:1", AuthType="NONE"))
    assert (code, message) == (
        "ValidationException",
        "1 validation error detected: Value '1' at 'qualifier' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)",
    )
    missing = aws_error(
        lambda: fn.client.create_function_url_config(FunctionName="fn", Qualifier="dev", AuthType="NONE")
    )
    assert missing == ("ResourceNotFoundException", "Function does not exist", 404)
    change = fn.client.update_function_url_config
    assert aws_error(lambda: change(FunctionName="fn", Qualifier="dev", AuthType="NONE")) == missing
    assert aws_error(lambda: change(FunctionName="none", AuthType="NONE")) == missing
    gone = ("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    assert aws_error(lambda: change(FunctionName="fn", AuthType="NONE")) == gone


def test_the_event_is_as_it_was_sent(public: str, call: Any) -> None:
    response = call(
        public, "POST", "/a%20b/c?q=1&q=2&empty=", headers={"cookie": "x=1; y=2", "X-Two": "a"}, json={"n": 1}
    )
    event = response.json()
    domain = public.removeprefix("https://").rstrip("/")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-amzn-requestid"] == event["requestContext"]["requestId"]
    assert (event["rawPath"], event["rawQueryString"]) == ("/a%20b/c", "q=1&q=2&empty=")
    assert event["queryStringParameters"] == {"q": "1,2", "empty": ""}
    assert event["cookies"] == ["x=1", "y=2"]
    assert (event["headers"]["x-two"], event["headers"]["host"]) == ("a", domain)
    assert event["body"] == '{"n":1}'
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"]) == ("anonymous", domain.partition(".")[0])
    assert (context["domainName"], context["stage"], context["routeKey"]) == (domain, "$default", "$default")
    assert context["http"]["method"] == "POST"
    assert "authorizer" not in context
    assert "content-length" not in call(public).json()["headers"]


def test_where_hosts_do_not_resolve_the_path_names_the_url(public: str, region: Any) -> None:
    url_id = public.removeprefix("https://").partition(".")[0]
    event = httpx.get(f"{region.endpoint}/_aws/lambda-url/{url_id}/x/y", trust_env=False).json()
    assert event["rawPath"] == "/x/y"
    assert event["requestContext"]["domainName"] == public.removeprefix("https://").rstrip("/")


@pytest.mark.parametrize(
    ("answer", "status", "content_type", "body"),
    [
        ("hi", 200, "application/json", "hi"),
        ({"a": 1}, 200, "application/json", '{"a": 1}'),
        ([1], 200, "application/json", "[1]"),
        (None, 200, "application/json", "null"),
        ({"statusCode": 201, "body": "made"}, 201, "application/json", "made"),
        ({"statusCode": 200, "headers": {"Content-Type": "text/css"}, "body": "YWJj", "isBase64Encoded": True}, 200, "text/css", "abc"),
        ({"statusCode": "no"}, 502, "application/json", "Internal Server Error"),
    ],
)  # fmt: skip
def test_what_a_return_value_stands_for(
    public: str, call: Any, answer: Any, status: int, content_type: str, body: str
) -> None:
    response = call(public, "POST", json={"answer": answer})
    assert (response.status_code, response.headers["content-type"], response.text) == (status, content_type, body)


def test_cookies_of_the_answer(public: str, call: Any) -> None:
    response = call(public, "POST", json={"answer": {"statusCode": 200, "cookies": ["a=1; Secure", "b=2"]}})
    assert response.headers.get_list("set-cookie") == ["a=1; Secure", "b=2"]


def test_a_function_that_fails_is_a_502(public: str, call: Any) -> None:
    response = call(public, "POST", json={"raise": "no"})
    assert (response.status_code, response.text) == (502, "Internal Server Error")


def test_an_unknown_url_is_a_404(call: Any) -> None:
    response = call(f"https://{'0' * 32}.lambda-url.us-east-1.on.aws/")
    assert (response.status_code, response.text) == (404, '{"Message":null}')
    assert response.headers["x-amzn-errortype"] == "ResourceNotFoundException"


def test_more_than_six_megabytes_is_a_413(public: str, call: Any) -> None:
    response = call(public, "POST", content=b"x" * 6_291_457)
    assert (response.status_code, response.json()) == (
        413,
        {"Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"},
    )


def test_a_throttled_function_is_a_429(fn: Any, public: str, call: Any) -> None:
    fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0)
    response = call(public)
    assert response.status_code == 429
    assert response.json()["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


@pytest.mark.parametrize("granted", ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"])
def test_the_policy_must_grant_both_actions(fn: Any, call: Any, granted: str) -> None:
    fn.create(code=ANSWER)
    url = fn.client.create_function_url_config(FunctionName="fn", AuthType="NONE")["FunctionUrl"]
    assert (call(url).status_code, call(url).json()) == (403, FORBIDDEN)
    fn.client.add_permission(FunctionName="fn", StatementId="one", Action=granted, Principal="*")
    assert call(url).status_code == 403


def test_a_grant_for_another_auth_type_does_not_count(fn: Any, allow: Callable[..., None], call: Any) -> None:
    fn.create(code=ANSWER)
    url = fn.client.create_function_url_config(FunctionName="fn", AuthType="NONE")["FunctionUrl"]
    allow(FunctionUrlAuthType="AWS_IAM")
    assert call(url).status_code == 403


def signed(
    url: str, key: Mapping[str, str], method: str = "GET", path: str = "", body: bytes = b"", service: str = "lambda"
) -> dict[str, str]:
    """The headers of a request that botocore signed for a function URL."""
    request = AWSRequest(method, url + path, data=body)
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"], key.get("SessionToken"))
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return dict(request.headers)


@pytest.fixture
def private(fn: Any) -> str:
    """The URL of a function whose callers must sign."""
    fn.create(code=ANSWER)
    return str(fn.client.create_function_url_config(FunctionName="fn", AuthType="AWS_IAM")["FunctionUrl"])


@pytest.fixture
def alice(client: Callable[..., Any]) -> dict[str, str]:
    """The access key of a user that may call function URLs."""
    iam = client("iam")
    iam.create_user(UserName="alice")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"], "Resource": "*"}
        ],
    }
    iam.put_user_policy(UserName="alice", PolicyName="urls", PolicyDocument=json.dumps(policy))
    key: dict[str, str] = iam.create_access_key(UserName="alice")["AccessKey"]
    return key


def test_whoever_signs_and_may_is_named_in_the_event(
    private: str, call: Any, alice: dict[str, str], account: str
) -> None:
    body = b'{"n": 1}'
    headers = signed(private, alice, "POST", "x?a=1", body)
    event = call(private, "POST", "/x?a=1", headers=headers, content=body).json()
    caller = event["requestContext"]["authorizer"]["iam"]
    assert event["requestContext"]["accountId"] == account
    assert caller["accessKey"] == alice["AccessKeyId"]
    assert caller["userArn"] == f"arn:aws:iam::{account}:user/alice"
    assert (caller["cognitoIdentity"], caller["principalOrgId"]) == (None, None)


def test_without_a_signature_or_a_right_one_nobody_calls(
    private: str, call: Any, alice: dict[str, str], client: Callable[..., Any]
) -> None:
    assert (call(private).status_code, call(private).json()) == (403, FORBIDDEN)
    wrong = call(private, headers=signed(private, {**alice, "SecretAccessKey": "wrong"}))
    assert (wrong.status_code, wrong.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")
    assert wrong.json()["message"].startswith("The request signature we calculated does not match")
    other_body = call(private, "POST", headers=signed(private, alice, "POST", body=b"one"), content=b"two")
    assert other_body.status_code == 403
    elsewhere = call(private, headers=signed(private, alice, service="execute-api"))
    assert "Credential should be scoped to correct service: 'lambda'." in elsewhere.json()["message"]
    client("iam").delete_user_policy(UserName="alice", PolicyName="urls")
    assert (call(private, headers=signed(private, alice)).json()) == FORBIDDEN


def test_preflights_and_answers_to_other_origins(fn: Any, public: str, call: Any) -> None:
    ask = {"origin": "https://example.com", "access-control-request-method": "POST"}
    event = call(public, "OPTIONS", headers=ask).json()  # without a configuration they are the function's own
    assert event["requestContext"]["http"]["method"] == "OPTIONS"
    cors = {
        "AllowOrigins": ["https://example.com"],
        "AllowMethods": ["POST"],
        "AllowHeaders": ["x-a"],
        "ExposeHeaders": ["x-b"],
        "MaxAge": 5,
    }
    fn.client.update_function_url_config(FunctionName="fn", Cors=cors)
    asked = call(public, "OPTIONS", headers=ask)
    assert (asked.status_code, asked.content) == (200, b"")
    assert {name: value for name, value in asked.headers.items() if name.startswith("access-control-")} == {
        "access-control-allow-origin": "https://example.com",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "x-a",
        "access-control-max-age": "5",
    }
    own = {"answer": {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*"}}}
    answered = call(public, "POST", headers={"origin": "https://example.com"}, json=own)
    assert answered.headers.get_list("access-control-allow-origin") == ["https://example.com"]
    assert answered.headers["access-control-expose-headers"] == "x-b"
    stranger = call(public, "POST", headers={"origin": "https://evil.example"}, json=own)
    assert "access-control-allow-origin" not in stranger.headers


def test_a_deleted_function_takes_its_urls_along(fn: Any, public: str, call: Any) -> None:
    fn.client.delete_function(FunctionName="fn")
    assert call(public).status_code == 404


def test_the_command_line_shows_urls(public: str, region: Any, account: str) -> None:
    key = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test"}
    url = region.atoll("urls", "fn", **key).stdout.strip()
    shown = region.atoll("urls", **key).stdout
    assert url in shown
    assert public.removeprefix("https://").partition(".")[0] + ".lambda-url.localhost" in shown
    assert httpx.get(f"{url}x", trust_env=False).json()["rawPath"] == "/x"


STREAMS = """
import json, os, socket, time
import http.client

HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
INVOCATION = "/2018-06-01/runtime/invocation/"

def chunk(data):
    return b"%x\\r\\n%b\\r\\n" % (len(data), data)

while True:  # a runtime of its own
    http_connection = http.client.HTTPConnection(HOST, int(PORT))
    http_connection.request("GET", INVOCATION + "next")
    answer = http_connection.getresponse()
    event = json.loads(answer.read())
    wanted = json.loads(event["body"])
    time.sleep(wanted.get("wait", 0))
    connection = socket.create_connection((HOST, int(PORT)))
    connection.sendall(
        f"POST {INVOCATION}{answer.headers['Lambda-Runtime-Aws-Request-Id']}/response HTTP/1.1\\r\\nHost: x\\r\\n"
        "Transfer-Encoding: chunked\\r\\nLambda-Runtime-Function-Response-Mode: streaming\\r\\n"
        f"Content-Type: {wanted['type']}\\r\\n"
        "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\\r\\n\\r\\n".encode()
    )
    for piece in wanted["pieces"]:
        connection.sendall(chunk(piece.encode()))
        time.sleep(wanted.get("pause", 0))
    trailers = "Lambda-Runtime-Function-Error-Type: Broken\\r\\n" if wanted.get("fails") else ""
    connection.sendall(b"0\\r\\n" + trailers.encode() + b"\\r\\n")
    connection.recv(4096)
    connection.close()
"""
INTEGRATION = "application/vnd.awslambda.http-integration-response"


@pytest.fixture
def streaming(fn: Any, allow: Callable[..., None]) -> str:
    """The URL of a function that streams what it is told to."""
    fn.create(code=STREAMS)
    allow()
    made = fn.client.create_function_url_config(FunctionName="fn", AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    assert made["InvokeMode"] == "RESPONSE_STREAM"
    return str(made["FunctionUrl"])


def test_a_stream_arrives_while_the_function_makes_it(streaming: str, region: Any) -> None:
    headers = {"host": streaming.removeprefix("https://").rstrip("/")}
    wanted = {"type": "text/event-stream", "pieces": ["one", "two"], "pause": 1}
    with httpx.stream("POST", region.endpoint, headers=headers, json=wanted, trust_env=False, timeout=30) as response:
        assert response.headers["content-type"] == "text/event-stream"
        pieces = response.iter_raw()
        assert next(pieces) == b"one"
        came = time.monotonic()
        assert b"".join(pieces) == b"two"
        assert time.monotonic() - came > 0.5


def test_a_streams_prelude_gives_status_headers_and_cookies(streaming: str, call: Any) -> None:
    prelude = json.dumps({"statusCode": 418, "headers": {"X-A": "b"}, "cookies": ["c=d"]})
    wanted = {"type": INTEGRATION, "pieces": [prelude[:9], prelude[9:] + "\0\0\0", "\0\0\0\0\0short", " and stout"]}
    response = call(streaming, "POST", json=wanted)
    assert (response.status_code, response.text) == (418, "short and stout")
    assert (response.headers["x-a"], response.headers["set-cookie"]) == ("b", "c=d")
    assert response.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("pieces", [["no prelude"], ["{]" + "\0" * 8], ['{"statusCode": 1}' + "\0" * 8]])
def test_a_prelude_that_is_none_is_a_502(streaming: str, call: Any, pieces: list[str]) -> None:
    response = call(streaming, "POST", json={"type": INTEGRATION, "pieces": pieces})
    assert (response.status_code, response.text) == (502, "Internal Server Error")


def test_a_stream_that_fails_has_no_end(streaming: str, call: Any) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        call(streaming, "POST", json={"type": "text/plain", "pieces": ["some"], "fails": True})


def send_raw(connection: socket.socket, url: str, wanted: Mapping[str, Any]) -> None:
    body, host = json.dumps(wanted), url.removeprefix("https://").rstrip("/")
    head = f"POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    connection.sendall(f"{head}{body}".encode())


def test_a_status_without_a_body_has_none(streaming: str, region: Any) -> None:
    """What a function streams after it must not be taken for the next answer."""
    prelude = json.dumps({"statusCode": 204}) + "\0" * 8
    with socket.create_connection(("127.0.0.1", region.port), timeout=60) as connection:
        send_raw(connection, streaming, {"type": INTEGRATION, "pieces": [prelude, "HTTP/1.1 200 OK\r\n\r\n"]})
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert (head[:12], rest) == (b"HTTP/1.1 204", b"")
    assert b"transfer-encoding" not in head


def test_a_client_that_goes_before_the_stream_begins_holds_up_nobody(
    fn: Any, streaming: str, region: Any, client: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    fn.client.update_function_configuration(FunctionName="fn", Timeout=60)
    logs = client("logs")

    def lines() -> str:
        try:
            events = logs.filter_log_events(logGroupName="/aws/lambda/fn")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return ""
        return "".join(each["message"] for each in events)

    with socket.create_connection(("127.0.0.1", region.port)) as connection:
        send_raw(connection, streaming, {"type": "text/plain", "pieces": ["a" * 100_000] * 20, "wait": 2})
        eventually(lines, lambda text: "START" in text)  # the function runs, its stream has not begun
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes at once
    assert "timed out" not in eventually(lines, lambda text: "REPORT" in text)


def test_what_does_not_stream_is_sent_as_it_is(fn: Any, public: str, call: Any) -> None:
    fn.client.update_function_url_config(FunctionName="fn", InvokeMode="RESPONSE_STREAM")
    answer = {"statusCode": 201, "body": "x"}
    response = call(public, "POST", json={"answer": answer})
    assert (response.status_code, response.json()) == (200, answer)
    assert call(public, "POST", json={"raise": "no"}).status_code == 502
