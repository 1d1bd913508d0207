"""A request to a REST API on its way: the visit, what took it, and the request as mapping expressions and templates see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from atoll.api_runtime.event import query_values
from atoll.api_runtime.rest_api.compile import Compiled
from atoll.api_runtime.rest_api.records import Integration, Method, Resource
from atoll.api_runtime.templates.render import Overrides
from atoll.api_runtime.visit import Visit

DROPPED = frozenset(
    (
        "connection", "content-length", "content-md5", "expect", "max-forwards", "proxy-authenticate", "server", "te",
        "trailer", "transfer-encoding", "upgrade", "www-authenticate",
    )
)  # fmt: skip
"""Headers of a request that nothing behind the API ever sees (aws-observed: test_apigateway_header_remapping_aws)."""
_CAPITAL = {"authorization": "Authorization", "host": "Host", "user-agent": "User-Agent"}
"""What AWS writes with capitals however it was sent."""


@dataclass(slots=True)
class Call:
    """`headers` and `query` hold all values by name: headers by the name as it was sent, `fields` is that name by the lower-case one.
    `body` is uncompressed. `log` are the lines of the execution log, None where nobody reads it. `overridden` is what the request
    template put into `$context.requestOverride`."""

    visit: Visit
    compiled: Compiled
    resource: Resource
    method: Method
    headers: dict[str, list[str]]
    fields: dict[str, str]
    query: dict[str, list[str]]
    body: bytes
    log: list[str] | None = None
    overridden: Overrides = field(default_factory=Overrides)

    @property
    def integration(self) -> Integration:
        """The method's integration: a deployment takes no method without one."""
        assert self.method.integration is not None
        return self.method.integration

    def values(self, header: str) -> Sequence[str]:
        """All values of a header, by its name in any case."""
        name = self.fields.get(header.lower())
        return () if name is None else self.headers[name]

    def header(self, name: str) -> str | None:
        """The last value of a header."""
        values = self.values(name)
        return values[-1] if values else None

    @property
    def content_type(self) -> str:
        """The media type of the body, without parameters; JSON where the request names none."""
        return media_type(self.header("content-type")) or "application/json"

    def note(self, line: str) -> None:
        """Writes a line into the execution log."""
        if self.log is not None:
            self.log.append(line)


def call_of(visit: Visit, compiled: Compiled, resource: Resource, method: Method) -> Call:
    """A visit's request as it came, on its way to the method that takes it."""
    headers, fields = _received(visit)
    query = query_values(visit.request.query_string)
    return Call(visit, compiled, resource, method, headers, fields, query, visit.request.body)


def _received(visit: Visit) -> tuple[dict[str, list[str]], dict[str, str]]:
    """`Call.headers` and `Call.fields`."""
    request = visit.request
    headers: dict[str, list[str]] = {}
    fields: dict[str, str] = {}
    sent = request.sent_names or [name.encode("latin-1") for name, _ in request.headers]
    for raw, (name, value) in zip(sent, request.headers, strict=True):
        if name in DROPPED:
            continue
        written = fields.setdefault(name, _CAPITAL.get(name) or raw.decode("latin-1"))
        headers.setdefault(written, []).append(value)
    return headers, fields


def media_type(header: str | None) -> str:
    """A Content-Type's type, without parameters, in lower case; "" for none."""
    return "" if header is None else header.partition(";")[0].strip().lower()
