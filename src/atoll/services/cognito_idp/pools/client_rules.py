"""What AWS accepts of an app client's settings, and their defaults.

docs: API_CreateUserPoolClient, API_UpdateUserPoolClient. An update replaces: what it does not name goes back to its default.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from atoll.services.cognito_idp.errors import (
    InvalidOAuthFlowException,
    InvalidParameterException,
    ScopeDoesNotExistException,
)
from atoll.services.cognito_idp.pools.client_settings import VALIDITY, lifetime
from atoll.services.cognito_idp.store import Pool

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
_STANDARD_SCOPES = frozenset({"phone", "email", "openid", "profile", "aws.cognito.signin.user.admin"})
_KEPT = frozenset({"sub", "email_verified", "phone_number_verified"})
"""Attributes that no client may set."""
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def checked(
    pool: Pool, request: Mapping[str, Any], custom_scopes: Collection[str], doing: str, *, has_secret: bool
) -> dict[str, Any]:
    """The settings that a request asks for, with AWS's defaults. `doing` is "creating" or "updating", for its sentences. Raises
    InvalidParameterException, InvalidOAuthFlowException and ScopeDoesNotExistException."""
    settings = {name: request.get(name, default) for name, default in _DEFAULTS.items()}
    settings |= {name: request[name] for name in _AS_GIVEN if request.get(name) not in (None, [], "")}
    settings["RefreshTokenValidity"] = settings["RefreshTokenValidity"] or 30
    if "RefreshTokenRotation" in settings:
        settings["RefreshTokenRotation"] = {"RetryGracePeriodSeconds": 0, **settings["RefreshTokenRotation"]}
    _check_validity(settings)
    _check_flows(settings)
    _check_oauth(settings, custom_scopes, has_secret=has_secret)
    _check_addresses(settings)
    _check_attributes(pool, settings, doing)
    for name in settings.get("SupportedIdentityProviders", ()):
        if name != "COGNITO":
            raise InvalidParameterException(f"The provider {name} does not exist for User Pool {pool.id}.")
    if settings["EnablePropagateAdditionalUserContextData"] and not has_secret:
        raise InvalidParameterException(
            "EnablePropagateAdditionalUserContextData can only be enabled if the client has a client secret."
        )
    return settings


def _check_validity(settings: Mapping[str, Any]) -> None:
    lengths = {token: lifetime(settings, token) for token in VALIDITY}
    for token, kind in VALIDITY.items():
        if not kind.least <= lengths[token] <= kind.most or lengths[token] > lengths["RefreshToken"]:
            raise InvalidParameterException("Invalid range for token validity.")


def _check_flows(settings: Mapping[str, Any]) -> None:
    given = settings.get("ExplicitAuthFlows", ())
    new = [name.startswith("ALLOW_") for name in given]
    if any(new) and not all(new):
        raise InvalidParameterException(
            "ExplicitAuthFlows values with the ALLOW_ prefix cannot be used along with values without it."
        )
    refreshes = "ALLOW_REFRESH_TOKEN_AUTH" in given
    rotates = settings.get("RefreshTokenRotation", {}).get("Feature") == "ENABLED"
    if any(new) and not refreshes and not rotates:
        raise InvalidParameterException("REFRESH_TOKEN_AUTH should always be allowed.")
    if refreshes and rotates:
        raise InvalidParameterException("REFRESH_TOKEN_AUTH cannot be allowed while refresh token rotation is enabled.")


def _check_oauth(settings: Mapping[str, Any], custom_scopes: Collection[str], *, has_secret: bool) -> None:
    oauth, scopes = settings.get("AllowedOAuthFlows", ()), settings.get("AllowedOAuthScopes", ())
    if settings["AllowedOAuthFlowsUserPoolClient"] and not (oauth and scopes):
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
    for scope in scopes:
        if scope not in _STANDARD_SCOPES and scope not in custom_scopes:
            raise ScopeDoesNotExistException(f"Invalid scope requested: {scope}")


def _check_addresses(settings: Mapping[str, Any]) -> None:
    callbacks = settings.get("CallbackURLs", ())
    for address in (*callbacks, *settings.get("LogoutURLs", ())):
        _check_address(address)
    default = settings.get("DefaultRedirectURI")
    if default is not None and default not in callbacks:
        raise InvalidParameterException("Default redirect URI must be one of the callback URLs.")


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        raise InvalidParameterException(f"{address} is not a valid URI.") from None
    if not parts.scheme:
        raise InvalidParameterException(f"{address} is not an absolute URI.")
    if "#" in address:
        raise InvalidParameterException(f"{address} cannot contain a fragment.")
    if parts.scheme == "http" and host not in _THIS_MACHINE:
        raise InvalidParameterException(f"{address} cannot use the HTTP protocol.")


def _check_attributes(pool: Pool, settings: Mapping[str, Any], doing: str) -> None:
    readable = {one.name for one in pool.schema if not one.developer_only}
    writable = {one.name for one in pool.schema if one.mutable and not one.developer_only} - _KEPT
    needed = {one.name for one in pool.schema if one.required and one.mutable}
    if not set(settings.get("ReadAttributes", ())) <= readable:
        raise InvalidParameterException(f"Invalid read attributes specified while {doing} a client")
    given = settings.get("WriteAttributes")
    if given is not None and not needed <= set(given) <= writable:
        raise InvalidParameterException(f"Invalid write attributes specified while {doing} a client")
