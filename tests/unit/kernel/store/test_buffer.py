"""The write buffer: scans between many writes see all of them, in order."""

from __future__ import annotations

import random
from collections.abc import Iterator

from atoll.kernel.keys import Range, pack, under
from atoll.kernel.store.buffer import FEW, Buffer


class Engine:
    """An engine with some entries."""

    def __init__(self, entries: dict[bytes, bytes]) -> None:
        self._entries = entries

    def fetch(self, key: bytes) -> bytes | None:
        return self._entries.get(key)

    def rows(self, span: Range, limit: int | None, *, reverse: bool) -> Iterator[tuple[bytes, bytes]]:
        found = sorted((row for row in self._entries.items() if span.start <= row[0] < span.end), reverse=reverse)
        yield from found[:limit]


def test_scans_between_writes_see_them() -> None:
    chance = random.Random(6)  # nothing secret
    stored = {("t", number): b"old" for number in range(0, 200, 3)}
    buffer = Buffer(Engine({pack(key): value for key, value in stored.items()}))
    expected = dict(stored)
    for _ in range(60):
        if chance.random() < 0.2:
            span = under(("t", chance.randrange(200)))
            buffer.clear_range(span)
            expected = {key: value for key, value in expected.items() if not span.start <= pack(key) < span.end}
        for _ in range(chance.choice((1, FEW, 3 * FEW))):
            key = ("t", chance.randrange(200))
            if chance.random() < 0.3:
                buffer.delete(key)
                expected.pop(key, None)
            else:
                buffer.set(key, b"new")
                expected[key] = b"new"
        reverse = chance.random() < 0.5
        assert list(buffer.scan(under(("t",)), reverse=reverse)) == sorted(expected.items(), reverse=reverse)
