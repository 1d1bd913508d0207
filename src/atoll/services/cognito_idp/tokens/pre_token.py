"""What the pre token generation trigger changes of tokens. docs: "Pre token generation Lambda trigger".

A version one event changes the ID token alone, and its values are text; versions two and three change both tokens, to any JSON, and the
scopes of access tokens. Groups that it sets go into both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.services.cognito_idp.errors import InvalidLambdaResponseException
from atoll.services.cognito_idp.store import Pool
from atoll.services.cognito_idp.tokens.claims import Standing

_SHARED = frozenset(
    {"acr", "amr", "at_hash", "auth_time", "azp", "exp", "iat", "iss", "jti", "nbf", "nonce", "origin_jti", "sub"}
    | {"token_use"}
)
_OF_ID = _SHARED | {"identities", "aud", "cognito:username"}
_OF_ACCESS = _SHARED | {"username", "client_id", "scope", "device_key", "event_id", "version"}
"""Claims that a trigger's answer has no effect on. docs: the same page, "Excluded claims and scopes"."""
_PREFIXES = ("dev:", "cognito:")


class Changes(msgspec.Struct, frozen=True):
    """What an answer says, by parts; None where it leaves the groups as they are."""

    id_claims: Mapping[str, Any]
    id_without: Sequence[str]
    access_claims: Mapping[str, Any]
    access_without: Sequence[str]
    scopes: Sequence[str]
    scopes_without: Sequence[str]
    groups: Standing | None


NO_CHANGES = Changes({}, (), {}, (), (), (), None)


def version_of(pool: Pool) -> str:
    """`V1_0`, `V2_0` or `V3_0`: the events that the pool's function gets; "" where it has none."""
    functions = pool.settings.get("LambdaConfig") or {}
    config = functions.get("PreTokenGenerationConfig") or {}
    if config.get("LambdaArn"):
        return str(config.get("LambdaVersion", "V1_0"))
    return "V1_0" if functions.get("PreTokenGeneration") else ""


def request_of(standing: Standing, scopes: Sequence[str], version: str) -> dict[str, Any]:
    """The event's `request`, but for the user's attributes."""
    groups = {
        "groupsToOverride": list(standing.groups),
        "iamRolesToOverride": list(standing.roles),
        "preferredRole": standing.preferred or None,
    }
    return {"groupConfiguration": groups, **({} if version == "V1_0" else {"scopes": list(scopes)})}


def changes_of(response: Mapping[str, Any], version: str) -> Changes:
    """What the function's `response` asks for. Raises InvalidLambdaResponseException where it is not what it must be."""
    if version == "V1_0":
        details = _mapping(response, "claimsOverrideDetails")
        claims = _mapping(details, "claimsToAddOrOverride")
        if not all(isinstance(value, str) for value in claims.values()):
            raise _wrong()
        return Changes(claims, _texts(details, "claimsToSuppress"), {}, (), (), (), _groups(details))
    details = _mapping(response, "claimsAndScopeOverrideDetails")
    of_id, of_access = _mapping(details, "idTokenGeneration"), _mapping(details, "accessTokenGeneration")
    return Changes(
        _mapping(of_id, "claimsToAddOrOverride"),
        _texts(of_id, "claimsToSuppress"),
        _mapping(of_access, "claimsToAddOrOverride"),
        _texts(of_access, "claimsToSuppress"),
        _texts(of_access, "scopesToAdd"),
        _texts(of_access, "scopesToSuppress"),
        _groups(details),
    )


def id_claims(claims: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """An ID token's claims, changed."""
    return _changed(claims, changes.id_claims, changes.id_without, _OF_ID)


def access_claims(claims: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """An access token's claims and scopes, changed: an audience can only be the client, and no scope of AWS's is added."""
    added = dict(changes.access_claims)
    if added.get("aud", claims["client_id"]) != claims["client_id"]:
        del added["aud"]
    scopes = [scope for scope in claims["scope"].split() if scope not in changes.scopes_without]
    scopes += [
        scope for scope in changes.scopes if scope.isprintable() and " " not in scope and scope[:11] != "aws.cognito"
    ]
    found = _changed(claims, added, changes.access_without, _OF_ACCESS)
    return found | {"scope": " ".join(dict.fromkeys(scope for scope in scopes if scope))}


def _changed(
    claims: dict[str, Any], added: Mapping[str, Any], without: Sequence[str], protected: frozenset[str]
) -> dict[str, Any]:
    gone = {name for name in without if name not in protected}
    new = {name: value for name, value in added.items() if name not in protected and not name.startswith(_PREFIXES)}
    return {name: value for name, value in {**claims, **new}.items() if name not in gone}


def _groups(details: Mapping[str, Any]) -> Standing | None:
    if "groupOverrideDetails" not in details:
        return None
    groups = _mapping(details, "groupOverrideDetails")
    preferred = groups.get("preferredRole") or ""
    if not isinstance(preferred, str):
        raise _wrong()
    return Standing(_texts(groups, "groupsToOverride"), _texts(groups, "iamRolesToOverride"), preferred)


def _mapping(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _wrong()
    return value


def _texts(holder: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = holder.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong()
    return tuple(value)


def _wrong() -> InvalidLambdaResponseException:
    return InvalidLambdaResponseException("Unrecognizable lambda output")
