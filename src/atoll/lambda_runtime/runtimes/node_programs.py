"""Which Node.js runs which nodejs*.x runtime: the same major version if it is there, else the next newer, else the newest."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec

from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.runtimes.probing import Verdicts, executables, said

OLDEST = 18
"""The major version that the bootstrap and the SDK need at least."""
PLACES = (
    "/usr/bin/node", "/usr/local/bin/node", "/usr/bin/nodejs", "/opt/homebrew/bin/node", "/opt/homebrew/opt/node*/bin/node",
    "/usr/local/opt/node*/bin/node", "~/.nvm/versions/node/*/bin/node", "~/.volta/tools/image/node/*/bin/node",
    "~/.fnm/node-versions/*/installation/bin/node", "~/.local/share/fnm/node-versions/*/installation/bin/node",
    "~/.asdf/installs/nodejs/*/bin/node", "~/.local/share/mise/installs/node/*/bin/node", "~/.nodenv/versions/*/bin/node",
    "~/n/n/versions/node/*/bin/node", "/usr/local/n/versions/node/*/bin/node",
)  # fmt: skip
PROBE_SECONDS = 20.0
OPTIONS = ("--no-experimental-require-module", "--no-experimental-detect-module")
"""What AWS switches off up to nodejs22.x. docs: Lambda developer guide, "Building Lambda functions with Node.js"."""
PROBE = (
    "console.log(JSON.stringify({version: process.versions.node, options: [...process.allowedNodeEnvironmentFlags]}))"
)


class NodeProgram(msgspec.Struct, frozen=True):
    """A Node.js that was found. `options` are those that it is started with, `error` says why it cannot serve."""

    executable: str
    major: int
    options: list[str]
    error: str = ""

    @property
    def name(self) -> str:
        """`node20`."""
        return f"node{self.major}"


class NodePrograms:
    """Finds programs, once each. `search` is a search path, else the process's own."""

    def __init__(self, cache_dir: Path, search: str | None = None) -> None:
        self._verdicts = Verdicts(cache_dir / "node-programs.json", NodeProgram, _judge)
        self._search = search
        self._lock = asyncio.Lock()

    async def choose(self, runtime: str) -> tuple[NodeProgram, str | None]:
        """The program for a runtime, and a warning where it is not the one asked for. Raises RuntimeUnavailable."""
        match = re.fullmatch(r"nodejs(\d+)\.x", runtime)
        if match is None:
            raise RuntimeUnavailable(f"Atoll cannot run functions of the runtime {runtime}.")
        found = await self.all()
        working = [program for program in found if not program.error]
        if not working:
            detail = f" ({'; '.join(f'{program.executable}: {program.error}' for program in found)})" if found else ""
            raise RuntimeUnavailable(
                f"No Node.js on this machine can run {runtime} functions; install Node.js {match[1]} or newer{detail}."
            )
        used = best(int(match[1]), working)
        if used.major == int(match[1]):
            return used, None
        return used, f"{runtime} functions run on Node.js {used.major}, because Node.js {match[1]} is not installed."

    async def all(self) -> list[NodeProgram]:
        """Every program that there is, what is first on the path first."""
        async with self._lock:
            return [await self._verdicts.of(executable) for executable in candidates(self._search)]


def best(wanted: int, programs: list[NodeProgram]) -> NodeProgram:
    """The first of the major version wanted, else of the nearest newer, else of the newest. There must be one."""
    newer = [program for program in programs if program.major >= wanted]
    return min(newer, key=lambda program: program.major) if newer else max(programs, key=lambda program: program.major)


def candidates(search: str | None = None) -> Iterator[Path]:
    """Executables that might be Node.js, each real file once."""
    paths = [Path(found)] if (found := shutil.which("node", path=search)) else []
    if search is None:
        for place in PLACES:
            pattern = Path(place).expanduser()
            paths += sorted(Path("/").glob(str(pattern.relative_to("/"))), reverse=True)
    return executables(paths)


async def _judge(executable: Path) -> NodeProgram:
    answer, error = await said(executable, "-e", PROBE, seconds=PROBE_SECONDS)
    if not answer:
        return NodeProgram(str(executable), 0, [], error)
    major = int(answer["version"].split(".")[0])
    options = [
        option
        for option in OPTIONS
        if option.replace("--no-", "--") in answer["options"] or option in answer["options"]
    ]
    error = f"is Node.js {answer['version']}, too old" if major < OLDEST else ""
    return NodeProgram(str(executable), major, ["--expose-gc", *(options if major < 24 else [])], error)
