"""An apsw VFS that loses what was not synced when its process is killed, as a machine loses it in a power cut.

Writes and truncations are held in memory until xSync, which alone brings them to the real file. As a disk may do, some writes reach it
early, at random and in any order. All connections of the process share one memory per file.
"""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import apsw

NAME = "power-cut"
EARLY = 0.1
"""The share of writes that reach the disk before they are synced."""


class _File:
    """One file: what the process sees, and what of it has not reached the disk."""

    def __init__(self, path: Path) -> None:
        self.seen = bytearray(path.read_bytes() if path.exists() else b"")
        self.unsynced: dict[int, int] = {}
        self.truncated = False


class PowerCutVFS(apsw.VFS):
    """Registers itself under `NAME` for as long as it is referenced."""

    def __init__(self, seed: int) -> None:
        super().__init__(NAME, "")
        self.random = random.Random(seed)
        self.lock = threading.RLock()
        self._files: dict[str, _File] = {}

    def file(self, path: str) -> _File:
        """The shared memory of a file."""
        with self.lock:
            return self._files.setdefault(path, _File(Path(path)))

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        opened = _Handle(name, flags)
        if path:
            opened.attach(self, self.file(path))
        return opened

    def xDelete(self, path: str, sync: bool) -> None:
        with self.lock:
            self._files.pop(path, None)
        super().xDelete(path, sync)


class _Handle(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)

    def attach(self, disk: PowerCutVFS, file: _File) -> None:
        self._disk, self._file = disk, file

    def xRead(self, amount: int, offset: int) -> bytes:
        with self._disk.lock:
            return bytes(self._file.seen[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        with self._disk.lock:
            seen, end = self._file.seen, offset + len(data)
            if len(seen) < end:
                seen.extend(bytes(end - len(seen)))
            seen[offset:end] = data
            if self._disk.random.random() < EARLY:
                super().xWrite(data, offset)
            self._file.unsynced[offset] = max(len(data), self._file.unsynced.get(offset, 0))

    def xTruncate(self, size: int) -> None:
        with self._disk.lock:
            del self._file.seen[size:]
            self._file.truncated = True

    def xFileSize(self) -> int:
        with self._disk.lock:
            return len(self._file.seen)

    def xSync(self, flags: int) -> None:
        with self._disk.lock:
            file = self._file
            for offset, length in sorted(file.unsynced.items()):
                if part := bytes(file.seen[offset : offset + length]):
                    super().xWrite(part, offset)
            file.unsynced.clear()
            if file.truncated:
                super().xTruncate(len(file.seen))
                file.truncated = False
