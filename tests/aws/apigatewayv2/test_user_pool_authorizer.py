"""JWT authorizers of HTTP APIs on this region's own user pools: resolved without the network, ID and access tokens, scopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.aws.apigatewayv2.guarded import Guarded
from tests.people import People, people

UNAUTHORIZED, FORBIDDEN = '{"message":"Unauthorized"}', '{"message":"Forbidden"}'
ADMIN = "aws.cognito.signin.user.admin"


@pytest.fixture
def joy(client: Callable[..., Any]) -> People:
    made = people(client("cognito-idp"))
    made.add("joy", email="joy@example.com")
    return made


@pytest.fixture
def guarded(api: Any, echo: str, call: Any, joy: People) -> Guarded:
    made = Guarded(api, echo, call)
    issuer = f"https://{joy.provider}"
    authorizer = made.authorizer(
        "JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": issuer, "Audience": [joy.client]},
    )
    made.route("GET /any", "JWT", authorizer)
    made.route("GET /self", "JWT", authorizer, (ADMIN, "items/read"))
    made.route("GET /write", "JWT", authorizer, ("items/write",))
    return made


def test_id_tokens_by_aud_and_access_tokens_by_client_id(guarded: Guarded, joy: People) -> None:
    tokens = joy.tokens("joy")
    for kind, name in (("IdToken", "cognito:username"), ("AccessToken", "username")):
        answer = guarded.get("/any", {"authorization": f"Bearer {tokens[kind]}"})
        assert answer.status_code == 200, answer.text
        claims = answer.json()["requestContext"]["authorizer"]["jwt"]["claims"]
        assert claims[name] == "joy"
        assert claims["iss"] == f"https://{joy.provider}"


def test_a_route_with_scopes_takes_access_tokens_that_have_one(guarded: Guarded, joy: People) -> None:
    tokens = joy.tokens("joy")
    answer = guarded.get("/self", {"authorization": tokens["AccessToken"]})
    assert answer.json()["requestContext"]["authorizer"]["jwt"]["scopes"] == [ADMIN]
    for path, kind in (("/self", "IdToken"), ("/write", "AccessToken")):
        assert guarded.refusal(path, {"authorization": tokens[kind]})[:2] == (403, FORBIDDEN)


def test_tokens_of_another_client_or_pool_are_refused(
    guarded: Guarded, joy: People, client: Callable[..., Any]
) -> None:
    second = joy.idp.create_user_pool_client(
        UserPoolId=joy.pool, ClientName="other", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]["ClientId"]  # fmt: skip
    foreign = people(client("cognito-idp"))
    foreign.add("joy")
    for tokens in (People(joy.idp, joy.pool, second).tokens("joy"), foreign.tokens("joy")):
        for kind in ("IdToken", "AccessToken"):
            assert guarded.refusal("/any", {"authorization": f"Bearer {tokens[kind]}"})[:2] == (401, UNAUTHORIZED)


def test_custom_scopes_of_a_machine(guarded: Guarded, joy: People, region: Any, account: str) -> None:
    """client_credentials at the pool's token endpoint, with scopes of a resource server."""
    joy.idp.create_resource_server(
        UserPoolId=joy.pool, Identifier="items", Name="items",
        Scopes=[{"ScopeName": one, "ScopeDescription": one} for one in ("read", "write")],
    )  # fmt: skip
    made = joy.idp.create_user_pool_client(
        UserPoolId=joy.pool, ClientName="machine", GenerateSecret=True, AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"], AllowedOAuthScopes=["items/read", "items/write"],
    )["UserPoolClient"]  # fmt: skip
    domain = f"m{account}"
    joy.idp.create_user_pool_domain(Domain=domain, UserPoolId=joy.pool)
    authorizers = guarded.api.get_authorizers(ApiId=guarded.api_id)["Items"]
    [authorizer] = [one["AuthorizerId"] for one in authorizers if one["AuthorizerType"] == "JWT"]
    guarded.api.update_authorizer(
        ApiId=guarded.api_id,
        AuthorizerId=authorizer,
        JwtConfiguration={"Issuer": f"https://{joy.provider}", "Audience": [joy.client, made["ClientId"]]},
    )

    def token(scope: str) -> str:
        answer = httpx.post(
            f"{region.endpoint}/_aws/cognito-idp/{domain}/oauth2/token",
            auth=(made["ClientId"], made["ClientSecret"]),
            data={"grant_type": "client_credentials", "scope": scope},
        )
        return str(answer.raise_for_status().json()["access_token"])

    assert guarded.get("/self", {"authorization": token("items/read")}).status_code == 200
    assert guarded.refusal("/write", {"authorization": token("items/read")})[:2] == (403, FORBIDDEN)
    answer = guarded.get("/write", {"authorization": token("items/read items/write")})
    assert answer.json()["requestContext"]["authorizer"]["jwt"]["scopes"] == ["items/write"]  # the route's
