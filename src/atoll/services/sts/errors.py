"""STS's own errors. docs: STS API reference, "Errors" of AssumeRole and the other operations."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError


class ExpiredTokenException(ServiceError):
    """The web identity token, or the SAML assertion, is past its time."""

    code = "ExpiredTokenException"


class IDPRejectedClaimException(ServiceError):
    """The identity provider itself says that it did not authenticate anybody."""

    code = "IDPRejectedClaim"
    status = 403


class InvalidAuthorizationMessageException(ServiceError):
    """Nothing that AWS encoded."""


class InvalidIdentityTokenException(ServiceError):
    """The web identity token, or the SAML response, proves nothing."""

    code = "InvalidIdentityToken"


class InvalidParameterValue(ServiceError):
    """Session tags that contradict each other; AWS's models do not know it."""


class MalformedPolicyDocumentException(ServiceError):
    """The session policy is not a policy document."""

    code = "MalformedPolicyDocument"


class PackedPolicyTooLargeException(ServiceError):
    """The session's policies and tags are too long together."""

    code = "PackedPolicyTooLarge"
