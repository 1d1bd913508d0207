"""Issuer, JWKS and openid-configuration of user pools."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import jwt
from tests.aws.cognito_idp.conftest import PASSWORD, WEB
from tests.conftest import Region


def test_the_key_set_verifies_tokens_and_is_there_before_the_first_one(
    region: Region, pool: Any, app_client: Any, user: Any, anyone: Any
) -> None:
    pool_id = pool()
    address = f"{region.endpoint}/{pool_id}/.well-known/jwks.json"
    published = WEB.get(address)
    assert published.status_code == 200
    assert published.headers["content-type"] == "application/json"
    keys = published.json()["keys"]
    assert [sorted(key) for key in keys] == [["alg", "e", "kid", "kty", "n", "use"]] * 2
    assert {(key["alg"], key["kty"], key["use"], key["e"]) for key in keys} == {("RS256", "RSA", "sig", "AQAB")}

    client = app_client(pool_id, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    user(pool_id, "ada")
    tokens = anyone.initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD}
    )["AuthenticationResult"]
    verifier = jwt.PyJWKClient(address)
    for token, expected in ((tokens["IdToken"], keys[0]), (tokens["AccessToken"], keys[1])):
        key = verifier.get_signing_key_from_jwt(token)
        assert key.key_id == expected["kid"]
        claims = jwt.decode(token, key.key, ["RS256"], options={"verify_aud": False})
        assert claims["iss"] == f"https://cognito-idp.us-east-1.amazonaws.com/{pool_id}"
    assert WEB.get(address).json() == published.json()


def test_openid_configuration_names_awss_issuer_and_addresses_that_answer_here(
    region: Region, pool: Any, idp: Any, prefix: Callable[[str], str]
) -> None:
    pool_id = pool()
    address = f"{region.endpoint}/{pool_id}/.well-known/openid-configuration"
    without = WEB.get(address).json()
    assert "token_endpoint" not in without
    name = prefix(pool_id)
    found = WEB.get(address).json()
    pages = f"{region.endpoint}/_aws/cognito-idp/{name}"
    assert found == {
        "authorization_endpoint": f"{pages}/oauth2/authorize",
        "end_session_endpoint": f"{pages}/logout",
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": f"https://cognito-idp.us-east-1.amazonaws.com/{pool_id}",
        "jwks_uri": f"{region.endpoint}/{pool_id}/.well-known/jwks.json",
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": f"{pages}/oauth2/revoke",
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": f"{pages}/oauth2/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": f"{pages}/oauth2/userInfo",
    }
    assert WEB.get(found["userinfo_endpoint"]).status_code == 400  # it answers
    assert WEB.get(found["jwks_uri"]).status_code == 200


def test_documents_by_the_hosts_that_aws_and_browsers_use(
    region: Region, pool: Any, prefix: Callable[[str], str]
) -> None:
    pool_id = pool()
    name = prefix(pool_id)

    def asked_as(host: str) -> dict[str, Any]:
        answer = WEB.get(f"{region.endpoint}/{pool_id}/.well-known/openid-configuration", headers={"host": host})
        found: dict[str, Any] = answer.json()
        return found

    aws = asked_as("cognito-idp.us-east-1.amazonaws.com")
    assert aws["token_endpoint"] == f"https://{name}.auth.us-east-1.amazoncognito.com/oauth2/token"
    local = asked_as(f"cognito-idp.us-east-1.localhost:{region.port}")
    assert local["token_endpoint"] == f"http://{name}.auth.us-east-1.localhost:{region.port}/oauth2/token"
    assert local["jwks_uri"] == f"http://cognito-idp.us-east-1.localhost:{region.port}/{pool_id}/.well-known/jwks.json"


def test_issuers_that_are_not_there(region: Region, pool: Any, idp: Any) -> None:
    missing = WEB.get(f"{region.endpoint}/us-east-1_AAAAAAAAA/.well-known/jwks.json")
    assert (missing.status_code, json.loads(missing.text)) == (
        400,
        {"code": "ResourceNotFoundException", "message": "User pool us-east-1_AAAAAAAAA does not exist."},
    )
    gone = pool()
    idp.delete_user_pool(UserPoolId=gone)
    assert WEB.get(f"{region.endpoint}/{gone}/.well-known/jwks.json").status_code == 400
    assert WEB.post(f"{region.endpoint}/{pool()}/.well-known/jwks.json").status_code == 405
    assert httpx.head(f"{region.endpoint}/{pool()}/.well-known/jwks.json").status_code == 200
