"""What tokens say. docs: "Understanding the identity (ID) token", "Understanding the access token"."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from atoll.services.cognito_idp.names import issuer
from atoll.services.cognito_idp.pools.client_settings import lifetime
from atoll.services.cognito_idp.store import Client, Group, Login, Pool, User
from atoll.services.cognito_idp.users import attributes

ADMIN_SCOPE = "aws.cognito.signin.user.admin"
"""What a user may do to himself with an access token: the scope of every token that no hosted page gave."""
_PROFILE = frozenset(
    {"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture"}
    | {"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"}
)
_BY_SCOPE = {
    "profile": _PROFILE,
    "email": frozenset({"email", "email_verified"}),
    "phone": frozenset({"phone_number", "phone_number_verified"}),
}
_BOOLEANS = ("email_verified", "phone_number_verified")


class Standing(msgspec.Struct, frozen=True):
    """A user's groups as tokens name them: the highest first (the lowest precedence), their roles, and the preferred one or ""."""

    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    preferred: str = ""


def standing(groups: Collection[Group]) -> Standing:
    """docs: "Adding groups to a user pool": of groups with the same precedence and different roles none is preferred."""
    ranked = sorted(groups, key=lambda group: (group.precedence is None, group.precedence or 0, group.name))
    names = tuple(group.name for group in ranked)
    roles = tuple(dict.fromkeys(group.role for group in ranked if group.role))
    first = next((group for group in ranked if group.role), None)
    if first is None:
        return Standing(names)
    rivals = {group.role for group in ranked if group.role and group.precedence == first.precedence}
    return Standing(names, roles, first.role or "" if len(rivals) == 1 else "")


def readable(client: Client, scopes: Collection[str], user: User) -> dict[str, Any]:
    """The user's attributes that an ID token shows to a client: those that it may read, and of them those of the scopes that a page asked
    for; `openid` alone, or a sign-in without pages, means all."""
    shown = _shown(scopes)
    return {
        name: _typed(name, value)
        for name, value in attributes.readable(client, user.attributes).items()
        if shown is None or name in shown
    }


def _shown(scopes: Collection[str]) -> Collection[str] | None:
    asked = [scope for scope in _BY_SCOPE if scope in scopes]
    if (ADMIN_SCOPE in scopes and "openid" not in scopes) or not asked:
        return None
    return {name for scope in asked for name in _BY_SCOPE[scope]}


def _typed(name: str, value: str) -> Any:
    if name in _BOOLEANS:
        return value.lower() == "true"
    return {"formatted": value} if name == "address" else value


def of_id_token(
    pool: Pool, client: Client, user: User, standing: Standing, login: Login, *, jti: str, now: int
) -> dict[str, Any]:
    """The claims of an ID token that is issued at `now` (region time, seconds)."""
    claims = {
        "sub": user.sub,
        **_groups(standing),
        "iss": issuer(pool.id),
        "cognito:username": user.name,
        **({"cognito:preferred_role": standing.preferred} if standing.preferred else {}),
        **({"cognito:roles": list(standing.roles)} if standing.roles else {}),
        **({"nonce": login.nonce} if login.nonce else {}),
        **_origin(client, login),
        "aud": client.id,
        "event_id": login.event,
        "token_use": "id",
        "auth_time": int(login.at),
        "exp": now + lifetime(client.settings, "IdToken"),
        "iat": now,
        "jti": jti,
    }
    return claims | readable(client, login.scopes, user)


def of_access_token(
    pool: Pool, client: Client, user: User, standing: Standing, login: Login, *, jti: str, now: int
) -> dict[str, Any]:
    """The claims of a user's access token; `version` is of those that hosted pages gave."""
    return {
        "sub": user.sub,
        **_groups(standing),
        "iss": issuer(pool.id),
        **({"version": 2} if login.hosted else {}),
        "client_id": client.id,
        **_origin(client, login),
        "event_id": login.event,
        "token_use": "access",
        "scope": " ".join(login.scopes),
        "auth_time": int(login.at),
        "exp": now + lifetime(client.settings, "AccessToken"),
        "iat": now,
        "jti": jti,
        "username": user.name,
    }


def of_machine(pool: Pool, client: Client, scopes: Collection[str], *, jti: str, now: int) -> dict[str, Any]:
    """The claims of an access token that a client got for itself (client_credentials)."""
    return {
        "sub": client.id,
        "token_use": "access",
        "scope": " ".join(scopes),
        "auth_time": now,
        "iss": issuer(pool.id),
        "exp": now + lifetime(client.settings, "AccessToken"),
        "iat": now,
        "version": 2,
        "jti": jti,
        "client_id": client.id,
    }


def _groups(standing: Standing) -> dict[str, Any]:
    return {"cognito:groups": list(standing.groups)} if standing.groups else {}


def _origin(client: Client, login: Login) -> dict[str, str]:
    """What revocation goes by. docs: "Revoking refresh tokens": clients without it get none."""
    return {"origin_jti": login.origin} if client.settings.get("EnableTokenRevocation", True) else {}
