"""Why a request to an API ends before its integration has answered. Pure.

The kinds are the gateway response types of REST APIs, which tell apart all that HTTP and WebSocket APIs do; each kind of API says in its
own words what the client gets (`http_api/answers.py`, `rest_api/gateway_responses.py`, …).
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Reason = Literal[
    "ACCESS_DENIED",
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "THROTTLED",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "WAF_FILTERED",
]


class Refused(Exception):
    """Ends a request. `text` is the message where it is not the usual one of its kind; `headers` go with the answer
    (`www-authenticate`); `detail` is for logs and the trace, never for the client; `status` is the one where it is not the usual one,
    `error` likewise the value of REST's x-amzn-errortype."""

    def __init__(
        self,
        reason: Reason,
        text: str | None = None,
        *,
        headers: Sequence[tuple[str, str]] = (),
        detail: str = "",
        status: int | None = None,
        error: str | None = None,
    ) -> None:
        super().__init__(reason, text, detail)
        self.reason = reason
        self.text = text
        self.headers = tuple(headers)
        self.detail = detail
        self.status = status
        self.error = error
