"""Users as operations show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.services.cognito_idp.store import User


def pairs(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    """Attributes as the API lists them."""
    return [{"Name": name, "Value": value} for name, value in attributes.items()]


def everything(user: User) -> dict[str, str]:
    """The user's attributes, `sub` first."""
    return {"sub": user.sub, **user.attributes}


def listed(user: User) -> dict[str, Any]:
    """UserType: how lists and AdminCreateUser show a user."""
    return {
        "Username": user.name,
        "Attributes": pairs(everything(user)),
        "UserCreateDate": user.created,
        "UserLastModifiedDate": user.modified,
        "Enabled": user.enabled,
        "UserStatus": user.status,
    }


def factors(user: User) -> dict[str, Any]:
    """The second factors that are on, as AdminGetUser and GetUser show them."""
    return {
        "PreferredMfaSetting": user.preferred or None,
        "UserMFASettingList": list(user.mfa) or None,
    }
