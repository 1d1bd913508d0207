"""Blobs: content-addressed files beside the store, for what is too large for a key's value: function code, later objects of buckets.

A blob is written before the transaction that names it, and named by a link in the store. What no link names is collected once
it is older than any upload could be.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from pathlib import Path

from atoll.kernel.clock import Clock
from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Key, under
from atoll.kernel.store.api import Durability, Reader, Store, Transaction

GRACE = 3600.0
"""Seconds of real time that an unlinked blob is kept: its transaction may still be under way."""


PREFIX: Key = (GLOBAL_ACCOUNT, "", "blobs")
"""(*PREFIX, digest, owner) for each link."""


def _links(digest: str) -> Key:
    return (*PREFIX, digest)


def owner(_tx: Reader, link: Key, _raw: bytes) -> str:
    """The account of whatever needs the blob by this link."""
    needing = link[-1]
    assert isinstance(needing, tuple)
    return str(needing[0])


def link(tx: Transaction, digest: str, owner: Key) -> None:
    """Says that `owner` (any key) needs the blob."""
    tx.set((*_links(digest), owner), b"")


def unlink(tx: Transaction, digest: str, owner: Key) -> None:
    """Takes `owner`'s need of the blob back."""
    tx.delete((*_links(digest), owner))


class Blobs:
    """Files under `directory`, named by the SHA-256 of their content (64 hexadecimal digits)."""

    def __init__(self, directory: Path, clock: Clock, durability: Durability) -> None:
        self._directory = directory
        self._clock = clock
        self._synced = durability == "fsync"
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        if self._synced:
            _sync_directory(directory.parent)

    async def put(self, content: bytes) -> str:
        """Stores `content` and returns its digest. It is complete, or not there, whatever happens meanwhile."""
        return await asyncio.to_thread(self._write, content)

    async def get(self, digest: str) -> bytes:
        """The content. Raises FileNotFoundError where there is no such blob."""
        return await asyncio.to_thread(self.path(digest).read_bytes)

    def path(self, digest: str) -> Path:
        """Where the blob lies, for readers of large ones."""
        return self._directory / digest[:2] / digest

    async def collect(self, store: Store) -> int:
        """Removes unlinked blobs past their grace and the remains of interrupted writes; returns how many files went."""
        moment = self._clock.wall() - GRACE
        removed = 0
        for path in await asyncio.to_thread(self._older_than, moment):

            def linked(tx: Reader, digest: str = path.name) -> bool:
                return any(True for _ in tx.scan(under(_links(digest)), limit=1))

            if not await store.read(linked):
                removed += await asyncio.to_thread(self._remove, path, moment)
        return removed

    def _write(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        path.parent.mkdir(exist_ok=True)
        if not self._renew(path):
            temporary = path.with_name(f"{digest}.{os.urandom(6).hex()}.part")
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                if self._synced:
                    os.fsync(file.fileno())
            temporary.replace(path)
        if self._synced:  # also where another put wrote it: that one may not have come so far yet
            _sync_directory(path.parent)
            _sync_directory(self._directory)
        return digest

    def _renew(self, path: Path) -> bool:
        """Makes a blob that is there young again, for its new link is not committed yet; says whether it is there."""
        with self._lock:
            if not path.exists():
                return False
            path.touch()
            return True

    def _remove(self, path: Path, moment: float) -> bool:
        """Removes a file unless it was renewed meanwhile."""
        with self._lock:
            if not path.exists() or path.stat().st_mtime >= moment:
                return False
            path.unlink()
            return True

    def _older_than(self, moment: float) -> list[Path]:
        return [path for path in self._directory.glob("??/*") if path.exists() and path.stat().st_mtime < moment]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
