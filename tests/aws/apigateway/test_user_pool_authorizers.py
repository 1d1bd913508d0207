"""COGNITO_USER_POOLS authorizers: tokens of this region's own user pools, checked within it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.aws.apigateway.test_authorizers_enforced import UNAUTHORIZED, RestApi, make
from tests.people import People, people

EXPIRED = (401, {"message": "The incoming token has expired"})
ADMIN_SCOPE = "aws.cognito.signin.user.admin"


class Guarded:
    """A REST API whose method shows the claims `sub`, `cognito:groups` and `exp` to whoever is let in."""

    def __init__(self, rest: RestApi, *pools: str, **authorizer: Any) -> None:
        self.rest = rest
        self.id = rest.client.create_authorizer(
            restApiId=rest.id, name="people", type="COGNITO_USER_POOLS", providerARNs=list(pools),
            identitySource="method.request.header.Authorization", **authorizer,
        )["id"]  # fmt: skip
        self.place = {"restApiId": rest.id, "resourceId": rest.resource, "httpMethod": "GET"}

    def method(self, *scopes: str) -> None:
        client = self.rest.client
        self.rest.method("COGNITO_USER_POOLS", self.id)
        shown = {
            name: f"$context.authorizer.claims.{claim}"
            for name, claim in {"sub": "sub", "exp": "exp", "auth_time": "auth_time", "use": "token_use"}.items()
        } | {"groups": "$context.authorizer.claims['cognito:groups']"}
        client.update_integration_response(
            **self.place, statusCode="200",
            patchOperations=[
                {"op": "replace", "path": "/responseTemplates/application~1json", "value": json.dumps(shown)}
            ],
        )  # fmt: skip
        patches = [{"op": "add", "path": "/authorizationScopes", "value": scope} for scope in scopes]
        if patches:
            client.update_method(**self.place, patchOperations=patches)
        self.rest.deploy()

    def get(self, token: str) -> tuple[int, Any]:
        return self.rest.get({"authorization": token})


@pytest.fixture
def joy(client: Callable[..., Any]) -> People:
    pool = people(client("cognito-idp"))
    pool.idp.create_group(UserPoolId=pool.pool, GroupName="admins")
    pool.idp.create_group(UserPoolId=pool.pool, GroupName="staff")
    pool.add("joy", "admins", "staff")
    return pool


@pytest.fixture
def guarded(client: Callable[..., Any], region: Any, account: str, joy: People) -> Guarded:
    return Guarded(make(client("apigateway"), region.endpoint), arn(account, joy))


def arn(account: str, pool: People) -> str:
    return f"arn:aws:cognito-idp:us-east-1:{account}:userpool/{pool.pool}"


def test_a_method_without_scopes_takes_id_tokens(guarded: Guarded, joy: People) -> None:
    guarded.method()
    tokens = joy.tokens("joy")
    claims = jwt.decode(tokens["IdToken"], options={"verify_signature": False})
    status, shown = guarded.get(tokens["IdToken"])
    assert status == 200
    assert shown["sub"] == claims["sub"]
    assert sorted(shown["groups"].split(",")) == ["admins", "staff"]
    assert shown["auth_time"] == str(claims["auth_time"])
    assert shown["exp"].endswith(" UTC 2026") or " UTC " in shown["exp"]
    assert guarded.get(f"Bearer {tokens['IdToken']}")[0] == 200
    assert guarded.get(tokens["AccessToken"]) == UNAUTHORIZED
    assert guarded.rest.get() == UNAUTHORIZED
    assert guarded.get("") == UNAUTHORIZED


def test_a_method_with_scopes_takes_access_tokens_that_have_one(guarded: Guarded, joy: People) -> None:
    guarded.method(ADMIN_SCOPE, "other/scope")
    tokens = joy.tokens("joy")
    assert guarded.get(tokens["AccessToken"])[0] == 200
    assert guarded.get(tokens["IdToken"]) == UNAUTHORIZED
    guarded.rest.client.update_method(
        **guarded.place, patchOperations=[{"op": "remove", "path": "/authorizationScopes", "value": ADMIN_SCOPE}]
    )
    guarded.rest.deploy()
    assert guarded.get(tokens["AccessToken"]) == UNAUTHORIZED


def test_tokens_of_others_are_refused(guarded: Guarded, joy: People, client: Callable[..., Any]) -> None:
    guarded.method()
    token = joy.tokens("joy")["IdToken"]
    head, body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    kid = {"kid": jwt.get_unverified_header(token)["kid"]}
    foreign = rsa.generate_private_key(65537, 2048)
    stranger = people(client("cognito-idp"))
    stranger.add("max")
    for wrong in (
        jwt.encode(claims, foreign, "RS256", headers=kid),
        jwt.encode(claims, "", "none", headers=kid),
        jwt.encode(claims, "secret" * 8, "HS256", headers=kid),
        f"{head}.{body}.{signature[:-6]}AAAAAA",
        f"{head}.{body}.",
        f"{head}..{signature}",
        stranger.tokens("max")["IdToken"],
        "hello",
        "a" * 8_000,
    ):
        assert guarded.get(wrong) == UNAUTHORIZED


def test_expired_tokens_are_refused_by_the_regions_clock(own: Any, account: str) -> None:
    pool = people(own.client("cognito-idp", key=account))
    pool.add("joy")
    guarded = Guarded(make(own.client("apigateway", key=account), own.endpoint), arn(account, pool))
    guarded.method()
    token = pool.tokens("joy")["IdToken"]
    assert guarded.get(token)[0] == 200
    httpx.post(f"{own.endpoint}/_atoll/clock", json={"advance": "61m"}, timeout=60).raise_for_status()
    assert guarded.get(token) == EXPIRED
    assert guarded.get(pool.tokens("joy")["IdToken"])[0] == 200


def test_a_pool_named_by_a_stage_variable(client: Callable[..., Any], region: Any, account: str, joy: People) -> None:
    pool = f"arn:aws:cognito-idp:us-east-1:{account}:userpool/${{stageVariables.pool}}"
    guarded = Guarded(make(client("apigateway"), region.endpoint), pool)
    guarded.method()
    token = joy.tokens("joy")["IdToken"]
    assert guarded.get(token) == UNAUTHORIZED
    guarded.rest.client.update_stage(
        restApiId=guarded.rest.id, stageName="dev",
        patchOperations=[{"op": "replace", "path": "/variables/pool", "value": joy.pool}],
    )  # fmt: skip
    assert guarded.get(token)[0] == 200


def test_a_validation_expression_is_asked_first(
    client: Callable[..., Any], region: Any, account: str, joy: People
) -> None:
    rest = make(client("apigateway"), region.endpoint)
    guarded = Guarded(rest, arn(account, joy), identityValidationExpression="Bearer .+")
    guarded.method()
    token = joy.tokens("joy")["IdToken"]
    assert guarded.get(token) == UNAUTHORIZED
    assert guarded.get(f"Bearer {token}")[0] == 200


def test_trying_the_authorizer_shows_the_claims(guarded: Guarded, joy: People) -> None:
    token = joy.tokens("joy")["IdToken"]

    def trial(text: str) -> Any:
        return guarded.rest.client.test_invoke_authorizer(
            restApiId=guarded.rest.id, authorizerId=guarded.id, headers={"Authorization": text}
        )

    answer = trial(token)
    assert answer["clientStatus"] == 200
    assert answer["claims"]["cognito:username"] == "joy"
    assert token not in answer["log"]
    refused = trial("hello")
    assert refused["clientStatus"] == 401
    assert "claims" not in refused
