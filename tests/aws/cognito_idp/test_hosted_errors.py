"""A hosted page that is shown again after an error: the cursor is in the field that is wrong, and assistive programs hear which it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, attributes_of, code_in
from tests.aws.cognito_idp.hosted import OAUTH, Visitor, authorize

Make = Callable[..., str]


@pytest.fixture
def people(pool: Make, app_client: Make, visitor: Callable[[str], Visitor]) -> tuple[str, str, Visitor]:
    """A pool whose users need an e-mail address and a phone number, its client, and a visitor of its pages."""
    schema = [{"Name": name, "Required": True} for name in ("email", "phone_number")]
    pool_id = pool(Schema=schema, AutoVerifiedAttributes=["email"])
    return pool_id, app_client(pool_id, **OAUTH), visitor(pool_id)


def cursor(page: httpx.Response) -> tuple[str, bool]:
    """The field that has the cursor, and whether it is marked as the one that the error is about."""
    assert page.status_code == 200, page.text
    (tag,) = re.findall(r"<input [^>]*\bautofocus\b[^>]*>", page.text)
    found = re.search(r'name="([^"]*)"', tag)
    assert found
    marked = 'aria-invalid="true"' in tag and re.search(r'aria-describedby="[^"]*\berror\b', tag) is not None
    return found[1], marked


def test_sign_up(people: tuple[str, str, Visitor], user: Make) -> None:
    pool_id, client_id, visitor = people
    user(pool_id, "eve")
    page = visitor.get("/signup", **authorize(client_id))
    assert cursor(page) == ("username", False)
    good = {
        "username": "ada", "password": PASSWORD, "requiredAttributes[email]": "ada@example.com",
        "requiredAttributes[phone_number]": "+14255550123",
    }  # fmt: skip
    for change, expected in (
        ({"password": "short"}, ("password", True)),
        ({"requiredAttributes[email]": "nowhere"}, ("requiredAttributes[email]", True)),
        ({"requiredAttributes[phone_number]": "12"}, ("requiredAttributes[phone_number]", True)),
        ({"username": "eve"}, ("username", False)),
    ):
        page = visitor.submit(page, **good | change)
        assert cursor(page) == expected, change


def test_forgotten_password(people: tuple[str, str, Visitor], user: Make, mail: Any) -> None:
    pool_id, client_id, visitor = people
    user(pool_id, "ada", email="ada@example.com", email_verified="true")
    page = visitor.submit(visitor.get("/forgotPassword", **authorize(client_id)), username="ada")
    assert cursor(page) == ("code", False)
    code = code_in(mail("ada@example.com")[0])
    page = visitor.submit(page, code=code, password=PASSWORD, confirmPassword="another")
    assert cursor(page) == ("confirmPassword", True)
    page = visitor.submit(page, code=code, password="short", confirmPassword="short")
    assert cursor(page) == ("password", True)
    page = visitor.submit(page, code="000000" if code != "000000" else "1", password=PASSWORD, confirmPassword=PASSWORD)
    assert cursor(page) == ("code", False)


def test_temporary_password(people: tuple[str, str, Visitor], idp: Any) -> None:
    pool_id, client_id, visitor = people
    idp.admin_create_user(UserPoolId=pool_id, Username="ada", TemporaryPassword="Temporary-1", MessageAction="SUPPRESS")
    page = visitor.login(client_id, "ada", "Temporary-1")
    asked = {name.partition("[")[2].strip("]") for name in re.findall(r'name="(requiredAttributes\[[^"]*)"', page.text)}
    assert asked == {"email", "phone_number"}
    good = {
        "password": PASSWORD, "confirmPassword": PASSWORD, "requiredAttributes[email]": "ada@example.com",
        "requiredAttributes[phone_number]": "+14255550123",
    }  # fmt: skip
    for change, expected in (
        ({"confirmPassword": "another"}, "confirmPassword"),
        ({"password": "short", "confirmPassword": "short"}, "password"),
        ({"requiredAttributes[email]": "nowhere"}, "requiredAttributes[email]"),
    ):
        page = visitor.submit(page, **good | change)
        assert cursor(page) == (expected, True), change
    assert visitor.submit(page, **good).status_code == 302
    assert attributes_of(idp.admin_get_user(UserPoolId=pool_id, Username="ada"))["phone_number"] == "+14255550123"


def test_who_has_not_confirmed_is_asked_for_the_code_after_the_right_password_only(
    people: tuple[str, str, Visitor], anyone: Any
) -> None:
    """The page signs in whoever then confirms."""
    _, client_id, visitor = people
    given = [{"Name": "email", "Value": "ada@example.com"}, {"Name": "phone_number", "Value": "+14255550123"}]
    anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD, UserAttributes=given)
    wrong = visitor.login(client_id, "ada", "Wrong-Horse-1")
    assert "Incorrect username or password." in wrong.text
    assert 'name="token"' not in wrong.text
    assert 'name="token"' in visitor.login(client_id, "ada", PASSWORD).text
