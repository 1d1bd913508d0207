"""Resource policies of tables and streams as documents: what DynamoDB refuses in one, and how it writes it. Pure.

docs: Developer Guide, "Resource-based policy considerations", "Blocking public access".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from atoll.auth.policy.parse import PolicySyntaxError, parse
from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.errors import invalid

MAX_BYTES = 20_480
"""Blanks count, too."""
_STREAM_ACTIONS = frozenset({"dynamodb:describestream", "dynamodb:getrecords", "dynamodb:getsharditerator"})
_MEMBERS = ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
_TEXTS = {
    "Statement IDs (SID) in a single policy must be unique.": "The Statement Ids in the policy are not unique",
    "Policy statement must contain actions.": "Missing required field Action",
    "Policy statement must contain resources.": "Missing required field Resource",
}
"""DynamoDB's words for what IAM says otherwise."""


def checked(text: str, *, of_stream: bool) -> str:
    """The document as DynamoDB writes it. Raises ValidationFailed."""
    if len(text.encode()) > MAX_BYTES:
        raise invalid(f"Maximum policy size of {MAX_BYTES} bytes exceeded")
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise _malformed("This policy contains invalid Json") from None
    if isinstance(document, dict) and not document.get("Statement"):
        raise _malformed("Could not parse the policy: Statement is empty!")
    try:
        policy = parse(text, "resource")
    except PolicySyntaxError as error:
        if error.message.startswith("Invalid principal in policy:"):
            raise unknown_principal() from None
        raise _malformed(_TEXTS.get(error.message, error.message)) from None
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    _check_actions(statements, of_stream=of_stream)
    if any(
        one.allow and one.principals is not None and one.principals.everyone and not one.conditions
        for one in policy.statements
    ):
        raise ValidationFailed(
            "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure "
            "least-privilege form of access"
        )
    return _written(document, statements)


def unknown_principal() -> ValidationFailed:
    """The error for a principal that cannot be, or is not there."""
    return invalid("Invalid principal in policy document.")


def _check_actions(statements: Iterable[Mapping[str, Any]], *, of_stream: bool) -> None:
    """Actions are DynamoDB's, and fit what the policy hangs on."""
    wrong = []
    for action in (action for one in statements for action in _many(one.get("Action") or one.get("NotAction"))):
        name = action.lower()
        known = name == "*" or name.startswith("dynamodb:")
        if not known or ("*" not in name and "?" not in name and (name in _STREAM_ACTIONS) is not of_stream):
            wrong.append(f'"{action}"')
    if wrong:
        raise _malformed(f"The following action names are invalid: {', '.join(wrong)}")


def _written(document: Mapping[str, Any], statements: Iterable[Mapping[str, Any]]) -> str:
    """Without blanks, members in one order, lists of one as strings, accounts as their roots."""
    head = {"Version": document.get("Version") or "2008-10-17"}
    if document.get("Id"):
        head["Id"] = document["Id"]
    rewritten = [{name: _value(name, one[name]) for name in _MEMBERS if name in one} for one in statements]
    return msgspec.json.encode({**head, "Statement": rewritten}).decode()


def _value(member: str, value: Any) -> Any:
    if member in ("Principal", "NotPrincipal") and isinstance(value, dict):
        return {kind: _one_or_many(map(_root, _many(names))) for kind, names in value.items()}
    if member in ("Action", "NotAction", "Resource", "NotResource"):
        return _one_or_many(_many(value))
    return value


def _root(principal: str) -> str:
    return f"arn:aws:iam::{principal}:root" if principal.isdigit() and len(principal) == 12 else principal


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _one_or_many(values: Iterable[str]) -> str | list[str]:
    found = list(dict.fromkeys(values))
    return found[0] if len(found) == 1 else found


def _malformed(detail: str) -> ValidationFailed:
    return invalid(f"Invalid policy document: {detail}")
