"""SetUICustomization: CSS and a logo on the hosted pages, for all clients of a pool or for one."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import WEB
from tests.aws.cognito_idp.hosted import OAUTH, Visitor, authorize

Make = Callable[..., str]
Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
CSS = ".label-customizable {font-weight: 400;}\r\n.submitButton-customizable:hover {background-color: rgb(200, 0, 0);}"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def pages(pool: Make, app_client: Make, visitor: Callable[[str], Visitor]) -> tuple[str, str, Visitor]:
    pool_id = pool()
    return pool_id, app_client(pool_id, **OAUTH), visitor(pool_id)


def styles(visitor: Visitor, client_id: str) -> list[str]:
    """The style sheets of a client's login page."""
    return re.findall(r"<style>(.*?)</style>", visitor.get("/login", **authorize(client_id)).text, re.DOTALL)


def test_a_look_of_all_clients_and_one_of_a_client(
    idp: Any, app_client: Make, pages: tuple[str, str, Visitor], aws_error: Error
) -> None:
    pool_id, client_id, visitor = pages
    other = app_client(pool_id, **OAUTH)
    assert idp.get_ui_customization(UserPoolId=pool_id)["UICustomization"] == {}
    assert len(styles(visitor, client_id)) == 1
    made = idp.set_ui_customization(UserPoolId=pool_id, CSS=CSS)["UICustomization"]
    assert idp.get_ui_customization(UserPoolId=pool_id, ClientId=client_id)["UICustomization"] == made
    assert (made["ClientId"], made["CSS"], "ImageUrl" in made) == ("ALL", CSS, False)
    assert made["CSSVersion"] == made["LastModifiedDate"].strftime("%Y%m%d%H%M%S")
    mine = idp.set_ui_customization(UserPoolId=pool_id, ClientId=client_id, CSS="", ImageFile=PNG)["UICustomization"]
    assert (mine["ClientId"], "CSS" in mine) == (client_id, False)
    assert len(styles(visitor, client_id)) == 1
    assert styles(visitor, other)[1].splitlines() == CSS.splitlines()
    picture = WEB.get(mine["ImageUrl"])
    assert (picture.headers["content-type"], picture.content) == ("image/png", PNG)
    assert idp.set_ui_customization(UserPoolId=pool_id, ClientId=client_id)["UICustomization"] == {}
    assert idp.get_ui_customization(UserPoolId=pool_id, ClientId=client_id)["UICustomization"] == made
    assert WEB.get(mine["ImageUrl"]).status_code == 404
    unknown = aws_error(lambda: idp.set_ui_customization(UserPoolId=pool_id, ClientId="nobody", CSS=CSS))
    assert unknown == ("ResourceNotFoundException", "User pool client nobody does not exist.", 400)


def test_a_pool_without_a_domain_has_no_look(idp: Any, pool: Make, aws_error: Error) -> None:
    pool_id = pool()
    expected = ("InvalidParameterException", "There has to be an existing domain associated with this user pool", 400)
    assert aws_error(lambda: idp.set_ui_customization(UserPoolId=pool_id, CSS=CSS)) == expected
    assert aws_error(lambda: idp.get_ui_customization(UserPoolId=pool_id)) == expected


@pytest.mark.parametrize(
    "css",
    [
        "body {color: red}", ".label-customizable, .other {color: red}", ".label-customizable {color: red",
        "color: red", "@import 'x';", ".label-customizable {}</style><script>1</script>", "/* no end",
        ".logo-customizable {background: url(http://example.com)}", ".label-customizable { .x {} }",
    ],
)  # fmt: skip
def test_css_that_is_refused(idp: Any, pages: tuple[str, str, Visitor], aws_error: Error, css: str) -> None:
    code, message, status = aws_error(lambda: idp.set_ui_customization(UserPoolId=pages[0], CSS=css))
    assert (code, status) == ("InvalidParameterException", 400)
    assert message.startswith("CSS ")


def test_what_is_no_image_is_refused(idp: Any, pages: tuple[str, str, Visitor], aws_error: Error) -> None:
    answer = aws_error(lambda: idp.set_ui_customization(UserPoolId=pages[0], ImageFile=b"<svg/>"))
    assert answer == ("InvalidParameterException", "The image has to be a PNG or JPEG file.", 400)


def test_a_browser_shows_it(idp: Any, pages: tuple[str, str, Visitor], page: Any) -> None:
    pool_id, client_id, visitor = pages
    css = "/* ours */\r\n.label-customizable,\r\n.submitButton-customizable {color: rgb(1, 2, 3);}"
    idp.set_ui_customization(UserPoolId=pool_id, CSS=css, ImageFile=PNG)
    page.goto(str(visitor.get("/login", **authorize(client_id)).url))
    for what in (".label-customizable", "button"):
        colour = page.locator(what).first.evaluate("element => getComputedStyle(element).color")
        assert colour == "rgb(1, 2, 3)", what
    logo = page.locator("img.logo-customizable")
    assert logo.evaluate("image => image.complete && image.naturalWidth") == 1
