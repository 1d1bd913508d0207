"""Which Python runs which python3.x runtime: the same minor version if it is there and can import our boto3, else the next newer."""

from __future__ import annotations

import asyncio
import functools
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import msgspec

from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.runtimes.probing import Verdicts, executables, said
from atoll.lambda_runtime.runtimes.python_sdk import Sdk

MINORS = range(8, 15)
DIRECTORIES = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
RUNNING = (Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}").resolve()
PROBE_SECONDS = 60.0
PROBE = """
import json, sys, sysconfig
sys.path.insert(0, sys.argv[1]); sys.pycache_prefix = sys.argv[2]
error = ""
try:
    import boto3, boto3.session, s3transfer.manager
except Exception as e:
    error = f"{type(e).__name__}: {e}"
site = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
print(json.dumps({"minor": sys.version_info[1], "prefix": sys.base_prefix, "site": site, "error": error}))
"""


class Interpreter(msgspec.Struct, frozen=True):
    """A Python 3 that was found. `prefix` is its installation's, `site` its package directories, `error` why it cannot serve."""

    executable: str
    minor: int
    prefix: str
    site: list[str]
    error: str = ""

    @property
    def name(self) -> str:
        """`python3.11`."""
        return f"python3.{self.minor}"


class Interpreters:
    """Finds interpreters, once each."""

    def __init__(self, sdk: Sdk) -> None:
        self._verdicts = Verdicts(sdk.cache / "interpreters.json", Interpreter, functools.partial(_judge, sdk))
        self._lock = asyncio.Lock()

    async def choose(self, runtime: str) -> tuple[Interpreter, str | None]:
        """The interpreter for a runtime, and a warning where it is not the one asked for. Raises RuntimeUnavailable."""
        match = re.fullmatch(r"python3\.(\d+)", runtime)
        if match is None or int(match[1]) not in MINORS:
            raise RuntimeUnavailable(
                f"Atoll cannot run functions of the runtime {runtime}: it runs python3.8 to python3.14."
            )
        wanted, problems = int(match[1]), list[str]()
        async with self._lock:
            for minor in range(wanted, MINORS.stop):
                for executable in candidates(minor):
                    found = await self._probe(executable)
                    if found.error:
                        problems.append(f"{executable}: {found.error}")
                    elif found.minor == minor:
                        return found, _warning(runtime, found, problems) if minor != wanted else None
        detail = f" ({'; '.join(problems)})" if problems else ""
        raise RuntimeUnavailable(
            f"No Python on this machine can run {runtime} functions; install {runtime} or newer{detail}."
        )

    async def _probe(self, executable: Path) -> Interpreter:
        return running() if executable == RUNNING else await self._verdicts.of(executable)


def running() -> Interpreter:
    """The interpreter that runs Atoll, which needs no probe: the SDK is installed for it."""
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    site = sorted({sysconfig.get_path("purelib", vars=base), sysconfig.get_path("platlib", vars=base)})
    return Interpreter(str(RUNNING), sys.version_info.minor, sys.base_prefix, site)


def candidates(minor: int) -> Iterator[Path]:
    """Executables that might be Python 3.`minor`, best first, each real file once."""
    name = f"python3.{minor}"
    paths = []
    if sys.version_info.minor == minor:
        paths.append(RUNNING)
    if on_path := shutil.which(name):
        paths.append(Path(on_path))
    versions = Path.home() / ".pyenv" / "versions"
    paths += sorted(versions.glob(f"3.{minor}.*/bin/{name}"), key=_patch, reverse=True)
    paths += [Path(directory) / name for directory in DIRECTORIES]
    return executables(paths)


def _patch(path: Path) -> int:
    digits = re.match(r"\d+", path.parent.parent.name.split(".", 2)[2])
    return int(digits[0]) if digits else 0


def _warning(runtime: str, used: Interpreter, problems: list[str]) -> str:
    cause = f"the one installed cannot import boto3 ({problems[0]})" if problems else "it is not installed"
    return f"{runtime} functions run on {used.name}, because {cause}."


async def _judge(sdk: Sdk, executable: Path) -> Interpreter:
    command = (executable, "-I", "-S", "-c", PROBE, sdk.directory, sdk.cache / "pycache")
    found, error = await said(*command, seconds=PROBE_SECONDS)
    return Interpreter(str(executable), **found) if found else Interpreter(str(executable), 0, "", [], error)
