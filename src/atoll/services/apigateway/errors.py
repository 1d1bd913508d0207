"""The errors of API Gateway v1, as its model names them."""

from __future__ import annotations

from atoll.kernel.errors import ServiceError


class BadRequestException(ServiceError):
    """The request is not valid."""

    status = 400


class ConflictException(ServiceError):
    """The request conflicts with what is there."""

    status = 409


class LimitExceededException(ServiceError):
    """There are as many as there may be."""

    status = 429


class NotFoundException(ServiceError):
    """The resource is not there. AWS: `Invalid API identifier specified ACCOUNT:ID`, `Invalid Resource identifier specified`."""

    status = 404
