"""For how long a client's tokens count. docs: API_CreateUserPoolClient, TokenValidityUnits."""

from __future__ import annotations

from atoll.services.cognito_idp.store import Client

_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
_DEFAULTS = {"Access": (3_600, "hours"), "Id": (3_600, "hours"), "Refresh": (30 * 86_400, "days")}


def _lifetime(client: Client, kind: str) -> int:
    default, unit = _DEFAULTS[kind]
    amount = client.settings.get(f"{kind}TokenValidity")
    if not amount:
        return default
    units = client.settings.get("TokenValidityUnits") or {}
    return int(amount) * _SECONDS[units.get(f"{kind}Token", unit)]


def access_token(client: Client) -> int:
    """Seconds: an hour unless the client says otherwise."""
    return _lifetime(client, "Access")


def id_token(client: Client) -> int:
    """Seconds: an hour unless the client says otherwise."""
    return _lifetime(client, "Id")


def refresh_token(client: Client) -> int:
    """Seconds: 30 days unless the client says otherwise."""
    return _lifetime(client, "Refresh")


LONGEST_ACCESS = 86_400
"""Seconds for which an access token counts at most: a login is remembered for as long after its refresh token has expired."""
