"""Lambda's own errors. Each carries `Type`, as AWS's do."""

from __future__ import annotations

from typing import Any

from atoll.kernel.errors import ServiceError, ValidationFailed


class LambdaError(ServiceError):
    """An error that the caller made."""

    def __init__(self, message: str, **members: Any) -> None:
        super().__init__(message, Type="User", **members)


class ResourceNotFoundException(LambdaError):
    """No such function, version, policy or statement."""


class ResourceConflictException(LambdaError):
    """The name or statement id is taken."""


class InvalidParameterValueException(LambdaError):
    """A value that the shape allows and the service does not."""


class InvalidRequestContentException(LambdaError):
    """The payload of an invocation is no JSON."""


class PreconditionFailedException(LambdaError):
    """The revision id that the caller expected is not the present one."""


class PolicyLengthExceededException(LambdaError):
    """A resource policy would be longer than 20 KB."""


class ProvisionedConcurrencyConfigNotFoundException(LambdaError):
    """The version or alias has no provisioned concurrency."""


class CodeStorageExceededException(LambdaError):
    """All packages and layers of the account would be more than 75 GB."""


class CodeSigningConfigNotFoundException(LambdaError):
    """The code signing configuration that a function shall have is not there."""


class CodeVerificationFailedException(LambdaError):
    """A function's code signing configuration wants signed code, and this is not."""


class TooManyRequestsException(LambdaError):
    """Past a concurrency limit; `Reason` says which."""


class RecursiveInvocationException(LambdaError):
    """The function was invoked too often in one chain of requests."""


def without_type(error: LambdaError) -> LambdaError:
    """The error as AWS answers some: without the `Type` that all others have."""
    error.members["Type"] = None
    return error


def function_not_found(arn: str) -> ResourceNotFoundException:
    """There is no function, or no such version of it."""
    return ResourceNotFoundException(f"Function not found: {arn}")


def stale_revision(source: str = "GetFunction/GetAlias") -> PreconditionFailedException:
    """Somebody changed the function or alias since the caller looked. `source` tells of the present RevisionId."""
    return PreconditionFailedException(
        "The Revision Id provided does not match the latest Revision Id. "
        f"Call the {source} API to retrieve the latest Revision Id"
    )


def violated(member: str, value: object, constraint: str) -> ValidationFailed:
    """What validation says of a member that breaks a constraint which botocore's model does not name."""
    return ValidationFailed(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}"
    )
