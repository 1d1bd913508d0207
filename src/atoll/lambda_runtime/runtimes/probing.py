"""Programs that might run functions: each real file once, judged by starting it once. The verdict is kept under its path and age."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

V = TypeVar("V", bound=msgspec.Struct)


class Verdicts(Generic[V]):
    """What `judge` found out about each executable, kept in `file`, which regions share. It is asked for one after the other."""

    def __init__(self, file: Path, kind: type[V], judge: Callable[[Path], Awaitable[V]]) -> None:
        self._file = file
        self._decoder = msgspec.json.Decoder(dict[str, kind])  # type: ignore[valid-type]
        self._judge = judge
        self._known: dict[str, V] = {}

    async def of(self, executable: Path) -> V:
        """The verdict on an executable that is there."""
        key = f"{executable} {executable.stat().st_mtime_ns}"
        if not self._known and self._file.exists():
            try:
                self._known = self._decoder.decode(self._file.read_bytes())
            except msgspec.DecodeError:
                self._known = {}
        if key not in self._known:
            self._known[key] = await self._judge(executable)
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary = self._file.with_suffix(f".{os.getpid()}")
            temporary.write_bytes(msgspec.json.encode(self._known))
            temporary.replace(self._file)
        return self._known[key]


def executables(paths: Iterable[Path]) -> Iterator[Path]:
    """The real files behind these paths that can be executed, each once."""
    seen = set()
    for path in paths:
        real = path.resolve()
        if real not in seen and real.is_file() and os.access(real, os.X_OK):
            seen.add(real)
            yield real


async def said(*command: str | Path, seconds: float) -> tuple[Any, str]:
    """Starts a program that prints JSON: what that says, and "", or None and why there is none. It has so many seconds."""
    process = await asyncio.create_subprocess_exec(
        *command, env={},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
        return msgspec.json.decode(out), ""
    except TimeoutError:
        process.kill()
        await process.wait()
        return None, f"did not answer in {seconds:.0f} seconds"
    except msgspec.DecodeError:
        return None, " ".join(err.decode(errors="replace").split())[-200:] or "did not start"
