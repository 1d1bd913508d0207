"""Refreshing: REFRESH_TOKEN_AUTH, GetTokensFromRefreshToken, rotation and its grace period."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from tests.aws.cognito_idp.tokens import FLOWS, Error, Make, advance, claims, tokens

INVALID = ("NotAuthorizedException", "Invalid Refresh Token", 400)
REUSED = ("RefreshTokenReuseException", "Refresh token has been invalidated by rotation.", 400)
ROTATING = {"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}


def refresh(idp: Any, client_id: str, token: str, flow: str = "REFRESH_TOKEN_AUTH") -> dict[str, Any]:
    result: dict[str, Any] = idp.initiate_auth(
        ClientId=client_id, AuthFlow=flow, AuthParameters={"REFRESH_TOKEN": token}
    )["AuthenticationResult"]
    return result


def renew(idp: Any, client_id: str, token: str, **more: str) -> dict[str, Any]:
    result: dict[str, Any] = idp.get_tokens_from_refresh_token(ClientId=client_id, RefreshToken=token, **more)[
        "AuthenticationResult"
    ]
    return result


def test_refresh_gives_new_tokens_of_the_same_login(idp: Any, here: str, app: str, user: Make) -> None:
    user(here, "ada")
    first = tokens(idp, app)
    for flow in ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"):
        second = refresh(idp, app, first["RefreshToken"], flow)
        assert set(second) == {"AccessToken", "ExpiresIn", "IdToken", "TokenType"}
        old, new = claims(first["AccessToken"]), claims(second["AccessToken"])
        for same in ("origin_jti", "event_id", "auth_time", "sub"):
            assert old[same] == new[same]
        assert old["jti"] != new["jti"]


def test_tokens_show_what_the_user_is_now(idp: Any, here: str, app: str, user: Make) -> None:
    user(here, "ada", nickname="Ada")
    token = tokens(idp, app)["RefreshToken"]
    idp.admin_update_user_attributes(
        UserPoolId=here, Username="ada", UserAttributes=[{"Name": "nickname", "Value": "Lovelace"}]
    )
    assert claims(refresh(idp, app, token)["IdToken"])["nickname"] == "Lovelace"


def test_get_tokens_from_refresh_token_without_rotation_keeps_the_token(
    idp: Any, here: str, app: str, user: Make
) -> None:
    user(here, "ada")
    token = tokens(idp, app)["RefreshToken"]
    assert "RefreshToken" not in renew(idp, app, token)
    assert renew(idp, app, token)["AccessToken"]


def test_rotation_gives_a_new_refresh_token_and_ends_the_old_one(
    idp: Any, here: str, app_client: Make, user: Make, aws_error: Error
) -> None:
    user(here, "ada")
    app = app_client(here, RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}, **ROTATING)
    first = tokens(idp, app)["RefreshToken"]
    second = renew(idp, app, first)["RefreshToken"]
    assert second != first
    assert aws_error(lambda: renew(idp, app, first)) == REUSED
    assert renew(idp, app, second)["RefreshToken"] not in (first, second)


def test_rotation_refuses_refresh_token_auth(
    idp: Any, here: str, app_client: Make, user: Make, aws_error: Error
) -> None:
    user(here, "ada")
    app = app_client(here, RefreshTokenRotation={"Feature": "ENABLED"}, **ROTATING)
    token = tokens(idp, app)["RefreshToken"]
    assert aws_error(lambda: refresh(idp, app, token)) == (
        "InvalidParameterException",
        "Auth flow not enabled for this client",
        400,
    )


def test_a_client_with_a_secret_must_give_it(
    idp: Any, here: str, app_client: Make, user: Make, aws_error: Error
) -> None:
    user(here, "ada")
    app = app_client(here, ExplicitAuthFlows=FLOWS, GenerateSecret=True)
    secret = idp.describe_user_pool_client(UserPoolId=here, ClientId=app)["UserPoolClient"]["ClientSecret"]
    token = f"{'a' * 36}.{'b' * 36}.{'c' * 96}"
    refused = ("NotAuthorizedException", f"Unable to verify secret for client {app}", 400)
    assert aws_error(lambda: renew(idp, app, token)) == refused
    assert aws_error(lambda: renew(idp, app, token, ClientSecret="wrong" * 6)) == refused
    assert aws_error(lambda: renew(idp, app, token, ClientSecret=secret)) == INVALID


def test_refresh_tokens_are_their_clients_own(
    idp: Any, here: str, app: str, app_client: Make, user: Make, aws_error: Error
) -> None:
    user(here, "ada")
    other = app_client(here, ExplicitAuthFlows=FLOWS)
    token = tokens(idp, app)["RefreshToken"]
    assert aws_error(lambda: refresh(idp, other, token)) == INVALID
    for bad in (token[:-1] + ("0" if token[-1] != "0" else "1"), "x", "a.b.c", "a.b.c.d.e", token + ".x", "=" * 9000):
        assert aws_error(lambda bad=bad: refresh(idp, app, bad)) == INVALID  # type: ignore[misc]


def test_a_disabled_users_refresh_token_is_refused(idp: Any, here: str, app: str, user: Make, aws_error: Error) -> None:
    user(here, "ada")
    token = tokens(idp, app)["RefreshToken"]
    idp.admin_disable_user(UserPoolId=here, Username="ada")
    assert aws_error(lambda: refresh(idp, app, token))[0] == "NotAuthorizedException"


class TestByTheClock:
    """In a region of the module's own."""

    @pytest.fixture
    def idp(self, own: Any, account: str) -> Any:
        return own.client("cognito-idp", key=account)

    def test_a_refresh_token_expires_by_the_clock(
        self, idp: Any, own: Any, here: str, app_client: Make, user: Make, aws_error: Error
    ) -> None:
        user(here, "ada")
        app = app_client(
            here, ExplicitAuthFlows=FLOWS, RefreshTokenValidity=60, TokenValidityUnits={"RefreshToken": "minutes"}
        )
        token = tokens(idp, app)["RefreshToken"]
        advance(own, "59m")
        assert refresh(idp, app, token)
        advance(own, "2m")
        assert aws_error(lambda: refresh(idp, app, token)) == (
            "NotAuthorizedException",
            "Refresh Token has expired",
            400,
        )

    def test_the_grace_period_takes_a_rotated_token_a_while(
        self, idp: Any, own: Any, here: str, app_client: Make, user: Make, aws_error: Error
    ) -> None:
        user(here, "ada")
        app = app_client(here, RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 60}, **ROTATING)
        first = tokens(idp, app)["RefreshToken"]
        second, third = (renew(idp, app, first)["RefreshToken"] for _ in range(2))
        advance(own, "61s")
        assert aws_error(lambda: renew(idp, app, first)) == REUSED
        assert renew(idp, app, second)["AccessToken"]
        assert renew(idp, app, third)["AccessToken"]

    def test_logins_and_keys_survive_a_kill(self, idp: Any, own: Any, here: str, app: str, user: Make) -> None:
        user(here, "ada")
        result = tokens(idp, app)
        own.kill()
        own.start()
        assert idp.get_user(AccessToken=result["AccessToken"])["Username"] == "ada"
        renewed = refresh(idp, app, result["RefreshToken"])["AccessToken"]
        heads = [jwt.get_unverified_header(token) for token in (renewed, result["AccessToken"])]
        assert heads[0] == heads[1]
