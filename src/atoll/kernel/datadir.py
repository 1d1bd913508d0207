"""The data directory: who holds it, and which format it has.

atoll.lock     held (flock) by the one process that serves the directory
format.json    the format version and the Atoll that wrote it
region.db      the store;  blobs/  content-addressed files;  work/  what can be made again
run.json       how to reach the process, while it runs
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from atoll import __version__

FORMAT = 1
"""Raised by one, with an entry in MIGRATIONS and a fixture in tests/data/releases, when what is stored changes its form."""

MIGRATIONS: Mapping[int, Callable[[Path], None]] = {}
"""From each older format to the next: a function that changes the directory and may be run again after a crash."""


class DataDirError(Exception):
    """The directory cannot be used. The message is one line for the user."""


class Format(msgspec.Struct):
    """What format.json holds."""

    format: int
    atoll: str


class DataDir:
    """An opened data directory. `open` it before anything in it, `close` it last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / "region.db"
        self.blobs = path / "blobs"
        self.work = path / "work"
        self._lock: int | None = None

    def open(self, *, version: int = FORMAT, migrations: Mapping[int, Callable[[Path], None]] = MIGRATIONS) -> None:
        """Creates, locks and migrates the directory. Raises DataDirError if another process holds it or it is unusable."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            self._lock = os.open(self.path / "atoll.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataDirError(f"Cannot use the data directory {self.path}: {error.strerror}.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise DataDirError(f"Another Atoll already serves the data directory {self.path}.") from error
        try:
            self._migrate(version, migrations)
            self.work.mkdir(exist_ok=True)
        except OSError as error:
            self.close()
            raise DataDirError(f"Cannot use the data directory {self.path}: {error.strerror}.") from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Lets another process have the directory."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _migrate(self, version: int, migrations: Mapping[int, Callable[[Path], None]]) -> None:
        found = self._read_format(version)
        if found > version:
            raise DataDirError(
                f"The data directory {self.path} has format {found}, made by a newer Atoll; this one ({__version__}) knows {version}."
            )
        while found < version:
            if found not in migrations:
                raise DataDirError(
                    f"The data directory {self.path} has format {found}, which this Atoll cannot migrate."
                )
            migrations[found](self.path)
            found += 1
            self._write_format(found)
        if not self._format_file.exists():
            self._write_format(version)

    @property
    def _format_file(self) -> Path:
        return self.path / "format.json"

    def _read_format(self, version: int) -> int:
        try:
            return msgspec.json.decode(self._format_file.read_bytes(), type=Format).format
        except FileNotFoundError:
            if self.database.exists():
                raise DataDirError(f"The data directory {self.path} is damaged: format.json is missing.") from None
            return version
        except msgspec.DecodeError as error:
            raise DataDirError(f"The data directory {self.path} is damaged: format.json: {error}.") from error

    def _write_format(self, version: int) -> None:
        temporary = self.path / "format.json.part"
        with temporary.open("wb") as file:
            file.write(msgspec.json.encode(Format(version, __version__)))
            file.flush()
            os.fsync(file.fileno())  # else a power cut could leave the new name without its content
        temporary.replace(self._format_file)
