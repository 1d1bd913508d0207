"""What a WebSocket API says where it does not do what it was asked: to a handshake as a response, to a message as a frame. Pure.

Both have one shape, seen at aws-samples/simple-websockets-chat-app#42 (Internal server error) and #24 (Forbidden).
"""

from __future__ import annotations

import msgspec

from atoll.api_runtime.answers import JSON
from atoll.api_runtime.refused import Reason, Refused
from atoll.kernel.http import HttpResponse

FORBIDDEN = "Forbidden"
INTERNAL_ERROR = "Internal server error"
TIMED_OUT = "Endpoint request timed out"
TOO_MANY = "Too Many Requests"
_REFUSALS: dict[Reason, tuple[int, str]] = {
    "ACCESS_DENIED": (403, FORBIDDEN),
    "BAD_REQUEST_BODY": (400, "Invalid request body"),
    "BAD_REQUEST_PARAMETERS": (400, "Bad Request"),
    "EXPIRED_TOKEN": (403, "The security token included in the request is expired"),
    "INTEGRATION_TIMEOUT": (504, TIMED_OUT),
    "INTEGRATION_FAILURE": (502, INTERNAL_ERROR),
    "INVALID_API_KEY": (403, FORBIDDEN),
    "INVALID_SIGNATURE": (403, FORBIDDEN),
    "MISSING_AUTHENTICATION_TOKEN": (403, "Missing Authentication Token"),
    "QUOTA_EXCEEDED": (429, "Limit Exceeded"),
    "RESOURCE_NOT_FOUND": (403, FORBIDDEN),
    "THROTTLED": (429, TOO_MANY),
    "UNAUTHORIZED": (401, "Unauthorized"),
}


def said(refused: Refused) -> tuple[int, str]:
    """Status and message of a refusal."""
    status, text = _REFUSALS.get(refused.reason, (500, INTERNAL_ERROR))
    return status, refused.text or text


def frame(message: str, connection_id: str, request_id: str) -> str:
    """What a client is sent in place of an answer to its message."""
    text = msgspec.json.encode(message).decode()
    return f'{{"message": {text}, "connectionId":"{connection_id}", "requestId":"{request_id}"}}'


def refusal(refused: Refused, connection_id: str, request_id: str) -> HttpResponse:
    """The response to a handshake that is refused."""
    status, text = said(refused)
    return HttpResponse(status, [JSON, *refused.headers], frame(text, connection_id, request_id).encode())
