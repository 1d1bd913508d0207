"""Hosted pages and bad input: forged forms, hostile names and states, scripts of other pages, what logs and traces keep."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, WEB, code_in
from tests.aws.cognito_idp.hosted import CALLBACK, OAUTH, VERIFIER, Visitor, answer, authorize
from tests.conftest import Region

if TYPE_CHECKING:
    from playwright.sync_api import Page

NASTY = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'{{7*7}}{%x%}</style>"


@pytest.fixture
def place(pool: Any, app_client: Any, visitor: Any) -> tuple[str, str, Visitor]:
    """A pool, a client and somebody who looks at its pages."""
    pool_id = pool()
    return pool_id, app_client(pool_id, **OAUTH), visitor(pool_id)


def test_forms_of_other_pages_are_refused(place: tuple[str, str, Visitor], user: Any) -> None:
    pool_id, client, somebody = place
    user(pool_id, "ada")
    shown = somebody.get("/login", **authorize(client))
    token = re.findall(r'name="_csrf" value="([^"]*)"', shown.text)[0]
    fields = {"username": "ada", "password": PASSWORD}

    def send(headers: dict[str, str] | None = None, **more: str) -> int:
        response = somebody.http.post(shown.url, data=fields | more, headers=headers or {})
        assert "cognito=" not in response.headers.get("set-cookie", "") or response.status_code == 302
        return response.status_code

    assert send() == 403
    assert send(_csrf="") == 403
    assert send(_csrf="0" * 64) == 403
    assert send({"origin": "http://evil.example"}, _csrf=token) == 403
    assert send({"origin": "null"}, _csrf=token) == 403
    assert send({"origin": "http://127.0.0.1:3000"}, _csrf=token) == 403
    assert send({"sec-fetch-site": "cross-site"}, _csrf=token) == 403
    assert WEB.post(shown.url, data=fields | {"_csrf": token}).status_code == 403, "the browser must know it too"
    assert WEB.post(shown.url, data=fields | {"_csrf": ""}, headers={"cookie": "XSRF-TOKEN="}).status_code == 403
    own = f"{shown.url.scheme}://{shown.url.netloc.decode()}"
    assert send({"origin": own, "sec-fetch-site": "same-origin"}, _csrf=token) == 302


def test_names_states_and_attributes_are_text_wherever_they_are_shown(pool: Any, app_client: Any, visitor: Any) -> None:
    pool_id = pool()
    client = app_client(pool_id, **OAUTH)
    somebody = visitor(pool_id)
    asked = authorize(client, state=NASTY, login_hint=NASTY, nonce=NASTY, lang=NASTY, username=NASTY)
    for path in ("/login", "/signup", "/confirm", "/forgotPassword", "/confirmForgotPassword"):
        shown = somebody.get(path, **asked)
        assert shown.status_code == 200
        posted = somebody.submit(shown, username=NASTY, password=NASTY, confirmPassword=NASTY, code=NASTY)
        for response in (shown, posted):
            assert "<script" not in response.text
            assert "<img" not in response.text
            assert response.text.count("</style>") == 1
            assert not re.search(r"\b49\b", response.text)
    told = somebody.get("/error", error=NASTY)
    assert "<script" not in told.text
    assert html.escape(NASTY, quote=False).partition("'")[0] in told.text.replace("&#34;", '"')


def test_challenges_cannot_be_made_up(place: tuple[str, str, Visitor], user: Any) -> None:
    pool_id, client, somebody = place
    user(pool_id, "ada")
    shown = somebody.get("/login", **authorize(client))
    token = re.findall(r'name="_csrf" value="([^"]*)"', shown.text)[0]
    for challenge in (
        "SMS_MFA",
        "SOFTWARE_TOKEN_MFA",
        "SELECT_MFA_TYPE",
        "NEW_PASSWORD_REQUIRED",
        "MFA_SETUP",
        "X",
        "",
    ):
        for asks in ("", "[]", "{", '{"requiredAttributes":"[[]]"}', '{"MFAS_CAN_SETUP":"[\\"SOFTWARE_TOKEN_MFA\\"]"}'):
            response = somebody.http.post(
                str(shown.url).replace("/login", "/challenge"),
                data={
                    "_csrf": token, "challenge": challenge, "session": NASTY, "username": NASTY, "asks": asks,
                    "code": "123456", "password": PASSWORD, "confirmPassword": PASSWORD, "secret": NASTY,
                },
            )  # fmt: skip
            assert response.status_code in (200, 400), (challenge, asks)
            assert "<script" not in response.text


def test_pages_come_with_a_strict_policy_and_in_no_frame(place: tuple[str, str, Visitor]) -> None:
    _, client, somebody = place
    for path in ("/login", "/signup", "/error", "/nothing"):
        headers = somebody.get(path, **authorize(client)).headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"]
        assert policy["form-action"].startswith("'self'")
        assert " http: " not in f" {policy['form-action']} "
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert "no-store" in headers["cache-control"]


def test_redirect_uris_cannot_add_to_the_policy(pool: Any, app_client: Any, visitor: Any) -> None:
    pool_id = pool()
    odd = ["myapp://callback", "https://a.example/x;script-src"]
    client = app_client(pool_id, **OAUTH | {"CallbackURLs": odd})
    somebody = visitor(pool_id)
    for uri, source in zip(odd, ("myapp:", "https:"), strict=True):
        shown = somebody.get("/login", **authorize(client, redirect_uri=uri))
        assert f"form-action 'self' {source};" in shown.headers["content-security-policy"]
        assert "script-src" not in shown.headers["content-security-policy"]


def test_scripts_of_other_pages_on_this_host_cannot_read_pages(place: tuple[str, str, Visitor], user: Any) -> None:
    pool_id, client, somebody = place
    user(pool_id, "ada")
    answer(somebody.login(client, "ada", PASSWORD))
    url = f"{somebody.pages}/oauth2/authorize"
    for mode in ("cors", "no-cors", "same-origin"):
        fetched = somebody.http.get(url, params=authorize(client), headers={"sec-fetch-mode": mode})
        assert fetched.status_code == 403
        assert "location" not in fetched.headers
    shown = somebody.http.get(url, params=authorize(client), headers={"sec-fetch-mode": "navigate"})
    assert set(answer(shown)) == {"code"}


def test_cookies_of_other_pools_and_made_up_ones_sign_nobody_in(
    place: tuple[str, str, Visitor], pool: Any, app_client: Any, user: Any, visitor: Any
) -> None:
    pool_id, client, somebody = place
    user(pool_id, "ada")
    answer(somebody.login(client, "ada", PASSWORD))
    cookie = next(one.value for one in somebody.http.cookies.jar if one.name == "cognito")
    other_pool = pool()
    other = visitor(other_pool)
    asked = authorize(app_client(other_pool, **OAUTH), prompt="none")
    for value in (cookie, "x", "", "0" * 64, cookie + "0", "é", f"x; cognito={'1' * 64}"):
        other.http.cookies.clear()
        response = other.http.get(
            f"{other.pages}/oauth2/authorize", params=asked, headers={"cookie": b"cognito=" + value.encode("latin-1")}
        )
        assert answer(response) == {"error": "login_required"}


def test_a_sign_up_token_is_for_the_browser_that_signed_up_and_for_confirming_only(
    pool: Any, app_client: Any, visitor: Any, mail: Any
) -> None:
    pool_id = pool(AutoVerifiedAttributes=["email"])
    client, somebody = app_client(pool_id, **OAUTH), visitor(pool_id)
    shown = somebody.submit(
        somebody.get("/signup", **authorize(client)),
        **{"username": "ada", "password": PASSWORD, "requiredAttributes[email]": "ada@example.com"},
    )
    token = re.findall(r'name="token" value="([^"]*)"', shown.text)[0]
    somebody.http.cookies.set("cognito", token)
    response = somebody.get("/oauth2/authorize", **authorize(client, prompt="none"))
    assert answer(response) == {"error": "login_required"}
    somebody.http.cookies.delete("cognito")
    code = code_in(mail("ada@example.com")[0])
    without = somebody.submit(shown, token="", code=code)
    assert "/login?" in without.headers["location"], "whoever has the code alone must give the password"
    replayed = somebody.submit(shown, code=code)
    assert replayed.status_code == 200
    assert "cannot be confirmed" in replayed.text


def test_a_sign_up_token_signs_in_nobody_but_who_confirms(
    idp: Any, pool: Any, app_client: Any, visitor: Any, mail: Any
) -> None:
    """Somebody signs up in another's name, who takes the name back; then he confirms himself with the token of before."""
    pool_id = pool(AutoVerifiedAttributes=["email"])
    client, somebody = app_client(pool_id, **OAUTH), visitor(pool_id)

    def sign_up(name: str) -> httpx.Response:
        given = {"username": name, "password": PASSWORD, "requiredAttributes[email]": f"{name}@example.com"}
        return somebody.submit(somebody.get("/signup", **authorize(client)), **given)

    token = re.findall(r'name="token" value="([^"]*)"', sign_up("ada").text)[0]
    idp.admin_confirm_sign_up(UserPoolId=pool_id, Username="ada")
    idp.admin_set_user_password(UserPoolId=pool_id, Username="ada", Password=f"{PASSWORD}-anew", Permanent=True)
    mine = sign_up("eve")
    confirmed = somebody.submit(mine, token=token, code=code_in(mail("eve@example.com")[0]))
    assert "/login?" in confirmed.headers["location"], "the token is ada's"
    assert answer(somebody.get("/oauth2/authorize", **authorize(client, prompt="none"))) == {"error": "login_required"}


def test_users_who_are_not_there_are_not_told_apart(place: tuple[str, str, Visitor], app_client: Any) -> None:
    pool_id, _, somebody = place
    client = app_client(pool_id, **OAUTH, PreventUserExistenceErrors="ENABLED")
    shown = somebody.submit(somebody.get("/login", **authorize(client)), username="nobody", password=PASSWORD)
    assert "Incorrect username or password." in shown.text
    sent = somebody.submit(somebody.get("/forgotPassword", **authorize(client)), username="nobody")
    assert "Choose a new password" in sent.text


def test_requests_of_every_shape_are_answered(place: tuple[str, str, Visitor]) -> None:
    somebody = place[2]
    bodies = [b"", b"\xff\xfe=%zz&%", b"a=" * 5_000, b"grant_type=" + b"x" * 100_000, b"{}", b"&&&=&=="]
    for path in ("/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo", "/login", "/challenge", "/signup", "/confirm"):
        for kind in ("application/x-www-form-urlencoded", "application/json", ""):
            for body in bodies:
                headers = {"content-type": kind, "authorization": "Basic w6k6w6k="}
                status = somebody.http.post(f"{somebody.pages}{path}", content=body, headers=headers).status_code
                assert status in (302, 400, 401, 403), (path, kind, body[:20])
    for query in (
        "client_id=%ff%00",
        "client_id=" + "x" * 5_000,
        "&".join(["a=b"] * 500),
        "client_id=a&client_id=b",
        "%",
    ):
        for path in ("/oauth2/authorize", "/login", "/logout", "/error", "/confirmUser"):
            status = somebody.http.get(f"{somebody.pages}{path}?{query}").status_code
            assert status in (302, 400), (path, query[:30])


def test_no_password_code_token_or_secret_reaches_the_log_or_a_trace(
    new_region: Callable[..., Region],
) -> None:
    region = new_region()
    idp = region.client("cognito-idp", key="100000000003")
    pool_id = idp.create_user_pool(PoolName="p", AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
    made = idp.create_user_pool_client(UserPoolId=pool_id, ClientName="app", GenerateSecret=True, **OAUTH)[
        "UserPoolClient"
    ]
    client, secret = made["ClientId"], made["ClientSecret"]
    idp.create_user_pool_domain(UserPoolId=pool_id, Domain="quiet")
    somebody = Visitor(f"{region.endpoint}/_aws/cognito-idp/quiet")
    shown = somebody.submit(
        somebody.get("/signup", **authorize(client)),
        **{"username": "ada", "password": PASSWORD, "requiredAttributes[email]": "ada@example.com"},
    )
    letters = WEB.get(f"{region.endpoint}/_atoll/mail", params={"account": "100000000003"}).json()["messages"]
    mailed = code_in(letters[0])
    somebody.submit(shown, code="999999" if mailed != "999999" else "888888")
    code = answer(somebody.submit(shown, code=mailed))["code"]
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "client_id": client, "client_secret": secret}
    tokens = somebody.post("/oauth2/token", **form, code=code, code_verifier=VERIFIER).json()
    somebody.post("/oauth2/token", **form, code=code)
    refresh = {"grant_type": "refresh_token", "client_id": client, "client_secret": secret}
    somebody.post("/oauth2/token", **refresh, refresh_token=tokens["refresh_token"])
    somebody.http.get(
        f"{somebody.pages}/oauth2/userInfo", headers={"authorization": f"Bearer {tokens['access_token']}"}
    )
    cookie = next(one.value for one in somebody.http.cookies.jar if one.name == "cognito")
    somebody.post("/oauth2/revoke", client_id=client, client_secret=secret, token=tokens["refresh_token"])
    somebody.close()
    latest = WEB.get(f"{region.endpoint}/_atoll/trace?limit=1000").json()["traces"]
    traces = "".join(WEB.get(f"{region.endpoint}/_atoll/trace/{trace['id']}").text for trace in latest)
    assert "POST /oauth2/token" in traces
    deadline = time.monotonic() + 60
    while "/oauth2/revoke" not in region.log.read_text():  # a line is written after its answer
        assert time.monotonic() < deadline
    kept = region.log.read_text() + traces
    hidden = re.findall(r'name="token" value="([^"]*)"', shown.text)
    for value in (
        PASSWORD,
        mailed,
        code,
        secret,
        cookie,
        VERIFIER,
        *hidden,
        *(v for v in tokens.values() if len(str(v)) > 40),
    ):
        assert str(value) not in kept, value


def test_a_browser_shows_no_script_of_a_name(
    page: Page, region: Region, pool: Any, app_client: Any, prefix: Any
) -> None:
    pool_id = pool()
    client = app_client(pool_id, **OAUTH, PreventUserExistenceErrors="ENABLED")
    pages = f"http://{prefix(pool_id)}.auth.us-east-1.localhost:{region.port}"
    problems: list[str] = []
    page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    query = httpx.QueryParams(authorize(client, login_hint=NASTY, state=NASTY))
    page.goto(f"{pages}/login?{query}")
    assert page.get_by_label("Username").input_value() == NASTY
    page.get_by_label("Password").fill("x")
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_role("alert").inner_text() == "Incorrect username or password."
    assert problems == []
