"""ID and access tokens: AWS's claims exactly, verified by PyJWT from the pool's key set."""

from __future__ import annotations

import re
from typing import Any

import jwt
import pytest
from tests.aws.cognito_idp.tokens import FLOWS, Make, claims, key_set, tokens, verified

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def test_the_access_token_has_awss_claims(idp: Any, region: Any, here: str, app: str, user: Make) -> None:
    sub = user(here, "ada", email="ada@example.com")
    said = verified(region, here, tokens(idp, app)["AccessToken"])
    assert set(said) == {
        "sub", "iss", "client_id", "origin_jti", "event_id", "token_use", "scope", "auth_time", "exp", "iat", "jti",
        "username",
    }  # fmt: skip
    assert (said["sub"], said["client_id"], said["username"]) == (sub, app, "ada")
    assert (said["token_use"], said["scope"]) == ("access", "aws.cognito.signin.user.admin")
    assert said["exp"] - said["iat"] == 3600
    assert said["auth_time"] == said["iat"]
    assert all(UUID.fullmatch(said[name]) for name in ("jti", "origin_jti", "event_id"))


def test_the_id_token_has_awss_claims_and_the_users_attributes(
    idp: Any, region: Any, here: str, app: str, user: Make
) -> None:
    sub = user(here, "ada", email="ada@example.com", email_verified="true", nickname="Ada", address="1 Main St")
    result = tokens(idp, app)
    said = verified(region, here, result["IdToken"], app)
    assert set(said) == {
        "sub", "iss", "cognito:username", "origin_jti", "aud", "event_id", "token_use", "auth_time", "exp", "iat",
        "jti", "email", "email_verified", "nickname", "address",
    }  # fmt: skip
    assert (said["sub"], said["aud"], said["cognito:username"], said["token_use"]) == (sub, app, "ada", "id")
    assert said["email_verified"] is True
    assert said["address"] == {"formatted": "1 Main St"}
    access = claims(result["AccessToken"])
    assert [said[name] for name in ("origin_jti", "event_id")] == [access[name] for name in ("origin_jti", "event_id")]
    assert said["jti"] != access["jti"]


def test_two_keys_sign_the_two_kinds(idp: Any, region: Any, here: str, app: str, user: Make) -> None:
    user(here, "ada")
    result = tokens(idp, app)
    keys = key_set(region, here)
    assert [set(key) for key in keys] == [{"alg", "e", "kid", "kty", "n", "use"}] * 2
    kinds = [jwt.get_unverified_header(result[name]) for name in ("IdToken", "AccessToken")]
    assert [kind["kid"] for kind in kinds] == [key["kid"] for key in keys]
    assert all(set(kind) == {"kid", "alg"} and kind["alg"] == "RS256" for kind in kinds)


def test_groups_roles_and_the_preferred_role(idp: Any, account: str, here: str, app: str, user: Make) -> None:
    user(here, "ada")
    role = f"arn:aws:iam::{account}:role/"
    for name, precedence in (("low", 9), ("high", 1), ("plain", None)):
        more = {} if precedence is None else {"Precedence": precedence, "RoleArn": role + name}
        idp.create_group(UserPoolId=here, GroupName=name, **more)
        idp.admin_add_user_to_group(UserPoolId=here, Username="ada", GroupName=name)
    result = tokens(idp, app)
    said = claims(result["IdToken"])
    assert said["cognito:groups"] == ["high", "low", "plain"]
    assert said["cognito:roles"] == [role + "high", role + "low"]
    assert said["cognito:preferred_role"] == role + "high"
    access = claims(result["AccessToken"])
    assert access["cognito:groups"] == ["high", "low", "plain"]
    assert not {"cognito:roles", "cognito:preferred_role"} & set(access)


def test_two_best_groups_with_different_roles_prefer_none(
    idp: Any, account: str, here: str, app: str, user: Make
) -> None:
    user(here, "ada")
    for name in ("a", "b"):
        arn = f"arn:aws:iam::{account}:role/{name}"
        idp.create_group(UserPoolId=here, GroupName=name, Precedence=1, RoleArn=arn)
        idp.admin_add_user_to_group(UserPoolId=here, Username="ada", GroupName=name)
    assert "cognito:preferred_role" not in claims(tokens(idp, app)["IdToken"])


def test_read_attributes_limit_the_id_token(idp: Any, here: str, app_client: Make, user: Make) -> None:
    user(here, "ada", email="ada@example.com", email_verified="true", nickname="Ada")
    app = app_client(here, ExplicitAuthFlows=FLOWS, ReadAttributes=["nickname"])
    said = claims(tokens(idp, app)["IdToken"])
    assert said["nickname"] == "Ada"
    assert not {"email", "email_verified"} & set(said)


def test_validity_is_per_client_and_in_its_units(idp: Any, here: str, app_client: Make, user: Make) -> None:
    user(here, "ada")
    app = app_client(
        here,
        ExplicitAuthFlows=FLOWS,
        AccessTokenValidity=10,
        IdTokenValidity=2,
        TokenValidityUnits={"AccessToken": "minutes", "IdToken": "hours"},
    )
    result = tokens(idp, app)
    assert result["ExpiresIn"] == 600
    lives = [(said := claims(result[name]))["exp"] - said["iat"] for name in ("AccessToken", "IdToken")]
    assert lives == [600, 7200]


def test_without_token_revocation_there_is_no_origin_jti(idp: Any, here: str, app_client: Make, user: Make) -> None:
    user(here, "ada")
    app = app_client(here, ExplicitAuthFlows=FLOWS, EnableTokenRevocation=False)
    result = tokens(idp, app)
    assert all("origin_jti" not in claims(result[name]) for name in ("AccessToken", "IdToken"))


def test_tokens_of_another_pool_do_not_count_here(
    idp: Any, region: Any, pool: Make, app_client: Make, user: Make
) -> None:
    first, second = pool(), pool()
    for one in (first, second):
        user(one, "ada")
    token = tokens(idp, app_client(first, ExplicitAuthFlows=FLOWS))["AccessToken"]
    tokens(idp, app_client(second, ExplicitAuthFlows=FLOWS))
    with pytest.raises(StopIteration):
        verified(region, second, token)
