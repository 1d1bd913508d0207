"""Cross-origin resource sharing as the owner of an HTTP API configured it. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

from collections.abc import Sequence

from atoll.api_runtime.serving import Cors
from atoll.kernel.http import HttpRequest, HttpResponse

PREFIX = "access-control-"


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks before it sends a request of another origin."""
    return (
        request.method == "OPTIONS"
        and request.header("origin") is not None
        and request.header("access-control-request-method") is not None
    )


def preflight_headers(cors: Cors, origin: str) -> list[tuple[str, str]]:
    """What an allowed origin is told about what it may send; nothing for another one."""
    headers = _allowed(cors, origin)
    if headers:
        _list(headers, "access-control-allow-methods", cors.allow_methods)
        _list(headers, "access-control-allow-headers", cors.allow_headers)
        if cors.max_age is not None and cors.max_age >= 0:
            headers.append(("access-control-max-age", str(cors.max_age)))
    return headers


def response_headers(cors: Cors, origin: str) -> list[tuple[str, str]]:
    """What is added to every answer to an allowed origin."""
    headers = _allowed(cors, origin)
    if headers:
        _list(headers, "access-control-expose-headers", cors.expose_headers)
    return headers


def cross_origin(response: HttpResponse, cors: Cors, request: HttpRequest) -> HttpResponse:
    """The response with the configured CORS headers in place of the function's own, which AWS ignores."""
    kept = [header for header in response.headers if not header[0].startswith(PREFIX)]
    origin = request.header("origin")
    if origin is None:
        return HttpResponse(response.status, kept, response.body)
    allowed = preflight_headers if is_preflight(request) else response_headers
    return HttpResponse(response.status, [*kept, *allowed(cors, origin)], response.body)


def _allowed(cors: Cors, origin: str) -> list[tuple[str, str]]:
    allowed = _match(cors.allow_origins or (), origin)
    if allowed is None:
        return []
    headers = [("access-control-allow-origin", allowed)]
    if cors.allow_credentials:
        headers.append(("access-control-allow-credentials", "true"))
    return headers


def _match(patterns: Sequence[str], origin: str) -> str | None:
    """`*` for a configuration that allows all; the origin itself where it, or its scheme (`https://*`), is listed."""
    if "*" in patterns:
        return "*"
    folded = origin.lower()
    for pattern in patterns:
        if folded == pattern.lower() or (pattern.endswith("://*") and folded.startswith(pattern[:-1].lower())):
            return origin
    return None


def _list(headers: list[tuple[str, str]], name: str, values: Sequence[str] | None) -> None:
    if values:
        headers.append((name, ",".join(values)))
