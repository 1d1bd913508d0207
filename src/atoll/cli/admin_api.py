"""Asking a running region's admin API."""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.cli.output import fail
from atoll.cli.running import Running

PATIENCE = 5.0


class AdminError(Exception):
    """The region refused, or did not answer. The message and the hint are for the user."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def ask(region: Running, path: str, body: dict[str, Any] | None = None, *, patience: float | None = PATIENCE) -> Any:
    """`answer`, or the end of the command in one line."""
    try:
        return answer(region, path, body, patience=patience)
    except AdminError as error:
        fail(str(error), error.hint)


def answer(region: Running, path: str, body: dict[str, Any] | None = None, *, patience: float | None = PATIENCE) -> Any:
    """What `/_atoll/…` answers to a GET, or to a POST of `body`, within `patience` seconds of real time (None: ever).

    Raises AdminError.
    """
    import urllib.error
    import urllib.request

    data = None if body is None else msgspec.json.encode(body)
    request = urllib.request.Request(f"{region.endpoint}{path}", data)  # noqa: S310  our own endpoint
    # No proxy of the user's stands between this machine and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=patience) as answer:
            return msgspec.json.decode(answer.read())
    except urllib.error.HTTPError as error:
        try:
            message = msgspec.json.decode(error.read())["message"]
        except (msgspec.DecodeError, KeyError, TypeError):
            message = f"{path} answered {error.code}."
        raise AdminError(message) from None
    except OSError as error:
        hint = f"Its log: {region.log}" if region.log else ""
        raise AdminError(f"The region does not answer: {error}.", hint) from error
