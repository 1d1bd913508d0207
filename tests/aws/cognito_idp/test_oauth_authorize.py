"""GET /oauth2/authorize: what it checks, and where it tells of errors."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD
from tests.aws.cognito_idp.hosted import CALLBACK, CHALLENGE, OAUTH, Visitor, advance, answer, authorize, error_page
from tests.conftest import Region


@pytest.fixture
def pool_id(pool: Any) -> str:
    made: str = pool()
    return made


def test_the_sign_in_page_gets_the_parameters_as_they_came(pool_id: str, app_client: Any, visitor: Any) -> None:
    client, somebody = app_client(pool_id, **OAUTH), visitor(pool_id)
    asked = authorize(client, state="a b&c=\"<'>", nonce="n", code_challenge=CHALLENGE, code_challenge_method="S256")
    response = somebody.get("/oauth2/authorize", **asked)
    assert response.status_code == 302
    location = httpx.URL(str(response.url)).join(response.headers["location"])
    assert location.path.endswith("/login")
    assert dict(location.params) == asked
    assert somebody.get("/login", **asked).status_code == 200


@pytest.mark.parametrize("page", ["/oauth2/authorize", "/login", "/signup", "/forgotPassword"])
def test_errors_of_client_and_redirect_uri_go_to_the_error_page(
    pool_id: str, app_client: Any, visitor: Any, page: str
) -> None:
    client, somebody = app_client(pool_id, **OAUTH), visitor(pool_id)

    def told(**changes: str | None) -> dict[str, str]:
        query = {name: value for name, value in (authorize(client) | changes).items() if value is not None}
        return error_page(somebody.get(page, **query))

    assert told(client_id=None) == {"error": "Required String parameter 'client_id' is not present"}
    assert told(client_id="nobody") == {"error": "Client does not exist"}
    assert told(redirect_uri=None) == {"error": "Required String parameter 'redirect_uri' is not present"}
    for other in (CALLBACK + "/", CALLBACK + "?x=1", "http://localhost:3000", "http://evil.example/", "//evil.example"):
        assert told(redirect_uri=other) == {"error": "redirect_mismatch", "client_id": client}
    unavailable = {"error": "Login option is not available. Please try another one", "client_id": client}
    assert told(identity_provider="Google") == unavailable
    shown = somebody.get("/error", error="redirect_mismatch", client_id=client)
    assert shown.status_code == 400
    assert "An error was encountered with the requested page." in shown.text
    assert "redirect_mismatch" in shown.text


def test_other_errors_go_to_the_redirect_uri_with_the_state(pool_id: str, app_client: Any, visitor: Any) -> None:
    client = app_client(pool_id, **OAUTH)
    implicit_only = app_client(pool_id, **OAUTH | {"AllowedOAuthFlows": ["implicit"]})
    somebody = visitor(pool_id)

    def told(client: str, **query: str) -> dict[str, str]:
        return answer(somebody.get("/oauth2/authorize", **authorize(client, state="s", **query)))

    assert told(client, response_type="") == {"state": "s", "error": "invalid_request"}
    assert told(client, response_type="id_token")["error"] == "invalid_request"
    assert told(implicit_only) == {"state": "s", "error": "unauthorized_client"}
    invalid_scope = {"error_description": "invalid_scope", "state": "s", "error": "invalid_request"}
    assert told(client, scope="openid nothing/such") == invalid_scope
    assert told(client, scope="openid\n<script>") == invalid_scope
    assert told(client, prompt="none") == {"state": "s", "error": "login_required"}


def test_pkce_takes_s256_only(pool_id: str, app_client: Any, visitor: Any) -> None:
    client, somebody = app_client(pool_id, **OAUTH), visitor(pool_id)
    for wrong in (
        {"code_challenge": CHALLENGE},
        {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
        {"code_challenge": CHALLENGE, "code_challenge_method": "s256"},
        {"code_challenge": "short", "code_challenge_method": "S256"},
        {"code_challenge_method": "S256"},
    ):
        response = somebody.get("/oauth2/authorize", **authorize(client, **wrong))
        assert answer(response) == {"error": "invalid_request"}, wrong


def test_the_default_redirect_uri_and_all_scopes_where_none_are_named(
    pool_id: str, app_client: Any, user: Any, visitor: Any
) -> None:
    client = app_client(pool_id, **OAUTH, DefaultRedirectURI=CALLBACK)
    user(pool_id, "ada", email="ada@example.com")
    somebody = visitor(pool_id)
    shown = somebody.get("/login", client_id=client, response_type="token")
    tokens = answer(somebody.submit(shown, username="ada", password=PASSWORD))
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert sorted(claims["scope"].split()) == sorted(OAUTH["AllowedOAuthScopes"])


def test_the_implicit_grant_answers_with_tokens_in_the_fragment(
    pool_id: str, app_client: Any, user: Any, visitor: Any
) -> None:
    client, somebody = app_client(pool_id, **OAUTH), visitor(pool_id)
    sub = user(pool_id, "ada", email="ada@example.com")
    response = somebody.login(client, "ada", PASSWORD, response_type="token", state="s", nonce="n-1")
    assert response.headers["location"].startswith(CALLBACK + "#")
    tokens = answer(response)
    assert set(tokens) == {"id_token", "access_token", "expires_in", "token_type", "state"}
    assert (tokens["expires_in"], tokens["token_type"], tokens["state"]) == ("3600", "Bearer", "s")
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["nonce"], claims["aud"]) == (sub, "n-1", client)
    without = answer(somebody.get("/oauth2/authorize", **authorize(client, response_type="token", scope="profile")))
    assert set(without) == {"access_token", "expires_in", "token_type"}


def test_a_browser_that_is_signed_in_gets_its_code_at_once_for_an_hour(own: Region) -> None:
    idp = own.client("cognito-idp", key="100000000001")
    pool_id = idp.create_user_pool(PoolName="p")["UserPool"]["Id"]
    client = idp.create_user_pool_client(UserPoolId=pool_id, ClientName="app", **OAUTH)["UserPoolClient"]["ClientId"]
    other = idp.create_user_pool_client(UserPoolId=pool_id, ClientName="two", **OAUTH)["UserPoolClient"]["ClientId"]
    idp.create_user_pool_domain(UserPoolId=pool_id, Domain="an-hour")
    idp.admin_create_user(UserPoolId=pool_id, Username="ada", MessageAction="SUPPRESS")
    idp.admin_set_user_password(UserPoolId=pool_id, Username="ada", Password=PASSWORD, Permanent=True)
    somebody = Visitor(f"{own.endpoint}/_aws/cognito-idp/an-hour")
    response = somebody.login(client, "ada", PASSWORD)
    cookie = next(value for value in response.headers.get_list("set-cookie") if value.startswith("cognito="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age=3600" in cookie
    assert set(answer(somebody.get("/oauth2/authorize", **authorize(client, state="x")))) == {"code", "state"}
    assert set(answer(somebody.get("/oauth2/authorize", **authorize(other, prompt="none")))) == {"code"}
    again = somebody.get("/oauth2/authorize", **authorize(client, prompt="login"))
    assert "/login?" in again.headers["location"]
    advance(own, 59 * 60)
    assert set(answer(somebody.get("/oauth2/authorize", **authorize(client)))) == {"code"}
    advance(own, 120)
    ended = somebody.get("/oauth2/authorize", **authorize(client, prompt="none"))
    assert answer(ended) == {"error": "login_required"}
    somebody.close()


def test_a_disabled_user_is_no_longer_signed_in(
    idp: Any, pool_id: str, app_client: Any, user: Any, visitor: Any
) -> None:
    client, somebody = app_client(pool_id, **OAUTH), visitor(pool_id)
    user(pool_id, "ada")
    answer(somebody.login(client, "ada", PASSWORD))
    idp.admin_disable_user(UserPoolId=pool_id, Username="ada")
    response = somebody.get("/oauth2/authorize", **authorize(client, prompt="none"))
    assert answer(response) == {"error": "login_required"}


def test_login_hint_fills_in_the_name(pool_id: str, app_client: Any, visitor: Any) -> None:
    client, somebody = app_client(pool_id, **OAUTH), visitor(pool_id)
    shown = somebody.follow(somebody.get("/oauth2/authorize", **authorize(client, login_hint='ada"><b>')))
    assert 'value="ada&#34;&gt;&lt;b&gt;"' in shown.text


def test_methods_that_are_not_there(pool_id: str, visitor: Any) -> None:
    somebody = visitor(pool_id)
    refused = somebody.post("/oauth2/authorize")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    refused = somebody.get("/oauth2/token")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert somebody.get("/nothing").status_code == 404
    assert somebody.http.head(f"{somebody.pages}/error").content == b""
