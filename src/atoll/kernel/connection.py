"""A TCP connection that the region has accepted. Whose it is can be asked for as long as neither side has dropped it.

And those that this process makes itself, on behalf of users: where one leads back to the region, it must be known as such.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from dataclasses import dataclass

Address = tuple[str, int]
"""An IP address as text, and a port."""
ALIVE = (1, 8)
"""ESTABLISHED, and CLOSE_WAIT (the peer has ended its half): the first byte of TCP_INFO. docs: tcp(7)."""


@dataclass(slots=True)
class Connection:
    """`peer` is None where the peer had reset it before it was accepted. `inside` is for whoever finds out whether an execution
    environment made it: the answer holds for the connection's life."""

    peer: Address | None
    local: Address
    transport: asyncio.Transport
    inside: bool | None = None

    @classmethod
    def of(cls, transport: asyncio.Transport) -> Connection | None:
        """The connection of a transport; None where that is no TCP (a Unix socket)."""
        if transport.get_extra_info("socket").family == socket.AF_UNIX:
            return None
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        return cls(peer and peer[:2], local[:2], transport)

    def is_alive(self) -> bool:
        """Whether its two addresses belong to nothing but it: it was not reset, and we have not closed it. Linux only."""
        if self.transport.is_closing():
            return False
        state: bytes = self.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        return state[0] in ALIVE


LINGERS = 10.0
"""Seconds after its end for which a connection of our own is known: its last request may be waiting to be read."""


class Outgoing:
    """The TCP connections that this process makes, by both their ends: a port alone may be another connection's too. What is sent over
    one is known before its first byte is.

    One that is redirected on its way (NAT) has other ends where it is accepted. Nobody can then tell whose it is, and what cannot be told
    is taken for a function's (`lambda_runtime/peers.py`).
    """

    def __init__(self) -> None:
        self._known: Counter[tuple[Address, Address]] = Counter()
        """How many there were lately, by (near end, far end)."""

    def opened(self, near: Address, far: Address) -> None:
        """A connection was made."""
        self._known[near, far] += 1

    def closed(self, near: Address, far: Address) -> None:
        """It is being closed."""
        asyncio.get_running_loop().call_later(LINGERS, self._forget, (near, far))

    def made(self, connection: Connection) -> bool:
        """Whether this process is at the connection's other end."""
        return connection.peer is not None and self._known[connection.peer, connection.local] > 0

    def _forget(self, ends: tuple[Address, Address]) -> None:
        self._known[ends] -= 1
        if self._known[ends] <= 0:
            del self._known[ends]
