"""HTTP messages as data: a request exactly as sent, and a response. The edge makes and sends them, gateway and data planes work on
them; no web framework's types get past the edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from atoll.kernel.connection import Connection

RequestLog = Callable[[str, int, float], None]
"""Notes an answered request: what it was, its status, how long it took in milliseconds."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request. `raw_path` and `query_string` are undecoded; header names are lower-case, repeats kept in order.

    `fields` are the headers by name, the values of repeated ones joined with ",". `port` is the one that the client connected to;
    `connection` is None for a request that came over none.
    """

    method: str
    raw_path: str
    query_string: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str = "127.0.0.1"
    secure: bool = False
    http_version: str = "1.1"
    port: int = 0
    connection: Connection | None = None
    fields: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        fields = self.fields
        for name, value in self.headers:
            fields[name] = f"{fields[name]},{value}" if name in fields else value

    def header(self, name: str) -> str | None:
        """The value of a header, by its lower-case name. What may come only once does not match anything when it came twice."""
        return self.fields.get(name)

    @property
    def host(self) -> str:
        """The Host header without its port, lower-case."""
        return host_name(self.header("host") or "")


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response. Content-Length and Date are the edge's to add."""

    status: int
    headers: Sequence[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


def host_name(host: str) -> str:
    """A Host header's name part: without port, lower-case, brackets of an IPv6 address kept."""
    if host.startswith("["):
        return host[: host.find("]") + 1].lower()
    return host.partition(":")[0].lower()
