"""What Lambda authorizers of REST APIs are asked, whole; docs: "Input to an API Gateway Lambda authorizer"."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.apigateway.conftest import Rest
from tests.aws.apigatewayv2.guarded import add_authorizer_function, permit_authorizer, uri_of

TELLING = """
import json

def handler(event, context):
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "alice", "policyDocument": document, "context": {"event": json.dumps(event)}}
"""


@pytest.fixture
def told(
    rest: Rest, client: Callable[..., Any], account: str, function: str, allow: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Any]]:
    """`told("TOKEN", "method.request.header.Authorization")`: the event of an authorizer of that kind; `POST /pets` was called."""
    monkeypatch.setattr("tests.aws.apigatewayv2.guarded.AUTHORIZER", TELLING)
    authorizer = add_authorizer_function(client)
    permit_authorizer(client, account, rest.id)
    allow(f"{rest.id}/*/*")

    def tell(kind: str, source: str) -> dict[str, Any]:
        made = rest.client.create_authorizer(
            restApiId=rest.id, name=kind, type=kind, authorizerUri=uri_of(authorizer), identitySource=source
        )
        rest.proxy("/pets", "POST", function, authorizationType="CUSTOM", authorizerId=made["id"])
        rest.deploy()
        response = rest("/pets", "POST", headers={"authorization": "me", "user-agent": "test/1"}, content=b"text")
        assert response.status_code == 200, response.text
        event: dict[str, Any] = json.loads(response.json()["requestContext"]["authorizer"]["event"])
        return event

    return tell


def test_a_token_authorizer_is_told_the_token(told: Any, rest: Rest, account: str) -> None:
    arn = f"arn:aws:execute-api:us-east-1:{account}:{rest.id}/dev/POST/pets"
    asked = told("TOKEN", "method.request.header.Authorization")
    assert asked == {"type": "TOKEN", "methodArn": arn, "authorizationToken": "me"}


def test_a_request_authorizer_is_told_the_request(told: Any, rest: Rest, account: str) -> None:
    asked = told("REQUEST", "method.request.header.Authorization")
    context, headers = asked.pop("requestContext"), asked.pop("headers")
    assert asked.pop("multiValueHeaders") == {name: [value] for name, value in headers.items()}
    assert headers["Authorization"] == "me"
    assert asked == {
        "type": "REQUEST",
        "methodArn": f"arn:aws:execute-api:us-east-1:{account}:{rest.id}/dev/POST/pets",
        "resource": "/pets",
        "path": "/pets",
        "httpMethod": "POST",
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        "pathParameters": {},
        "stageVariables": {},
    }
    assert set(context) == {
        "accountId", "apiId", "deploymentId", "domainName", "domainPrefix", "extendedRequestId", "httpMethod", "identity",
        "path", "protocol", "requestId", "requestTime", "requestTimeEpoch", "resourceId", "resourcePath", "stage",
    }  # fmt: skip
    assert (context["path"], context["resourcePath"], context["stage"]) == ("/dev/pets", "/pets", "dev")
