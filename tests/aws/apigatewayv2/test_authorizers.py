"""CreateAuthorizer, GetAuthorizer(s), UpdateAuthorizer, DeleteAuthorizer, ResetAuthorizersCache, and the guards of routes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

AwsError = Callable[[Callable[[], Any]], tuple[str, str, int]]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:guard"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
JWT = {
    "AuthorizerType": "JWT",
    "IdentitySource": ["$request.header.Authorization"],
    "JwtConfiguration": {"Audience": ["client"], "Issuer": "https://issuer.example.com"},
    "Name": "jwt",
}
LAMBDA = {
    "AuthorizerType": "REQUEST",
    "AuthorizerUri": URI,
    "IdentitySource": ["$request.header.Auth", "$request.querystring.q", "$context.path", "$stageVariables.v"],
    "AuthorizerPayloadFormatVersion": "2.0",
    "Name": "lambda",
}
WEBSOCKET = {
    "AuthorizerType": "REQUEST",
    "AuthorizerUri": URI,
    "IdentitySource": ["route.request.header.Auth", "route.request.querystring.token"],
    "Name": "ws",
}


def own(response: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in response.items() if key != "ResponseMetadata"}


@pytest.fixture
def chat(api: Any) -> str:
    """A new, empty WebSocket API."""
    created: str = api.create_api(
        Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    return created


def test_a_jwt_authorizer(api: Any, api_id: str) -> None:
    created = api.create_authorizer(ApiId=api_id, **JWT)
    assert re.fullmatch(r"[a-z0-9]{6}", created["AuthorizerId"])
    assert own(created) == {"AuthorizerId": created["AuthorizerId"], **JWT}
    assert own(api.get_authorizer(ApiId=api_id, AuthorizerId=created["AuthorizerId"])) == own(created)
    changed = api.update_authorizer(
        ApiId=api_id, AuthorizerId=created["AuthorizerId"], JwtConfiguration={"Audience": ["a", "b"]}, Name="other"
    )
    assert changed["JwtConfiguration"] == {"Audience": ["a", "b"], "Issuer": "https://issuer.example.com"}
    assert api.get_authorizers(ApiId=api_id)["Items"] == [own(changed)]


def test_a_lambda_authorizer_of_an_http_api_is_cached_for_five_minutes(api: Any, api_id: str, account: str) -> None:
    created = api.create_authorizer(ApiId=api_id, **LAMBDA)
    defaults = {"AuthorizerResultTtlInSeconds": 300, "EnableSimpleResponses": False}
    assert own(created) == {"AuthorizerId": created["AuthorizerId"], **LAMBDA, **defaults}
    role = f"arn:aws:iam::{account}:role/r"
    one = {"ApiId": api_id, "AuthorizerId": created["AuthorizerId"]}
    changed = api.update_authorizer(
        **one, AuthorizerResultTtlInSeconds=0, EnableSimpleResponses=True, AuthorizerCredentialsArn=role
    )
    assert (changed["AuthorizerResultTtlInSeconds"], changed["EnableSimpleResponses"]) == (0, True)
    assert changed["AuthorizerCredentialsArn"] == role
    uncached = api.create_authorizer(ApiId=api_id, **{**LAMBDA, "IdentitySource": [], "Name": "uncached"})
    assert uncached["AuthorizerResultTtlInSeconds"] == 0


def test_a_lambda_authorizer_of_a_websocket_api(api: Any, chat: str) -> None:
    created = api.create_authorizer(ApiId=chat, **WEBSOCKET)
    assert own(created) == {"AuthorizerId": created["AuthorizerId"], **WEBSOCKET}


@pytest.mark.parametrize(
    ("base", "change", "message"),
    [
        (JWT, {"AuthorizerType": "TOKEN"}, "Invalid authorizer type specified. Must be one of [JWT, REQUEST]"),
        (JWT, {"JwtConfiguration": None}, "JwtConfiguration must not be null for JWT Authorizer"),
        (
            JWT,
            {"JwtConfiguration": {"Issuer": "https://a.example"}},
            "Audience list must have at least 1 item for JWT Authorizer",
        ),
        *[
            (
                JWT,
                {"JwtConfiguration": {"Audience": ["a"], "Issuer": issuer}},
                "Invalid issuer: Issuer is not a valid URL for JWT Authorizer",
            )
            for issuer in ("http://a.example", "a.example", "https://", "https://[")
        ],
        (JWT, {"IdentitySource": ["Authorization"]}, "Invalid identity source expression: Authorization"),
        (
            LAMBDA,
            {"IdentitySource": ["route.request.header.Auth"]},
            "Invalid identity source expression: route.request.header.Auth",
        ),
        (LAMBDA, {"AuthorizerUri": None}, "AuthorizerUri is a required field in an Authorizer"),
        (
            LAMBDA,
            {"AuthorizerUri": FUNCTION},
            f"Invalid Authorizer URI: {FUNCTION}. Authorizer URI should be a valid API Gateway ARN that represents a Lambda "
            "function invocation.",
        ),
        (
            LAMBDA,
            {"AuthorizerPayloadFormatVersion": None},
            "AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer",
        ),
        (LAMBDA, {"AuthorizerPayloadFormatVersion": "3.0"}, "Unsupported AuthorizerPayloadFormatVersion: 3.0"),
        (
            LAMBDA,
            {"AuthorizerPayloadFormatVersion": "1.0", "EnableSimpleResponses": True},
            'EnableSimpleResponses can only be set for AuthorizerPayloadFormatVersion "2.0".',
        ),
        (
            LAMBDA,
            {"AuthorizerResultTtlInSeconds": 3601},
            "Authorizer result TTL outside allowable range. TTL must be between 0 and 3600 seconds.",
        ),
        (
            LAMBDA,
            {"AuthorizerResultTtlInSeconds": 1, "IdentitySource": []},
            "Identity source must be set if authorizer caching is enabled (TTL is greater than 0)",
        ),
    ],
)
def test_what_aws_refuses_of_an_http_api(
    api: Any, api_id: str, aws_error: AwsError, base: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    asked = {key: value for key, value in {**base, **change}.items() if value is not None}
    assert aws_error(lambda: api.create_authorizer(ApiId=api_id, **asked)) == ("BadRequestException", message, 400)
    assert api.get_authorizers(ApiId=api_id)["Items"] == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (JWT, "Only REQUEST authorizer type is supported on WEBSOCKET protocol Apis."),
        (
            {**WEBSOCKET, "IdentitySource": ["$request.header.Auth"]},
            "Invalid request identity source expression: $request.header.Auth",
        ),
    ],
)
def test_what_aws_refuses_of_a_websocket_api(
    api: Any, chat: str, aws_error: AwsError, asked: dict[str, Any], message: str
) -> None:
    assert aws_error(lambda: api.create_authorizer(ApiId=chat, **asked)) == ("BadRequestException", message, 400)


def test_names_are_unique_within_an_api(api: Any, api_id: str, aws_error: AwsError) -> None:
    api.create_authorizer(ApiId=api_id, **JWT)
    other = api.create_authorizer(ApiId=api_id, **LAMBDA)["AuthorizerId"]
    taken = (
        "BadRequestException",
        "Authorizer name must be unique. Authorizer jwt already exists in this RestApi.",
        400,
    )
    assert aws_error(lambda: api.create_authorizer(ApiId=api_id, **JWT)) == taken
    assert aws_error(lambda: api.update_authorizer(ApiId=api_id, AuthorizerId=other, Name="jwt")) == taken


def test_one_that_a_route_has_stays(api: Any, api_id: str, aws_error: AwsError) -> None:
    one = {"ApiId": api_id, "AuthorizerId": api.create_authorizer(ApiId=api_id, **JWT)["AuthorizerId"]}
    route = api.create_route(RouteKey="POST /a", AuthorizationType="JWT", AuthorizationScopes=["read"], **one)
    assert (route["AuthorizationType"], route["AuthorizerId"]) == ("JWT", one["AuthorizerId"])
    assert route["AuthorizationScopes"] == ["read"]
    used = ("ConflictException", "Cannot delete authorizer 'jwt', is referenced in route: POST /a", 409)
    assert aws_error(lambda: api.delete_authorizer(**one)) == used
    open_ = api.update_route(ApiId=api_id, RouteId=route["RouteId"], AuthorizationType="NONE")
    assert (open_["AuthorizationType"], "AuthorizerId" in open_, "AuthorizationScopes" in open_) == (
        "NONE",
        False,
        False,
    )
    api.delete_authorizer(**one)
    gone = ("NotFoundException", "Invalid Authorizer identifier specified", 404)
    assert aws_error(lambda: api.get_authorizer(**one)) == gone


NO_JWT = "Invalid authorizer ID specified. Setting the authorization type to JWT requires a valid JWT authorizer."
NO_CUSTOM = (
    "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid "
    "authorizer."
)
NO_SCOPES = (
    "Invalid Route authorization type specified. Authorization Scopes are only valid for COGNITO_USER_POOLS and JWT "
    "authorization types"
)


@pytest.mark.parametrize(
    ("guard", "message"),
    [
        ({"AuthorizationType": "JWT"}, NO_JWT),
        ({"AuthorizationType": "JWT", "AuthorizerId": "nobody"}, NO_JWT),
        ({"AuthorizationType": "JWT", "AuthorizerId": "lambda"}, NO_JWT),
        ({"AuthorizationType": "CUSTOM"}, NO_CUSTOM),
        ({"AuthorizationType": "CUSTOM", "AuthorizerId": "jwt"}, NO_CUSTOM),
        ({"AuthorizationType": "CUSTOM", "AuthorizerId": "lambda", "AuthorizationScopes": ["a"]}, NO_SCOPES),
        ({"AuthorizationType": "AWS_IAM", "AuthorizationScopes": ["a"]}, NO_SCOPES),
        ({"AuthorizationScopes": ["a"]}, NO_SCOPES),
        ({"ApiKeyRequired": True}, "ApiKeyRequired is not currently supported for HTTP APIs."),
        (
            {"AuthorizationType": "OAUTH"},
            "Invalid Route authorization type specified. Must be one of [NONE, AWS_IAM, CUSTOM, JWT]",
        ),
    ],
)
def test_a_guard_that_cannot_be_is_refused_and_never_left_out(
    api: Any, api_id: str, aws_error: AwsError, guard: dict[str, Any], message: str
) -> None:
    made = {one["Name"]: api.create_authorizer(ApiId=api_id, **one)["AuthorizerId"] for one in (JWT, LAMBDA)}
    asked = guard | ({"AuthorizerId": made.get(guard["AuthorizerId"], "nobody")} if "AuthorizerId" in guard else {})
    route = api.create_route(ApiId=api_id, RouteKey="GET /b")
    expected = ("BadRequestException", message, 400)
    assert aws_error(lambda: api.create_route(ApiId=api_id, RouteKey="GET /a", **asked)) == expected
    assert aws_error(lambda: api.update_route(ApiId=api_id, RouteId=route["RouteId"], **asked)) == expected
    assert api.get_routes(ApiId=api_id)["Items"] == [own(route)]


def test_an_authorizer_without_its_type_guards_nothing_and_is_refused(
    api: Any, api_id: str, aws_error: AwsError
) -> None:
    authorizer = api.create_authorizer(ApiId=api_id, **JWT)["AuthorizerId"]
    for kind in ({}, {"AuthorizationType": "NONE"}, {"AuthorizationType": "AWS_IAM"}):
        code, _, status = aws_error(
            lambda kind=kind: api.create_route(ApiId=api_id, RouteKey="GET /a", AuthorizerId=authorizer, **kind)  # type: ignore[misc]
        )
        assert (code, status) == ("BadRequestException", 400)


def test_only_connect_asks_who_calls_a_websocket_api(api: Any, chat: str, aws_error: AwsError) -> None:
    authorizer = api.create_authorizer(ApiId=chat, **WEBSOCKET)["AuthorizerId"]
    guard = {"ApiId": chat, "AuthorizationType": "CUSTOM", "AuthorizerId": authorizer}
    assert api.create_route(RouteKey="$connect", **guard)["AuthorizationType"] == "CUSTOM"
    restricted = (
        "BadRequestException",
        "Currently, authorization is restricted to the $connect route only",
        400,
    )
    assert aws_error(lambda: api.create_route(RouteKey="join", **guard)) == restricted


@pytest.mark.parametrize("guard", [{"AuthorizationType": "AWS_IAM"}, {"AuthorizationType": "JWT"}])
def test_a_guarded_route_answers_nobody_who_is_unknown(
    api: Any, api_id: str, integration: str, call: Any, guard: dict[str, Any]
) -> None:
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    if guard["AuthorizationType"] == "JWT":
        guard = guard | {"AuthorizerId": api.create_authorizer(ApiId=api_id, **JWT)["AuthorizerId"]}
    api.create_route(ApiId=api_id, RouteKey="GET /a", Target=integration, **guard)
    assert call(api_id, "/a").status_code in (401, 403, 500)


def test_resetting_the_cache_of_a_stage(api: Any, api_id: str, aws_error: AwsError) -> None:
    api.create_stage(ApiId=api_id, StageName="$default")
    answer = api.reset_authorizers_cache(ApiId=api_id, StageName="$default")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    missing = aws_error(lambda: api.reset_authorizers_cache(ApiId=api_id, StageName="none"))
    assert missing == ("NotFoundException", "Invalid stage identifier specified", 404)


def test_a_role_is_passed_on_by_whoever_may(
    api: Any, api_id: str, region: Any, client: Callable[..., Any], account: str, aws_error: AwsError
) -> None:
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = region.client("apigatewayv2", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    role = f"arn:aws:iam::{account}:role/r"

    def may(*statements: dict[str, Any]) -> None:
        listed = [{"Effect": "Allow", "Action": "apigateway:*", "Resource": "*"}, *statements]
        policy = json.dumps({"Version": "2012-10-17", "Statement": listed})
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy)

    may()
    asked = {"ApiId": api_id, **LAMBDA, "AuthorizerCredentialsArn": role}
    code, message, _ = aws_error(lambda: ann.create_authorizer(**asked))
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {role}" in message
    passed = {"StringEquals": {"iam:PassedToService": "apigateway.amazonaws.com"}}
    may({"Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": passed})
    ann.create_authorizer(**asked)
