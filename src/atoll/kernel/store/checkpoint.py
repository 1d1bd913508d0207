"""The checkpointer: the thread that copies SQLite's write-ahead log back into the database file. It decides no more than when."""

from __future__ import annotations

import threading
from collections.abc import Callable

import apsw

EVERY = 4 << 20
"""Bytes by which the log grows between two attempts to copy it back."""

READER_PATIENCE = 1000
"""Milliseconds that writers wait, at the limit, for a reader that still needs the log."""


class Checkpointer:
    """Copies the log back beside the writers. Once it is `full`, they wait until it has begun anew.

    `db` is a connection of the checkpointer's own; `limit` is the log's size in bytes at which it counts as full. Where a reader
    holds on to the log (a shell on the file), the writers go on after a second, until it has grown by `limit` again.
    """

    def __init__(self, db: apsw.Connection, limit: int) -> None:
        self._db = db
        self._db.set_busy_timeout(READER_PATIENCE)
        self._db.execute(
            "SELECT count(*) FROM sqlite_schema"
        ).fetchall()  # a connection that never read checkpoints nothing
        self._page_size = int(db.execute("PRAGMA page_size").get)
        self._limit = self._full_at = limit
        self._size = self._asked_at = 0
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._waiting: list[Callable[[], object]] = []
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="atoll-checkpoint", daemon=True)
        self._thread.start()

    @property
    def full(self) -> bool:
        """Whether the writers should wait (`when_done`) before they add to the log."""
        return self._size >= self._full_at

    def committed(self, _db: object, _name: str, pages: int) -> int:
        """The writer's WAL hook: `pages` is how long the log is now."""
        self._size = pages * self._page_size
        if self._size < self._asked_at:  # it began anew
            self._asked_at = 0
        if self._size >= self._asked_at + EVERY:
            self._asked_at = self._size
            self._wanted.set()
        return apsw.SQLITE_OK

    def when_done(self, callback: Callable[[], object]) -> None:
        """Calls back (in the thread) after the next attempt, which empties the log unless a reader holds on to it."""
        with self._lock:
            self._waiting.append(callback)
        self._wanted.set()

    def stop(self) -> None:
        """Ends the thread, once it is done with what it is at, and closes its connection."""
        self._stopping = True
        self._wanted.set()
        self._thread.join()
        self._db.close()

    def _loop(self) -> None:
        while not self._stopping:
            self._wanted.wait()
            self._wanted.clear()
            with self._lock:
                waiting, self._waiting = self._waiting, []
            self._copy_back(restart=bool(waiting))
            for callback in waiting:
                callback()

    def _copy_back(self, *, restart: bool) -> None:
        mode = apsw.SQLITE_CHECKPOINT_RESTART if restart else apsw.SQLITE_CHECKPOINT_PASSIVE
        try:
            self._db.wal_checkpoint(mode=mode)
        except apsw.Error:
            # A full disk or a long reader. Nothing is lost: the log still holds everything, and a later attempt copies it.
            if restart:
                self._full_at = self._size + self._limit
            return
        if restart:
            self._size = self._asked_at = 0
            self._full_at = self._limit
