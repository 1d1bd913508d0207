"""How the admin API reads and answers: JSON both ways, and errors as `{"message": …}` that say what would have been right."""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.kernel.http import HttpRequest, HttpResponse

JSON = [("content-type", "application/json")]


class Refused(Exception):
    """The request makes no sense. The message is for whoever sent it."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def answer(body: Any, status: int = 200) -> HttpResponse:
    """A JSON answer, laid out for people, who read it with curl, and with the spaces that scripts grep for ("s3": "available")."""
    return HttpResponse(status, JSON, msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n")


def given(request: HttpRequest, known: dict[str, str]) -> dict[str, Any]:
    """The members of the request's JSON object, an empty body for none. `known` gives the members that there are, each with an example.

    Raises Refused for anything else.
    """
    expected = "a JSON object: " + " or ".join(f'{{"{name}": {example}}}' for name, example in known.items())
    try:
        members = msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(f"The body is {expected}.") from None
    for name in members:
        if name not in known:
            raise Refused(f"There is no member {name!r} here. The body is {expected}.")
    return members
