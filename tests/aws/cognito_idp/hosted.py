"""Applications that sign people in by hosted pages, for tests: without a browser (`Visitor`), and as their owners set them up."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Region

CALLBACK = "http://localhost:3000/callback"
SIGNED_OUT = "http://localhost:3000/bye"
SCOPES = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"]
OAUTH: dict[str, Any] = {
    "AllowedOAuthFlowsUserPoolClient": True,
    "AllowedOAuthFlows": ["code", "implicit"],
    "AllowedOAuthScopes": SCOPES,
    "CallbackURLs": [CALLBACK],
    "LogoutURLs": [SIGNED_OUT],
    "SupportedIdentityProviders": ["COGNITO"],
}
"""Settings of a client that uses the pages."""
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Visitor:
    """Somebody who looks at the pages without a browser: keeps cookies, follows no redirects by itself, fills in forms."""

    def __init__(self, pages: str) -> None:
        self.pages = pages
        self.http = httpx.Client(follow_redirects=False)

    def close(self) -> None:
        self.http.close()

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(f"{self.pages}{path}", params=query)

    def post(self, path: str, **fields: str) -> httpx.Response:
        return self.http.post(f"{self.pages}{path}", data=fields)

    def submit(self, shown: httpx.Response, form: int = 0, /, **fields: str) -> httpx.Response:
        """Sends a form of a page, with what was hidden in it."""
        found = re.findall(r'<form method="post" action="([^"]*)">(.*?)</form>', shown.text, re.DOTALL)[form]
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', found[1])
        values = {html.unescape(name): html.unescape(value) for name, value in hidden}
        return self.http.post(shown.url.join(html.unescape(found[0])), data=values | fields)

    def follow(self, response: httpx.Response) -> httpx.Response:
        assert response.status_code == 302, response.text
        return self.http.get(response.url.join(response.headers["location"]))

    def login(self, client: str, name: str, password: str, **query: str) -> httpx.Response:
        """Where the application's sign-in ends."""
        asked = self.get("/oauth2/authorize", **authorize(client, **query))
        return self.submit(self.follow(asked), username=name, password=password)


def authorize(client: str, **query: str) -> dict[str, str]:
    """The parameters of a request for authorization."""
    return {"client_id": client, "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid email"} | query


def answer(response: httpx.Response) -> dict[str, str]:
    """What the application hears at its redirect URI."""
    assert response.status_code == 302, response.text
    location = urlsplit(response.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == CALLBACK, response.headers["location"]
    return dict(parse_qsl(location.query or location.fragment))


def error_page(response: httpx.Response) -> dict[str, str]:
    """What is said to a browser whose application cannot be told."""
    assert response.status_code == 302, response.text
    location = urlsplit(response.headers["location"])
    assert location.path.endswith("/error"), response.headers["location"]
    return dict(parse_qsl(location.query))


def advance(region: Region, seconds: float) -> None:
    """Moves the region's clock."""
    httpx.post(f"{region.endpoint}/_atoll/clock", json={"advance": seconds}, timeout=60).raise_for_status()


@pytest.fixture
def prefix(idp: Any) -> Callable[[str], str]:
    """`prefix(pool)`: gives a pool a domain; its prefix."""

    def make(pool_id: str) -> str:
        name = f"people-{os.urandom(6).hex()}"
        idp.create_user_pool_domain(UserPoolId=pool_id, Domain=name)
        return name

    return make


@pytest.fixture
def visitor(region: Region, prefix: Callable[[str], str]) -> Iterator[Callable[[str], Visitor]]:
    """`visitor(pool)`: somebody who looks at a pool's hosted pages, which it has from now on."""
    made: list[Visitor] = []

    def make(pool_id: str) -> Visitor:
        made.append(Visitor(f"{region.endpoint}/_aws/cognito-idp/{prefix(pool_id)}"))
        return made[-1]

    yield make
    for one in made:
        one.close()
