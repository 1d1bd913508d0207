"""Control groups: where the kernel lets us make them, each environment has one, and its memory is what the kernel counts there.

A region's groups lie in one of its own, `atoll-HASH-PID`, made inside Atoll's, so that what limits Atoll limits its functions too; in
version 2, which has no groups inside one with processes, beside it. An environment's supervisor enters its group (`supervisor.py`). Where
Atoll is killed, its zygotes remove them (`zygote.py`), and where these are, too, the region's next start does.

Files in /tmp are memory that the kernel counts in the group, too, and on AWS they are none: so a group's limit leaves room for a full /tmp,
and that the rest keeps within the function's memory is looked at (`Group.used`), often. docs: cgroups(7), the kernel's cgroup-v1/memory and
cgroup-v2.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from atoll.lambda_runtime.errors import RuntimeUnavailable

ENTRY = "cgroup.procs"
ENTER = 'echo 0 > "$0"'
SHARE = 0.8
"""Of the machine's memory, for all functions of a region together: what they keep in /tmp must not take all that others need."""
RECORD = "cgroup"
"""Names, in the region's work directory, the group that it made last: a killed region is followed by one that may live elsewhere."""


@dataclass(frozen=True, slots=True)
class Names:
    """A version's files, and in its memory.stat: what is files (in /tmp too), and what was swapped out."""

    limit: str
    swap: str
    usage: str
    files: bytes
    swapped: bytes
    killed: str


V1 = Names(
    "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.usage_in_bytes", b"\ntotal_cache ", b"\ntotal_swap ",
    "memory.oom_control",
)  # fmt: skip
V2 = Names("memory.max", "memory.swap.max", "memory.current", b"\nfile ", b"", "memory.events")


class Group:
    """One environment's. Made by `Groups.create`, gone after `remove`."""

    def __init__(self, directory: Path, names: Names, limit: int) -> None:
        """Raises OSError. `limit` is in bytes."""
        self._directory = directory
        self._names = names
        directory.mkdir()
        _limit(directory, names, limit)
        if names is V2:
            with suppress(OSError):
                _write(directory / "memory.oom.group", "1")
        self._usage = os.open(directory / names.usage, os.O_RDONLY)
        self._stat = os.open(directory / "memory.stat", os.O_RDONLY)

    @property
    def entry(self) -> str:
        """The file into which a process writes 0 to be in the group from then on, with all that it will start."""
        return str(self._directory / ENTRY)

    def used(self) -> int:
        """Bytes that are the group's own now: what its processes wrote to and what the kernel keeps for them, but no files. Some 20 µs."""
        used = int(os.pread(self._usage, 32, 0))
        stat = b"\n" + os.pread(self._stat, 4096, 0)
        return max(0, used - _value(stat, self._names.files) + _value(stat, self._names.swapped))

    def killed(self) -> bool:
        """Whether the kernel has ended a process for its memory."""
        with suppress(OSError):
            return _value(b"\n" + (self._directory / self._names.killed).read_bytes(), b"\noom_kill ") > 0
        return False

    def remove(self) -> bool:
        """Whether it is gone; not as long as processes of it are ending. `used` may not be asked after the first time."""
        for descriptor in (self._usage, self._stat):
            if descriptor >= 0:
                os.close(descriptor)
        self._usage = self._stat = -1
        return _remove(self._directory)


class Groups:
    """A region's groups."""

    def __init__(self, directory: Path, names: Names) -> None:
        """`directory` exists."""
        self.directory = directory
        self._names = names
        self._numbers = itertools.count()

    def create(self, memory_mb: int, ephemeral_mb: int) -> Group:
        """A group for an environment with this much memory, and this much room in /tmp. Raises RuntimeUnavailable."""
        try:
            return Group(self.directory / str(next(self._numbers)), self._names, memory_mb + ephemeral_mb << 20)
        except OSError as error:
            raise RuntimeUnavailable(f"There is no control group for one more environment: {error}") from error

    def close(self) -> bool:
        """Removes what is left. Whether nothing is."""
        return sweep(self.directory)


def find(work_dir: Path) -> tuple[Groups | None, str]:
    """The groups of the region that works in `work_dir`, found by letting a process enter one; or None, and in one line why and what that
    means. Groups that a killed predecessor left are removed."""
    record = work_dir / RECORD
    region = f"atoll-{hashlib.sha256(os.fsencode(work_dir)).hexdigest()[:12]}-"
    with suppress(FileNotFoundError):
        if (left := Path(record.read_text())).name.startswith(region):
            sweep(left)
    cause = "the kernel has none for memory"
    try:
        for above, names in _candidates():
            directory = above / f"{region}{os.getpid()}"
            record.write_text(str(directory))
            try:
                _prepare(directory, names)
                groups = Groups(directory, names)
                _try(groups)
            except (OSError, RuntimeUnavailable) as error:
                cause = str(error)
                sweep(directory)
            else:
                return groups, ""
    except OSError as error:  # no /proc, as on macOS
        cause = str(error)
    meaning = "Functions' memory is looked at, not limited: a fast one has more than its own for a moment"
    return None, f"{meaning} ({cause})."


def sweep(directory: Path) -> bool:
    """Removes a region's group and those in it, but for those with processes. Whether nothing is left."""
    with suppress(OSError):
        for child in directory.iterdir():
            if child.is_dir():
                _remove(child)
    return _remove(directory)


def _prepare(directory: Path, names: Names) -> None:
    directory.mkdir(exist_ok=True)
    if names is V2:
        _write(directory / "cgroup.subtree_control", "+memory")
    _limit(directory, names, int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * SHARE))


def _try(groups: Groups) -> None:
    group = groups.create(64, 0)
    try:
        command = ["/bin/sh", "-c", ENTER, group.entry]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 nothing of a user's in it
        if done.returncode:
            raise OSError(done.stderr.strip())
        group.used()
    finally:
        group.remove()


def _candidates() -> Iterator[tuple[Path, Names]]:
    """Where a region's group might be made. Version 2 wants no processes where there are groups: at its root, or beside Atoll's."""
    own = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        root, point = before.split()[3:5]
        kind, _, options = after.split()[:3]
        if kind == "cgroup" and "memory" in options.split(","):
            for controllers, path in own.items():
                if "memory" in controllers.split(","):
                    yield Path(point, os.path.relpath(path, root)), V1
        elif kind == "cgroup2" and "" in own and "memory" in Path(point, "cgroup.controllers").read_text().split():
            here = Path(point, os.path.relpath(own[""], root))
            yield from ((here, V2), *([(here.parent, V2)] if here != Path(point) else []))


def _limit(directory: Path, names: Names, limit: int) -> None:
    """`limit` bytes, and nothing beyond it in swap."""
    _write(directory / names.limit, str(limit))
    with suppress(FileNotFoundError):  # the kernel may not count swap
        _write(directory / names.swap, "0" if names is V2 else str(limit))


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _remove(directory: Path) -> bool:
    try:
        directory.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _value(stat: bytes, name: bytes) -> int:
    """The number behind a name, 0 where it is not there."""
    if not name or (at := stat.find(name)) < 0:
        return 0
    end = stat.find(b"\n", at + 1)
    return int(stat[at + len(name) : end if end > 0 else None])
