"""Integrations with AWS services: from the URI and the mapped request to the service's own wire form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.unit.api_runtime.visits import visit

from atoll.api_runtime.integrate.services import ServiceRequest, Services, Target, http_request, target
from atoll.api_runtime.refused import Refused
from atoll.kernel.context import Principal
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.http import HttpRequest, HttpResponse
from atoll.kernel.service import WireForm

JSON = WireForm("DynamoDB_20120810.PutItem", "application/x-amz-json-1.0")
QUERY = WireForm(version="2012-11-05")
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("uri", "found", "host"),
    [
        (
            "dynamodb:action/PutItem",
            Target("eu-west-1", "dynamodb", "", "", "PutItem"),
            "dynamodb.eu-west-1.amazonaws.com",
        ),
        (
            "s3:action/GetObject&Bucket=b&Key=k%20k",
            Target("eu-west-1", "s3", "", "", "GetObject", (("Bucket", "b"), ("Key", "k k"))),
            "s3.eu-west-1.amazonaws.com",
        ),
        (
            "lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f/invocations",
            Target(
                "eu-west-1", "lambda", "", "/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:f/invocations", ""
            ),
            "lambda.eu-west-1.amazonaws.com",
        ),
        (
            "bucket.s3:path//a b?x=1&y",
            Target("eu-west-1", "s3", "bucket", "/a%20b", "", (("x", "1"), ("y", ""))),
            "bucket.s3.eu-west-1.amazonaws.com",
        ),
    ],
)
def test_uris_of_actions_paths_and_subdomains(uri: str, found: Target, host: str) -> None:
    assert target(f"arn:aws:apigateway:eu-west-1:{uri}") == found
    assert found.host == host


@pytest.mark.parametrize(
    "uri", ["", "http://x", "arn:aws:apigateway:eu-west-1:dynamodb", "arn:aws:lambda:x:1:function:f"]
)
def test_uris_that_name_nothing(uri: str) -> None:
    with pytest.raises(Refused) as refused:
        target(uri)
    assert refused.value.reason == "API_CONFIGURATION_ERROR"


def built(
    uri: str, form: WireForm | None, *headers: tuple[str, str], query: Any = (), body: bytes = b""
) -> HttpRequest:
    request = ServiceRequest(f"arn:aws:apigateway:us-east-1:{uri}", "POST", headers, query, body)
    return http_request(target(request.uri), request, form)


def test_an_action_of_a_json_service_is_its_target() -> None:
    http = built("dynamodb:action/PutItem", JSON, ("Content-Type", "application/json"), ("X-Mine", "1"), body=b"{}")
    assert (http.method, http.raw_path, http.query_string, http.body) == ("POST", "/", "", b"{}")
    assert http.headers == [
        ("host", "dynamodb.us-east-1.amazonaws.com"),
        ("x-mine", "1"),
        ("x-amz-target", "DynamoDB_20120810.PutItem"),
        ("content-type", "application/x-amz-json-1.0"),
    ]
    own = built("dynamodb:action/PutItem", JSON, ("X-Amz-Target", "DynamoDB_20120810.Query"))
    assert own.header("x-amz-target") == "DynamoDB_20120810.Query"


def test_an_action_of_a_query_service_is_a_parameter() -> None:
    http = built("sqs:action/SendMessage", QUERY, query=[("QueueUrl", "http://q/1"), ("MessageBody", "a b&c")])
    assert (
        http.query_string == "Action=SendMessage&Version=2012-11-05&QueueUrl=http%3A%2F%2Fq%2F1&MessageBody=a%20b%26c"
    )
    named = built(
        "sqs:action/SendMessage", QUERY, ("Content-Type", FORM), body=b"Action=SendMessage&Version=2012-11-05"
    )
    assert named.query_string == ""
    assert built("sqs:path/123456789012/queue", None, body=b"Action=SendMessage").raw_path == "/123456789012/queue"


def test_api_gateways_own_headers_cannot_be_mapped() -> None:
    http = built(
        "dynamodb:action/PutItem", JSON, ("Host", "evil"), ("Authorization", "AWS4 x"), ("Content-Length", "9")
    )
    assert http.header("host") == "dynamodb.us-east-1.amazonaws.com"
    assert http.header("authorization") is None
    assert http.header("content-length") is None


class Clock:
    def monotonic(self) -> float:
        return 0.0


class Context:
    clock = Clock()


class FakeHost:
    """Answers each service by its name."""

    def __init__(self) -> None:
        self.principals: list[Principal] = []

    def wire_form(self, service: str, operation: str) -> WireForm | None:
        return {"dynamodb": JSON, "lambda": WireForm()}.get(service)

    async def perform(self, _ctx: Any, _http: Any, *, service: str, region: str, principal: Principal) -> HttpResponse:
        self.principals.append(principal)
        if service == "kinesis":
            raise NotImplementedByAtoll("Atoll does not implement the service kinesis.")
        if service == "slow":
            import asyncio

            await asyncio.Event().wait()
        if service == "lambda":
            return HttpResponse(403, (), b"{}")
        return HttpResponse(400, [("x-amzn-RequestId", "r1")], self._pieces() if service == "s3" else b"{}")

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"


async def performed(
    uri: str, principal: Principal | None = None, seconds: float = 5
) -> tuple[HttpResponse, Any, FakeHost]:
    host: Any = FakeHost()
    to_visit = visit(ctx=Context())
    request = ServiceRequest(f"arn:aws:apigateway:us-east-1:{uri}", "POST")
    acting = principal or to_visit.acting(to_visit.source_arn)
    return await Services(host).perform(to_visit, request, acting, seconds), to_visit.integration, host


async def test_the_services_answer_is_passed_on_whatever_its_status() -> None:
    response, outcome, host = await performed("dynamodb:action/PutItem")
    assert (response.status, response.body) == (400, b"{}")
    assert (outcome.status, outcome.request_id, outcome.error) == (400, "r1", None)
    assert host.principals[0].arn == "apigateway.amazonaws.com"
    assert host.principals[0].source_arn == "arn:aws:execute-api:us-east-1:123456789012:id/dev/GET/pets/{id}"
    session = Principal.root("123456789012")
    assert (await performed("s3:path/b/k", session))[2].principals == [session]
    assert (await performed("s3:path/b/k"))[0].body == b"ab"


@pytest.mark.parametrize(
    ("uri", "reason", "detail"),
    [
        ("states:action/StartExecution", "API_CONFIGURATION_ERROR", "Atoll does not run Step Functions."),
        ("kinesis:path/x", "API_CONFIGURATION_ERROR", "Atoll does not implement the service kinesis."),
        ("kinesis:action/PutRecord", "API_CONFIGURATION_ERROR", "Atoll does not implement kinesis:PutRecord."),
        ("nonsense", "API_CONFIGURATION_ERROR", "Invalid endpoint address"),
        ("lambda:action/Invoke", "API_CONFIGURATION_ERROR", "lambda has paths (path/…), no actions"),
        ("lambda:path/x", "API_CONFIGURATION_ERROR", "Invalid permissions on Lambda function"),
        ("slow:path/x", "INTEGRATION_TIMEOUT", "Execution failed due to a timeout error"),
    ],
)
async def test_what_is_refused_clearly(uri: str, reason: str, detail: str) -> None:
    with pytest.raises(Refused) as refused:
        await performed(uri, seconds=0.05)
    assert refused.value.reason == reason
    assert detail in refused.value.detail
