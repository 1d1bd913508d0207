"""Policy documents on their way in and out: IAM's checks and size limits, and the encoding of what it answers."""

from __future__ import annotations

from urllib.parse import quote

from atoll.auth.policy.parse import Kind, PolicySyntaxError, parse
from atoll.services.iam.errors import LimitExceededException, MalformedPolicyDocumentException

MANAGED_SIZE = 6144
TRUST_SIZE = 2048
_ASCII = sorted(map(chr, range(0x80)), key=lambda character: character != "%")
_CODES = [(one, code) for one in _ASCII if (code := quote(one, safe="")) != one]
"""What ASCII characters are encoded as: the percent sign first, for it is in the codes of the others."""


def check(text: str, kind: Kind = "identity") -> None:
    """Raises MalformedPolicyDocumentException with IAM's words."""
    try:
        parse(text, kind)
    except PolicySyntaxError as error:
        raise MalformedPolicyDocumentException(error.message) from None


def check_managed(text: str) -> None:
    """Checks the document of a managed policy. Raises MalformedPolicyDocumentException, LimitExceededException."""
    check(text)
    if size(text) > MANAGED_SIZE:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {MANAGED_SIZE}")


def check_trust(text: str) -> None:
    """Checks a role's trust policy. Raises MalformedPolicyDocumentException, LimitExceededException."""
    check(text, "trust")
    if size(text) > TRUST_SIZE:
        raise LimitExceededException(f"Cannot exceed quota for ACLSizePerRole: {TRUST_SIZE}")


def size(text: str) -> int:
    """Its characters as quotas count them: without white space."""
    return len("".join(text.split()))


def encoded(text: str) -> str:
    """As IAM answers documents: percent-encoded by RFC 3986."""
    if not text.isascii():
        return quote(text, safe="")
    for character, code in _CODES:  # a document has few kinds of characters, and many of each
        if character in text:
            text = text.replace(character, code)
    return text
