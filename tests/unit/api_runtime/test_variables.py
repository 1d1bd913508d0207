"""$context variables, by kind of API."""

from __future__ import annotations

import pytest
from visits import visit

from atoll.api_runtime.access_log import render
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.variables import context, text, value
from atoll.api_runtime.visit import Caller, Outcome
from atoll.kernel.context import Principal


def test_an_http_apis_variables() -> None:
    seen = visit(status=200, response_length=5, latency=3, body=b"abc", integration=Outcome(200, 2, "call", None, 200))
    expected = {
        "requestId": "REQ=", "extendedRequestId": "EXT=", "routeKey": "GET /pets/{id}", "stage": "dev", "status": 200,
        "protocol": "HTTP/1.1", "responseLength": 5, "responseLatency": 3, "requestTime": "04/Mar/2020:19:03:58 +0000",
        "requestTimeEpoch": 1583348638390, "path": "/dev/pets/7", "httpMethod": "GET", "apiId": "id",
        "accountId": "123456789012", "domainName": "id.execute-api.us-east-1.amazonaws.com", "domainPrefix": "id",
        "identity.sourceIp": "192.168.0.1", "identity.userAgent": "curl/8", "integration.status": 200,
        "integration.integrationStatus": 200, "integrationStatus": 200, "integration.latency": 2, "integrationLatency": 2,
        "integration.requestId": "call", "awsEndpointRequestId": "call", "dataProcessed": 8,
        "error.message": None, "resourcePath": None, "identity.userArn": None, "nothing": None,
    }  # fmt: skip
    assert {name: value(seen, name) for name in expected} == expected


def test_a_rest_apis_variables() -> None:
    seen = visit("REST", resource_id="abc", api_key_id="k1")
    assert value(seen, "resourcePath") == "/pets/{id}"
    assert value(seen, "resourceId") == "abc"
    assert value(seen, "routeKey") is None
    assert value(seen, "identity.apiKeyId") == "k1"
    assert context(seen)["identity"]["apiKeyId"] == "k1"


def test_the_base_path_of_a_custom_domain() -> None:
    seen = visit("REST", base_path="v1", custom_domain=True)
    assert (value(seen, "path"), value(seen, "customDomain.basePathMatched")) == ("/v1/pets/7", "v1")


def test_what_authorizers_said() -> None:
    custom = visit(caller=Caller("CUSTOM", principal_id="joe", context={"n": 1, "flag": True}))
    assert [value(custom, f"authorizer.{name}") for name in ("principalId", "n", "flag", "x")] == ["joe", 1, True, None]
    assert context(custom)["authorizer"] == {"n": 1, "flag": True, "principalId": "joe"}
    token = visit(caller=Caller("JWT", context={"sub": "joe"}, scopes=("a", "b")))
    assert value(token, "authorizer.claims.sub") == "joe"
    assert value(token, "authorizer.claims") is None
    assert context(token)["authorizer"] == {"claims": {"sub": "joe"}, "scopes": "a b"}


def test_who_signed() -> None:
    joe = Principal("user", "210987654321", "arn:aws:iam::210987654321:user/joe", "AIDA", "AKIA")
    seen = visit(caller=Caller("AWS_IAM", joe))
    names = ("accountId", "caller", "user", "userArn")
    assert [value(seen, f"identity.{name}") for name in names] == ["210987654321", "AIDA", "AIDA", joe.arn]


def test_why_a_request_was_refused() -> None:
    seen = visit(refused=Refused("UNAUTHORIZED"), error='Unau"thorized')
    assert value(seen, "error.message") == 'Unau"thorized'
    assert value(seen, "error.messageString") == '"Unau\\"thorized"'
    assert value(seen, "error.responseType") == "UNAUTHORIZED"


@pytest.mark.parametrize(
    ("format_", "line"),
    [
        (
            '$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod $context.routeKey $context.protocol"'
            " $context.status $context.responseLength $context.requestId",
            '192.168.0.1 - - [04/Mar/2020:19:03:58 +0000] "GET GET /pets/{id} HTTP/1.1" 200 5 REQ=',
        ),
        ('{"a":"$context.integrationErrorMessage","b":${context.status}}', '{"a":"-","b":200}'),
        ("$context.requestId,$context.authorizer.claims.cognito:username.", "REQ=,-."),
        ("<r id=\"$context.requestId\"><x>$context.nothing</x>$stageVariables.x</r>", '<r id="REQ="><x>-</x>$stageVariables.x</r>'),
    ],
)  # fmt: skip
def test_lines_of_access_logs(format_: str, line: str) -> None:
    """CLF, JSON, CSV, XML."""
    assert render(format_, visit(status=200, response_length=5)) == line


def test_values_as_they_are_written() -> None:
    assert [text(some) for some in ("a", 1, True, None, ["a"])] == ["a", "1", "true", "", '["a"]']
