"""The hosted pages in a real browser: signing up, in and out, second factors, forgotten and temporary passwords."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pyotp
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, WEB, code_in
from tests.aws.cognito_idp.hosted import CHALLENGE, OAUTH, VERIFIER
from tests.conftest import Region

if TYPE_CHECKING:
    from playwright.sync_api import Page

NEW = "Battery-Staple-8"


@dataclass
class App:
    """An application on an origin of its own (`home`) that signs people in by the pages of a pool."""

    region: Region
    page: Page
    home: str
    pool: str
    client: str
    pages: str

    @property
    def callback(self) -> str:
        return f"{self.home}/index.html"

    def open(self, path: str = "/oauth2/authorize", **query: str) -> None:
        """Sends the browser from the application to a page."""
        asked = {
            "client_id": self.client, "response_type": "code", "redirect_uri": self.callback, "scope": "openid email",
            "state": "a-state", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        } | query  # fmt: skip
        self.page.goto(self.home)
        self.page.evaluate("url => { location.href = url }", f"{self.pages}{path}?{urlencode(asked)}")
        self.page.wait_for_url(lambda url: not url.rstrip("/").endswith(self.home))

    def fill(self, **fields: str) -> None:
        """Fills in fields by their labels and sends the form."""
        for label, value in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)
        self.page.locator("form button").first.click()

    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    def error(self) -> str:
        return self.page.get_by_role("alert").inner_text()

    def returned(self) -> dict[str, str]:
        """What the browser brings back to the application."""
        self.page.wait_for_url(f"{self.callback}?**")
        return dict(parse_qsl(urlsplit(self.page.url).query))

    def claims(self) -> dict[str, Any]:
        """The claims of the ID token that the application gets."""
        back = self.returned()
        assert back["state"] == "a-state"
        form = {
            "grant_type": "authorization_code", "client_id": self.client, "code": back["code"],
            "redirect_uri": self.callback, "code_verifier": VERIFIER,
        }  # fmt: skip
        url = f"{self.region.endpoint}/_aws/cognito-idp/{urlsplit(self.pages).netloc.partition('.')[0]}/oauth2/token"
        found: dict[str, Any] = jwt.decode(
            WEB.post(url, data=form).json()["id_token"], options={"verify_signature": False}
        )
        return found


@pytest.fixture
def app(
    region: Region, page: Page, site: str, pool: Any, app_client: Any, prefix: Callable[[str], str]
) -> Callable[..., App]:
    """`app(AutoVerifiedAttributes=["email"])`: an application, with a pool of these settings."""

    def make(**settings: Any) -> App:
        pool_id = pool(**settings)
        callback = {"CallbackURLs": [f"{site}/index.html"], "LogoutURLs": [f"{site}/bye"]}
        client = app_client(pool_id, **OAUTH | callback)
        pages = f"http://{prefix(pool_id)}.auth.us-east-1.localhost:{region.port}"
        return App(region, page, site, pool_id, client, pages)

    return make


def test_sign_up_confirm_by_the_mailed_code_and_be_signed_in(app: Any, mail: Any) -> None:
    it = app(AutoVerifiedAttributes=["email"])
    it.open()
    it.page.get_by_role("link", name="Sign up").click()
    it.fill(Username="ada", Email="ada@example.com", Password="short")
    assert it.error() == "Password did not conform with policy: Password not long enough"
    assert it.page.get_by_label("Email", exact=True).input_value() == "ada@example.com"
    assert it.page.get_by_label("Password", exact=True).input_value() == ""
    it.fill(Password=PASSWORD)
    assert it.heading() == "Confirm your account"
    it.fill(Code="000000")
    assert it.error() == "Invalid verification code provided, please try again."
    it.page.get_by_role("button", name="Send a new code").click()
    assert it.page.get_by_role("status").inner_text() == "A new code was sent."
    it.fill(Code=code_in(mail("ada@example.com")[0]))
    claims = it.claims()
    assert (claims["cognito:username"], claims["email"], claims["email_verified"]) == ("ada", "ada@example.com", True)


def test_a_wrong_password_is_told_and_the_right_one_signs_in(app: Any, user: Any) -> None:
    it = app()
    sub = user(it.pool, "ada", email="ada@example.com")
    it.open()
    it.fill(Username="ada", Password="wrong")
    assert it.error() == "Incorrect username or password."
    assert it.page.get_by_label("Username").input_value() == "ada"
    it.fill(Password=PASSWORD)
    assert it.claims()["sub"] == sub
    it.open(prompt="none")
    assert "code" in it.returned()


def test_who_has_not_confirmed_is_asked_for_the_code_at_sign_in(app: Any, anyone: Any, mail: Any) -> None:
    it = app(AutoVerifiedAttributes=["email"])
    attributes = [{"Name": "email", "Value": "eve@example.com"}]
    anyone.sign_up(ClientId=it.client, Username="eve", Password=PASSWORD, UserAttributes=attributes)
    it.open()
    it.fill(Username="eve", Password=PASSWORD)
    assert it.heading() == "Confirm your account"
    it.fill(Code=code_in(mail("eve@example.com")[0]))
    assert it.claims()["cognito:username"] == "eve"


def test_forgotten_passwords(app: Any, user: Any, mail: Any) -> None:
    it = app(AutoVerifiedAttributes=["email"])
    user(it.pool, "ada", email="ada@example.com", email_verified="true")
    it.open()
    it.page.get_by_role("link", name="Forgot your password?").click()
    it.fill(Username="ada")
    assert "a***@e***" in it.page.locator(".lead").inner_text()
    code = code_in(mail("ada@example.com")[0])
    it.fill(Code=code, New_password=NEW, Enter_the_new_password_again="other")
    assert it.error() == "The passwords are not the same."
    it.fill(Code=code, New_password="short", Enter_the_new_password_again="short")
    assert it.error() == "Password does not conform to policy: Password not long enough"
    it.fill(Code=code, New_password=NEW, Enter_the_new_password_again=NEW)
    assert it.heading() == "Sign in"
    it.fill(Username="ada", Password=NEW)
    assert it.claims()["cognito:username"] == "ada"


def test_temporary_passwords_must_be_changed(app: Any, idp: Any) -> None:
    it = app()
    idp.admin_create_user(UserPoolId=it.pool, Username="ada", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    it.open()
    it.fill(Username="ada", Password=PASSWORD)
    assert it.heading() == "Change your password"
    it.fill(New_password="weak", Enter_the_new_password_again="weak")
    assert it.error().startswith("Password does not conform to policy")
    it.fill(New_password=NEW, Enter_the_new_password_again=NEW)
    assert it.claims()["cognito:username"] == "ada"


def test_mfa_by_an_authenticator_that_is_set_up_at_the_first_sign_in(app: Any, idp: Any, user: Any) -> None:
    it = app()
    idp.set_user_pool_mfa_config(
        UserPoolId=it.pool, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration="ON"
    )
    user(it.pool, "ada")
    it.open()
    it.fill(Username="ada", Password=PASSWORD)
    assert it.heading() == "Set up an authenticator app"
    assert it.page.evaluate("document.querySelector('img.qr').naturalWidth") > 100
    totp = pyotp.TOTP(it.page.locator("#secret").inner_text())
    it.fill(Code="000000")
    assert it.error() == "Code mismatch and fail enable Software Token MFA"
    assert it.page.locator("#secret").inner_text() == totp.secret
    used = totp.now()
    it.fill(Code=used)
    assert it.claims()["cognito:username"] == "ada"
    it.open(prompt="login")
    it.fill(Username="ada", Password=PASSWORD)
    assert it.heading() == "Enter your code"
    it.fill(Code="000000")
    assert it.error() == "Invalid code received for user"


def test_mfa_by_a_code_that_is_sent(app: Any, idp: Any, user: Any, mail: Any) -> None:
    sender = "arn:aws:ses:us-east-1:123456789012:identity/no-reply@example.com"
    it = app(EmailConfiguration={"EmailSendingAccount": "DEVELOPER", "SourceArn": sender})
    idp.set_user_pool_mfa_config(
        UserPoolId=it.pool, EmailMfaConfiguration={"Subject": "Your code"}, MfaConfiguration="ON"
    )
    user(it.pool, "ada", email="ada@example.com", email_verified="true")
    it.open()
    it.fill(Username="ada", Password=PASSWORD)
    assert it.heading() == "Enter your code"
    assert "a***@e***" in it.page.locator(".lead").inner_text()
    it.fill(Code="000000")
    assert "code" in it.error().lower()
    it.fill(Code=code_in(mail("ada@example.com")[0]))
    assert it.claims()["cognito:username"] == "ada"


def test_sign_out(app: Any, user: Any) -> None:
    it = app()
    user(it.pool, "ada")
    it.open()
    it.fill(Username="ada", Password=PASSWORD)
    it.returned()
    it.page.goto(f"{it.pages}/logout?{urlencode({'client_id': it.client, 'logout_uri': it.home + '/bye'})}")
    assert it.page.url == f"{it.home}/bye"
    it.open()
    assert it.heading() == "Sign in"


@pytest.mark.parametrize("path", ["/login", "/signup", "/confirm", "/forgotPassword", "/confirmForgotPassword"])
def test_every_field_has_a_label_and_pages_fit_a_phone(app: Any, path: str) -> None:
    it = app(AutoVerifiedAttributes=["email"])
    it.page.set_viewport_size({"width": 320, "height": 640})
    it.open(path)
    problems = it.page.evaluate(
        """() => [
            ...[...document.querySelectorAll("input:not([type=hidden])")].filter(i => !i.labels.length).map(i => i.name),
            ...[...document.querySelectorAll("[id]")].map(e => e.id).filter((id, n, all) => all.indexOf(id) !== n),
            ...[...document.querySelectorAll("[aria-describedby]")]
                .filter(e => !document.getElementById(e.getAttribute("aria-describedby"))).map(e => e.name),
            ...(document.documentElement.lang ? [] : ["no language"]),
            ...(document.querySelectorAll("h1").length === 1 ? [] : ["no heading"]),
            ...(document.documentElement.scrollWidth > 320 ? ["too wide"] : []),
        ]"""
    )
    assert problems == []
    assert re.match(r"\S", it.page.title())


def test_pages_need_no_scripts(app: Any, user: Any) -> None:
    it = app()
    user(it.pool, "ada")
    context = it.page.context.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    query = {"client_id": it.client, "response_type": "code", "redirect_uri": it.callback, "state": "a-state"}
    page.goto(f"{it.pages}/login?{urlencode(query)}")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{it.callback}?**")
    context.close()


def test_applications_whose_callback_leads_to_another_origin(
    region: Region, page: Page, site: str, pool: Any, app_client: Any, user: Any, prefix: Any
) -> None:
    class Backend(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("location", f"{site}/index.html?from=backend")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    callback = f"http://127.0.0.1:{server.server_port}/callback"
    pool_id = pool()
    client = app_client(pool_id, **OAUTH | {"CallbackURLs": [callback]})
    user(pool_id, "ada")
    query = {"client_id": client, "response_type": "code", "redirect_uri": callback}
    page.goto(f"http://{prefix(pool_id)}.auth.us-east-1.localhost:{region.port}/login?{urlencode(query)}")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site}/index.html?from=backend")
    server.shutdown()
    server.server_close()


def test_pages_by_path_work_in_a_browser_too(
    region: Region, page: Page, site: str, pool: Any, app_client: Any, user: Any, prefix: Any
) -> None:
    pool_id = pool()
    callback = f"{site}/index.html"
    client = app_client(pool_id, **OAUTH | {"CallbackURLs": [callback]})
    user(pool_id, "ada")
    query = urlencode({"client_id": client, "response_type": "code", "redirect_uri": callback})
    pages = f"{region.endpoint}/_aws/cognito-idp/{prefix(pool_id)}"
    page.goto(f"{pages}/oauth2/authorize?{query}")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{callback}?code=**")
    page.goto(f"{pages}/oauth2/authorize?{query}&prompt=none")
    assert page.url.startswith(f"{callback}?code=")
