"""User names: what a pool takes for one, and which attribute a name stands for. Pure.

docs: "Customizing sign-in attributes".
"""

from __future__ import annotations

from atoll.services.cognito_idp.errors import InvalidParameterException
from atoll.services.cognito_idp.store import Pool
from atoll.services.cognito_idp.users.attributes import is_email, is_phone

_ONLY = {
    ("email",): "Username should be an email.",
    ("phone_number",): "Username should be a phone number.",
    ("email", "phone_number"): "Username should be either an email or a phone number.",
}
_NOT = {
    "email": "Username cannot be of email format, since user pool is configured for email alias.",
    "phone_number": "Username cannot be of phone number format, since user pool is configured for phone number alias.",
}
_IS = {"email": is_email, "phone_number": is_phone}


def named(pool: Pool, name: str, sub: str) -> tuple[str, dict[str, str]]:
    """The name that a new user gets, and the attributes that the given name sets: where users sign in by e-mail address or phone
    number only, the name is their `sub`. Raises InvalidParameterException."""
    wanted = tuple(sorted(pool.settings.get("UsernameAttributes") or ()))
    if wanted:
        for attribute in wanted:
            if _IS[attribute](name):
                return sub, {attribute: name}
        raise InvalidParameterException(_ONLY[wanted])
    for attribute in pool.settings.get("AliasAttributes") or ():
        if attribute in _IS and _IS[attribute](name):
            raise InvalidParameterException(_NOT[attribute])
    return name, {}
