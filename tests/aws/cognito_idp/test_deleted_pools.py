"""A pool that is gone vouches for nobody, and one that is new at once: its keys are looked up, not remembered."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.aws.cognito_idp.tokens import FLOWS, Make, tokens
from tests.functions import let_apis_invoke, make_function

HANDLER = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'in'}\n"


def test_tokens_of_a_deleted_pool_give_no_identity(
    idp: Any, client: Any, pool: Make, app_client: Make, user: Make, aws_error: Any
) -> None:
    here = pool()
    app = app_client(here, ExplicitAuthFlows=FLOWS)
    user(here, "ada")
    provider = f"cognito-idp.us-east-1.amazonaws.com/{here}"
    identities = client("cognito-identity")
    place = identities.create_identity_pool(
        IdentityPoolName="people",
        AllowUnauthenticatedIdentities=False,
        CognitoIdentityProviders=[{"ProviderName": provider, "ClientId": app}],
    )["IdentityPoolId"]
    given = {provider: tokens(idp, app)["IdToken"]}
    assert identities.get_id(IdentityPoolId=place, Logins=given)["IdentityId"]
    idp.delete_user_pool(UserPoolId=here)
    assert aws_error(lambda: identities.get_id(IdentityPoolId=place, Logins=given))[:2] == (
        "NotAuthorizedException",
        "Invalid login token. Token signature invalid.",
    )


@pytest.fixture
def protected(client: Any, region: Any, account: str) -> Any:
    """`protected(pool, app)`: what a route behind a JWT authorizer of theirs answers to a token."""
    make_function(client, "inside", HANDLER)
    let_apis_invoke(client, "inside")
    http = client("apigatewayv2")
    arn = f"arn:aws:lambda:us-east-1:{account}:function:inside"
    api = http.create_api(Name="api", ProtocolType="HTTP")["ApiId"]
    http.create_stage(ApiId=api, StageName="test", AutoDeploy=True)
    target = http.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]

    def make(pool_id: str, app: str) -> Any:
        authorizer = http.create_authorizer(
            ApiId=api,
            Name="people",
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration={"Issuer": f"https://cognito-idp.us-east-1.amazonaws.com/{pool_id}", "Audience": [app]},
        )["AuthorizerId"]
        http.create_route(
            ApiId=api,
            RouteKey="GET /in",
            Target=f"integrations/{target}",
            AuthorizationType="JWT",
            AuthorizerId=authorizer,
        )
        address = f"{region.endpoint}/_aws/execute-api/{api}/test/in"
        return lambda token: httpx.get(address, headers={"authorization": token}, timeout=60).status_code

    return make


def test_a_new_pools_first_token_is_taken_though_another_was_not(
    idp: Any, pool: Make, app_client: Make, user: Make, protected: Any
) -> None:
    other, here = pool(), pool()
    foreign_app, app = (app_client(one, ExplicitAuthFlows=FLOWS) for one in (other, here))
    for one in (other, here):
        user(one, "ada")
    ask = protected(here, app)
    assert ask(tokens(idp, foreign_app)["IdToken"]) == 401
    token = tokens(idp, app)["IdToken"]
    assert ask(token) == 200
    idp.delete_user_pool(UserPoolId=here)
    assert ask(token) == 401
