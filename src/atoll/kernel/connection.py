"""A TCP connection that the region has accepted. Whose it is can be asked for as long as neither side has dropped it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

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
