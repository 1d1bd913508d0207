"""What an app client's settings mean to whoever signs users in. What AWS accepts of them: `client_rules.py`.

docs: API_UserPoolClientType.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from atoll.services.cognito_idp.store import Client

Token = Literal["AccessToken", "IdToken", "RefreshToken"]
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
DAY = 86400


class Validity(NamedTuple):
    """How long a kind of token is good: the `unit` of numbers without one, and in seconds what holds where there is no number, and the
    bounds."""

    unit: str
    default: int
    least: int
    most: int


VALIDITY: Mapping[Token, Validity] = {
    "AccessToken": Validity("hours", 3600, 300, DAY),
    "IdToken": Validity("hours", 3600, 300, DAY),
    "RefreshToken": Validity("days", 30 * DAY, 3600, 3650 * DAY),
}
_NEW_NAMES = {
    "ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "CUSTOM_AUTH_FLOW_ONLY": "ALLOW_CUSTOM_AUTH",
    "USER_PASSWORD_AUTH": "ALLOW_USER_PASSWORD_AUTH",
}
UNSAID = frozenset({"ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH"})
"""The flows of a client that names none."""


def flows(client: Client) -> frozenset[str]:
    """The flows that the client may use, by their names with ALLOW_; the legacy names mean these."""
    given = client.settings.get("ExplicitAuthFlows")
    if not given:
        return UNSAID
    if given[0].startswith("ALLOW_"):
        return frozenset(given)
    legacy = {_NEW_NAMES[name] for name in given} | {"ALLOW_REFRESH_TOKEN_AUTH"}
    return frozenset(legacy if "CUSTOM_AUTH_FLOW_ONLY" in given else legacy | {"ALLOW_USER_SRP_AUTH"})


def hides_users(client: Client) -> bool:
    """Whether answers must not tell that a user does not exist (PreventUserExistenceErrors)."""
    return bool(client.settings.get("PreventUserExistenceErrors") == "ENABLED")


def lifetime(settings: Mapping[str, Any], token: Token) -> int:
    """For how many seconds a token of this kind is good."""
    kind, value = VALIDITY[token], settings.get(f"{token}Validity")
    if not value:
        return kind.default
    return int(value) * _SECONDS[settings.get("TokenValidityUnits", {}).get(token, kind.unit)]
