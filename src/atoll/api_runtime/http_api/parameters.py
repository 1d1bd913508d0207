"""Parameter mapping: what an HTTP API's owner changes in requests and answers. Compiled once per snapshot.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from atoll.api_runtime.http_api.sources import Answered, Malformed, Source, parse
from atoll.api_runtime.visit import Visit
from atoll.kernel.http import HttpRequest

Action = Literal["append", "overwrite", "remove"]
RESERVED = frozenset(
    (
        "authorization", "connection", "content-encoding", "content-length", "content-location", "forwarded", "keep-alive", "origin",
        "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade", "x-forwarded-for",
        "x-forwarded-host", "x-forwarded-proto", "via",
    )
)  # fmt: skip
RESERVED_PREFIXES = ("access-control-", "apigw-", "x-amz-", "x-amzn-")
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_KEY = re.compile(r"(append|overwrite|remove):(header|querystring)\.(.+)|overwrite:(path|statuscode)")
_HEADER = re.compile(_NAME)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
IN_PATHS = "/%:@!$&'()*+,;=~-._"
"""What stays as it is in a path that a mapping wrote: it may be encoded already."""


class Change(NamedTuple):
    """One mapping. `name` is a header's in lower case, a query parameter's, or "" for path and statuscode."""

    action: Action
    place: Literal["header", "querystring", "path", "statuscode"]
    name: str
    source: Source


class Outgoing(NamedTuple):
    """A request as it leaves for its integration. `path` is undecoded, None where no mapping wrote one."""

    request: HttpRequest
    path: str | None


@dataclass(frozen=True, slots=True)
class Mappings:
    """An integration's mappings: of its requests, and of its answers by status code."""

    request: tuple[Change, ...]
    responses: Mapping[str, tuple[Change, ...]]

    @classmethod
    def of(cls, request: Mapping[str, str], responses: Mapping[str, Mapping[str, str]]) -> Mappings | None:
        """Reads an integration's mappings; None where it has none. Raises Malformed."""
        if not request and not responses:
            return None
        compiled = {status: changes(given, response=True) for status, given in responses.items()}
        return cls(changes(request), compiled)


def changes(parameters: Mapping[str, str], *, response: bool = False) -> tuple[Change, ...]:
    """Reads mappings (`append:header.x` to `$request.path.id`). Raises Malformed."""
    return tuple(_change(key, value, response=response) for key, value in parameters.items())


def _change(key: str, value: str, *, response: bool) -> Change:
    found = _KEY.fullmatch(key)
    place = found and (found[2] or found[4])
    if found is None or place in (("querystring", "path") if response else ("statuscode",)):
        raise Malformed(
            f"Invalid {'Response' if response else 'Request'} Actioned Parameter destination specified: {key}"
        )
    name = found[3] or ""
    if place == "header":
        name = name.lower()
        if not _HEADER.fullmatch(name) or is_reserved(name):
            raise Malformed(f"Operations on header {found[3]} are restricted")
    action: Action = found[1] or "overwrite"  # type: ignore[assignment]
    return Change(action, place, name, parse("" if action == "remove" else value))  # type: ignore[arg-type]


def is_reserved(header: str) -> bool:
    """Whether a header (in lower case) is API Gateway's own to write."""
    return header in RESERVED or header.startswith(RESERVED_PREFIXES)


def apply_to_request(mapped: Sequence[Change], visit: Visit) -> Outgoing:
    """The request with its mappings done. A mapping whose one variable has no value changes nothing."""
    request = visit.request
    headers: list[tuple[str, str]] = list(request.headers)
    query: list[tuple[str, str]] | None = None
    path = None
    for change in mapped:
        value = change.source.of(visit)
        if value is None:
            continue
        if change.place == "header":
            headers = _changed(headers, change, _header_value(value))
        elif change.place == "querystring":
            given = parse_qsl(request.query_string, keep_blank_values=True) if query is None else query
            query = _changed(given, change, value)
        else:
            path = "/" + quote(value.lstrip("/"), safe=IN_PATHS)
    return Outgoing(
        _with(request, headers, request.query_string if query is None else urlencode(query, quote_via=quote)), path
    )


def apply_to_response(
    mapped: Sequence[Change], visit: Visit, status: int, answered: Answered
) -> tuple[int, list[tuple[str, str]]]:
    """Status and headers of an answer with its mappings done."""
    headers = list(answered.headers)
    for change in mapped:
        value = change.source.of(visit, answered)
        if value is None:
            continue
        if change.place == "header":
            headers = _changed(headers, change, _header_value(value))
        elif len(value) == len("200") and value.isascii() and value.isdigit() and 200 <= int(value) <= 599:
            status = int(value)
    return status, headers


def reads_body(mapped: Sequence[Change]) -> bool:
    """Whether these mappings of answers need the body."""
    return any(change.source.reads_response_body for change in mapped)


def _changed(pairs: Sequence[tuple[str, str]], change: Change, value: str) -> list[tuple[str, str]]:
    kept = list(pairs) if change.action == "append" else [pair for pair in pairs if pair[0] != change.name]
    return kept if change.action == "remove" else [*kept, (change.name, value)]


def _header_value(value: str) -> str:
    """What of a value a header can carry: one line, in Latin-1."""
    return _CONTROL.sub(" ", value).encode("latin-1", "replace").decode("latin-1").strip()


def _with(request: HttpRequest, headers: Sequence[tuple[str, str]], query: str) -> HttpRequest:
    return HttpRequest(
        request.method, request.raw_path, query, headers, request.body, request.source_ip, request.secure,
        request.http_version, request.port, connection=request.connection,
    )  # fmt: skip
