"""Identity sources: which parts of a request tell who calls. Pure.

Written `method.request.header.X` (REST), `route.request.header.X` (WebSocket) or `$request.header.X` (HTTP); likewise `querystring`
(REST also `multivalueheader`, `multivaluequerystring`), and `stageVariables.X` and `context.X`, with a `$` in HTTP APIs.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from atoll.api_runtime import serving, variables
from atoll.api_runtime.visit import Visit


def sources(authorizer: serving.Authorizer) -> tuple[str, ...]:
    """The authorizer's identity sources one by one: REST APIs write them in one text, with commas."""
    return tuple(part for text in authorizer.identity for one in text.split(",") if (part := one.strip()))


def values(visit: Visit, authorizer: serving.Authorizer) -> tuple[str, ...] | None:
    """What the request has for each source; None where it lacks one, or one is empty."""
    found = []
    for source in sources(authorizer):
        value = value_of(visit, source)
        if not value:
            return None
        found.append(value)
    return tuple(found)


def value_of(visit: Visit, source: str) -> str | None:
    """What the request has for one source; None for nothing, and for a source that there is not."""
    where, _, name = source.removeprefix("$").partition(".")
    if where in ("method", "route"):
        where, _, name = name.partition(".")
    if where == "stageVariables":
        return visit.variables.get(name)
    if where == "context":
        return variables.text(variables.value(visit, name))
    kind, _, name = name.partition(".")
    if where != "request":
        return None
    if kind in ("header", "multivalueheader"):
        return visit.request.header(name.lower())
    given = [value for key, value in parse_qsl(visit.request.query_string, keep_blank_values=True) if key == name]
    if kind == "multivaluequerystring" or (kind == "querystring" and visit.api.kind == "HTTP"):
        return ",".join(given)
    return given[-1] if kind == "querystring" and given else None
