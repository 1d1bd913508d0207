"""Watches: who is woken when a commit touches a prefix. In memory, per process; a hint, never the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from atoll.kernel.keys import Range


class Watching:
    """One watch on a packed prefix."""

    def __init__(self, watches: Watches, prefix: bytes) -> None:
        self._watches = watches
        self.prefix = prefix
        self.touched = asyncio.Event()

    async def wait(self) -> None:
        await self.touched.wait()
        self.touched.clear()

    def changed(self) -> bool:
        touched = self.touched.is_set()
        self.touched.clear()
        return touched

    def close(self) -> None:
        self._watches.drop(self)


class Watches:
    """The open watches, found by the prefixes of a written key."""

    def __init__(self) -> None:
        self._by_prefix: dict[bytes, set[Watching]] = {}
        self._lengths: list[int] = []

    def open(self, prefix: bytes) -> Watching:
        """A new watch."""
        watching = Watching(self, prefix)
        self._by_prefix.setdefault(prefix, set()).add(watching)
        self._lengths = sorted({len(known) for known in self._by_prefix})
        return watching

    def drop(self, watching: Watching) -> None:
        """Ends a watch."""
        group = self._by_prefix.get(watching.prefix, set())
        group.discard(watching)
        if not group:
            self._by_prefix.pop(watching.prefix, None)
            self._lengths = sorted({len(known) for known in self._by_prefix})

    def fire(self, keys: Iterable[bytes], cleared: Sequence[Range]) -> None:
        """Wakes the watches that these written keys and cleared ranges touch."""
        if not self._by_prefix:
            return
        for key in keys:
            for length in self._lengths:
                for watching in self._by_prefix.get(key[:length], ()):
                    watching.touched.set()
        for span in cleared:
            for prefix, group in self._by_prefix.items():
                if span.start < prefix + b"\xff" and prefix < span.end:
                    for watching in group:
                        watching.touched.set()
