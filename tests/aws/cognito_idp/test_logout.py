"""GET /logout: the session ends, wherever the browser goes next."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD
from tests.aws.cognito_idp.hosted import CALLBACK, OAUTH, SIGNED_OUT, Visitor, answer, authorize, error_page


@pytest.fixture
def place(pool: Any, app_client: Any, user: Any, visitor: Any) -> tuple[str, Visitor]:
    pool_id = pool()
    client = app_client(pool_id, **OAUTH)
    user(pool_id, "ada")
    somebody = visitor(pool_id)
    answer(somebody.login(client, "ada", PASSWORD))
    return client, somebody


def is_signed_in(client: str, somebody: Visitor) -> bool:
    return "code" in answer(somebody.get("/oauth2/authorize", **authorize(client, prompt="none")))


def test_to_a_sign_out_url_of_the_client(place: tuple[str, Visitor]) -> None:
    client, somebody = place
    kept = dict(somebody.http.cookies)
    assert is_signed_in(client, somebody)
    response = somebody.get("/logout", client_id=client, logout_uri=SIGNED_OUT)
    assert (response.status_code, response.headers["location"]) == (302, SIGNED_OUT)
    assert "cognito=; " in response.headers["set-cookie"]
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert not is_signed_in(client, somebody)
    somebody.http.cookies.set("cognito", kept["cognito"])
    assert not is_signed_in(client, somebody), "the session ended here, not in the browser alone"


def test_to_the_sign_in_page_of_another_authorization(place: tuple[str, Visitor]) -> None:
    client, somebody = place
    response = somebody.get("/logout", **authorize(client, state="s"))
    location = httpx.URL(str(response.url)).join(response.headers["location"])
    assert location.path.endswith("/login")
    assert dict(location.params) == authorize(client, state="s")
    assert not is_signed_in(client, somebody)


def test_nowhere_that_the_client_has_not_named(place: tuple[str, Visitor]) -> None:
    client, somebody = place
    not_present = {"error": "Required String parameter 'redirect_uri' is not present"}
    for target in ("http://evil.example/", SIGNED_OUT + "/", CALLBACK, "javascript:alert(1)", "//evil.example"):
        assert error_page(somebody.get("/logout", client_id=client, logout_uri=target)) == not_present
    mismatch = error_page(somebody.get("/logout", **authorize(client, redirect_uri="http://evil.example/")))
    assert mismatch == {"error": "redirect_mismatch", "client_id": client}
    assert error_page(somebody.get("/logout", logout_uri=SIGNED_OUT)) == {
        "error": "Required String parameter 'client_id' is not present"
    }
    assert error_page(somebody.get("/logout", client_id="nobody")) == {"error": "Client does not exist"}
    assert not is_signed_in(client, somebody)
