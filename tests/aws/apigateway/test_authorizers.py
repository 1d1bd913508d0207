"""Authorizers of REST APIs as records, and TestInvokeAuthorizer. How they are enforced is the data plane's tests' matter."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.functions import let_apis_invoke, make_function

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
PREFIX = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
URI = f"{PREFIX}{FUNCTION}/invocations"
POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abc"
HEADER = "method.request.header.Authorization"
CODE = """
def handler(event, context):
    effect = {"allow": "Allow", "deny": "Deny"}.get(event["authorizationToken"])
    if effect is None:
        raise Exception("Unauthorized")
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": event["methodArn"]}
    return {"principalId": "ann", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""


@pytest.fixture
def rest(client: Callable[..., Any]) -> Any:
    """The client of API Gateway v1."""
    return client("apigateway")


@pytest.fixture
def api(rest: Any) -> str:
    """A new API's id."""
    return str(rest.create_rest_api(name="guarded")["id"])


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_token_request_and_user_pool_authorizers(rest: Any, api: str, aws_error: Any) -> None:
    token = shown(
        rest.create_authorizer(restApiId=api, name="t", type="TOKEN", authorizerUri=URI, identitySource=HEADER)
    )
    assert token == {
        "id": token["id"],
        "name": "t",
        "type": "TOKEN",
        "authType": "custom",
        "authorizerUri": URI,
        "identitySource": HEADER,
    }
    sources = f"{HEADER},method.request.querystring.q,stageVariables.s,context.httpMethod"
    request = rest.create_authorizer(
        restApiId=api,
        name="r",
        type="REQUEST",
        authorizerUri=URI,
        identitySource=sources,
        authorizerResultTtlInSeconds=0,
    )
    assert (request["identitySource"], request["authorizerResultTtlInSeconds"]) == (sources, 0)
    pools = shown(
        rest.create_authorizer(
            restApiId=api, name="p", type="COGNITO_USER_POOLS", providerARNs=[POOL], identitySource=HEADER
        )
    )
    assert pools == {
        "id": pools["id"],
        "name": "p",
        "type": "COGNITO_USER_POOLS",
        "providerARNs": [POOL],
        "authType": "cognito_user_pools",
        "identitySource": HEADER,
    }
    assert {one["name"] for one in rest.get_authorizers(restApiId=api)["items"]} == {"t", "r", "p"}
    names = {"restApiId": api, "authorizerId": token["id"]}
    changed = rest.update_authorizer(
        **names,
        patchOperations=[
            {"op": "replace", "path": "/name", "value": "other"},
            {"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "10"},
            {"op": "replace", "path": "/identityValidationExpression", "value": "^x$"},
        ],
    )
    assert shown(changed) == {
        **token,
        "name": "other",
        "authorizerResultTtlInSeconds": 10,
        "identityValidationExpression": "^x$",
    }
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    rest.put_method(**method, authorizationType="CUSTOM", authorizerId=token["id"])
    assert aws_error(lambda: rest.delete_authorizer(**names))[0] == "ConflictException"
    rest.delete_method(**method)
    rest.delete_authorizer(**names)
    gone = aws_error(lambda: rest.get_authorizer(**names))
    assert gone == ("NotFoundException", "Invalid Authorizer identifier specified", 404)


def test_what_authorizers_are_refused(rest: Any, api: str, aws_error: Any) -> None:
    good = {"restApiId": api, "name": "a", "type": "TOKEN", "authorizerUri": URI, "identitySource": HEADER}

    def refused(**given: Any) -> Any:
        call = {name: value for name, value in {**good, **given}.items() if value is not None}
        code, message, _ = aws_error(lambda: rest.create_authorizer(**call))
        assert code in ("BadRequestException", "ConflictException")
        return message

    assert refused(authorizerUri=FUNCTION) == (
        f"Invalid Authorizer URI: {FUNCTION}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda "
        "function invocation."
    )
    for given in (
        {"identitySource": None},
        {"identitySource": "header.x"},
        {"identitySource": "method.request.querystring.q"},
        {"type": "REQUEST", "identitySource": None},
        {"authorizerResultTtlInSeconds": 3601},
        {"authorizerResultTtlInSeconds": -1},
        {"type": "COGNITO_USER_POOLS", "providerARNs": ["x"]},
        {"name": ""},
    ):
        refused(**given)
    rest.create_authorizer(**good)
    assert refused() == "Authorizer name must be unique. Authorizer a already exists in this RestApi."
    rest.create_authorizer(
        restApiId=api, name="uncached", type="REQUEST", authorizerUri=URI, authorizerResultTtlInSeconds=0
    )


def test_invoking_an_authorizer_for_a_test(rest: Any, api: str, client: Callable[..., Any]) -> None:
    function = make_function(client, "guard", CODE)
    let_apis_invoke(client, "guard")
    authorizer = rest.create_authorizer(
        restApiId=api,
        name="t",
        type="TOKEN",
        authorizerUri=f"{PREFIX}{function}/invocations",
        identitySource=HEADER,
    )["id"]

    def invoke(**headers: str) -> Any:
        return rest.test_invoke_authorizer(restApiId=api, authorizerId=authorizer, headers=headers)

    allowed = invoke(Authorization="allow")
    assert (allowed["clientStatus"], allowed["principalId"]) == (200, "ann")
    statement = json.loads(allowed["policy"])["Statement"][0]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"].endswith(f":{api}/ESTestInvoke-stage/GET/")
    assert allowed["log"].startswith("Execution log for request ")
    assert json.loads(invoke(Authorization="deny")["policy"])["Statement"][0]["Effect"] == "Deny"
    assert invoke(Authorization="x")["clientStatus"] == 401
    assert invoke()["clientStatus"] == 401


def test_authorizers_caches_of_stages_are_flushed(rest: Any, api: str, aws_error: Any) -> None:
    root = rest.get_resources(restApiId=api)["items"][0]["id"]
    method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    rest.put_method(**method, authorizationType="NONE")
    rest.put_integration(**method, type="MOCK")
    rest.create_deployment(restApiId=api, stageName="dev")
    answer = rest.flush_stage_authorizers_cache(restApiId=api, stageName="dev")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    gone = aws_error(lambda: rest.flush_stage_authorizers_cache(restApiId=api, stageName="x"))
    assert gone == ("NotFoundException", "Invalid stage identifier specified", 404)
