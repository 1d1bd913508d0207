"""Errors that operations raise: AWS's code, message and members, and nothing about how they travel.

`protocol/errors.py` alone turns them into bytes. A service's own errors live in its `errors.py`, one class per
shape of its model, named like the shape; their HTTP status then comes from the model. The classes here are the
errors that every AWS service can answer (docs: "Common Errors" of each API reference).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self


class ServiceError(Exception):
    """An error that a client sees.

    `code` is the shape's name unless a subclass says otherwise; `status` is used only where the service's model
    gives none; `members` are the further members of the error's shape, under the API's own names.
    """

    code: ClassVar[str] = ""
    status: ClassVar[int] = 400

    def __init__(self, message: str = "", **members: Any) -> None:
        super().__init__(message)
        self.message = message
        self.members = members

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            cls.code = cls.__name__


@dataclass(frozen=True, slots=True)
class InS3:
    """What S3 answers in place of a common error. `members` stand beside Code and Message, in this order."""

    code: str
    message: str
    status: int = 400
    members: Mapping[str, str] = field(default_factory=dict)


class CommonError(ServiceError):
    """An error of every service. AWS writes it under one name in its JSON protocols and another in its XML ones.

    JSON-RPC services (DynamoDB, CloudWatch Logs) answer these with status 400 where REST and query services
    answer `status`. S3 has words of its own for some: `s3`.
    """

    xml_code: ClassVar[str] = ""
    s3: InS3 | None = None

    def in_s3(self, code: str, message: str, status: int = 400, members: Mapping[str, str] | None = None) -> Self:
        """Says what S3 answers in its place; returns the error."""
        self.s3 = InS3(code, message, status, members or {})
        return self

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "xml_code" not in cls.__dict__:
            cls.xml_code = cls.code.removesuffix("Exception")


class AccessDenied(CommonError):
    """The policies do not allow the action, or one denies it."""

    code = "AccessDeniedException"
    status = 403


class MissingAuthenticationToken(CommonError):
    """The request carries no signature."""

    code = "MissingAuthenticationTokenException"
    status = 403


class IncompleteSignature(CommonError):
    """The Authorization header lacks a part or cannot be read."""

    code = "IncompleteSignatureException"
    status = 403
    xml_code = "IncompleteSignature"


class InvalidSignature(CommonError):
    """The signature does not match, is out of date, or is scoped to something else."""

    code = "InvalidSignatureException"
    status = 403
    xml_code = "SignatureDoesNotMatch"


class SignatureOutOfDate(InvalidSignature):
    """The request's date is too far from ours, or a presigned request is past its expiry."""

    code = "InvalidSignatureException"
    xml_code = "SignatureDoesNotMatch"


class UnrecognizedClient(CommonError):
    """The access key or the session token is not valid."""

    code = "UnrecognizedClientException"
    status = 403
    xml_code = "InvalidClientTokenId"


class ExpiredToken(CommonError):
    """The session of the access key has ended."""

    code = "ExpiredTokenException"
    status = 403


class MalformedRequest(CommonError):
    """The body cannot be read as the protocol asks, or a member has the wrong type."""

    code = "SerializationException"
    xml_code = "MalformedInput"


class MalformedArgument(MalformedRequest):
    """A header, query parameter or path label has the wrong type."""

    code = MalformedRequest.code
    xml_code = MalformedRequest.xml_code


class ValidationFailed(CommonError):
    """A member is missing or breaks a constraint of its shape."""

    code = "ValidationException"
    xml_code = "ValidationError"


class UnknownOperation(CommonError):
    """AWS has no such operation."""

    code = "UnknownOperationException"
    xml_code = "InvalidAction"


class RequestTooLarge(CommonError):
    """The body is longer than the service takes."""

    code = "RequestEntityTooLargeException"
    status = 413


class BadBody(CommonError):
    """The body is not what its headers say: another length, hash, checksum or encoding. `s3_code`, `s3_status` and `s3_members` are
    how S3 answers it; the services that check checksums at all call it `code`."""

    code = "InvalidRequestException"

    def __init__(
        self,
        message: str,
        s3_code: str = "InvalidRequest",
        s3_status: int = 400,
        s3_members: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.in_s3(s3_code, message, s3_status, s3_members)


class NotImplementedByAtoll(CommonError):
    """AWS has this operation (or property); Atoll does not. 501, because SDKs retry 500, 502, 503 and 504 but never 501."""

    code = "NotImplemented"
    status = 501


class InternalFailure(CommonError):
    """Atoll failed. The log holds the traceback under the request's id."""

    code = "InternalFailure"
    status = 500


class StoreUnavailable(InternalFailure):
    """A commit failed (for example: the disk is full). Nothing of the batch was kept."""

    code = "InternalFailure"
    status = 500
