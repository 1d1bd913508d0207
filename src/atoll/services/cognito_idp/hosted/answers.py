"""What the OAuth 2.0 endpoints answer to applications: JSON, and errors as RFC 6749 and 6750 name them."""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.kernel.http import HttpResponse

JSON = ("content-type", "application/json;charset=UTF-8")
_NEVER_KEPT = [("cache-control", "no-cache, no-store, max-age=0, must-revalidate"), ("pragma", "no-cache")]


class OAuthError(Exception):
    """An error of the token or the revocation endpoint. `description` is left out where AWS gives none."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.description = description


def answer(body: dict[str, Any], status: int = 200) -> HttpResponse:
    """A JSON answer that nobody may keep."""
    return HttpResponse(status, [JSON, *_NEVER_KEPT], msgspec.json.encode(body))


def failed(error: OAuthError) -> HttpResponse:
    """AWS answers 400 to every error of these two endpoints."""
    described = {"error_description": error.description} if error.description else {}
    return answer({"error": error.error} | described, 400)


def unauthorized(status: int, error: str, description: str) -> HttpResponse:
    """An error of the userInfo endpoint, which is told in a header as well."""
    response = answer({"error": error, "error_description": description}, status)
    challenge = f'Bearer error="{error}", error_description="{description}"'
    return HttpResponse(status, [*response.headers, ("www-authenticate", challenge)], response.body)
