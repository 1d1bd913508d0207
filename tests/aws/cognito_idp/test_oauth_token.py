"""POST /oauth2/token and /oauth2/revoke: by hand for what is refused, with authlib for what works."""

from __future__ import annotations

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from tests.aws.cognito_idp.conftest import PASSWORD, WEB
from tests.aws.cognito_idp.hosted import CALLBACK, CHALLENGE, OAUTH, VERIFIER, Visitor, advance, answer, authorize
from tests.conftest import Region

GRANT = {"grant_type": "authorization_code", "redirect_uri": CALLBACK}


@pytest.fixture
def site(pool: Any, app_client: Any, user: Any, visitor: Any) -> tuple[str, str, Visitor]:
    """A pool, a public client, and somebody who is signed in."""
    pool_id = pool()
    client = app_client(pool_id, **OAUTH)
    user(pool_id, "ada", email="ada@example.com")
    somebody = visitor(pool_id)
    answer(somebody.login(client, "ada", PASSWORD))
    return pool_id, client, somebody


def code_of(somebody: Visitor, client: str, **query: str) -> str:
    return answer(somebody.get("/oauth2/authorize", **authorize(client, **query)))["code"]


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_a_code_becomes_tokens_once(site: tuple[str, str, Visitor]) -> None:
    pool_id, client, somebody = site
    code = code_of(somebody, client, nonce="n-1", scope="openid email")
    response = somebody.post("/oauth2/token", **GRANT, client_id=client, code=code)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json;charset=UTF-8"
    assert "no-store" in response.headers["cache-control"]
    tokens = response.json()
    assert set(tokens) == {"id_token", "access_token", "refresh_token", "expires_in", "token_type"}
    assert (tokens["expires_in"], tokens["token_type"]) == (3600, "Bearer")
    identity, access = claims_of(tokens["id_token"]), claims_of(tokens["access_token"])
    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{pool_id}"
    assert (identity["iss"], identity["aud"], identity["token_use"], identity["nonce"]) == (issuer, client, "id", "n-1")
    assert identity["email"] == "ada@example.com"
    assert (access["scope"], access["client_id"], access["version"]) == ("openid email", client, 2)
    again = somebody.post("/oauth2/token", **GRANT, client_id=client, code=code)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})


def test_of_many_who_use_a_code_at_once_one_gets_tokens(site: tuple[str, str, Visitor]) -> None:
    _, client, somebody = site
    form = {**GRANT, "client_id": client, "code": code_of(somebody, client)}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: WEB.post(f"{somebody.pages}/oauth2/token", data=form), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    assert {answer.text for answer in answers if answer.status_code == 400} == {'{"error":"invalid_grant"}'}


def test_no_id_token_without_openid(site: tuple[str, str, Visitor]) -> None:
    _, client, somebody = site
    response = somebody.post("/oauth2/token", **GRANT, client_id=client, code=code_of(somebody, client, scope="phone"))
    assert set(response.json()) == {"access_token", "refresh_token", "expires_in", "token_type"}


def test_a_code_is_for_its_client_its_redirect_uri_and_whoever_asked_for_it(
    site: tuple[str, str, Visitor], app_client: Any
) -> None:
    pool_id, client, somebody = site
    other = app_client(pool_id, **OAUTH)
    s256 = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    for query, fields in (
        ({}, {"client_id": other}),
        ({}, {"redirect_uri": CALLBACK + "2"}),
        (s256, {}),
        (s256, {"code_verifier": VERIFIER[:-1]}),
        (s256, {"code_verifier": CHALLENGE}),
        (s256, {"code_verifier": ""}),
    ):
        given = {**GRANT, "client_id": client, "code": code_of(somebody, client, **query), **fields}
        response = somebody.post("/oauth2/token", **given)
        assert (response.status_code, response.json()) == (400, {"error": "invalid_grant"}), fields
        right = {**given, "client_id": client, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        assert somebody.post("/oauth2/token", **right).json() == {"error": "invalid_grant"}, "it is used up"
    code = code_of(somebody, client, **s256)
    response = somebody.post("/oauth2/token", **GRANT, client_id=client, code=code, code_verifier=VERIFIER)
    assert response.status_code == 200


def test_codes_expire_by_the_clock_after_five_minutes(own: Region) -> None:
    idp = own.client("cognito-idp", key="100000000002")
    pool_id = idp.create_user_pool(PoolName="p")["UserPool"]["Id"]
    client = idp.create_user_pool_client(UserPoolId=pool_id, ClientName="app", **OAUTH)["UserPoolClient"]["ClientId"]
    idp.create_user_pool_domain(UserPoolId=pool_id, Domain="five-minutes")
    idp.admin_create_user(UserPoolId=pool_id, Username="ada", MessageAction="SUPPRESS")
    idp.admin_set_user_password(UserPoolId=pool_id, Username="ada", Password=PASSWORD, Permanent=True)
    somebody = Visitor(f"{own.endpoint}/_aws/cognito-idp/five-minutes")
    answer(somebody.login(client, "ada", PASSWORD))
    in_time, late = code_of(somebody, client), code_of(somebody, client)
    advance(own, 240)
    assert somebody.post("/oauth2/token", **GRANT, client_id=client, code=in_time).status_code == 200
    advance(own, 61)
    response = somebody.post("/oauth2/token", **GRANT, client_id=client, code=late)
    assert response.json() == {"error": "invalid_grant"}
    somebody.close()


def test_errors_of_the_token_endpoint(site: tuple[str, str, Visitor], app_client: Any, idp: Any) -> None:
    pool_id, public, somebody = site
    secret_client = app_client(pool_id, **OAUTH, GenerateSecret=True)
    described = idp.describe_user_pool_client(UserPoolId=pool_id, ClientId=secret_client)["UserPoolClient"]
    secret = described["ClientSecret"]
    implicit = app_client(pool_id, **OAUTH | {"AllowedOAuthFlows": ["implicit"]})

    def error(headers: dict[str, str] | None = None, **fields: str) -> dict[str, str]:
        response = somebody.http.post(f"{somebody.pages}/oauth2/token", data=fields, headers=headers or {})
        assert response.status_code == 400, response.text
        found: dict[str, str] = response.json()
        return found

    def basic(user: str, password: str) -> dict[str, str]:
        return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}

    wrong_secret = {"error": "invalid_client", "error_description": "invalid_client_secret"}
    code = {**GRANT, "code": "x"}
    assert error() == {"error": "invalid_request"}
    assert error(client_id=public) == {"error": "invalid_request"}
    assert error(**code) == {"error": "invalid_request"}
    assert error(grant_type="password", client_id=public) == {"error": "unsupported_grant_type"}
    assert error(**code, client_id="nobody") == {"error": "invalid_client"}
    assert error(**code, client_id=secret_client) == wrong_secret
    assert error(**code, client_id=secret_client, client_secret="wrong") == wrong_secret
    assert error(basic(secret_client, "wrong"), **code) == wrong_secret
    assert error(basic("nobody", secret), **code) == {"error": "invalid_client"}
    assert error(basic(secret_client, secret), **code, client_id=public) == {"error": "invalid_client"}
    assert error({"authorization": "Basic %%%"}, **code) == {"error": "invalid_client"}
    assert error({"authorization": "Bearer x"}, **code) == {"error": "invalid_client"}
    assert error(basic(secret_client, secret), **code) == {"error": "invalid_grant"}
    assert error(**code, client_id=public, client_secret=secret) == {"error": "invalid_client"}
    assert error(**code, client_id=implicit) == {"error": "unauthorized_client"}
    assert error(grant_type="authorization_code", client_id=public) == {"error": "invalid_request"}
    assert error(grant_type="refresh_token", client_id=public) == {"error": "invalid_request"}
    assert error(grant_type="refresh_token", client_id=public, refresh_token="x")["error"] == "invalid_grant"
    sent_as_json = somebody.http.post(f"{somebody.pages}/oauth2/token", json={**code, "client_id": public})
    assert (sent_as_json.status_code, sent_as_json.json()) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_signs_in_refreshes_and_revokes(
    region: Region, pool: Any, app_client: Any, user: Any, idp: Any, visitor: Any, method: str
) -> None:
    pool_id = pool()
    client_id = app_client(pool_id, **OAUTH, GenerateSecret=True)
    secret = idp.describe_user_pool_client(UserPoolId=pool_id, ClientId=client_id)["UserPoolClient"]["ClientSecret"]
    sub = user(pool_id, "ada", email="ada@example.com")
    somebody = visitor(pool_id)
    about = WEB.get(f"{region.endpoint}/{pool_id}/.well-known/openid-configuration").json()
    with OAuth2Client(
        client_id, secret, token_endpoint_auth_method=method, scope="openid email", redirect_uri=CALLBACK,
        code_challenge_method="S256", token_endpoint=about["token_endpoint"],
    ) as app:  # fmt: skip
        url, state = app.create_authorization_url(about["authorization_endpoint"], code_verifier=VERIFIER)
        shown = somebody.follow(somebody.http.get(url))
        back = somebody.submit(shown, username="ada", password=PASSWORD)
        assert answer(back)["state"] == state
        token = app.fetch_token(authorization_response=back.headers["location"], code_verifier=VERIFIER, state=state)
        assert claims_of(token["id_token"])["sub"] == sub
        assert app.get(about["userinfo_endpoint"]).json()["email"] == "ada@example.com"
        refreshed = app.refresh_token(refresh_token=token["refresh_token"])
        assert refreshed.get("refresh_token", token["refresh_token"]) == token["refresh_token"]
        assert claims_of(refreshed["access_token"])["jti"] != claims_of(token["access_token"])["jti"]
        assert claims_of(refreshed["access_token"])["scope"] == "openid email"
        revoked = app.revoke_token(about["revocation_endpoint"], token=token["refresh_token"])
        assert revoked.status_code == 200
        assert revoked.content == b""
        assert WEB.get(
            about["userinfo_endpoint"], headers={"authorization": f"Bearer {refreshed['access_token']}"}
        ).status_code == 401  # fmt: skip
        again = WEB.post(
            about["token_endpoint"], auth=(client_id, secret),
            data={"grant_type": "refresh_token", "refresh_token": token["refresh_token"]},
        )  # fmt: skip
        assert again.json()["error"] == "invalid_grant"


def test_refreshing_rotates_the_token_where_the_client_is_set_so(
    site: tuple[str, str, Visitor], app_client: Any
) -> None:
    pool_id, _, somebody = site
    client = app_client(
        pool_id, **OAUTH, RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
        ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"],
    )  # fmt: skip
    first = somebody.post("/oauth2/token", **GRANT, client_id=client, code=code_of(somebody, client)).json()
    refresh = {"grant_type": "refresh_token", "client_id": client}
    second = somebody.post("/oauth2/token", **refresh, refresh_token=first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    reused = somebody.post("/oauth2/token", **refresh, refresh_token=first["refresh_token"])
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    assert somebody.post("/oauth2/token", **refresh, refresh_token=second["refresh_token"]).status_code == 200


@pytest.fixture
def machine(idp: Any, pool: Any, app_client: Any) -> Callable[..., tuple[str, str, str]]:
    """Makes a client that acts for itself: pool, id and secret."""

    def make(**settings: Any) -> tuple[str, str, str]:
        pool_id = pool()
        scopes = [{"ScopeName": name, "ScopeDescription": name} for name in ("read", "write")]
        idp.create_resource_server(UserPoolId=pool_id, Identifier="https://api", Name="api", Scopes=scopes)
        given = {
            "GenerateSecret": True, "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthFlowsUserPoolClient": True,
            "AllowedOAuthScopes": ["https://api/read", "https://api/write"],
        }  # fmt: skip
        client = app_client(pool_id, **given | settings)
        described = idp.describe_user_pool_client(UserPoolId=pool_id, ClientId=client)["UserPoolClient"]
        return pool_id, client, described["ClientSecret"]

    return make


def test_client_credentials_give_an_access_token_with_custom_scopes_only(machine: Any, visitor: Any) -> None:
    pool_id, client, secret = machine()
    pages = visitor(pool_id).pages
    with OAuth2Client(client, secret, token_endpoint=f"{pages}/oauth2/token") as app:
        token = app.fetch_token(grant_type="client_credentials", scope="https://api/read")
        assert {name for name in token if name != "expires_at"} == {"access_token", "expires_in", "token_type"}
        claims = claims_of(token["access_token"])
        assert set(claims) == {
            "sub", "token_use", "scope", "auth_time", "iss", "exp", "iat", "version", "jti", "client_id",
        }  # fmt: skip
        assert (claims["sub"], claims["client_id"], claims["token_use"]) == (client, client, "access")
        assert (claims["scope"], claims["version"]) == ("https://api/read", 2)
        whole = claims_of(app.fetch_token(grant_type="client_credentials")["access_token"])
        assert whole["scope"] == "https://api/read https://api/write"
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    for scope in ("openid", "https://api/delete", "https://api/read nothing"):
        refused = WEB.post(f"{pages}/oauth2/token", data={**form, "scope": scope})
        assert (refused.status_code, refused.json()) == (400, {"error": "invalid_scope"})
    asked = WEB.get(f"{pages}/oauth2/userInfo", headers={"authorization": f"Bearer {token['access_token']}"})
    assert asked.status_code == 401


def test_clients_for_people_get_no_client_credentials(
    site: tuple[str, str, Visitor], app_client: Any, idp: Any
) -> None:
    pool_id, public, somebody = site
    client = app_client(pool_id, **OAUTH, GenerateSecret=True)
    secret = idp.describe_user_pool_client(UserPoolId=pool_id, ClientId=client)["UserPoolClient"]["ClientSecret"]
    grant = {"grant_type": "client_credentials"}
    refused = somebody.post("/oauth2/token", **grant, client_id=client, client_secret=secret)
    assert refused.json() == {"error": "unauthorized_client"}
    assert somebody.post("/oauth2/token", **grant, client_id=public).json() == {"error": "invalid_client"}


def test_errors_of_the_revocation_endpoint(site: tuple[str, str, Visitor]) -> None:
    _, client, somebody = site
    tokens = somebody.post("/oauth2/token", **GRANT, client_id=client, code=code_of(somebody, client)).json()
    assert somebody.post("/oauth2/revoke", client_id=client).json() == {"error": "invalid_request"}
    assert somebody.post("/oauth2/revoke", token="x").json() == {"error": "invalid_request"}
    assert somebody.post("/oauth2/revoke", token="x", client_id="nobody").json() == {"error": "invalid_client"}
    refused = somebody.post("/oauth2/revoke", token=tokens["access_token"], client_id=client)
    assert (refused.status_code, refused.json()) == (400, {"error": "unsupported_token_type"})


def test_browsers_may_call_from_pages_of_other_origins(site: tuple[str, str, Visitor]) -> None:
    _, _, somebody = site
    asks = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
    asks["access-control-request-headers"] = "authorization"
    for path in ("/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo"):
        preflight = somebody.http.request("OPTIONS", f"{somebody.pages}{path}", headers=asks)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert "POST" in preflight.headers["access-control-allow-methods"]
        assert preflight.headers["access-control-allow-headers"] == "authorization"
        assert somebody.post(path).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in somebody.get("/error").headers
