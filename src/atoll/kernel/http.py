"""HTTP messages as data: a request exactly as sent, and a response. The edge makes and sends them, gateway and data planes work on
them; no web framework's types get past the edge."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import lru_cache
from typing import Protocol

import msgspec

from atoll.kernel.connection import Connection
from atoll.kernel.websocket import Peer

_BLANKS = " \t"
RequestLog = Callable[[str, int, float], None]
"""Notes an answered request: what it was, its status, how long it took in milliseconds."""


class BodyTooLarge(Exception):
    """The request's body is longer than its reader takes. Nothing of it was kept."""


class ClientGone(Exception):
    """The client left before it had sent its request."""


class BrokenOff(Exception):
    """Raised by a response's body that cannot be brought to its end: whoever made it failed. The connection ends there, unlogged."""


class Incoming(Protocol):
    """A body that may still be on its way."""

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises BodyTooLarge past `limit` bytes (at once where its length is declared), ClientGone."""


class HttpRequest(msgspec.Struct):
    """A request. `raw_path` and `query_string` are undecoded; header names are lower-case, repeats kept in order.

    `fields` are the headers by name, the values of repeated ones trimmed and joined with ",". `port` is the one that the client
    connected to; `connection` is None for a request that came over none. `body` is empty until `read_body` has been awaited, where
    `incoming` is given. `websocket` says that the client offers to go over to that protocol (kernel/websocket.py). `sent_names` are the
    names of `headers` as they were sent, in the same order.
    """

    method: str
    raw_path: str
    query_string: str
    headers: Sequence[tuple[str, str]]
    body: bytes = b""
    source_ip: str = "127.0.0.1"
    secure: bool = False
    http_version: str = "1.1"
    port: int = 0
    fields: dict[str, str] = msgspec.field(default_factory=dict)
    incoming: Incoming | None = None
    connection: Connection | None = None
    websocket: bool = False
    sent_names: Sequence[bytes] = ()

    def __post_init__(self) -> None:
        if not self.fields:
            self.fields = joined(self.headers)

    def header(self, name: str) -> str | None:
        """The value of a header, by its lower-case name. What may come only once does not match anything when it came twice."""
        return self.fields.get(name)

    @property
    def host(self) -> str:
        """The Host header without its port, lower-case."""
        return host_name(self.fields.get("host", ""))

    async def read_body(self, limit: int) -> bytes:
        """`body`, read to its end. Raises BodyTooLarge, ClientGone."""
        if self.incoming is not None:
            self.body = await self.incoming.read(limit)
            self.incoming = None
        elif len(self.body) > limit:
            raise BodyTooLarge
        return self.body


class HttpResponse(msgspec.Struct, frozen=True):
    """A response. Content-Length and Date are the edge's to add. A body that is an iterator is sent in chunks as they come. With a
    `peer`, under status 101, the connection goes over to WebSocket."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | AsyncIterator[bytes] = b""
    peer: Peer | None = None


def joined(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Headers by name, the values of repeated ones trimmed and joined with ","."""
    fields = dict(headers)
    if len(fields) == len(headers):
        return fields
    fields.clear()
    for name, value in headers:
        fields[name] = f"{fields[name].strip(_BLANKS)},{value.strip(_BLANKS)}" if name in fields else value
    return fields


@lru_cache(maxsize=256)
def host_name(host: str) -> str:
    """A Host header's name part: without port, lower-case, brackets of an IPv6 address kept."""
    if host.startswith("["):
        return host[: host.find("]") + 1].lower()
    return host.partition(":")[0].lower()
