"""The kernel of one region, assembled: data directory, store, blobs, clock, ids, tasks, deliveries, tracer."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import msgspec

from atoll.kernel.blobs import Blobs
from atoll.kernel.clock import Clock
from atoll.kernel.connection import Outgoing
from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.datadir import DataDir, DataDirError
from atoll.kernel.dispatcher import Dispatcher
from atoll.kernel.errors import StoreUnavailable
from atoll.kernel.ids import Ids
from atoll.kernel.records import encode
from atoll.kernel.store.api import Durability, Reader, Transaction
from atoll.kernel.store.sqlite import SQLiteStore
from atoll.kernel.tasks import Tasks
from atoll.kernel.tracing import Tracer

CLOCK_KEY = (GLOBAL_ACCOUNT, "", "kernel", "clock")
NODE_KEY = (GLOBAL_ACCOUNT, "", "kernel", "node")
MARK_EVERY = 1.0
"""Seconds of region time between two stored marks; a restart begins at least this far after the last."""


class ClockMark(msgspec.Struct):
    """What the store keeps of the clock: its offset and the latest region time given out, both in seconds."""

    offset: float
    latest: float


@dataclass(slots=True)
class Kernel:
    """Everything that holds state, opened together and closed together."""

    directory: DataDir
    store: SQLiteStore
    blobs: Blobs
    clock: Clock
    ids: Ids
    tasks: Tasks
    deliveries: Dispatcher
    tracer: Tracer
    outgoing: Outgoing = field(default_factory=Outgoing)

    async def advance(self, seconds: float) -> None:
        """Moves region time forward (`Clock.advance`) and stores that, so that a restart does not take it back."""
        await self._moved(self.clock.advance(seconds))

    async def advance_to(self, instant: float) -> None:
        """Moves region time forward to an instant (`Clock.advance_to`) and stores that."""
        await self._moved(self.clock.advance_to(instant))

    async def _moved(self, advancing: Awaitable[None]) -> None:
        try:
            await advancing
        finally:
            mark = ClockMark(self.clock.offset, self.clock.now())
            await self.store.transact(lambda tx: tx.set(CLOCK_KEY, encode(mark)))

    async def close(self) -> None:
        """Stops tasks and deliveries, commits, and gives the directory free."""
        await self.tasks.stop()
        await self.deliveries.stop()
        self.clock.close()
        await self.store.close()
        self.directory.close()


async def open_kernel(path: Path, durability: Durability, *, verify: bool = False, vfs: str | None = None) -> Kernel:
    """Opens the data directory at `path`, making it if needed. Raises DataDirError with one line that says what is wrong.

    `verify` and `vfs` are for tests: see SQLiteStore.
    """
    directory = DataDir(path)
    store: SQLiteStore | None = None
    try:
        directory.open()
        marker = _ClockMarker()
        store = SQLiteStore(directory.database, durability=durability, before_commit=marker, verify=verify, vfs=vfs)
        return await _open(directory, store, marker, durability)
    except (apsw.Error, msgspec.DecodeError, OSError, StoreUnavailable) as error:
        if store is not None:
            await store.close()
        directory.close()
        raise DataDirError(f"The data directory {path} is damaged or unreadable: {error}.") from error


async def _open(directory: DataDir, store: SQLiteStore, marker: _ClockMarker, durability: Durability) -> Kernel:
    ids = Ids()
    mark = await store.read(_mark)
    clock = Clock(mark.offset, not_before=mark.latest + MARK_EVERY)
    marker.clock = clock
    node = await _node(store, ids.uuid())
    blobs = Blobs(directory.blobs, clock, durability)
    tasks = Tasks(store, clock, node)
    deliveries = Dispatcher(store, clock)
    clock.settle_with(tasks.settle)
    clock.settle_with(deliveries.settle)
    return Kernel(directory, store, blobs, clock, ids, tasks, deliveries, Tracer())


class _ClockMarker:
    """Adds the clock's mark to a batch when it has moved on enough: acknowledged work never lies in a restart's future."""

    def __init__(self) -> None:
        self.clock: Clock | None = None

    def __call__(self, tx: Transaction) -> None:
        if self.clock is None:
            return
        stored = _mark(tx)  # read, not remembered: the batch that last wrote it may have failed
        mark = ClockMark(self.clock.offset, self.clock.now())
        if mark.latest - stored.latest >= MARK_EVERY or mark.offset != stored.offset:
            tx.set(CLOCK_KEY, encode(mark))


def _mark(tx: Reader) -> ClockMark:
    raw = tx.get(CLOCK_KEY)
    return msgspec.msgpack.decode(raw, type=ClockMark) if raw else ClockMark(0.0, 0.0)


async def _node(store: SQLiteStore, fresh: str) -> str:
    def once(tx: Transaction) -> str:
        raw = tx.get(NODE_KEY)
        if raw is None:
            tx.set(NODE_KEY, fresh.encode())
            return fresh
        return raw.decode()

    return await store.transact(once)
