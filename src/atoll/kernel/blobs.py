"""Blobs: content-addressed files beside the store, for what is too large for a key's value: function code, later objects of buckets.

A blob is written before the transaction that names it, and named by a link in the store. What no link names is collected once
it is older than any upload could be.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from atoll.kernel.clock import Clock
from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Key, under
from atoll.kernel.store.api import Durability, Reader, Store, Transaction

GRACE = 3600.0
"""Seconds of real time that an unlinked blob is kept: its transaction may still be under way."""


def _links(digest: str) -> Key:
    return (GLOBAL_ACCOUNT, "", "blobs", digest)


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
        directory.mkdir(parents=True, exist_ok=True)

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
        old = await asyncio.to_thread(self._older_than, self._clock.wall() - GRACE)
        removed = 0
        for path in old:

            def linked(tx: Reader, digest: str = path.name) -> bool:
                return any(True for _ in tx.scan(under(_links(digest)), limit=1))

            if not await store.read(linked):
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    def _write(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        path.parent.mkdir(exist_ok=True)
        if path.exists():
            path.touch()  # young again: its new link is not committed yet
            return digest
        temporary = path.with_name(f"{digest}.{os.urandom(6).hex()}.part")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            if self._synced:
                os.fsync(file.fileno())
        temporary.replace(path)
        if self._synced:
            self._sync_directory(path.parent)
            self._sync_directory(self._directory)
        return digest

    @staticmethod
    def _sync_directory(directory: Path) -> None:
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _older_than(self, moment: float) -> list[Path]:
        return [path for path in self._directory.glob("??/*") if path.stat().st_mtime < moment]
