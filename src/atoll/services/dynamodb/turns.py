"""Requests with many texts to read (statements, expressions) let others have their turn."""

from __future__ import annotations

import asyncio

MOST = 1024
"""Characters that are read without a pause: some milliseconds."""


class Turns:
    """Counts what a request has read since it last paused."""

    __slots__ = ("_read",)

    def __init__(self) -> None:
        self._read = 0

    async def take(self, characters: int) -> None:
        """Notes what was read, and pauses where that is much."""
        self._read += characters
        if self._read >= MOST:
            self._read = 0
            await asyncio.sleep(0)  # noqa: TID251  no time passes: others have their turn
