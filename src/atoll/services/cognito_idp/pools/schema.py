"""What attributes the users of a pool can have: the standard ones, and those that its owner adds.

docs: "Working with user attributes"; API_SchemaAttributeType. Standard attributes are shown by every pool, in AWS's order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.services.cognito_idp.errors import InvalidParameterException
from atoll.services.cognito_idp.store import Attribute

MOST_CUSTOM = 50
"""Custom attributes of a pool (docs: "Quotas in Amazon Cognito")."""
LONGEST = 2048


def _text(name: str) -> Attribute:
    return Attribute(name, least="0", most=str(LONGEST))


STANDARD: Sequence[Attribute] = (
    *map(_text, ("profile", "address")),
    Attribute("birthdate", least="10", most="10"),
    *map(_text, ("gender", "preferred_username")),
    Attribute("updated_at", "Number", least="0"),
    *map(_text, ("website", "picture")),
    Attribute("sub", mutable=False, required=True, least="1", most=str(LONGEST)),
    _text("phone_number"),
    Attribute("phone_number_verified", "Boolean"),
    *map(_text, ("zoneinfo", "locale", "email")),
    Attribute("email_verified", "Boolean"),
    *map(_text, ("given_name", "family_name", "middle_name", "name", "nickname")),
)
"""AWS's twenty, as DescribeUserPool lists those of new pools; sentences about several keep the order."""
_BY_NAME = {attribute.name: attribute for attribute in STANDARD}
_BOUNDS = {"String": ("StringAttributeConstraints", "MinLength", "MaxLength"),
           "Number": ("NumberAttributeConstraints", "MinValue", "MaxValue")}  # fmt: skip


def schema_of(given: Sequence[Mapping[str, Any]]) -> tuple[Attribute, ...]:
    """A new pool's attributes: the standard ones, changed as CreateUserPool's Schema says, and its custom ones."""
    standard, custom = dict(_BY_NAME), []
    for one in given:
        name = one.get("Name", "")
        if name in standard:
            standard[name] = _standard(standard[name], one)
        else:
            custom.append(one)
    return with_custom(tuple(standard.values()), custom)


def with_custom(schema: tuple[Attribute, ...], given: Sequence[Mapping[str, Any]]) -> tuple[Attribute, ...]:
    """The attributes with custom ones added. Raises InvalidParameterException."""
    known = {attribute.name for attribute in schema}
    for one in given:
        attribute = _custom(one)
        if attribute.name in known:
            raise InvalidParameterException(f"{attribute.name}: Existing attribute already has name {attribute.name}.")
        known.add(attribute.name)
        schema = (*schema, attribute)
    if len(schema) - len(STANDARD) > MOST_CUSTOM:
        raise InvalidParameterException(f"Number of custom attributes exceeds the limit of {MOST_CUSTOM}.")
    return schema


def members(attribute: Attribute) -> dict[str, Any]:
    """An attribute as SchemaAttributes shows it."""
    shown: dict[str, Any] = {
        "Name": attribute.name,
        "AttributeDataType": attribute.type,
        "DeveloperOnlyAttribute": attribute.developer_only,
        "Mutable": attribute.mutable,
        "Required": attribute.required,
    }
    if attribute.type in _BOUNDS:
        member, least, most = _BOUNDS[attribute.type]
        bounds = {least: attribute.least, most: attribute.most}
        shown[member] = {key: value for key, value in bounds.items() if value is not None}
    return shown


def _standard(default: Attribute, one: Mapping[str, Any]) -> Attribute:
    if one.get("AttributeDataType", default.type) != default.type or one.get("DeveloperOnlyAttribute"):
        raise InvalidParameterException(
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute "
            f"{default.name}"
        )
    if default.name == "sub" and (one.get("Mutable") or not one.get("Required", True)):
        raise InvalidParameterException("sub attribute must be required and immutable.")
    least, most = _bounds(default.name, default, one)
    return Attribute(
        default.name,
        default.type,
        mutable=one.get("Mutable", default.mutable),
        required=one.get("Required", default.required),
        least=least,
        most=most,
    )


def _custom(one: Mapping[str, Any]) -> Attribute:
    name = one.get("Name")
    if not name:
        raise InvalidParameterException("Attribute name must not be null.")
    if "AttributeDataType" not in one:
        raise InvalidParameterException(
            "Invalid AttributeDataType input, consider using the provided AttributeDataType enum."
        )
    if one.get("Required"):
        raise InvalidParameterException("Required custom attributes are not supported currently.")
    developer_only = one.get("DeveloperOnlyAttribute", False)
    new = Attribute(
        f"{'dev:' if developer_only else ''}custom:{name}",
        one["AttributeDataType"],
        mutable=one.get("Mutable", True),
        developer_only=developer_only,
    )
    least, most = _bounds(name, new, one)
    return Attribute(new.name, new.type, mutable=new.mutable, developer_only=new.developer_only, least=least, most=most)


def _bounds(name: str, default: Attribute, one: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The bounds that a definition gives an attribute, in AWS's way: as texts."""
    if default.type not in _BOUNDS:
        return None, None
    member, lower, upper = _BOUNDS[default.type]
    if not (given := one.get(member)):
        return default.least, default.most
    least, most = (_number(name, member, given.get(bound)) for bound in (lower, upper))
    if default.type == "String" and max(least or 0, most or 0) > LONGEST:
        raise InvalidParameterException(f"user.{name}: String attributes cannot have a length of more than {LONGEST}")
    if least is not None and most is not None and least > most:
        what = "length" if default.type == "String" else "value"
        raise InvalidParameterException(f"user.{name}: Max {what} cannot be less than min {what}.")
    return given.get(lower) or None, given.get(upper) or None


def _number(name: str, member: str, text: str | None) -> int | None:
    if not text:
        return None
    digits = text.removeprefix("-") if member.startswith("Number") else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise InvalidParameterException(f"Invalid {member} for schema attribute {name}")
    return int(text)
