"""Which role a user gets whose provider has a role mapping. Pure.

docs: developer guide, "Using role-based access control" (identity pools).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from atoll.services.cognito_identity.errors import NotAuthorizedException

_MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "Equals": lambda value, wanted: value == wanted,
    "NotEqual": lambda value, wanted: value != wanted,
    "StartsWith": lambda value, wanted: value.startswith(wanted),
    "Contains": lambda value, wanted: wanted in value,
}
DENIED = "Access to Role is forbidden."


def chosen(mapping: Mapping[str, Any], claims: Mapping[str, Any], custom: str | None) -> str | Literal["default"]:
    """The ARN of the role that the mapping gives to a user with these claims, of several the one that he asks for (`custom`); "default"
    for the pool's role of authenticated users. Raises NotAuthorizedException where it gives none."""
    found = _by_token(claims, custom) if mapping["Type"] == "Token" else _by_rules(mapping, claims)
    if found is not None:
        return found
    if custom is not None or mapping.get("AmbiguousRoleResolution", "Deny") == "Deny":
        raise NotAuthorizedException(DENIED)
    return "default"


def _by_token(claims: Mapping[str, Any], custom: str | None) -> str | None:
    roles = [role for role in claims.get("cognito:roles", ()) if isinstance(role, str)]
    preferred = claims.get("cognito:preferred_role")
    if custom is not None:
        return custom if custom in roles else None
    if isinstance(preferred, str):
        return preferred
    return roles[0] if len(roles) == 1 else None


def _by_rules(mapping: Mapping[str, Any], claims: Mapping[str, Any]) -> str | None:
    """The first rule's role that matches. A claim that is a list is matched as one text, as tokens of other providers write it."""
    for rule in mapping.get("RulesConfiguration", {}).get("Rules", ()):
        if rule["Claim"] in claims and _MATCHES[rule["MatchType"]](_text(claims[rule["Claim"]]), rule["Value"]):
            return str(rule["RoleARN"])
    return None


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
