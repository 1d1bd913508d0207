"""The write buffer: a transaction over any engine's reader.

Reads see the buffer first; nothing reaches the engine before the function has returned.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from atoll.kernel.keys import Key, Range, pack, unpack
from atoll.kernel.store.api import Reader, counter

FEW = 16
"""How many new keys are put into their order one by one rather than by sorting all."""


class RawReader(Protocol):
    """What an engine gives the buffer: the committed (or batch's) entries by packed key."""

    def fetch(self, key: bytes) -> bytes | None:
        """The value at a packed key."""

    def rows(self, span: Range, limit: int | None, *, reverse: bool) -> Iterator[tuple[bytes, bytes]]:
        """Packed keys and values of a range, in order."""


class Snapshot(Reader):
    """A `Reader` over an engine's raw entries."""

    __slots__ = ("_raw",)

    def __init__(self, raw: RawReader) -> None:
        self._raw = raw

    def get(self, key: Key) -> bytes | None:
        return self._raw.fetch(pack(key))

    def scan(self, span: Range, *, limit: int | None = None, reverse: bool = False) -> Iterator[tuple[Key, bytes]]:
        for packed, value in self._raw.rows(span, limit, reverse=reverse):
            yield unpack(packed, span.prefix, span.skip), value


class Buffer:
    """A `Transaction` whose writes are kept here until the engine applies them.

    `writes` maps a packed key to its new value, None for deleted, or an int to be added to what the engine holds.
    `cleared` are ranges emptied before those writes. `appended` are (packed prefix, value) in call order.
    """

    __slots__ = ("_order", "_raw", "appended", "cleared", "writes")

    def __init__(self, raw: RawReader) -> None:
        self._raw = raw
        self.writes: dict[bytes, bytes | int | None] = {}
        self.cleared: list[Range] = []
        self.appended: list[tuple[bytes, bytes]] = []
        self._order: list[bytes] = []
        """The keys of `writes` in order, as many as there were when one last looked."""

    def __bool__(self) -> bool:
        return bool(self.writes or self.cleared or self.appended)

    def get(self, key: Key) -> bytes | None:
        return self._fetch(pack(key))

    def set(self, key: Key, value: bytes) -> None:
        self.writes[pack(key)] = _checked(value)

    def delete(self, key: Key) -> None:
        self.writes[pack(key)] = None

    def clear_range(self, span: Range) -> None:
        if gone := self._written(span):
            for key in gone:
                del self.writes[key]
            self._order = []
        self.cleared.append(span)

    def add(self, key: Key, amount: int) -> None:
        packed = pack(key)
        if packed not in self.writes and not self._is_cleared(packed):
            self.writes[packed] = amount
            return
        pending = self.writes.get(packed)
        self.writes[packed] = pending + amount if isinstance(pending, int) else b"%d" % (counter(pending) + amount)

    def append(self, prefix: Key, value: bytes) -> None:
        self.appended.append((pack(prefix), _checked(value)))

    def scan(self, span: Range, *, limit: int | None = None, reverse: bool = False) -> Iterator[tuple[Key, bytes]]:
        rows = self._merged(span, reverse=reverse) if self else self._raw.rows(span, limit, reverse=reverse)
        for count, (packed, value) in enumerate(rows):
            if limit is not None and count >= limit:
                return
            yield unpack(packed, span.prefix, span.skip), value

    def _fetch(self, packed: bytes) -> bytes | None:
        if packed in self.writes:
            pending = self.writes[packed]
            return b"%d" % (counter(self._raw.fetch(packed)) + pending) if isinstance(pending, int) else pending
        return None if self._is_cleared(packed) else self._raw.fetch(packed)

    def _is_cleared(self, packed: bytes) -> bool:
        return bool(self.cleared) and any(span.start <= packed < span.end for span in self.cleared)

    def resolve_adds(self) -> None:
        """Turns what is to be added into what is to be stored. Raises ValueError where the engine holds no number."""
        for packed, pending in self.writes.items():
            if isinstance(pending, int):
                self.writes[packed] = self._fetch(packed)

    def _merged(self, span: Range, *, reverse: bool) -> Iterator[tuple[bytes, bytes]]:
        """The engine's rows with this buffer's laid over them, as both are when the scan begins."""
        own = [(packed, self._fetch(packed)) for packed in self._written(span)]
        if reverse:
            own.reverse()
        overlaid = {packed for packed, _ in own}
        cleared = tuple(self.cleared)
        position = 0
        for packed, value in self._raw.rows(span, None, reverse=reverse):
            while position < len(own) and (own[position][0] > packed if reverse else own[position][0] < packed):
                yield from _present(own[position])
                position += 1
            if packed not in overlaid and not any(gone.start <= packed < gone.end for gone in cleared):
                yield packed, value
        for row in own[position:]:
            yield from _present(row)

    def _written(self, span: Range) -> list[bytes]:
        """The keys in a range that were written, in order. What was there at the last look need not be looked at again: a transaction
        may write thousands, with a scan before each."""
        order, writes = self._order, self.writes
        new = list(islice(reversed(writes), len(writes) - len(order)))
        if len(new) > FEW:
            order += new
            order.sort()
        else:
            for key in new:
                insort(order, key)
        return order[bisect_left(order, span.start) : bisect_left(order, span.end)]


def _checked(value: bytes) -> bytes:
    if type(value) is not bytes:
        raise TypeError(f"a value is bytes, not {type(value).__name__}")
    return value


def _present(row: tuple[bytes, bytes | None]) -> Iterator[tuple[bytes, bytes]]:
    packed, value = row
    if value is not None:
        yield packed, value
