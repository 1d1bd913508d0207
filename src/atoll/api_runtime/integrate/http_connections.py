"""How connections to HTTP services are made, TLS included, and registered as this process's own. Imported on first use: httpcore takes
long to load."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterable
from typing import Any

import certifi
import httpcore

from atoll.api_runtime.client_certificates import ClientCertificate
from atoll.kernel.connection import Address, Outgoing

KEEP = 4.0
"""Seconds for which an idle connection is kept: less than any server we know of keeps its end, so that no request meets its closing."""
Ends = tuple[Address, Address]
MOST, MOST_IDLE = 1_000, 100


def tls(*, verify: bool, certificate: ClientCertificate | None = None) -> ssl.SSLContext:
    """Whom we trust: this machine's authorities and the web's; and who we are, if a service asks. Blocks for some milliseconds."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as both:  # ssl reads certificates from files only
            both.write(f"{certificate.key}\n{certificate.pem}")
            both.flush()
            context.load_cert_chain(both.name)
    return context


def pool(context: ssl.SSLContext, outgoing: Outgoing) -> httpcore.AsyncConnectionPool:
    """A pool of connections, each of which is in `outgoing` for as long as it is open."""
    return httpcore.AsyncConnectionPool(
        ssl_context=context,
        max_connections=MOST,
        max_keepalive_connections=MOST_IDLE,
        keepalive_expiry=KEEP,
        network_backend=_Backend(outgoing),
    )


class _Backend(httpcore.AnyIOBackend):
    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await super().connect_tcp(host, port, timeout, local_address, socket_options)
        ends: Ends = stream.get_extra_info("client_addr")[:2], stream.get_extra_info("server_addr")[:2]
        self._outgoing.opened(*ends)
        return _Stream(stream, ends, self._outgoing)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that says when it closes."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, ends: Ends, outgoing: Outgoing) -> None:
        self._stream = stream
        self._ends = ends
        self._outgoing = outgoing
        self._closed = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        self._close()
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        try:
            within = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            self._close()
            raise
        self._closed = True  # what it becomes says when it closes
        return _Stream(within, self._ends, self._outgoing)

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self._outgoing.closed(*self._ends)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
