"""STS's own errors. docs: STS API reference, "Errors" of AssumeRole."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError


class InvalidParameterValue(ServiceError):
    """Session tags that contradict each other; AWS's models do not know it."""


class MalformedPolicyDocumentException(ServiceError):
    """The session policy is not a policy document."""

    code = "MalformedPolicyDocument"


class PackedPolicyTooLargeException(ServiceError):
    """The session's policies are too long together."""

    code = "PackedPolicyTooLarge"
