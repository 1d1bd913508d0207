"""Deployment packages: checked, unpacked, and kept unpacked under the data directory's work/code/SHA-256.

A package is unpacked beside its place and renamed, so that a directory that is there is complete. Nothing in an archive can land or
point outside its directory. File modes are kept, but everybody may read: functions run as a user of their own.
docs: Lambda quotas, "Deployment package size".
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from atoll.kernel.blobs import Blobs
from atoll.kernel.errors import RequestTooLarge
from atoll.services.lambda_.errors import InvalidParameterValueException

PART = ".part"
MAX_ZIPPED, MAX_UNZIPPED = 52_428_800, 262_144_000
COPY = 1 << 18
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What reading a damaged, encrypted or hostile archive raises."""
_BAD_NAMES = frozenset({errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EINVAL, errno.ELOOP})
"""What the file system says of an archive's names: too long, or a file where a directory must be. The rest is this machine's."""


class Packages:
    """The unpacked packages of a region."""

    def __init__(self, directory: Path, blobs: Blobs) -> None:
        self._directory = directory
        self._blobs = blobs
        self._unpacking: dict[str, asyncio.Task[Path]] = {}

    def sweep(self, *, starting: bool = False) -> None:
        """Removes what no longer has a blob; when `starting`, also what a crash left half unpacked."""
        self._directory.mkdir(parents=True, exist_ok=True)
        for path in self._directory.iterdir():
            if not self._blobs.path(path.name).exists() and (starting or path.suffix != PART):
                shutil.rmtree(path, ignore_errors=True)

    async def store(self, content: bytes) -> str:
        """Checks, unpacks and keeps a package; returns its SHA-256 in hex. The caller links the blob.

        Raises InvalidParameterValueException, RequestTooLarge.
        """
        if not content:
            raise InvalidParameterValueException("Uploaded file must be a non-empty zip")
        if len(content) > MAX_ZIPPED:
            raise RequestTooLarge(f"Zipped size must be smaller than {MAX_ZIPPED} bytes")
        digest = await self._blobs.put(content)
        await self.directory(digest)
        return digest

    async def directory(self, digest: str) -> Path:
        """Where the package lies unpacked; unpacks it if needed. Raises InvalidParameterValueException."""
        path = self._directory / digest
        if path.exists():
            return path
        task = self._unpacking.get(digest)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._unpack, digest, path))
            self._unpacking[digest] = task
            task.add_done_callback(lambda _task: self._unpacking.pop(digest, None))
        return await asyncio.shield(task)

    def _unpack(self, digest: str, path: Path) -> Path:
        part = path.with_name(digest + PART)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o755)
        try:
            unpack(self._blobs.path(digest), part)
            part.rename(path)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return path


def unpack(archive: Path, into: Path) -> None:
    """Unpacks a zip file into an empty directory. Raises InvalidParameterValueException; what it leaves is then for the caller
    to remove."""
    try:
        with zipfile.ZipFile(archive) as opened:
            _extract(opened, into)
    except _BROKEN as error:
        raise _unreadable() from error
    except OSError as error:
        if error.errno not in _BAD_NAMES:
            raise
        raise _unreadable() from error


def _unreadable() -> InvalidParameterValueException:
    return InvalidParameterValueException(
        "Could not unzip uploaded file. Please check your file, then try to upload again."
    )


def _extract(archive: zipfile.ZipFile, into: Path) -> None:
    entries = archive.infolist()
    if not entries:
        raise InvalidParameterValueException("Uploaded file must be a non-empty zip")
    left = MAX_UNZIPPED
    if sum(entry.file_size for entry in entries) > left:
        raise too_large()
    links: list[tuple[Path, str]] = []
    for entry in entries:
        place = into / _inside(entry.filename)
        mode = entry.external_attr >> 16
        if entry.is_dir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source:
            if stat.S_ISLNK(mode):
                links.append((place, source.read(4096).decode()))
                continue
            with place.open("wb") as copy:
                left = _copy(source, copy, left)
        place.chmod((mode & 0o755) | 0o444)
    # Links come last: no file is ever written through one.
    for place, destination in links:
        place.symlink_to(destination)
    root = os.path.realpath(into)
    for place, _ in links:
        if os.path.commonpath([root, os.path.realpath(place)]) != root:
            raise ValueError(f"{place.name} points out of the archive")


def _copy(source: IO[bytes], copy: IO[bytes], left: int) -> int:
    """Copies a file and returns how many bytes the rest of the archive may have."""
    while data := source.read(COPY):
        left -= len(data)
        if left < 0:
            raise too_large()
        copy.write(data)
    return left


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{name} lies outside the archive")
    return path


def too_large() -> InvalidParameterValueException:
    """The package is too large unzipped."""
    return InvalidParameterValueException(f"Unzipped size must be smaller than {MAX_UNZIPPED} bytes")
