"""Unpacking a zip file that somebody else made. Nothing in an archive can land or point outside its directory.

Functions run as a user of their own. AWS keeps the modes of files, and a function cannot read what only its owner may (docs:
"Troubleshoot deployment issues", "permission denied"). Here everybody may read: packages that Python's `writestr` made, which says 0600,
would else run for nobody. `Contents.unreadable` names what would fail on AWS, and the log says so. Directories are always
open, and only their owner may write.
"""

from __future__ import annotations

import errno
import os
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from atoll.services.lambda_.errors import InvalidParameterValueException

MAX_UNZIPPED = 262_144_000
COPY = 1 << 18
LONGEST_LINK, MOST_HOPS, MOST_STEPS = 4095, 40, 5_000_000
"""Bytes of a link's destination and links on one path, as Linux has it; and steps that all links of an archive may take to follow."""
MOST_ENTRIES = 150_000
"""What a disk takes within a minute. AWS names no such limit; a 50 MB archive could have half a million."""
DEEPEST = 400
"""Parts of a path: directories are made and removed level by level, on Python's stack."""
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What reading a damaged, encrypted or hostile archive raises."""
_BAD_NAMES = frozenset({errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EINVAL, errno.ELOOP})
"""What the file system says of an archive's names: too long, or a file where a directory must be. The rest is this machine's."""


@dataclass(frozen=True, slots=True)
class Contents:
    """`size` is that of all files in bytes; `unreadable` the first file that its mode lets only its owner read, "" for none."""

    size: int
    unreadable: str


def contents(archive: Path) -> Contents:
    """What a sound archive has in it."""
    with zipfile.ZipFile(archive) as opened:
        entries = opened.infolist()
    hidden = (entry.filename for entry in entries if _mode(entry) & 0o777 and not _mode(entry) & stat.S_IROTH)
    return Contents(sum(entry.file_size for entry in entries), next(hidden, ""))


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
    if len(entries) > MOST_ENTRIES:
        raise ValueError("too many entries")
    left = MAX_UNZIPPED
    if sum(entry.file_size for entry in entries) > left:
        raise too_large()
    links: dict[tuple[str, ...], str] = {}
    made: set[tuple[str, ...]] = {()}
    for entry in entries:
        parts = _inside(entry.filename)
        if entry.is_dir():
            _open_directory(into, parts, made)
            continue
        _open_directory(into, parts[:-1], made)
        with archive.open(entry) as source:
            if stat.S_ISLNK(_mode(entry)):
                links[parts] = _destination(source)
                continue
            with _new_file(into.joinpath(*parts), (_mode(entry) & 0o755) | 0o444) as copy:
                left = _copy(source, copy, left)
    _check(links)
    # Links come last: no file is ever written through one.
    for parts, destination in links.items():
        into.joinpath(*parts).symlink_to(destination)


def _mode(entry: zipfile.ZipInfo) -> int:
    """Type and permissions of a file; 0 where the archive says nothing of them."""
    return entry.external_attr >> 16


def _open_directory(into: Path, parts: tuple[str, ...], made: set[tuple[str, ...]]) -> None:
    """Makes a directory and those above it for everybody to enter, whatever the umask."""
    if parts in made:
        return
    _open_directory(into, parts[:-1], made)
    place = into.joinpath(*parts)
    place.mkdir(exist_ok=True)
    place.chmod(0o755)
    made.add(parts)


def _new_file(place: Path, mode: int) -> IO[bytes]:
    """A file to write; of two entries of a name the last one counts."""
    try:
        file = place.open("xb")
    except FileExistsError:
        place.unlink()
        file = place.open("xb")
    os.fchmod(file.fileno(), mode)
    return file


def _copy(source: IO[bytes], copy: IO[bytes], left: int) -> int:
    """Copies a file and returns how many bytes the rest of the archive may have."""
    while data := _read(source, COPY):
        left -= len(data)
        if left < 0:
            raise too_large()
        copy.write(data)
    return left


def _read(source: IO[bytes], size: int) -> bytes:
    """Reads from an archive. Raises ValueError where it is damaged, of which each kind of compression has an error of its own."""
    try:
        return source.read(size)
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:  # bzip2's have no number, the disk's have
            raise
        raise ValueError("cannot be decompressed") from error


def _inside(name: str) -> tuple[str, ...]:
    """The parts of a path. Raises ValueError where it leads out of the archive, or nowhere."""
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if not name or name.startswith("/") or ".." in parts or len(parts) > DEEPEST:
        raise ValueError(f"{name[:100]} lies outside the archive, or too deep in it")
    return parts


def _destination(source: IO[bytes]) -> str:
    destination = _read(source, LONGEST_LINK + 1)
    if not 0 < len(destination) <= LONGEST_LINK:
        raise ValueError("a link to nothing, or too long")
    return destination.decode()


def _check(links: Mapping[tuple[str, ...], str]) -> None:
    """Raises ValueError if a link, followed through the others, leads out of the archive, or no kernel could follow it."""
    steps = 0
    for path, destination in links.items():
        at, hops = list(path[:-1]), 0
        ahead: list[str] = []
        following: str | None = destination
        while ahead or following is not None:
            if following is not None:
                hops += 1
                if following.startswith("/") or hops > MOST_HOPS:
                    raise ValueError(f"{path[-1]} points out of the archive, or nowhere")
                ahead += reversed(following.split("/"))
            part = ahead.pop()
            steps += 1
            following = None
            if part == "..":
                if not at:
                    raise ValueError(f"{path[-1]} points out of the archive")
                at.pop()
            elif part not in ("", "."):
                following = links.get((*at, part))
                if following is None:
                    at.append(part)
            if steps > MOST_STEPS:
                raise ValueError("too many links")


def too_large() -> InvalidParameterValueException:
    """The package is too large unzipped."""
    return InvalidParameterValueException(f"Unzipped size must be smaller than {MAX_UNZIPPED} bytes")
