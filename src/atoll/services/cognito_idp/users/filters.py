"""ListUsers' Filter: `email ^= "ada@"`. Pure. docs: API_ListUsers, "Searching for and confirming user accounts"."""

from __future__ import annotations

import re
from typing import NamedTuple

from atoll.services.cognito_idp.errors import InvalidParameterException
from atoll.services.cognito_idp.store import User
from atoll.services.cognito_idp.users.shown import everything

SEARCHABLE = (
    "username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username",
    "cognito:user_status", "status", "sub",
)  # fmt: skip
_FILTER = re.compile(r"\s*([\w:]+)\s*(\^?=)\s*(.*?)\s*", re.DOTALL)


class Filter(NamedTuple):
    """What a user's attribute must be, or begin with."""

    attribute: str
    prefix: bool
    value: str

    def takes(self, user: User) -> bool:
        """Whether the user is one of those."""
        found = _value(user, self.attribute)
        if found is None:
            return False
        if self.attribute in ("username", "email", "preferred_username"):
            return _holds(found.lower(), self.value.lower(), prefix=self.prefix)
        return _holds(found, self.value, prefix=self.prefix)


def parse(text: str) -> Filter | None:
    """A filter, None for an empty one. Raises InvalidParameterException."""
    if not text.strip():
        return None
    match = _FILTER.fullmatch(text)
    value = _unquoted(match[3]) if match else None
    if match is None or value is None:
        raise InvalidParameterException("Error while parsing filter string.")
    if match[1] not in SEARCHABLE:
        raise InvalidParameterException(f"Invalid search attribute: {match[1]}")
    return Filter(match[1], match[2] == "^=", value)


def _unquoted(text: str) -> str | None:
    """The value between double quotes (or single, as AWS takes them too), `\\"` in it a quote; None where it is none."""
    if len(text) < 2 or text[0] not in "\"'" or text[-1] != text[0]:
        return None
    quote, inner = text[0], text[1:-1]
    if re.fullmatch(rf"(?:\\.|[^\\{quote}])*", inner, re.DOTALL) is None:
        return None
    return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)


def _value(user: User, attribute: str) -> str | None:
    if attribute == "username":
        return user.name
    if attribute == "cognito:user_status":
        return user.status
    if attribute == "status":
        return "Enabled" if user.enabled else "Disabled"
    return everything(user).get(attribute)


def _holds(found: str, value: str, *, prefix: bool) -> bool:
    return found.startswith(value) if prefix else found == value
