"""What of a REST API has no documentation part: its parts' places, less those that somebody documented. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from atoll.api_runtime.rest_api import records

Location = dict[str, str]
_REQUEST = "method.request."
_KINDS = {"path": "PATH_PARAMETER", "querystring": "QUERY_PARAMETER", "header": "REQUEST_HEADER"}
_ANY = {"path": "/", "method": "*", "statusCode": "*"}
"""What a location that does not name it is for. docs: API_DocumentationPartLocation"""


def undocumented(api: records.Snapshot, documented: Sequence[Location]) -> list[Location]:
    """The locations without a part. A part of every method (`*`) or status documents each of them."""
    return [place for place in locations(api) if not any(_documents(part, place) for part in documented)]


def locations(api: records.Snapshot) -> Iterator[Location]:
    """Everything of an API that can be documented."""
    yield {"type": "API"}
    yield from ({"type": "AUTHORIZER", "name": one.name} for one in api.authorizers.values())
    yield from ({"type": "MODEL", "name": name} for name in api.models)
    for resource in sorted(api.resources, key=lambda one: one.path):
        yield {"type": "RESOURCE", "path": resource.path}
        for method in resource.methods.values():
            yield from _of_method(method, {"path": resource.path, "method": method.name})


def _of_method(method: records.Method, place: Location) -> Iterator[Location]:
    yield {"type": "METHOD", **place}
    for parameter in method.parameters:
        kind, _, name = parameter.removeprefix(_REQUEST).partition(".")
        if kind in _KINDS:
            yield {"type": _KINDS[kind], **place, "name": name}
    if method.models:
        yield {"type": "REQUEST_BODY", **place}
    for response in method.responses.values():
        answer = {**place, "statusCode": response.status}
        yield {"type": "RESPONSE", **answer}
        for parameter in response.parameters:
            yield {"type": "RESPONSE_HEADER", **answer, "name": parameter.removeprefix("method.response.header.")}
        if response.models:
            yield {"type": "RESPONSE_BODY", **answer}


def _documents(part: Location, place: Location) -> bool:
    if part["type"] != place["type"] or part.get("name") != place.get("name"):
        return False
    given = {member: part.get(member, any_) for member, any_ in _ANY.items() if member in place}
    return all(value == place[member] or (value == "*" and member != "path") for member, value in given.items())
