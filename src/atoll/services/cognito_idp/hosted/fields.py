"""The fields of forms: how a pool's users call themselves, which attributes it wants to know, what passwords it takes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from atoll.kernel.errors import ServiceError
from atoll.services.cognito_idp.errors import InvalidPasswordException, PasswordHistoryPolicyViolationException
from atoll.services.cognito_idp.pools.settings import password_policy
from atoll.services.cognito_idp.store import Pool

_INPUTS = {
    "email": ("email", "email"), "phone_number": ("tel", "tel"), "birthdate": ("date", "bday"), "website": ("url", "url"),
    "given_name": ("text", "given-name"), "family_name": ("text", "family-name"), "name": ("text", "name"),
    "nickname": ("text", "nickname"), "address": ("text", "street-address"),
}  # fmt: skip
"""Types of inputs, and what browsers may fill in."""
_HINTS = {"phone_number": "With a plus sign and the country’s code, such as +14255550123."}
_RULES = {
    "RequireUppercase": "an upper-case letter", "RequireLowercase": "a lower-case letter",
    "RequireNumbers": "a digit", "RequireSymbols": "a symbol",
}  # fmt: skip


class Field(NamedTuple):
    """An attribute that a form asks for."""

    name: str
    label: str
    type: str
    complete: str
    value: str
    hint: str


def username_label(pool: Pool, *, new: bool = False) -> str:
    """What the first field of a form is called: what people may call themselves; of `new` users, what they are to be called."""
    names = list(pool.settings.get("UsernameAttributes", ()))
    if not names:
        names = ["username", *(() if new else pool.settings.get("AliasAttributes", ()))]
    words = [_label(name).lower() for name in names if name != "preferred_username"]
    return " or ".join(words).capitalize()


def username_type(pool: Pool) -> str:
    """The type of that input for somebody new."""
    return "email" if pool.settings.get("UsernameAttributes") == ["email"] else "text"


def attributes(pool: Pool, form: Mapping[str, str]) -> list[Field]:
    """The attributes that a new user must have, beside the name."""
    asked = {attribute.name for attribute in pool.schema if attribute.required} - {"sub"}
    asked |= set(pool.settings.get("AutoVerifiedAttributes", ()))
    named = pool.settings.get("UsernameAttributes", ())
    if len(named) == 1:  # the name is that attribute
        asked -= set(named)
    elif named:
        asked -= {"email", "phone_number"}
    return fields(sorted(asked), form)


def fields(names: Iterable[str], form: Mapping[str, str]) -> list[Field]:
    """Fields for attributes, filled in as the form had them."""
    found = []
    for name in names:
        kind, complete = _INPUTS.get(name, ("text", "off"))
        found.append(Field(name, _label(name), kind, complete, form.get(key(name), ""), _HINTS.get(name, "")))
    return found


def given(form: Mapping[str, str]) -> dict[str, str]:
    """The attributes that a form brings, by name."""
    prefix, end = "requiredAttributes[", "]"
    return {
        name[len(prefix) : -1]: value
        for name, value in form.items()
        if name.startswith(prefix) and name.endswith(end) and value
    }


def key(name: str) -> str:
    """How a form calls an attribute."""
    return f"requiredAttributes[{name}]"


def wrong(error: ServiceError, names: Iterable[str] = ()) -> str:
    """The field of a form that an error is about: the password, one of these attributes, or "" for the one that comes first anyway."""
    if isinstance(error, (InvalidPasswordException, PasswordHistoryPolicyViolationException)):
        return "password"
    text = error.message.lower()
    if text.startswith("username"):
        return ""
    told = (name for name in sorted(names, key=len, reverse=True) if name in text or name.replace("_", " ") in text)
    return next(map(key, told), "")


def password_hint(pool: Pool) -> str:
    """The pool's rules for passwords in a sentence."""
    policy = password_policy(pool)
    wanted = [words for rule, words in _RULES.items() if policy.get(rule)]
    text = f"At least {policy.get('MinimumLength', 8)} characters"
    if not wanted:
        return text + "."
    return f"{text}, with {', '.join(wanted[:-1])}{' and ' if len(wanted) > 1 else ''}{wanted[-1]}."


def _label(name: str) -> str:
    return name.removeprefix("custom:").replace("_", " ").capitalize()
