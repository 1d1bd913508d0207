"""Attributes of users: what a pool's schema, its client and the formats of e-mail addresses and phone numbers allow. Pure.

docs: "Working with user attributes". Messages as AWS answers them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from atoll.services.cognito_idp.errors import InvalidParameterException, NotAuthorizedException
from atoll.services.cognito_idp.store import Attribute, Client, Pool

VERIFIED = {"email": "email_verified", "phone_number": "phone_number_verified"}
_WHAT = {"email": ("Email", "an email"), "phone_number": ("Phone Number", "a phone number")}
_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"]{1,64}@[^\s@,;:<>()\[\]\\\"]{1,255}")
_PHONE = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9:]+)?)?", re.ASCII)
_SCHEMA = "Attributes did not conform to the schema: "
_SCIM = {
    "email": "emails", "phone_number": "phoneNumbers", "address": "addresses", "name": "name.formatted",
    "given_name": "name.givenName", "family_name": "name.familyName", "middle_name": "name.middleName",
    "nickname": "nickName", "profile": "profileUrl", "zoneinfo": "timezone", "locale": "locale",
}  # fmt: skip
"""What AWS calls attributes that are missing (of `profile` and `zoneinfo` by RFC 7643, unrecorded); others it calls its own."""

Pairs = Iterable[Mapping[str, Any]]


def is_email(text: str) -> bool:
    """Whether it is an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Whether it is a phone number in E.164."""
    return _PHONE.fullmatch(text) is not None


def given(pool: Pool, pairs: Pairs) -> dict[str, str]:
    """The attributes of a request, by name, checked against the pool's schema. Raises InvalidParameterException."""
    found: dict[str, str] = {}
    for pair in pairs:
        if "Value" not in pair:
            raise InvalidParameterException(f"Attribute value for {pair['Name']} must not be null")
        found[pair["Name"]] = pair["Value"]
    schema = {attribute.name: attribute for attribute in pool.schema}
    if "sub" in found:
        raise InvalidParameterException("Cannot modify the non-mutable attribute sub")
    if unknown := [name for name in found if name not in schema]:
        raise _unknown(unknown[0])
    problems = [problem for name, value in found.items() if (problem := _problem(schema[name], value))]
    if problems:
        raise InvalidParameterException(_SCHEMA + "\n".join(problems))
    if found.get("email") and not is_email(found["email"]):
        raise InvalidParameterException("Invalid email address format.")
    if found.get("phone_number") and not is_phone(found["phone_number"]):
        raise InvalidParameterException("Invalid phone number format.")
    return found


def require_writable(client: Client | None, names: Iterable[str]) -> None:
    """Raises NotAuthorizedException where the client may not write one of these. Clients without a list may write what is
    neither verified by codes nor for administrators only."""
    allowed = client.settings.get("WriteAttributes") if client else None
    for name in names:
        if name.startswith("dev:") or (name in VERIFIED.values()) or (allowed and name not in allowed):
            raise NotAuthorizedException("A client attempted to write unauthorized attribute")


def readable(client: Client | None, attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes that a client may read, `sub` among them; all but those for administrators where it has no list."""
    allowed = client.settings.get("ReadAttributes") if client else None
    return {
        name: value
        for name, value in attributes.items()
        if not name.startswith("dev:") and (not allowed or name in allowed or name == "sub")
    }


def require_complete(pool: Pool, attributes: Mapping[str, str]) -> None:
    """Raises InvalidParameterException where a required attribute is missing."""
    if missing := missing_of(pool, attributes):
        raise _required(missing)


def missing_of(pool: Pool, attributes: Mapping[str, str]) -> list[str]:
    """The required attributes that are not there."""
    return [a.name for a in pool.schema if a.required and a.name != "sub" and not attributes.get(a.name)]


def require_mutable(pool: Pool, names: Iterable[str]) -> None:
    """Raises InvalidParameterException for an attribute that cannot be changed once the user is there."""
    schema = {attribute.name: attribute for attribute in pool.schema}
    for name in names:
        if name in schema and not schema[name].mutable:
            raise InvalidParameterException(f"user.{name}: Attribute cannot be updated.\n")


def require_known(pool: Pool, names: Iterable[str]) -> None:
    """Raises InvalidParameterException for a name that the pool's users have no attribute of."""
    known = {attribute.name for attribute in pool.schema}
    for name in names:
        if name == "sub":
            raise InvalidParameterException("Cannot modify the non-mutable attribute sub")
        if name not in known:
            raise _unknown(name)


def require_kept(pool: Pool, changed: Iterable[str], after: Mapping[str, str]) -> None:
    """Raises InvalidParameterException where a change took a required attribute away."""
    gone = [name for name in missing_of(pool, after) if name in set(changed)]
    if gone:
        raise _required(gone)


def require_verifiable(attributes: Mapping[str, str]) -> None:
    """Raises InvalidParameterException where something is said to be verified that is not there."""
    for name, flag in VERIFIED.items():
        if flag in attributes and not attributes.get(name):
            what, article = _WHAT[name]
            raise InvalidParameterException(f"{what} is required to verify/un-verify {article}")


def merged(before: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Attributes after a change: an empty value takes one away, and a new e-mail address or phone number is not verified yet, unless
    the change says that it is."""
    after = dict(before)
    for name, flag in VERIFIED.items():
        if name in changes and changes[name] != before.get(name):
            after[flag] = "false"
    after |= changes
    for name, flag in VERIFIED.items():
        if not after.get(name):
            after.pop(flag, None)
    return {name: value for name, value in after.items() if value != ""}


def _required(names: Sequence[str]) -> InvalidParameterException:
    told = (_SCIM.get(name, f"aws:cognito:system.{name}") for name in names)
    return InvalidParameterException(_SCHEMA + ", ".join(f"{name}: The attribute {name} is required" for name in told))


def _unknown(name: str) -> InvalidParameterException:
    return InvalidParameterException(f"{_SCHEMA}Type for attribute {{{name}}} could not be determined")


def _problem(attribute: Attribute, value: str) -> str | None:
    """What is wrong with one attribute by the schema; an empty value takes the attribute away."""
    bad = _BAD[attribute.type](attribute, value) if value else None
    return f"{attribute.name}: {bad}" if bad else None


def _bad_string(attribute: Attribute, value: str) -> str | None:
    if attribute.least is not None and len(value) < int(attribute.least):
        return f"String must be no shorter than {attribute.least} characters"
    if attribute.most is not None and len(value) > int(attribute.most):
        return f"String must be no longer than {attribute.most} characters"
    return None


def _bad_number(attribute: Attribute, value: str) -> str | None:
    if not _INTEGER.fullmatch(value):
        return "Value is not a number"
    if attribute.least is not None and int(value) < int(attribute.least):
        return f"Number must be greater than or equal to {attribute.least}"
    if attribute.most is not None and int(value) > int(attribute.most):
        return f"Number must be less than or equal to {attribute.most}"
    return None


def _bad_boolean(_attribute: Attribute, value: str) -> str | None:
    return None if value.lower() in ("true", "false") else "Value is not a boolean"


def _bad_date(_attribute: Attribute, value: str) -> str | None:
    return None if _DATE.fullmatch(value) or _INTEGER.fullmatch(value) else "Value is not a date"


_BAD = {"String": _bad_string, "Number": _bad_number, "Boolean": _bad_boolean, "DateTime": _bad_date}
