"""API Gateway's own answers: the errors that it gives in place of an integration's. Pure."""

from __future__ import annotations

from atoll.kernel.http import HttpResponse

JSON = ("content-type", "application/json")


def message(status: int, text: str) -> HttpResponse:
    """`{"message":"text"}` under `status`, as HTTP APIs write it (no space after the colon)."""
    return HttpResponse(status, [JSON], b'{"message":"%s"}' % text.encode())


FORBIDDEN = message(403, "Forbidden")
NOT_FOUND = message(404, "Not Found")
TOO_MANY = message(429, "Too Many Requests")
TOO_LARGE = message(413, "Request Entity Too Large")
INTERNAL_ERROR = message(500, "Internal Server Error")
UNAVAILABLE = message(503, "Service Unavailable")
NO_CONTENT = HttpResponse(204)
