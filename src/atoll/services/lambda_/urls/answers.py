"""What function URLs answer: Lambda's own refusals, and what a function's return value stands for. Pure.

docs: Lambda developer guide, "Invoking Lambda function URLs"; texts as recorded from AWS.
"""

from __future__ import annotations

import msgspec

from atoll.api_runtime.answers import JSON
from atoll.api_runtime.map import payload_2
from atoll.kernel.errors import CommonError, NotImplementedByAtoll, ServiceError
from atoll.kernel.http import HttpResponse
from atoll.services.lambda_.errors import TooManyRequestsException

_MESSAGE = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


def _error(status: int, kind: str, **members: str | None) -> HttpResponse:
    return HttpResponse(status, [JSON, ("x-amzn-errortype", kind)], msgspec.json.encode(members))


FORBIDDEN = _error(403, "AccessDeniedException", Message=_MESSAGE)
NOT_FOUND = _error(404, "ResourceNotFoundException", Message=None)
TOO_LARGE = _error(
    413,
    "RequestEntityTooLargeException",
    Message="Request must be smaller than 6291456 bytes for the InvokeFunction operation",
)
FAILED = HttpResponse(502, [JSON], b"Internal Server Error")


def refused(error: ServiceError) -> HttpResponse:
    """The answer where the call was not made: a bad signature, a limit, no such function, or what Atoll cannot run."""
    if isinstance(error, TooManyRequestsException):
        return _error(
            429, "TooManyRequestsException", Reason=error.members.get("Reason"), Type="User", message=error.message
        )
    if isinstance(error, CommonError):
        status = 501 if isinstance(error, NotImplementedByAtoll) else 403
        return _error(status, error.code, message=error.message)
    return NOT_FOUND


def of_payload(payload: bytes) -> HttpResponse:
    """The response that a return value stands for: payload format 2.0, but that a string is the body as it is."""
    if payload.startswith(b'"'):
        return HttpResponse(200, [JSON], msgspec.json.decode(payload, type=str).encode())
    return payload_2(payload, untyped=JSON, malformed=FAILED)
