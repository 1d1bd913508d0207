"""Calls of REST APIs for tests of pure parts."""

from __future__ import annotations

from typing import Any

from visits import visit

from atoll.api_runtime.rest_api import records
from atoll.api_runtime.rest_api.call import Call, call_of
from atoll.api_runtime.rest_api.compile import compiled

MOCK = records.Integration("MOCK")


def method(name: str = "GET", **members: Any) -> records.Method:
    return records.Method(name, **{"integration": MOCK, **members})


def resource(path: str, *methods: str) -> records.Resource:
    return records.Resource(f"id-{path}", path, methods={name: method(name) for name in methods})


def call(
    of: records.Method | None = None,
    *,
    headers: list[tuple[str, str]] | None = None,
    body: bytes = b"",
    query: str = "",
    snapshot: dict[str, Any] | None = None,
    **members: Any,
) -> Call:
    """A call of `/pets/{id}` that its method takes."""
    of = of or method()
    seen = visit("REST", method=of.name, headers=headers, body=body, query=query, **members)
    seen.request.sent_names = [name.encode("latin-1") for name, _ in seen.request.headers]
    seen.request.headers = [(name.lower(), value) for name, value in seen.request.headers]
    taken = records.Resource("abc123", "/pets/{id}", methods={of.name: of})
    made = compiled(records.Snapshot("api", (taken,), **(snapshot or {})))
    return call_of(seen, made, taken, of)
