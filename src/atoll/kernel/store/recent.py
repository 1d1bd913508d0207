"""Values read lately, kept because most requests ask for the same few: a key, a policy version, a table.

It holds committed values only, and of a batch that is being committed none, so that reading through it is reading the store. What another
process writes into the file, which the data directory's lock forbids, is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set

from atoll.kernel.keys import Range
from atoll.kernel.store.buffer import RawReader

ENTRIES, LARGEST = 4096, 1024
"""How many values are kept, and of how many bytes at most."""

_UNKNOWN = b"\x00unknown"
"""Stands for what is not kept, since None is what is kept of a key that has no value."""


class Recent:
    """A `RawReader` over the committed state. `raw` reads it; `begin` makes sure that it reads one snapshot."""

    def __init__(self, raw: RawReader, begin: Callable[[], None]) -> None:
        self._raw = raw
        self._begin = begin
        self._values: dict[bytes, bytes | None] = {}
        self._changing: Set[bytes] = frozenset()
        self._paused = False

    def fetch(self, key: bytes) -> bytes | None:
        """The value at a packed key."""
        value = self._values.get(key, _UNKNOWN)
        if value is _UNKNOWN:
            self._begin()
            value = self._raw.fetch(key)
            self.keep(key, value)
        return value

    def rows(self, span: Range, limit: int | None, *, reverse: bool) -> Iterator[tuple[bytes, bytes]]:
        """Packed keys and values of a range, in order."""
        self._begin()
        return self._raw.rows(span, limit, reverse=reverse)

    def fetch_beside(self, key: bytes, raw: RawReader) -> bytes | None:
        """The value at a key that the batch under way has not touched, which `raw` reads where it is not kept."""
        value = self._values.get(key, _UNKNOWN)
        if value is _UNKNOWN:
            value = raw.fetch(key)
            self.keep(key, value)
        return value

    def keep(self, key: bytes, value: bytes | None) -> None:
        """Keeps a committed value, unless it is about to change."""
        if self._paused or key in self._changing or (value is not None and len(value) > LARGEST):
            return
        if len(self._values) >= ENTRIES:
            self._values.clear()
        self._values[key] = value

    def changing(self, keys: Set[bytes], cleared: bool) -> None:
        """These keys (and where something is `cleared`, perhaps any) are being committed."""
        if cleared:
            self._values.clear()
            self._paused = True
            return
        for key in keys:
            self._values.pop(key, None)
        self._changing = keys

    def changed(self) -> None:
        """The commit has ended, whether well or not."""
        self._changing = frozenset()
        self._paused = False
