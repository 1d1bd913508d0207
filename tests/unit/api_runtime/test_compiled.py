"""Snapshots stay compiled as long as there is room for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.api_runtime.visits import visit

from atoll.api_runtime import compiled, serving
from atoll.api_runtime.compiled import CompiledSnapshots


class Store:
    """A store of snapshots by their ids."""

    def __init__(self, snapshots: dict[str, bytes]) -> None:
        self._at = {
            serving.snapshot_key("123456789012", "us-east-1", "id", name): raw for name, raw in snapshots.items()
        }

    async def read(self, fn: Callable[[Any], Any]) -> Any:
        return fn(self._at)


async def test_what_was_used_longest_ago_goes_when_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for so many, and for so many bytes: old deployments of a large API do not fill the memory."""
    monkeypatch.setattr(compiled, "KEPT", 3)
    monkeypatch.setattr(compiled, "KEPT_BYTES", 100)
    made: list[bytes] = []

    def compile_(raw: bytes) -> bytes:
        made.append(raw)
        return raw

    stored = {
        name: name.encode() * size for name, size in {"a": 10, "b": 10, "c": 10, "d": 10, "e": 80, "f": 200}.items()
    }
    snapshots = CompiledSnapshots(Store(stored), compile_)  # type: ignore[arg-type]

    async def compiled_for(names: str) -> str:
        made.clear()
        for name in names:
            assert await snapshots.of(visit(), name) == stored[name]
        return b"".join(raw[:1] for raw in made).decode()

    assert await compiled_for("abcabc") == "abc"
    assert await compiled_for("dbcda") == "da"  # b and c were used after a, d after them
    assert await compiled_for("eade") == "e"  # now b, c are gone
    assert await compiled_for("ff") == "f"  # larger than all the room there is, and in use
    assert await compiled_for("a") == "a"
    assert await snapshots.of(visit(), "") is None
    assert await snapshots.of(visit(), "gone") is None
