"""What the region refuses, and how: operations that Atoll or AWS has not, keys and signatures, browsers, oversized headers."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Region

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
JSON = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.ListTables"}
SIGNED = JSON | {
    "authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
}


def test_unimplemented_operation_is_501_and_named(client: Callable[..., Any], aws_error: Error) -> None:
    assert aws_error(lambda: client("logs").describe_deliveries()) == (
        "NotImplemented", "Atoll does not implement logs:DescribeDeliveries.", 501
    )  # fmt: skip


def test_a_reason_is_given_where_there_is_one(client: Callable[..., Any], aws_error: Error) -> None:
    export = {"TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/t", "S3Bucket": "exports"}
    assert aws_error(lambda: client("dynamodb").export_table_to_point_in_time(**export)) == (
        "NotImplemented",
        "Atoll does not implement dynamodb:ExportTableToPointInTime: there is no S3 yet that could hold the files.",
        501,
    )


@pytest.mark.parametrize(
    ("service", "method", "operation"),
    [
        ("sqs", "list_queues", "sqs:ListQueues"),
        ("s3", "list_buckets", "s3:ListBuckets"),
        ("ec2", "describe_instances", "ec2:DescribeInstances"),
        ("cloudwatch", "list_metrics", "cloudwatch:ListMetrics"),
        ("route53", "list_hosted_zones", "route53:ListHostedZones"),
    ],
)
def test_what_is_not_implemented_is_501_and_named_in_every_protocol(
    client: Callable[..., Any], aws_error: Error, service: str, method: str, operation: str
) -> None:
    refused = ("NotImplemented", f"Atoll does not implement {operation}.", 501)
    assert aws_error(getattr(client(service), method)) == refused


def test_refusals_are_listed(region: Region, client: Callable[..., Any], aws_error: Error) -> None:
    aws_error(lambda: client("logs").describe_deliveries())
    listed = httpx.get(f"{region.endpoint}/_atoll/unsupported").json()["unsupported"]
    assert any(entry["service"] == "logs" and entry["operation"] == "DescribeDeliveries" for entry in listed)


def test_operation_that_aws_has_not(region: Region) -> None:
    json_rpc = httpx.post(
        region.endpoint, headers=SIGNED | {"x-amz-target": "DynamoDB_20120810.Frobnicate"}, content=b"{}"
    )
    assert (json_rpc.status_code, json_rpc.json()["__type"]) == (
        400,
        "com.amazon.coral.service#UnknownOperationException",
    )
    headers = {
        "authorization": SIGNED["authorization"].replace("dynamodb", "iam"),
        "content-type": "application/x-www-form-urlencoded",
    }
    query = httpx.post(region.endpoint, headers=headers, content=b"Action=Frobnicate&Version=2010-05-08")
    assert query.status_code == 400
    assert (
        "<Code>InvalidAction</Code><Message>Could not find operation Frobnicate for version 2010-05-08</Message>"
        in query.text
    )


def test_unsigned_request(region: Region) -> None:
    answer = httpx.post(region.endpoint, headers=JSON, content=b"{}")
    assert answer.status_code == 400
    assert answer.json()["__type"] == "com.amazon.coral.service#MissingAuthenticationTokenException"


@pytest.mark.parametrize("authorization", [None, "AWS4-HMAC-SHA256 Credential=nonsense"])
def test_what_nobody_signed_is_refused_in_the_protocol_of_its_path(region: Region, authorization: str | None) -> None:
    headers = {"authorization": authorization} if authorization else {}
    answer = httpx.get(f"{region.endpoint}/2015-03-31/functions/", headers=headers)
    code = "IncompleteSignatureException" if authorization else "MissingAuthenticationTokenException"
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, code)
    assert answer.json()["message"]


def test_issued_key_must_really_sign(
    region: Region, client: Callable[..., Any], account: str, aws_error: Error
) -> None:
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    right = region.client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert right.get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/ann"
    wrong = region.client("dynamodb", key=key["AccessKeyId"], secret="wrong")
    code, message, status = aws_error(wrong.list_tables)
    assert (code, status) == ("InvalidSignatureException", 400)
    assert message.startswith("The request signature we calculated does not match the signature you provided.")
    nothing_allowed = region.client("dynamodb", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert aws_error(nothing_allowed.list_tables) == (
        "AccessDeniedException",
        f"User: arn:aws:iam::{account}:user/ann is not authorized to perform: dynamodb:ListTables on resource: "
        f"arn:aws:dynamodb:us-east-1:{account}:table/* because no identity-based policy allows the dynamodb:ListTables action",
        400,
    )


def test_a_deleted_key_does_not_become_root(region: Region, client: Callable[..., Any], aws_error: Error) -> None:
    """An unknown key acts as root; one that Atoll issued and that was deleted must not."""
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    gone = region.client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert aws_error(gone.get_caller_identity) == (
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
        403,
    )


def test_unknown_session_key_does_not_become_root(region: Region, aws_error: Error) -> None:
    stranger = region.client("sts", key="ASIAQQQQQQQQQQQQQQQQ", token="token")
    assert aws_error(stranger.get_caller_identity)[0] == "InvalidClientTokenId"


def test_auth_strict_refuses_unknown_keys(new_region: Callable[..., Region], aws_error: Error) -> None:
    strict = new_region("--auth", "strict")
    assert aws_error(strict.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1@evil.example"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
    ],
    ids=[
        "DNS rebinding",
        "foreign origin",
        "sandboxed origin",
        "user in the origin",
        "no origin at all",
        "no origin but another site",
    ],
)
@pytest.mark.parametrize("path", ["/", "/_atoll/status"])
def test_browsers_of_other_sites_are_refused(region: Region, headers: dict[str, str], path: str) -> None:
    answer = httpx.post(region.endpoint + path, headers=SIGNED | headers, content=b"{}")
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def exchange(region: Region, *sent: bytes) -> bytes:
    """What comes back for what is sent, one part after the answer to the other, until nothing more comes."""
    answer = b""
    with socket.create_connection(("127.0.0.1", region.port), timeout=10) as connection:
        for part in sent:
            connection.sendall(part)
            answer += connection.recv(65536)
    return answer


def test_two_hosts_are_refused(region: Region) -> None:
    for first in (b"localhost", b"localhost:4566"):
        request = b"GET /_atoll/status HTTP/1.1\r\nhost: %b\r\nhost: evil.example\r\n\r\n" % first
        assert exchange(region, request).startswith(b"HTTP/1.1 403")


def test_two_hosts_reach_no_api_either(region: Region, client: Callable[..., Any]) -> None:
    """One of them may be what something in front of the region went by."""
    api = client("apigatewayv2").create_api(Name="a", ProtocolType="HTTP", Target="http://127.0.0.1:9")["ApiId"]
    for hosts in ((b"127.0.0.1", b"other"), (b"%b.execute-api.localhost" % api.encode(), b"other"), (b"a,b",)):
        head = b"".join(b"host: %b\r\n" % host for host in hosts)
        request = b"GET /_aws/execute-api/%b/$default/ HTTP/1.1\r\n%b\r\n" % (api.encode(), head)
        assert exchange(region, request).startswith(b"HTTP/1.1 403")


def test_what_curl_calls_a_form_is_none_outside_the_query_protocol(region: Region) -> None:
    """It calls everything so that is given with -d. Lambda's payloads have a limit of their own, and its errors their protocol."""
    headers = {"authorization": SIGNED["authorization"].replace("dynamodb", "lambda")}
    headers["content-type"] = "application/x-www-form-urlencoded"
    invoke = f"{region.endpoint}/2015-03-31/functions/missing/invocations"
    for size, status in ((5 << 20, 404), (7 << 20, 413)):
        answer = httpx.post(invoke, headers=headers, content=b'"%b"' % (b"a" * size))
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")


def test_an_offer_to_upgrade_is_ignored(region: Region) -> None:
    """Clients that prefer HTTP/2 make it with their first request, and go on in HTTP/1.1 on the same connection."""
    offer = {"connection": "upgrade, http2-settings", "upgrade": "h2c", "http2-settings": "AAMAAABk"}
    connection = http.client.HTTPConnection("127.0.0.1", region.port, timeout=10)
    for headers, body in ((offer, [b'{"Limit"', b": 0}"]), ({}, b'{"Limit": 0}'), (offer, b'{"Limit": 0}')):
        length = {"content-length": "12"}  # a list of parts is sent part by part
        connection.request("POST", "/", body, SIGNED | headers | length)
        answer = connection.getresponse()
        assert answer.status == 400
        assert b"greater than or equal to 1" in answer.read()  # of Limit: the body was read
    connection.close()


def test_pipelined_offers_to_upgrade(region: Region) -> None:
    request = b"GET /_atoll/status HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
    with socket.create_connection(("127.0.0.1", region.port), timeout=10) as connection:
        connection.sendall(request * 2 + request.replace(b"connection: upgrade", b"connection: upgrade, close"))
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 200") == 3, answers


def test_two_lengths_are_refused(region: Region) -> None:
    head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n"
    for second in (b"transfer-encoding: chunked\r\n", b"content-length: 3\r\n"):
        assert exchange(region, head + second + b"\r\n0\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_the_admin_api_has_loopback_names_only(region: Region) -> None:
    for host, status in (
        ("localhost", 200),
        ("dynamodb.us-east-1.amazonaws.com", 403),
        ("localhost.localstack.cloud", 403),
    ):
        assert httpx.get(f"{region.endpoint}/_atoll/status", headers={"host": host}).status_code == status


def test_no_host_is_refused(region: Region) -> None:
    with socket.create_connection(("127.0.0.1", region.port)) as connection:
        connection.sendall(b"GET /_atoll/status HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 403")


def test_loopback_pages_may_call_and_read(region: Region) -> None:
    origin = {"origin": "http://localhost:5173"}
    preflight = httpx.options(region.endpoint, headers=origin | {"access-control-request-method": "POST"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "http://localhost:5173"
    answer = httpx.post(region.endpoint, headers=SIGNED | origin, content=b"{}")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://abc.lambda-url.us-east-1.localhost:4566"},
        {"origin": "http://abc.execute-api.localhost:4566"},
        {"origin": "http://localhost:PORT"},
        {"origin": "http://[::1]:PORT"},
        {"referer": "http://127.0.0.1:PORT/_aws/lambda-url/abc/"},
        {"sec-fetch-site": "same-origin"},
    ],
    ids=["of a URL", "of an API", "of a path", "of another name for it", "that sends no origin", "that sends nothing"],
)
def test_a_functions_page_may_no_more_than_the_function(
    region: Region, client: Callable[..., Any], headers: dict[str, str]
) -> None:
    """Else a function could have the browser of whoever looks at it act as root."""
    headers = {name: value.replace("PORT", str(region.port)) for name, value in headers.items()}
    refused = httpx.post(region.endpoint, headers=SIGNED | headers, content=b"{}")
    assert (refused.status_code, refused.json()["__type"].rpartition("#")[2]) == (400, "UnrecognizedClientException")
    assert httpx.get(f"{region.endpoint}/_atoll/status", headers=headers).status_code == 403
    iam = client("iam")
    iam.create_user(UserName="ann")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy)
    made = iam.create_access_key(UserName="ann")["AccessKey"]
    issued = region.client("dynamodb", key=made["AccessKeyId"], secret=made["SecretAccessKey"])
    issued.meta.events.register("before-send.*", lambda request, **_: request.headers.update(headers))
    assert issued.list_tables()["TableNames"] == []


def test_a_page_behind_a_proxy_of_its_own_is_no_functions(region: Region) -> None:
    """A development server passes on what the browser says of its pages."""
    for page in ({"origin": "http://localhost:5173"}, {"referer": "http://localhost:5173/"}):
        headers = SIGNED | page | {"sec-fetch-site": "same-origin"}
        assert httpx.post(region.endpoint, headers=headers, content=b"{}").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [b"x: " + b"a" * 70_000, b"".join(b"x%d: %s\r\n" % (i, b"a" * 1000) for i in range(70)) + b"\r\n"],
    ids=["one without end", "many, complete"],
)
def test_endless_headers_are_cut_off(region: Region, headers: bytes) -> None:
    with socket.create_connection(("127.0.0.1", region.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n" + headers)
        assert connection.recv(100).startswith(b"HTTP/1.1 431")


def test_an_issued_key_s_path_and_query_are_verified_as_sent(region: Region, client: Callable[..., Any]) -> None:
    """botocore signs a path with a raw `$` and encoded slashes; the signature holds because nothing was decoded before."""
    iam = client("iam")
    iam.create_user(UserName="ann")
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    iam.put_user_policy(UserName="ann", PolicyName="all", PolicyDocument=policy)
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    gateway = region.client("apigatewayv2", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    api = gateway.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    gateway.create_stage(ApiId=api, StageName="$default")
    arn = f"arn:aws:apigateway:us-east-1::/apis/{api}/stages/$default"
    gateway.tag_resource(ResourceArn=arn, Tags={"a b": "c/d"})
    assert gateway.get_tags(ResourceArn=arn)["Tags"] == {"a b": "c/d"}


@pytest.mark.parametrize(
    ("service", "path", "content_type"),
    [
        ("apigateway", "/v2/apis?maxResults=%ff", "application/json"),
        ("lambda", "/2015-03-31/functions?Marker=%ff", "application/json"),
        ("iam", "/?Action=%ff", "text/xml"),
    ],
)
def test_what_cannot_be_read_is_answered_in_the_service_s_protocol(
    region: Region, service: str, path: str, content_type: str
) -> None:
    signed = {"authorization": SIGNED["authorization"].replace("dynamodb", service)}
    answer = httpx.get(region.endpoint + path, headers=signed)
    assert (answer.status_code, answer.headers["content-type"]) == (400, content_type)
    assert "sts.amazonaws.com" not in answer.text
