"""What an app client is set to, checked as AWS does, and what that means to whoever signs users in.

docs: API_CreateUserPoolClient, API_UpdateUserPoolClient. An update replaces: what it does not name goes back to its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from atoll.services.cognito_idp.errors import InvalidOAuthFlowException, InvalidParameterException
from atoll.services.cognito_idp.store import Client, Pool

Token = Literal["AccessToken", "IdToken", "RefreshToken"]
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_DAY = 86400
_VALIDITY: Mapping[Token, tuple[str, str, int, int, int]] = {
    # member, default unit, default, least and most in seconds
    "AccessToken": ("AccessTokenValidity", "hours", 1, 300, _DAY),
    "IdToken": ("IdTokenValidity", "hours", 1, 300, _DAY),
    "RefreshToken": ("RefreshTokenValidity", "days", 30, 3600, 3650 * _DAY),
}
_DEFAULTS = {
    "RefreshTokenValidity": 30,
    "TokenValidityUnits": {},
    "AllowedOAuthFlowsUserPoolClient": False,
    "EnableTokenRevocation": True,
    "EnablePropagateAdditionalUserContextData": False,
    "AuthSessionValidity": 3,
}
_AS_GIVEN = (
    "AccessTokenValidity", "IdTokenValidity", "ReadAttributes", "WriteAttributes", "ExplicitAuthFlows",
    "SupportedIdentityProviders", "CallbackURLs", "LogoutURLs", "DefaultRedirectURI", "AllowedOAuthFlows",
    "AllowedOAuthScopes", "AnalyticsConfiguration", "PreventUserExistenceErrors", "RefreshTokenRotation",
)  # fmt: skip
_NEW_NAMES = {
    "ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "CUSTOM_AUTH_FLOW_ONLY": "ALLOW_CUSTOM_AUTH",
    "USER_PASSWORD_AUTH": "ALLOW_USER_PASSWORD_AUTH",
}
_UNSAID = frozenset({"ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_AUTH"})
"""The flows of a client that names none."""


def flows(client: Client) -> frozenset[str]:
    """The flows that the client may use, by their names with ALLOW_; the legacy names mean these."""
    given = client.settings.get("ExplicitAuthFlows")
    if not given:
        return _UNSAID
    if given[0].startswith("ALLOW_"):
        return frozenset(given)
    legacy = {_NEW_NAMES[name] for name in given} | {"ALLOW_REFRESH_TOKEN_AUTH"}
    return frozenset(legacy if "CUSTOM_AUTH_FLOW_ONLY" in given else legacy | {"ALLOW_USER_SRP_AUTH"})


def hides_users(client: Client) -> bool:
    """Whether answers must not tell that a user does not exist (PreventUserExistenceErrors)."""
    return bool(client.settings.get("PreventUserExistenceErrors") == "ENABLED")


def lifetime(settings: Mapping[str, Any], token: Token) -> int:
    """For how many seconds a token of this kind is good."""
    member, unit, default, _, _ = _VALIDITY[token]
    value = settings.get(member) or default
    return int(value) * _SECONDS[settings.get("TokenValidityUnits", {}).get(token, unit)]


def checked(pool: Pool, request: Mapping[str, Any], *, has_secret: bool) -> dict[str, Any]:
    """The settings that a request asks for, with AWS's defaults. Raises InvalidParameterException and InvalidOAuthFlowException."""
    settings = {name: request.get(name, default) for name, default in _DEFAULTS.items()}
    settings |= {name: request[name] for name in _AS_GIVEN if name in request}
    _check_validity(settings)
    _check_flows(settings)
    _check_oauth(settings, has_secret=has_secret)
    return settings


def _check_validity(settings: Mapping[str, Any]) -> None:
    for token, (_, _, _, least, most) in _VALIDITY.items():
        if not least <= lifetime(settings, token) <= most:
            raise InvalidParameterException("Invalid range for token validity.")


def _check_flows(settings: Mapping[str, Any]) -> None:
    given = settings.get("ExplicitAuthFlows", ())
    new = [name.startswith("ALLOW_") for name in given]
    if any(new) and not all(new):
        raise InvalidParameterException(
            "ExplicitAuthFlows values with the ALLOW_ prefix cannot be used along with values without it."
        )


def _check_oauth(settings: Mapping[str, Any], *, has_secret: bool) -> None:
    oauth = settings.get("AllowedOAuthFlows", ())
    if settings["AllowedOAuthFlowsUserPoolClient"] and not (oauth and settings.get("AllowedOAuthScopes")):
        raise InvalidOAuthFlowException(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."
        )
    if "client_credentials" in oauth:
        if len(set(oauth)) > 1:
            raise InvalidOAuthFlowException(
                "client_credentials flow can not be selected along with code flow or implicit flow."
            )
        if not has_secret:
            raise InvalidOAuthFlowException(
                "client_credentials flow can not be selected if client does not have a client secret."
            )
