"""Snapshots made ready to answer requests, kept by their ids: a snapshot never changes, and its id is never used again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from atoll.api_runtime import serving
from atoll.api_runtime.visit import Visit
from atoll.kernel.store.api import Store

C = TypeVar("C")
KEPT = 256
"""How many snapshots stay compiled, at most."""
KEPT_BYTES = 16 << 20
"""How many bytes they have together as they are stored, at most; compiled they take some five times as much. The latest one stays."""


class CompiledSnapshots(Generic[C]):
    """The compiled snapshots of one kind of API. `compile_` makes one from its stored bytes."""

    def __init__(self, store: Store, compile_: Callable[[bytes], C]) -> None:
        self._store = store
        self._compile = compile_
        self._kept: OrderedDict[str, tuple[C, int]] = OrderedDict()
        """With how many bytes each has as it is stored."""
        self._bytes = 0

    async def of(self, visit: Visit, snapshot_id: str | None = None) -> C | None:
        """What the visit's stage runs (or the snapshot named instead), None where nothing is deployed."""
        name = visit.settings.snapshot if snapshot_id is None else snapshot_id
        if not name:
            return None
        if (kept := self._kept.get(name)) is not None:
            self._kept.move_to_end(name)
            return kept[0]
        key = serving.snapshot_key(visit.api.account, visit.api.region, visit.api_id, name)
        raw = await self._store.read(lambda tx: tx.get(key))
        if raw is None:
            return None
        compiled = self._compile(raw)
        if name not in self._kept:  # nobody else was faster
            self._kept[name] = compiled, len(raw)
            self._bytes += len(raw)
            while len(self._kept) > KEPT or (self._bytes > KEPT_BYTES and len(self._kept) > 1):
                self._bytes -= self._kept.popitem(last=False)[1][1]
        return compiled
