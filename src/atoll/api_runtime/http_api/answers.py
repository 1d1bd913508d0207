"""What an HTTP API answers to a request that it refuses. Pure."""

from __future__ import annotations

import msgspec

from atoll.api_runtime.answers import FORBIDDEN, INTERNAL_ERROR, NOT_FOUND, TOO_LARGE, TOO_MANY, UNAVAILABLE, message
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import Visit
from atoll.kernel.http import HttpRequest, HttpResponse

UNAUTHORIZED = message(401, "Unauthorized")
HEADERS_TOO_LARGE = message(431, "Request Header Fields Too Large")
URI_TOO_LONG = message(414, "Request-URI Too Long")
MOST_HEADERS = 10_240
"""Bytes of the request line and the headers together. docs: "Quotas for configuring and running an HTTP API"."""
SERVICE_UNAVAILABLE = "Service Unavailable"
"""The text of a refusal where the integration is there but does not serve: it is busy, or cannot be reached."""
_ANSWERS = {
    "ACCESS_DENIED": FORBIDDEN,
    "INTEGRATION_TIMEOUT": UNAVAILABLE,
    "REQUEST_TOO_LARGE": TOO_LARGE,
    "RESOURCE_NOT_FOUND": NOT_FOUND,
    "THROTTLED": TOO_MANY,
    "UNAUTHORIZED": UNAUTHORIZED,
}
"""Everything else is a 500."""


def refusal(refused: Refused, visit: Visit) -> HttpResponse:
    """The answer, with the refusal's headers. The visit notes both."""
    answer = UNAVAILABLE if refused.text == SERVICE_UNAVAILABLE else _ANSWERS.get(refused.reason, INTERNAL_ERROR)
    visit.refused = refused
    assert isinstance(answer.body, bytes)
    visit.error = msgspec.json.decode(answer.body)["message"]
    return HttpResponse(answer.status, [*answer.headers, *refused.headers], answer.body)


def oversized(request: HttpRequest) -> HttpResponse | None:
    """The answer to a request whose line and headers are longer than HTTP APIs take; None to all others."""
    line = len(request.method) + len(request.raw_path) + len(request.query_string) + len("  HTTP/1.1")
    if line + _length(request) <= MOST_HEADERS:
        return None
    return URI_TOO_LONG if line > MOST_HEADERS else HEADERS_TOO_LARGE


def _length(request: HttpRequest) -> int:
    """Of all headers, as they were sent but for the ends of their lines."""
    fields, headers = request.fields, request.headers
    if len(fields) == len(headers):
        return sum(map(len, fields)) + sum(map(len, fields.values())) + len(": ") * len(fields)
    return sum([len(name) + len(value) + len(": ") for name, value in headers])
