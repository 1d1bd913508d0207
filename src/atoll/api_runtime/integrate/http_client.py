"""The client for HTTP services behind APIs. Neither redirects nor proxies nor cookies: a request goes where the API's owner said, and
what comes back is told as it came.

What this process sends to its own region counts as sent from inside (`kernel/connection.py: Outgoing`): whoever owns an API may no more
through it than a function may.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from atoll.api_runtime.client_certificates import ClientCertificate
from atoll.api_runtime.event import HOP_BY_HOP
from atoll.kernel.connection import Outgoing
from atoll.kernel.http import BrokenOff

if TYPE_CHECKING:
    import httpcore

MAX_ANSWER = 10 << 20
"""Bytes of an answer's body (quota "Payload size")."""
WHOLE_BELOW = 1 << 20
"""Bytes: bodies whose length is known and below this are read at once, and sent on with their length."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no header's value may hold, though some services send it."""
WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests say how long their body is even where there is none."""


class Failed(Exception):
    """The service cannot be reached, or what it answers is no HTTP, or too long. The text is for logs."""


class TimedOut(Exception):
    """The service has not answered in time."""


class Answer(NamedTuple):
    """What the service answered; the headers of its connection stand apart. A body that is an iterator must be read or closed; it
    raises BrokenOff where it ends too early."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes | Body
    of_connection: Sequence[tuple[str, str]] = ()

    async def read(self) -> bytes:
        """The whole body. Raises Failed where it ends too early."""
        if isinstance(self.body, bytes):
            return self.body
        try:
            return b"".join([piece async for piece in self.body])
        except BrokenOff as error:
            raise Failed("the body of the answer broke off, or is too long") from error


class HttpClient:
    """Connections are kept for a few seconds and used again. Nothing is loaded before the first request."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._pools: dict[tuple[bool, str], asyncio.Task[httpcore.AsyncConnectionPool]] = {}
        """By whether they verify whom they reach, and the certificate that they show."""

    async def send(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        body: bytes = b"",
        *,
        seconds: float,
        server_name: str | None = None,
        verify: bool = True,
        certificate: ClientCertificate | None = None,
    ) -> Answer:
        """Sends a request and returns its answer once the head is there. `seconds` of real time are for all of it.

        Header names are lower-case. Those of a connection are left out; Content-Length is written here, and Host where it is
        missing. `server_name` is what the service's certificate must be for in place of the URL's host; `certificate` is shown to a
        service that asks for one. Raises Failed, TimedOut.
        """
        import httpcore

        deadline = asyncio.get_running_loop().time() + seconds
        extensions = {"sni_hostname": server_name} if server_name else {}
        try:
            async with asyncio.timeout_at(deadline):
                pool = await self._pool(verify, certificate)
                target = httpcore.URL(url.encode("ascii"))
                request = httpcore.Request(
                    method.encode(),
                    target,
                    headers=_request_headers(method, target, headers, body),
                    content=body,
                    extensions=extensions,
                )
                response = await pool.handle_async_request(request)
        except TimeoutError as error:
            raise TimedOut(f"no answer after {seconds:g} s") from error
        except _errors() as error:
            raise Failed(f"{type(error).__name__}: {error}") from error
        return await _answer(response, deadline, bodiless=method == "HEAD")

    async def close(self) -> None:
        """Drops all connections."""
        for opening in self._pools.values():
            await (await opening).aclose()

    async def _pool(self, verify: bool, certificate: ClientCertificate | None) -> httpcore.AsyncConnectionPool:
        key = verify, certificate.id if certificate else ""
        if key not in self._pools:
            self._pools[key] = asyncio.create_task(self._open(verify, certificate))
        return await asyncio.shield(self._pools[key])

    async def _open(self, verify: bool, certificate: ClientCertificate | None) -> httpcore.AsyncConnectionPool:
        from atoll.api_runtime.integrate import http_connections

        context = await asyncio.to_thread(http_connections.tls, verify=verify, certificate=certificate)
        return http_connections.pool(context, self._outgoing)


def _errors() -> tuple[type[Exception], ...]:
    """What goes wrong with a request: the network, the service, the URL, the time."""
    import httpcore

    return (
        OSError, UnicodeError, ValueError,
        httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, httpcore.UnsupportedProtocol,
    )  # fmt: skip


def _request_headers(
    method: str, target: httpcore.URL, headers: Sequence[tuple[str, str]], body: bytes
) -> list[tuple[bytes, bytes]]:
    sent = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in headers
        if name not in HOP_BY_HOP and name != "content-length"
    ]
    if all(name != b"host" for name, _ in sent):
        port = b"" if target.port is None else b":%d" % target.port
        sent.insert(0, (b"host", target.host + port))
    if body or method in WITH_LENGTH:
        sent.append((b"content-length", b"%d" % len(body)))
    return sent


async def _answer(response: httpcore.Response, deadline: float, *, bodiless: bool) -> Answer:
    headers = [
        (name.decode("latin-1").lower(), _CONTROL.sub("", value.decode("latin-1"))) for name, value in response.headers
    ]
    length = dict(headers).get("content-length", "")
    if length.isdecimal() and int(length) > MAX_ANSWER:
        await response.aclose()
        raise Failed(f"an answer of {length} bytes is too long")
    apart = HOP_BY_HOP if bodiless else HOP_BY_HOP | {"content-length"}
    kept = [header for header in headers if header[0] not in apart]
    hop = [header for header in headers if header[0] in apart]
    answer = Answer(response.status, kept, Body(response, deadline), hop)
    if bodiless or response.status in (204, 304) or (length.isdecimal() and int(length) <= WHOLE_BELOW):
        answer = answer._replace(body=await answer.read())
    return answer


class Body:
    """A body as it comes. To be closed also where nobody has begun to read it. Raises BrokenOff where it ends too early, lasts too long
    or is too long."""

    def __init__(self, response: httpcore.Response, deadline: float) -> None:
        self._response = response
        self._pieces = response.aiter_stream()
        self._deadline = deadline
        self._size = 0

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        try:
            async with asyncio.timeout_at(self._deadline):
                piece = await anext(self._pieces, None)
        except _errors() as error:
            await self.aclose()
            raise BrokenOff from error
        if piece is None:
            await self.aclose()
            raise StopAsyncIteration
        self._size += len(piece)
        if self._size > MAX_ANSWER:
            await self.aclose()
            raise BrokenOff
        return piece

    async def aclose(self) -> None:
        """Gives the connection free, or drops it where something is still to come."""
        await self._response.aclose()
