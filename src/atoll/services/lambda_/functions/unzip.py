"""Unpacking a zip file that somebody else made. Nothing in an archive can land or point outside its directory.

Functions run as a user of their own. AWS keeps the modes of files, and a function cannot read what only its owner may (docs:
"Troubleshoot deployment issues", "permission denied"). Here everybody may read: packages that Python's `writestr` made, which says 0600,
would else run for nobody. `Contents.unreadable` names what would fail on AWS, and the operation reports it. Directories are always
open, and only their owner may write.
"""

from __future__ import annotations

import errno
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from atoll.services.lambda_.errors import InvalidParameterValueException

MAX_UNZIPPED = 262_144_000
COPY = 1 << 18
LONGEST_LINK, MOST_HOPS, MOST_STEPS = 4095, 40, 5_000_000
"""Bytes of a link's destination and links on one path, as Linux has it; and steps that all links of an archive may take to follow."""
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
    left = MAX_UNZIPPED
    if sum(entry.file_size for entry in entries) > left:
        raise too_large()
    links: dict[PurePosixPath, str] = {}
    made = {into}
    for entry in entries:
        path = _inside(entry.filename)
        place = into / path
        if entry.is_dir():
            _open_directory(place, made)
            continue
        _open_directory(place.parent, made)
        with archive.open(entry) as source:
            if stat.S_ISLNK(_mode(entry)):
                links[path] = _destination(source)
                continue
            place.unlink(missing_ok=True)  # of two entries of a name the last one counts
            with place.open("xb") as copy:
                left = _copy(source, copy, left)
        place.chmod((_mode(entry) & 0o755) | 0o444)
    _check(links)
    # Links come last: no file is ever written through one.
    for path, destination in links.items():
        (into / path).symlink_to(destination)


def _mode(entry: zipfile.ZipInfo) -> int:
    """Type and permissions of a file; 0 where the archive says nothing of them."""
    return entry.external_attr >> 16


def _open_directory(place: Path, made: set[Path]) -> None:
    """Makes a directory and those above it for everybody to enter, whatever the umask."""
    if place in made:
        return
    _open_directory(place.parent, made)
    place.mkdir(exist_ok=True)
    place.chmod(0o755)
    made.add(place)


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
    if path.is_absolute() or ".." in path.parts or len(path.parts) > DEEPEST:
        raise ValueError(f"{name[:100]} lies outside the archive, or too deep in it")
    return path


def _destination(source: IO[bytes]) -> str:
    destination = source.read(LONGEST_LINK + 1)
    if not 0 < len(destination) <= LONGEST_LINK:
        raise ValueError("a link to nothing, or too long")
    return destination.decode()


def _check(links: Mapping[PurePosixPath, str]) -> None:
    """Raises ValueError if a link, followed through the others, leads out of the archive, or no kernel could follow it."""
    by_parts = {path.parts: destination for path, destination in links.items()}
    steps = 0
    for path, destination in by_parts.items():
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
                following = by_parts.get((*at, part))
                if following is None:
                    at.append(part)
            if steps > MOST_STEPS:
                raise ValueError("too many links")


def too_large() -> InvalidParameterValueException:
    """The package is too large unzipped."""
    return InvalidParameterValueException(f"Unzipped size must be smaller than {MAX_UNZIPPED} bytes")
