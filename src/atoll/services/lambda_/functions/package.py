"""Deployment packages and the content of layers: checked, unpacked, and kept unpacked under the data directory's work/code/SHA-256.

docs: Lambda quotas, "Deployment package size".
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from atoll.kernel.blobs import Blobs
from atoll.kernel.errors import RequestTooLarge
from atoll.services.lambda_.errors import InvalidParameterValueException
from atoll.services.lambda_.functions.unzip import contents, unpack

PART = ".part"
MAX_ZIPPED = 52_428_800


@dataclass(frozen=True, slots=True)
class Package:
    """A package that is kept: its SHA-256 in hex, its size and that of its files in bytes. `unreadable` as in `unzip.Contents`."""

    digest: str
    size: int
    unzipped: int
    unreadable: str


class Unpacked:
    """Directories that are made from blobs, by digest. One is made beside its place and renamed: what is there is complete.

    `make(digest, directory)` fills an empty directory, in a thread.
    """

    def __init__(self, directory: Path, blobs: Blobs, make: Callable[[str, Path], None]) -> None:
        self._directory = directory
        self._blobs = blobs
        self._make = make
        self._making: dict[str, asyncio.Task[Path]] = {}

    def sweep(self, *, starting: bool = False) -> None:
        """Removes what no longer has a blob; when `starting`, also what a crash left half made."""
        self._directory.mkdir(parents=True, exist_ok=True)
        for path in self._directory.iterdir():
            if not self._blobs.path(path.name).exists() and (starting or path.suffix != PART):
                shutil.rmtree(path, ignore_errors=True)

    def path(self, digest: str) -> Path:
        """Where the directory is, or would be."""
        return self._directory / digest

    async def directory(self, digest: str) -> Path:
        """The directory; makes it if needed. Raises what `make` does."""
        path = self.path(digest)
        if path.exists():
            return path
        task = self._making.get(digest)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._complete, digest, path))
            self._making[digest] = task
            task.add_done_callback(lambda _task: self._making.pop(digest, None))
        return await asyncio.shield(task)

    def _complete(self, digest: str, path: Path) -> Path:
        part = path.with_name(digest + PART)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        part.chmod(0o755)
        try:
            self._make(digest, part)
            part.rename(path)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return path


class Packages:
    """The packages of a region."""

    def __init__(self, directory: Path, blobs: Blobs) -> None:
        self._blobs = blobs
        self.unpacked = Unpacked(directory, blobs, lambda digest, into: unpack(blobs.path(digest), into))

    async def store(self, content: bytes) -> Package:
        """Checks, unpacks and keeps a package. The caller links the blob.

        Raises InvalidParameterValueException, RequestTooLarge.
        """
        if not content:
            raise InvalidParameterValueException("Uploaded file must be a non-empty zip")
        if len(content) > MAX_ZIPPED:
            raise RequestTooLarge(f"Zipped size must be smaller than {MAX_ZIPPED} bytes")
        digest = await self._blobs.put(content)
        await self.unpacked.directory(digest)
        found = await asyncio.to_thread(contents, self._blobs.path(digest))
        return Package(digest, len(content), found.size, found.unreadable)
