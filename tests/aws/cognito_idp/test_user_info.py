"""GET and POST /oauth2/userInfo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD
from tests.aws.cognito_idp.hosted import CALLBACK, OAUTH, Visitor, answer, authorize

ATTRIBUTES = {
    "email": "ada@example.com", "email_verified": "true", "phone_number": "+14255550123", "given_name": "Ada",
    "custom:team": "engines",
}  # fmt: skip


@pytest.fixture
def place(pool: Any, app_client: Any, user: Any, visitor: Any) -> tuple[str, str, Visitor, str]:
    pool_id = pool(Schema=[{"Name": "team", "AttributeDataType": "String", "Mutable": True}])
    client = app_client(pool_id, **OAUTH)
    sub = user(pool_id, "ada", **ATTRIBUTES)
    somebody = visitor(pool_id)
    answer(somebody.login(client, "ada", PASSWORD))
    return pool_id, client, somebody, sub


@pytest.fixture
def token(place: tuple[str, str, Visitor, str]) -> Callable[[str], str]:
    """An access token with scopes."""
    _, client, somebody, _ = place

    def get(scope: str) -> str:
        return answer(somebody.get("/oauth2/authorize", **authorize(client, response_type="token", scope=scope)))[
            "access_token"
        ]

    return get


def ask(somebody: Visitor, token: str, method: str = "GET") -> httpx.Response:
    return somebody.http.request(
        method, f"{somebody.pages}/oauth2/userInfo", headers={"authorization": f"Bearer {token}"}
    )


def test_claims_by_scopes(place: tuple[str, str, Visitor, str], token: Callable[[str], str]) -> None:
    _, _, somebody, sub = place
    who = {"sub": sub, "username": "ada"}
    email = {"email": "ada@example.com", "email_verified": "true"}
    assert ask(somebody, token("openid email")).json() == who | email
    phone = ask(somebody, token("openid phone")).json()
    assert phone == who | {"phone_number": "+14255550123"} | (
        {"phone_number_verified": "false"} if "phone_number_verified" in phone else {}
    )
    assert ask(somebody, token("openid profile")).json() == who | {"given_name": "Ada"}
    everything = ask(somebody, token("openid"), "POST").json()
    assert everything.items() >= (who | email | {"given_name": "Ada", "phone_number": "+14255550123"}).items()


def test_errors_are_told_in_the_body_and_in_www_authenticate(
    idp: Any, place: tuple[str, str, Visitor, str], token: Callable[[str], str]
) -> None:
    pool_id, _, somebody, _ = place

    def refused(response: httpx.Response) -> tuple[int, str]:
        body = response.json()
        header = f'Bearer error="{body["error"]}", error_description="{body["error_description"]}"'
        assert response.headers["www-authenticate"] == header
        return response.status_code, f"{body['error']}: {body['error_description']}"

    bad_request = (400, "invalid_request: Bad OAuth2 request at UserInfo Endpoint")
    bad_token = (
        401,
        "invalid_token: Access token is expired, disabled, or deleted, or the user has globally signed out.",
    )
    assert refused(somebody.get("/oauth2/userInfo")) == bad_request
    assert refused(somebody.http.get(f"{somebody.pages}/oauth2/userInfo", headers={"authorization": "Basic x"})) == (
        bad_request
    )
    assert refused(ask(somebody, "x.y.z")) == bad_token
    assert refused(ask(somebody, token("openid")[:-6] + "AAAAAA")) == bad_token
    assert refused(ask(somebody, token("email"))) == (
        401,
        "invalid_token: Access token does not contain openid scope",
    )
    good = token("openid")
    idp.admin_user_global_sign_out(UserPoolId=pool_id, Username="ada")
    assert refused(ask(somebody, good)) == bad_token


def test_tokens_of_other_pools_and_id_tokens_are_refused(
    place: tuple[str, str, Visitor, str], token: Callable[[str], str], pool: Any, visitor: Any
) -> None:
    _, client, somebody, _ = place
    assert ask(visitor(pool()), token("openid")).status_code == 401
    code = answer(somebody.get("/oauth2/authorize", **authorize(client)))["code"]
    tokens = somebody.post(
        "/oauth2/token", grant_type="authorization_code", code=code, client_id=client, redirect_uri=CALLBACK
    ).json()
    assert ask(somebody, tokens["id_token"]).status_code == 401
    assert ask(somebody, tokens["access_token"]).status_code == 200
