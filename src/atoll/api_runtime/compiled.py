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
"""How many snapshots stay compiled."""


class CompiledSnapshots(Generic[C]):
    """The compiled snapshots of one kind of API. `compile_` makes one from its stored bytes."""

    def __init__(self, store: Store, compile_: Callable[[bytes], C]) -> None:
        self._store = store
        self._compile = compile_
        self._kept: OrderedDict[str, C] = OrderedDict()

    async def of(self, visit: Visit, snapshot_id: str | None = None) -> C | None:
        """What the visit's stage runs (or the snapshot named instead), None where nothing is deployed."""
        name = visit.settings.snapshot if snapshot_id is None else snapshot_id
        if not name:
            return None
        if (compiled := self._kept.get(name)) is not None:
            self._kept.move_to_end(name)
            return compiled
        key = serving.snapshot_key(visit.api.account, visit.api.region, visit.api_id, name)
        raw = await self._store.read(lambda tx: tx.get(key))
        if raw is None:
            return None
        compiled = self._kept[name] = self._compile(raw)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return compiled
