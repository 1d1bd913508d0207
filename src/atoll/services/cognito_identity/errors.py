"""Errors of Cognito identity pools: 400, as AWS sends them."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError


class DeveloperUserAlreadyRegisteredException(ServiceError):
    """The developer's user belongs to another identity."""


class InvalidIdentityPoolConfigurationException(ServiceError):
    """The pool has no role for this."""


class InvalidParameterException(ServiceError):
    """A value that the shape allows and the service does not."""


class LimitExceededException(ServiceError):
    """A quota."""


class NotAuthorizedException(ServiceError):
    """The logins are not good enough."""


class ResourceConflictException(ServiceError):
    """A login belongs to another identity."""


class ResourceNotFoundException(ServiceError):
    """No such pool or identity."""
