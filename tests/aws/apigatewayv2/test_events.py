"""Events of both payload formats, whole: what functions learn of the request, of its context and of who calls."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import httpx
import pytest
from tests.functions import let_apis_invoke, make_function


@pytest.fixture
def versions(api: Any, echo: str, function: str) -> str:
    """The API with routes `ANY /one/{id}` and `ANY /two/{id}` in payload formats 1.0 and 2.0."""
    for path, version in (("one", "1.0"), ("two", "2.0")):
        made = api.create_integration(
            ApiId=echo, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion=version
        )
        api.create_route(ApiId=echo, RouteKey=f"ANY /{path}/{{id}}", Target=f"integrations/{made['IntegrationId']}")
    api.update_stage(ApiId=echo, StageName="$default", StageVariables={"color": "blue"})
    return echo


def test_payload_format_2_whole(versions: str, call: Any, account: str) -> None:
    sent = {"x-two": "a", "cookie": "x=1; y=2", "user-agent": "test/1", "accept": "*/*", "accept-encoding": "identity"}
    response = call(versions, "/two/7?q=1&q=2&e=", "PUT", headers=sent, content=b"text")
    event = response.json()
    context = event.pop("requestContext")
    headers = event.pop("headers")
    assert event == {
        "version": "2.0",
        "routeKey": "ANY /two/{id}",
        "rawPath": "/two/7",
        "rawQueryString": "q=1&q=2&e=",
        "cookies": ["x=1", "y=2"],
        "queryStringParameters": {"q": "1,2", "e": ""},
        "pathParameters": {"id": "7"},
        "stageVariables": {"color": "blue"},
        "body": base64.b64encode(b"text").decode(),
        "isBase64Encoded": True,
    }
    domain = f"{versions}.execute-api.us-east-1.amazonaws.com"
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context.pop("time"))
    assert isinstance(context.pop("timeEpoch"), int)
    assert context == {
        "accountId": account,
        "apiId": versions,
        "domainName": domain,
        "domainPrefix": versions,
        "http": {
            "method": "PUT",
            "path": "/two/7",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "test/1",
        },
        "requestId": response.headers["apigw-requestid"],
        "routeKey": "ANY /two/{id}",
        "stage": "$default",
    }
    assert set(headers) == {
        "accept", "accept-encoding", "content-length", "host", "user-agent", "x-amzn-trace-id", "x-forwarded-for",
        "x-forwarded-port", "x-forwarded-proto", "x-two",
    }  # fmt: skip


def test_payload_format_1_whole(versions: str, call: Any, account: str) -> None:
    sent = {"x-two": "a", "cookie": "x=1; y=2", "user-agent": "test/1", "accept": "*/*", "accept-encoding": "identity"}
    response = call(versions, "/one/7?q=1&q=2", "PUT", headers=sent)
    event = response.json()
    context, headers = event.pop("requestContext"), event.pop("headers")
    assert {name: [value] for name, value in headers.items()} == event.pop("multiValueHeaders")
    assert event == {
        "version": "1.0",
        "resource": "/one/{id}",
        "path": "/one/7",
        "httpMethod": "PUT",
        "queryStringParameters": {"q": "2"},
        "multiValueQueryStringParameters": {"q": ["1", "2"]},
        "pathParameters": {"id": "7"},
        "stageVariables": {"color": "blue"},
        "body": None,
        "isBase64Encoded": False,
    }
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context.pop("requestTime"))
    assert isinstance(context.pop("requestTimeEpoch"), int)
    assert context == {
        "accountId": account,
        "apiId": versions,
        "domainName": f"{versions}.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": versions,
        "extendedRequestId": response.headers["apigw-requestid"],
        "httpMethod": "PUT",
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAmr": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": "127.0.0.1",
            "user": None,
            "userAgent": "test/1",
            "userArn": None,
        },
        "path": "/one/7",
        "protocol": "HTTP/1.1",
        "requestId": response.headers["apigw-requestid"],
        "resourceId": "ANY /one/{id}",
        "resourcePath": "/one/{id}",
        "stage": "$default",
    }
    assert set(headers) == {
        "Content-Length", "Host", "User-Agent", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto",
        "accept", "accept-encoding", "cookie", "x-two",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content_type", "body", "shown", "encoded"),
    [
        ("application/json", b'{"a":1}', '{"a":1}', False),
        ("text/plain; charset=utf-8", '"ä"'.encode(), '"ä"', False),
        ("application/octet-stream", b"\x00\xff", "AP8=", True),
        ("text/plain", b"\xff", "/w==", True),
        (None, b"x", "eA==", True),
    ],
)
def test_bodies_as_text_or_base64(
    versions: str, call: Any, content_type: str | None, body: bytes, shown: str, encoded: bool
) -> None:
    sent = {} if content_type is None else {"content-type": content_type}
    for path in ("/one/1", "/two/1"):
        event = call(versions, path, "PATCH", content=body, headers=sent).json()
        assert (event["body"], event["isBase64Encoded"]) == (shown, encoded)


def test_repeated_headers_and_cookies(versions: str, call: Any) -> None:
    sent = [("x-a", "1"), ("x-a", "2"), ("cookie", "c=3")]
    one = call(versions, "/one/1", headers=sent).json()
    assert (one["headers"]["x-a"], one["multiValueHeaders"]["x-a"]) == ("2", ["1", "2"])
    two = call(versions, "/two/1", headers=sent).json()
    assert (two["headers"]["x-a"], two["cookies"]) == ("1,2", ["c=3"])


def test_paths_are_decoded_once(versions: str, call: Any) -> None:
    event = call(versions, "/two/a%2Fb%2520%20c").json()
    assert event["pathParameters"] == {"id": "a/b%20 c"}
    assert event["rawPath"] == "/two/a/b%20 c"


def test_functions_learn_what_a_lambda_authorizer_said(
    api: Any, versions: str, call: Any, client: Callable[..., Any], function: str
) -> None:
    answer = {"isAuthorized": True, "context": {"n": 1, "list": ["a"], "flag": True}}
    _authorizer_function(client, answer)
    authorizer = api.create_authorizer(
        ApiId=versions, Name="a", AuthorizerType="REQUEST", AuthorizerPayloadFormatVersion="2.0", EnableSimpleResponses=True,
        IdentitySource=["$request.header.Authorization"],
        AuthorizerUri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function.replace('echo', 'judge')}/invocations",
    )["AuthorizerId"]  # fmt: skip
    _guard(api, versions, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    sent = {"authorization": "x"}
    two = call(versions, "/two/7", headers=sent).json()["requestContext"]
    assert two["authorizer"] == {"lambda": answer["context"]}
    one = call(versions, "/one/7", headers=sent).json()["requestContext"]
    assert one["authorizer"] == {"claims": None, "scopes": None, **answer["context"]}


def test_functions_learn_who_signed(api: Any, versions: str, region: Any, account: str) -> None:
    _guard(api, versions, AuthorizationType="AWS_IAM")

    def signed(path: str) -> Any:
        url = f"{region.endpoint}/_aws/execute-api/{versions}/$default{path}"
        request = botocore.awsrequest.AWSRequest("GET", url)
        credentials = botocore.credentials.Credentials(account, "test")
        botocore.auth.SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
        answer = httpx.get(url, headers=dict(request.headers), trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()["requestContext"]

    arn = f"arn:aws:iam::{account}:root"
    assert signed("/two/7")["authorizer"] == {
        "iam": {
            "accessKey": account,
            "accountId": account,
            "callerId": account,
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": arn,
            "userId": account,
        }
    }
    one = signed("/one/7")
    found = {name: one["identity"][name] for name in ("accessKey", "accountId", "caller", "user", "userArn")}
    assert found == {"accessKey": account, "accountId": account, "caller": account, "user": account, "userArn": arn}


def _guard(api: Any, api_id: str, **guard: Any) -> None:
    for route in api.get_routes(ApiId=api_id)["Items"]:
        api.update_route(ApiId=api_id, RouteId=route["RouteId"], **guard)


def _authorizer_function(client: Callable[..., Any], answer: Any) -> None:
    """A function `judge` that gives this answer, which every API may call."""
    make_function(client, "judge", f"def handler(event, context):\n    return {answer!r}\n")
    let_apis_invoke(client, "judge")
