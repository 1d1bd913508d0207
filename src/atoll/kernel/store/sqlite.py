"""The SQLite engine: the embedded default, one file in write-ahead-log mode.

Transactions run on the event loop, because they take microseconds, and those of one tick share one commit (`_pump`). Under
`process` durability the loop commits: the log is written but not synced, which the death of the process does not undo. Under `fsync` one
writer thread commits and syncs, and what arrives meanwhile forms the next batch. Readers have a connection of their own and see
only what is committed, so that no answer ever rests on a batch that may still fail.

Automatic checkpoints are off: a thread with its own connection copies the log back (`checkpoint.py`), and past 64 MB of log the
writers wait for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import apsw

from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.errors import StoreUnavailable
from atoll.kernel.keys import Key, Range, pack
from atoll.kernel.store.api import Durability, Reader, Transaction, counter
from atoll.kernel.store.buffer import Buffer, Snapshot
from atoll.kernel.store.checkpoint import Checkpointer
from atoll.kernel.store.recent import Recent
from atoll.kernel.store.verify import run_twice
from atoll.kernel.store.watch import Watches, Watching

T = TypeVar("T")

SCHEMA = "CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT"
PUT = "INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
SEQUENCE = pack((GLOBAL_ACCOUNT, "", "kernel", "sequence"))
FIRST_PAGE, LARGEST_PAGE = 16, 512
LOG_LIMIT = 64 << 20
SLICE = 0.002
"""Seconds that one run of transactions may hold the event loop; the rest of the batch waits for the next tick."""

LOCK_RETRY, LOCK_PATIENCE = 0.02, 10.0
"""Seconds between two attempts to write while another process has the database locked, and for how long writers wait for it."""


class SQLiteStore:
    """A `Store` in one SQLite file.

    `before_commit` may add writes to every batch (the region's clock mark). `verify` runs every function twice and compares, for tests.
    `vfs` names a registered apsw VFS; `log_limit` is the size in bytes of the write-ahead log at which writers wait for the
    checkpointer. Raises apsw.Error if the file cannot be opened or is no database.
    """

    def __init__(
        self,
        path: Path,
        *,
        durability: Durability = "process",
        before_commit: Callable[[Transaction], None] | None = None,
        verify: bool = False,
        vfs: str | None = None,
        log_limit: int = LOG_LIMIT,
    ) -> None:
        synced = durability == "fsync"
        self._before_commit = before_commit
        self._run: Callable[[Callable[[Transaction], Any], Callable[[], Buffer]], tuple[Buffer, Any]] = (
            run_twice if verify else _run_once
        )
        self._writer = _Connection(path, vfs, synchronous="FULL" if synced else "NORMAL")
        self._writer.execute(SCHEMA)
        self._writer.set_busy_timeout(0)
        self._locked_since: float | None = None
        self._reader = _Connection(path, vfs)
        self._recent = Recent(self._reader, self._begin_reading)
        self._snapshot = Snapshot(self._recent)
        self._reading = False
        self._pending: deque[tuple[Callable[[Transaction], Any], asyncio.Future[Any]]] = deque()
        self._scheduled = False
        self._watches = Watches()
        self._closed = False
        self._commit_thread = ThreadPoolExecutor(1, "atoll-commit") if synced else None
        self._checkpointer = Checkpointer(apsw.Connection(str(path), vfs=vfs), log_limit)
        self._writer.set_wal_hook(self._checkpointer.committed)

    async def transact(self, fn: Callable[[Transaction], T]) -> T:
        if self._closed:
            raise StoreUnavailable("The store is closed.")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._pending.append((fn, future))
        self._schedule()
        return await future

    async def read(self, fn: Callable[[Reader], T]) -> T:
        if self._closed:
            raise StoreUnavailable("The store is closed.")
        try:
            return fn(self._snapshot)
        except apsw.Error as error:
            raise StoreUnavailable(f"The store cannot be read: {error}") from error

    def _begin_reading(self) -> None:
        """One snapshot serves all reads until the next batch: nothing that was told of a commit reads an older state. Where writers
        wait for the log to begin anew, which no reader may hold on to, it serves those of one tick."""
        if not self._reading:
            self._reader.execute("BEGIN")
            self._reading = True
            if self._checkpointer.full:
                asyncio.get_running_loop().call_soon(self._end_reading)

    def watch(self, prefix: Key) -> Watching:
        return self._watches.open(pack(prefix))

    async def close(self) -> None:
        while self._pending or self._scheduled:
            await asyncio.sleep(0.001)  # noqa: TID251  the commit under way ends by itself
        self._closed = True
        self._end_reading()
        if self._commit_thread:
            self._commit_thread.shutdown()
        await asyncio.get_running_loop().run_in_executor(None, self._checkpointer.stop)
        self._reader.close()
        self._writer.close()

    # One batch at a time: _schedule -> _pump -> commit -> _settle -> _schedule …

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        self._end_reading()
        if self._checkpointer.full:
            self._checkpointer.when_done(lambda: loop.call_soon_threadsafe(self._pump))
            return
        batch = _Batch(self._writer, self._recent)
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            self._locked_since = None
        except apsw.Error as error:
            self._not_begun(error)
            return
        try:
            deadline = loop.time() + SLICE
            while self._pending:
                self._execute(*self._pending.popleft(), batch)
                if loop.time() > deadline:
                    break
            self._finish(batch)
        except Exception as error:  # noqa: BLE001  whatever it is, the batch cannot be committed and its callers are told
            self._settle(batch, error)
            return
        if batch.changed:
            self._recent.changing(batch.keys, bool(batch.cleared))
        if self._commit_thread and batch.changed:
            commit = loop.run_in_executor(self._commit_thread, self._commit)
            commit.add_done_callback(lambda done: self._settle(batch, done.result()))
        else:
            self._settle(batch, self._commit())

    def _not_begun(self, error: apsw.Error) -> None:
        """Waits for the lock of another process (a shell on the file) without holding the loop. After LOCK_PATIENCE, or for any other
        error, all who wait are told: the next attempt may fail alike."""
        loop = asyncio.get_running_loop()
        self._locked_since = self._locked_since or loop.time()
        if isinstance(error, apsw.BusyError) and loop.time() < self._locked_since + LOCK_PATIENCE:
            loop.call_later(LOCK_RETRY, self._pump)
            return
        self._locked_since = None
        batch = _Batch(self._writer, self._recent)
        batch.outcomes += [_Outcome(future) for _, future in self._pending]
        self._pending.clear()
        self._settle(batch, error)

    def _execute(self, fn: Callable[[Transaction], Any], future: asyncio.Future[Any], batch: _Batch) -> None:
        if future.done():  # its caller went away before it began
            return
        outcome = _Outcome(future)
        batch.outcomes.append(outcome)
        try:
            buffer, outcome.result = self._run(fn, partial(Buffer, batch))
            buffer.resolve_adds()
        except apsw.Error:
            raise
        except Exception as error:  # noqa: BLE001  whatever a function raises is its caller's
            outcome.error = error
            return
        if buffer:
            self._apply(buffer, batch)

    def _apply(self, buffer: Buffer, batch: _Batch) -> None:
        execute, put = self._writer.execute, self._writer.put
        for span in buffer.cleared:
            execute("DELETE FROM entries WHERE key >= ? AND key < ?", (span.start, span.end))
            batch.cleared.append(span)
        for key, value in buffer.writes.items():
            if value is None:
                execute("DELETE FROM entries WHERE key = ?", (key,))
            else:
                put((key, value))
            batch.keys.add(key)
        for prefix, value in buffer.appended:
            if batch.sequence is None:
                batch.sequence = counter(self._writer.fetch(SEQUENCE))
            batch.sequence += 1
            key = prefix + pack((batch.sequence,))
            put((key, value))
            batch.keys.add(key)

    def _finish(self, batch: _Batch) -> None:
        if batch.changed and self._before_commit:
            extra = Buffer(batch)
            self._before_commit(extra)
            extra.resolve_adds()
            self._apply(extra, batch)
        if batch.sequence is not None:
            self._writer.put((SEQUENCE, b"%d" % batch.sequence))
            batch.keys.add(SEQUENCE)

    def _commit(self) -> apsw.Error | None:
        try:
            self._writer.execute("COMMIT")
        except apsw.Error as error:
            return error
        return None

    def _settle(self, batch: _Batch, failure: Exception | None) -> None:
        try:
            if failure is None:
                self._end_reading()
                self._watches.fire(batch.keys, batch.cleared)
            elif self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        finally:  # whatever becomes of the engine, nobody is left waiting
            self._recent.changed()
            for outcome in batch.outcomes:
                outcome.settle(failure)
            self._scheduled = False
            if self._pending:
                self._schedule()

    def _end_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._reader.execute("COMMIT")


class _Connection:
    """One connection, with the statements that the engine needs. A `RawReader`."""

    def __init__(self, path: Path, vfs: str | None, synchronous: str = "NORMAL") -> None:
        self._db = apsw.Connection(str(path), vfs=vfs)
        self._db.set_busy_timeout(10_000)
        for pragma in ("journal_mode=WAL", "wal_autocheckpoint=0", f"synchronous={synchronous}", "cache_size=-16384"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        self.execute = self._db.execute
        self._find = self._db.cursor().execute
        self.put = partial(self._db.cursor().execute, PUT)
        """Puts a value at a packed key, of a pair of both."""
        self.close = self._db.close
        self.set_wal_hook = self._db.set_wal_hook
        self.set_busy_timeout = self._db.set_busy_timeout

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def fetch(self, key: bytes) -> bytes | None:
        return self._find("SELECT value FROM entries WHERE key = ?", (key,)).get  # type: ignore[no-any-return]

    def rows(self, span: Range, limit: int | None, *, reverse: bool) -> Iterator[tuple[bytes, bytes]]:
        start, end = span.start, span.end
        page = FIRST_PAGE
        order = "DESC" if reverse else "ASC"
        query = f"SELECT key, value FROM entries WHERE key >= ? AND key < ? ORDER BY key {order} LIMIT ?"  # noqa: S608
        left = limit
        while left is None or left > 0:
            size = page if left is None else min(page, left)
            rows = cast(list[tuple[bytes, bytes]], self.execute(query, (start, end, size)).fetchall())
            yield from rows
            if len(rows) < size:
                return
            if left is not None:
                left -= size
            if reverse:
                end = rows[-1][0]
            else:
                start = rows[-1][0] + b"\x00"
            page = min(page * 4, LARGEST_PAGE)


class _Outcome:
    """What one transaction came to, until its batch is committed."""

    __slots__ = ("error", "future", "result")

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self.future = future
        self.result: Any = None
        self.error: Exception | None = None

    def settle(self, failure: Exception | None) -> None:
        if self.future.done():
            return
        if failure is not None:
            error = StoreUnavailable(f"The store cannot commit: {failure}")
            error.__cause__ = failure
            self.future.set_exception(error)
        elif self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class _Batch:
    """The transactions that share one commit. A `RawReader` for each of them: it reads what those before it wrote."""

    __slots__ = ("_recent", "_writer", "cleared", "keys", "outcomes", "rows", "sequence")

    def __init__(self, writer: _Connection, recent: Recent) -> None:
        self._writer = writer
        self._recent = recent
        self.rows = writer.rows
        self.outcomes: list[_Outcome] = []
        self.keys: set[bytes] = set()
        self.cleared: list[Range] = []
        self.sequence: int | None = None
        """The number of the batch's latest append."""

    def fetch(self, key: bytes) -> bytes | None:
        if key in self.keys or self.cleared:
            return self._writer.fetch(key)
        return self._recent.fetch_beside(key, self._writer)

    @property
    def changed(self) -> bool:
        return bool(self.keys or self.cleared)


def _run_once(fn: Callable[[Transaction], T], buffer: Callable[[], Buffer]) -> tuple[Buffer, T]:
    tx = buffer()
    return tx, fn(tx)
