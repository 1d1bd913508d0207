"""What an application asks of /oauth2/authorize, and whether it may: the checks, without I/O.

docs: "Authorize endpoint": request parameters and negative responses; descriptions as users of AWS saw them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from atoll.services.cognito_idp.store import Client

SYSTEM_SCOPES = ("openid", "email", "phone", "profile", "aws.cognito.signin.user.admin")
FLOWS = {"code": "code", "token": "implicit"}
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""SHA-256 in base 64."""


class Authorization(msgspec.Struct, frozen=True):
    """A request that may go on to a sign-in. `challenge` is PKCE's, "" without; `state` and `nonce` are None where there was none."""

    client: Client
    redirect_uri: str
    response_type: str
    scopes: tuple[str, ...]
    state: str | None
    nonce: str | None
    challenge: str


class Refused(Exception):
    """Nobody may be sent back to the application: the error page says why. `parameters` are those of its address."""

    def __init__(self, error: str, client_id: str = "") -> None:
        super().__init__(error)
        self.parameters = {"error": error} | ({"client_id": client_id} if client_id else {})


class Returned(Exception):
    """The application hears of the error at its redirect URI."""

    def __init__(self, redirect_uri: str, state: str | None, error: str, description: str = "") -> None:
        super().__init__(error)
        self.redirect_uri = redirect_uri
        self.parameters = (
            ({"error_description": description} if description else {})
            | ({"state": state} if state is not None else {})
            | {"error": error}
        )


_Return = Callable[..., Returned]


def missing(name: str) -> Refused:
    """A parameter is not there without which nothing can be said to the application."""
    return Refused(f"Required String parameter '{name}' is not present")


def checked(query: Mapping[str, str], client: Client | None) -> Authorization:
    """What the query asks for the client that it names (None: there is none of that id). Raises Refused and Returned."""
    client_id = query.get("client_id", "")
    if not client_id:
        raise missing("client_id")
    if client is None:
        raise Refused("Client does not exist")
    redirect_uri = query.get("redirect_uri") or client.settings.get("DefaultRedirectURI", "")
    if not redirect_uri:
        raise missing("redirect_uri")
    if redirect_uri not in client.settings.get("CallbackURLs", ()):
        raise Refused("redirect_mismatch", client_id)
    state = query.get("state")

    def returned(error: str, description: str = "") -> Returned:
        return Returned(redirect_uri, state, error, description)

    response_type = query.get("response_type", "")
    if response_type not in FLOWS:
        raise returned("invalid_request")
    if not _may(client, FLOWS[response_type]):
        raise returned("unauthorized_client")
    return Authorization(
        client=client,
        redirect_uri=redirect_uri,
        response_type=response_type,
        scopes=_scopes(query.get("scope", ""), client, returned),
        state=state,
        nonce=query.get("nonce"),
        challenge=_challenge(query, returned),
    )


def _may(client: Client, flow: str) -> bool:
    settings = client.settings
    return bool(settings.get("AllowedOAuthFlowsUserPoolClient")) and flow in settings.get("AllowedOAuthFlows", ())


def _scopes(text: str, client: Client, returned: _Return) -> tuple[str, ...]:
    """Those that are asked for, all that the client may have where none is."""
    allowed = client.settings.get("AllowedOAuthScopes", ())
    asked = tuple(dict.fromkeys(text.split()))
    if any(scope not in allowed for scope in asked):
        raise returned("invalid_request", "invalid_scope")
    return asked or tuple(allowed)


def _challenge(query: Mapping[str, str], returned: _Return) -> str:
    """PKCE's challenge: only of SHA-256; RFC 7636's `plain` is refused."""
    challenge, method = query.get("code_challenge"), query.get("code_challenge_method")
    if challenge is None and method is None:
        return ""
    if not challenge or method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise returned("invalid_request")
    return challenge
