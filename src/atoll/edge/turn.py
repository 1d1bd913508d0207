"""One turn of the event loop: what can be answered in it is answered together, at its end.

A request and the system call of an answer by turns cost a fifth more than all requests and then all system calls, because each displaces
from the processor's caches what the other needs (docs/decisions/0012).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atoll.edge.exchange import Exchange


class Turn:
    """The answers that wait for the end of the turn. One for all connections of a server."""

    def __init__(self) -> None:
        self._answers: list[tuple[Exchange, bytes, bytes]] = []

    def answer(self, exchange: Exchange, head: bytes, body: bytes) -> None:
        """Sends the answer of `exchange` when the turn ends."""
        if not self._answers:
            asyncio.get_running_loop().call_soon(self._send)
        self._answers.append((exchange, head, body))

    def _send(self) -> None:
        answers, self._answers = self._answers, []
        for exchange, head, body in answers:
            exchange.write(head, body)
