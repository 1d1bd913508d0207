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
    environment made it: the answer holds for the connection's life. `since` is the loop's time at which it was accepted."""

    peer: Address | None
    local: Address
    transport: asyncio.Transport
    inside: bool | None = None
    since: float = 0.0

    @classmethod
    def of(cls, transport: asyncio.Transport) -> Connection | None:
        """The connection of a transport; None where that is no TCP (a Unix socket)."""
        if transport.get_extra_info("socket").family == socket.AF_UNIX:
            return None
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        return cls(peer and peer[:2], local[:2], transport, since=asyncio.get_running_loop().time())

    def is_alive(self) -> bool:
        """Whether its two addresses belong to nothing but it: it was not reset, and we have not closed it. Linux only."""
        if self.transport.is_closing():
            return False
        state: bytes = self.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        return state[0] in ALIVE


LINGERS = 10.0
"""Seconds after its end for which a connection of our own is known: its last request may be waiting to be read."""
ACCEPTED_WITHIN = 1.5
"""Seconds after its end within which a connection of our own has been accepted. One from the same port that is accepted later is a
connection of somebody else's: Linux gives a port away again a second after its end. (asyncio rests for a second where it is out of
descriptors.)"""


class Outgoing:
    """The TCP connections that this process makes, by both their ends: a port alone may be another connection's too. What is sent over
    one is known before its first byte is.

    One that is redirected on its way (NAT) has other ends where it is accepted. Nobody can then tell whose it is, and what cannot be told
    is taken for a function's (`lambda_runtime/peers.py`).
    """

    def __init__(self) -> None:
        self._open: Counter[tuple[Address, Address]] = Counter()
        """How many there are, by (near end, far end)."""
        self._ended: dict[tuple[Address, Address], float] = {}
        """When the last one between two ends was closed, by the loop's time: those that ended lately."""

    def opened(self, near: Address, far: Address) -> None:
        """A connection was made."""
        self._open[near, far] += 1

    def closed(self, near: Address, far: Address) -> None:
        """It is being closed."""
        ends, loop = (near, far), asyncio.get_running_loop()
        self._open[ends] -= 1
        if not self._open[ends]:
            del self._open[ends]
        now = self._ended[ends] = loop.time()
        loop.call_later(LINGERS, self._forget, ends, now)

    def made(self, connection: Connection) -> bool:
        """Whether this process is, or was, at the connection's other end."""
        if connection.peer is None:
            return False
        ends = connection.peer, connection.local
        ended = self._ended.get(ends)
        return ends in self._open or (ended is not None and connection.since <= ended + ACCEPTED_WITHIN)

    def _forget(self, ends: tuple[Address, Address], ended: float) -> None:
        if self._ended.get(ends) == ended:
            del self._ended[ends]
