"""What `atoll doctor` looks at: each check is a function that gives findings. They look by doing, not by guessing from versions."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from atoll import __version__
from atoll.cli.admin_api import AdminError, answer
from atoll.cli.running import Running, all_running, state_directory
from atoll.config import LOOPBACK, Settings
from atoll.kernel.datadir import FORMAT, Format

Status = Literal["ok", "warning", "missing"]
"""`missing` is only what Atoll itself cannot do without."""
PACKAGES = ("apsw", "boto3", "botocore", "httptools", "msgspec", "uvicorn", "uvloop")
NODE_MAJORS = (18, 20, 22, 24)
LOW_DISK, NO_DISK = 2 << 30, 100 << 20
PROGRAM_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: `needed_by` says what needs it, `get` how to get it; both "" where there is nothing to be done."""

    status: Status
    name: str
    detail: str
    needed_by: str = ""
    get: str = ""


PROGRAMS = (
    ("terraform", ("version",), "atoll terraform, the examples, tests/stacks", "https://developer.hashicorp.com/terraform/install"),
    ("aws", ("--version",), "atoll aws and its tests", "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"),
    ("sam", ("--version",), "SAM applications, deployed by their own tool", "https://docs.aws.amazon.com/serverless-application-model/"),
    ("cdk", ("--version",), "CDK applications, deployed by their own tool", "npm install -g aws-cdk"),
    ("node", ("--version",), "functions in Node.js", "https://nodejs.org"),
    ("npm", ("--version",), "atoll runtimes install nodejs, examples/jwt-api, and tests with JavaScript clients", "it comes with Node.js"),
    ("curl", ("--version",), "the README's examples and tests/stacks", "from your package manager"),
    ("zip", (), "the examples of docs/ and their tests", "from your package manager"),
    ("openssl", (), "tests of backends that speak HTTPS", "from your package manager"),
    ("chromium", (), "tests of APIs and hosted pages in a browser (google-chrome does, too)", "from your package manager"),
    ("gcc", ("--version",), "tests of compiled functions", "from your package manager"),
    ("wrk", (), "make bench", "from your package manager"),
)  # fmt: skip
"""Name, arguments that make it tell its version (none: it has no quick answer), what needs it, where it is to be had."""


def atoll_itself() -> Iterator[Finding]:
    """Its interpreter and packages."""
    yield Finding(
        "ok", "Atoll", f"{__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    lacking = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        yield Finding("missing", "packages", ", ".join(lacking), "Atoll", "pip install atoll, or make, anew")


def isolation() -> Iterator[Finding]:
    """Whether functions get namespaces of their own, and whether their connections can be told from others'."""
    from atoll.lambda_runtime import sandbox

    found = asyncio.run(sandbox.probe())
    if found.namespaces:
        yield Finding("ok", "isolation", "each function has namespaces of its own")
    else:
        how = "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, or AppArmor's userns rule), or run as root"
        yield Finding("warning", "isolation", found.missing, "keeping functions from your files and processes", how)
    if _connections_can_be_told():
        yield Finding("ok", "connections", "those of functions can be told from yours")
    else:
        yield Finding("warning", "connections", "those of functions look like yours: /proc does not say whose one is",
                      "keeping functions from the admin API and from each other's Runtime API", "Linux, with /proc mounted")  # fmt: skip
    yield _memory()


def _memory() -> Finding:
    from atoll.lambda_runtime import cgroups

    with tempfile.TemporaryDirectory() as directory:
        groups, lacking = cgroups.find(Path(directory))
        if groups is None:
            how = "Linux: run as root, or where systemd delegates control groups (systemd-run --user --scope atoll up)"
            return Finding("warning", "memory", lacking, "functions that want more than the machine has", how)
        groups.close()
    return Finding("ok", "memory", "a control group holds each function to its own")


def runtimes(cache_dir: Path) -> Iterator[Finding]:
    """Which program serves each of Lambda's runtimes."""
    yield from _python(cache_dir)
    yield from asyncio.run(_nodejs(cache_dir))
    yield Finding("ok", "provided.*", "the bootstrap that a function brings")


async def _nodejs(cache_dir: Path) -> list[Finding]:
    """The Node.js of each runtime, and the SDK that its functions find."""
    from atoll.lambda_runtime.errors import RuntimeUnavailable
    from atoll.lambda_runtime.runtimes import node_sdk
    from atoll.lambda_runtime.runtimes.node_programs import NodePrograms

    directory = cache_dir / "runtimes"
    programs, findings = NodePrograms(directory), []
    for major in NODE_MAJORS:
        runtime = f"nodejs{major}.x"
        needed, get = (
            f"functions of the runtime {runtime}",
            f"install Node.js {major} (nvm install {major}, or https://nodejs.org)",
        )
        try:
            used, warning = await programs.choose(runtime)
        except (RuntimeUnavailable, OSError) as error:
            findings.append(Finding("warning", runtime, str(error), needed, get))
            continue
        if warning is None:
            findings.append(Finding("ok", runtime, used.executable))
        else:
            detail = f"{used.executable}, Node.js {used.major}, stands in"
            findings.append(Finding("warning", runtime, detail, needed, get))
    if (sdk := node_sdk.installed(directory)) is not None:
        findings.append(Finding("ok", "nodejs SDK", str(sdk)))
    else:
        needed = "functions in Node.js that import @aws-sdk/* without bringing it"
        findings.append(Finding("warning", "nodejs SDK", "not installed", needed, node_sdk.COMMAND))
    return findings


def _python(cache_dir: Path) -> Iterator[Finding]:
    from atoll.lambda_runtime.errors import RuntimeUnavailable
    from atoll.lambda_runtime.runtimes import python_sdk
    from atoll.lambda_runtime.runtimes.interpreters import MINORS, Interpreters

    try:
        interpreters = Interpreters(python_sdk.locate(cache_dir / "runtimes"))
    except OSError as error:
        yield Finding(
            "missing",
            "cache",
            f"{cache_dir}: {error.strerror}",
            "running functions",
            "make it writable, or set XDG_CACHE_HOME",
        )
        return

    async def choose_all() -> Iterator[Finding]:
        findings = []
        for minor in MINORS:
            runtime = f"python3.{minor}"
            needed = f"functions of the runtime {runtime}"
            get = f"install {runtime} (pyenv install 3.{minor}, or your package manager)"
            try:
                used, warning = await interpreters.choose(runtime)
            except RuntimeUnavailable as error:
                findings.append(Finding("warning", runtime, str(error), needed, get))
                continue
            if warning is None:
                findings.append(Finding("ok", runtime, used.executable))
            else:
                findings.append(Finding("warning", runtime, f"{used.executable} stands in", needed, get))
        return iter(findings)

    yield from asyncio.run(choose_all())


def programs() -> Iterator[Finding]:
    """The tools of others that work with Atoll. None is needed to run it."""
    for name, arguments, needed_by, get in PROGRAMS:
        path = shutil.which(name)
        if path is None:
            yield Finding("warning", name, "not installed, or not on PATH", needed_by, get)
        else:
            yield Finding("ok", name, _version([path, *arguments]) if arguments else path)


def storage(settings: Settings) -> Iterator[Finding]:
    """The data directory, the room on its disk, and the directory of running regions."""
    directory = settings.data_dir
    assert directory is not None
    there = next(path for path in (directory, *directory.parents) if path.exists())
    if not os.access(there, os.W_OK):
        detail = f"{directory}: {there} cannot be written"
        yield Finding("missing", "data directory", detail, "atoll up", "--data-dir or ATOLL_DATA_DIR names another")
    else:
        yield _data_directory(directory)
    free = shutil.disk_usage(there).free
    status: Status = "ok" if free > LOW_DISK else "warning" if free > NO_DISK else "missing"
    yield Finding(
        status, "disk", f"{_size(free)} free at {there}", *(() if status == "ok" else ("what is stored", "free some"))
    )


def port(settings: Settings) -> Iterator[Finding]:
    """Whether the next `atoll up` can listen."""
    owner = next((region for region in all_running() if region.port == settings.port), None)
    if owner is not None:
        yield Finding("ok", "port", f"{settings.port}, served by the region of process {owner.pid}")
        return
    try:
        socket.create_server((LOOPBACK, settings.port)).close()
    except OSError as error:
        detail = f"{settings.port}: {error.strerror}"
        yield Finding("warning", "port", detail, "atoll up without --port", "atoll up --port 0, or ATOLL_PORT")
    else:
        yield Finding("ok", "port", f"{settings.port} is free")


def regions() -> Iterator[Finding]:
    """The regions that run, and what they were asked for and did not honour."""
    running = all_running()
    if not running:
        yield Finding("ok", "regions", f"none runs (they would be noted in {state_directory()})")
    for region in running:
        yield from _region(region)


def _region(region: Running) -> Iterator[Finding]:
    try:
        facts: dict[str, Any] = answer(region, "/_atoll/status")
        unsupported = answer(region, "/_atoll/unsupported")["unsupported"]
    except AdminError as error:
        yield Finding("warning", "region", str(error), f"whoever calls {region.endpoint}", error.hint)
        return
    offset = facts["clock_offset"]
    moved = f", its clock {offset:.0f} s ahead" if offset >= 1 else ""
    kept = facts["data_dir"] if region.data_dir else "ephemeral"
    same = facts["version"] == __version__
    yield Finding(
        "ok" if same else "warning", "region", f"{region.endpoint}, version {facts['version']}, IAM {facts['auth']}{moved}, {kept}",
        *(() if same else (f"this command is {__version__}", "atoll down, then atoll up -d")),
    )  # fmt: skip
    for entry in unsupported:
        place = f"{entry['service']}.{entry['operation']}" + (f" {entry['property']}" if entry["property"] else "")
        yield Finding(
            "warning",
            "unsupported",
            f"{place}, {entry['count']} time{'' if entry['count'] == 1 else 's'}: {entry['reason']}",
            f"callers of {region.endpoint}",
        )


def _connections_can_be_told() -> bool:
    from atoll.lambda_runtime import peers

    try:
        peers.probe()
    except OSError:
        return False
    return True


def _version(command: list[str]) -> str:
    """A program's path, and the beginning of what it says of its version."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return f"{command[0]}, which does not tell its version"
    lines = (done.stdout or done.stderr).strip().splitlines()
    return f"{command[0]}: {lines[0][:40]}" if lines else command[0]


def _data_directory(directory: Path) -> Finding:
    file = directory / "format.json"
    if not file.exists():
        return Finding("ok", "data directory", f"{directory}, not made yet")
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Format)
    except (msgspec.DecodeError, OSError) as error:
        detail = f"{directory}: format.json: {error}"
        return Finding("missing", "data directory", detail, "atoll up", "another --data-dir, or a copy of that file")
    size = sum(path.stat().st_size for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    detail = f"{directory}, format {found.format} (this Atoll's is {FORMAT}), {_size(size)}"
    if found.format > FORMAT:
        return Finding(
            "missing", "data directory", detail, "atoll up", f"Atoll {found.atoll} or newer, or another --data-dir"
        )
    return Finding("ok", "data directory", detail)


def _size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} TB"
