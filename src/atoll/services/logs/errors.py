"""CloudWatch Logs' own errors, and the sentences that several operations share."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError


class ResourceNotFoundException(ServiceError):
    """No such group or stream."""


class ResourceAlreadyExistsException(ServiceError):
    """The name is taken."""


class InvalidParameterException(ServiceError):
    """A value that the shape allows and the service does not."""


class LimitExceededException(ServiceError):
    """As many as there may be."""


class SessionTimeoutException(ServiceError):
    """A Live Tail session has been open for as long as one may be. Said in its stream."""


class SessionStreamingException(ServiceError):
    """A Live Tail session failed for an unknown reason. Said in its stream."""


class TooManyTagsException(ServiceError):
    """More than 50 tags on one resource."""


def no_group() -> ResourceNotFoundException:
    """The group that a request names is not there."""
    return ResourceNotFoundException("The specified log group does not exist.")


def no_stream() -> ResourceNotFoundException:
    """The stream that a request names is not there."""
    return ResourceNotFoundException("The specified log stream does not exist.")


def bad_token() -> InvalidParameterException:
    """A nextToken that this operation did not hand out."""
    return InvalidParameterException("The specified nextToken is invalid.")
