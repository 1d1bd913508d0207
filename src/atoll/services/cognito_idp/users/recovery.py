"""How a user who forgot the password is reached, and whether at all. Pure. docs: "AccountRecoverySetting"."""

from __future__ import annotations

from atoll.services.cognito_idp.errors import InvalidParameterException, NotAuthorizedException
from atoll.services.cognito_idp.messages import Medium
from atoll.services.cognito_idp.store import Pool, User
from atoll.services.cognito_idp.users.attributes import VERIFIED

_MEDIUMS: dict[str, tuple[Medium, str]] = {
    "verified_email": ("EMAIL", "email"),
    "verified_phone_number": ("SMS", "phone_number"),
}
_DEFAULT = ("verified_phone_number", "verified_email")
"""Of pools that say nothing: the phone first."""


def medium_for(pool: Pool, user: User) -> Medium:
    """Where a code for a new password goes: the first of the pool's ways that is verified. A phone that is the second factor does not
    count where there is another way. Raises NotAuthorizedException, InvalidParameterException."""
    ways = _ways(pool)
    if ways == ["admin_only"]:
        raise NotAuthorizedException("Contact administrator to reset password.")
    found = [
        _MEDIUMS[way][0]
        for way in ways
        if user.attributes.get(_MEDIUMS[way][1]) and user.attributes.get(VERIFIED[_MEDIUMS[way][1]]) == "true"
    ]
    if "SMS_MFA" in user.mfa and len(found) > 1:
        found.remove("SMS")
    if not found:
        raise InvalidParameterException(
            "Cannot reset password for the user as there is no registered/verified email or phone_number"
        )
    return found[0]


def require_resettable(user: User) -> None:
    """Raises NotAuthorizedException for a user who cannot reset the password: disabled, or invited and never seen."""
    if not user.enabled:
        raise NotAuthorizedException("User is disabled.")
    if user.status == "FORCE_CHANGE_PASSWORD":
        raise NotAuthorizedException("User password cannot be reset in the current state.")


def _ways(pool: Pool) -> list[str]:
    mechanisms = (pool.settings.get("AccountRecoverySetting") or {}).get("RecoveryMechanisms") or ()
    return [one["Name"] for one in sorted(mechanisms, key=lambda one: int(one["Priority"]))] or list(_DEFAULT)
