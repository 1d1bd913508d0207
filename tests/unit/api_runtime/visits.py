"""Visits for tests of pure parts: a request that found its route."""

from __future__ import annotations

from typing import Any, cast

from atoll.api_runtime import serving
from atoll.api_runtime.visit import Visit
from atoll.kernel.http import HttpRequest

AT = 1583348638.390


def visit(
    kind: serving.Kind = "HTTP",
    *,
    method: str = "GET",
    path: str = "/pets/7",
    query: str = "",
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
    **members: Any,
) -> Visit:
    """A visit of the API `id` and its stage `dev`; `members` are further members of it, or others."""
    given = [("host", "id.execute-api.us-east-1.amazonaws.com"), ("user-agent", "curl/8"), *(headers or [])]
    request = HttpRequest(method, path, query, given, body, source_ip="192.168.0.1", port=443, secure=True)
    made: dict[str, Any] = {
        "ctx": cast(Any, None),
        "request": request,
        "api_id": "id",
        "api": serving.Api("123456789012", "us-east-1", {}, kind),
        "stage": "dev",
        "settings": serving.Stage(),
        "path": path,
        "domain": "id.execute-api.us-east-1.amazonaws.com",
        "request_id": "REQ=",
        "extended_id": "EXT=",
        "trace_id": "Root=1-x",
        "time": AT,
        "began": 0.0,
        "route_key": "GET /pets/{id}",
        "parameters": {"id": "7"},
    }
    return Visit(**{**made, **members})
