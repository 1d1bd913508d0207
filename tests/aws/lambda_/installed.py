"""Packages that users' functions bring with them, from PyPI and npm: installed once, at pinned versions, in the cache of this machine."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from filelock import FileLock

from atoll.config import settings

NPM_UNTIL = "2026-11-20"
"""No version of an npm package that came later, whoever depends on it: equal installations on every machine."""
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The runtime that what pip installs here is for."""


def from_pypi(requirements: Sequence[str]) -> Path | None:
    """A directory with these distributions and no others; None where they cannot be had."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--target=."]
    return _once("pypi", [PYTHON, *requirements], lambda _: [*command, *requirements])


def from_npm(packages: Mapping[str, str]) -> Path | None:
    """A directory with these packages, and what they depend on, in node_modules; None where they cannot be had."""

    def command(work: Path) -> list[str]:
        (work / "package.json").write_text(json.dumps({"dependencies": dict(packages)}))
        return ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", f"--before={NPM_UNTIL}"]

    return (
        _once("npm", [NPM_UNTIL, *(f"{name}@{version}" for name, version in packages.items())], command)
        if shutil.which("npm")
        else None
    )


def _once(kind: str, names: Sequence[str], command: Callable[[Path], list[str]]) -> Path | None:
    cache = settings().cache_dir / "tests"
    cache.mkdir(parents=True, exist_ok=True)
    made = cache / f"{kind}-{hashlib.sha256(json.dumps(names).encode()).hexdigest()[:16]}"
    with FileLock(made.with_suffix(".lock")):
        if made.is_dir():
            return made
        work = made.with_suffix(".new")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        done = subprocess.run(command(work), cwd=work, capture_output=True, text=True, timeout=280, check=False)
        if done.returncode:
            print(done.stdout, done.stderr)
            return None
        return work.rename(made)


def zipped(
    directory: Path, prefix: str = "", more: Mapping[str, str | bytes] = {}, without: tuple[str, ...] = ()
) -> bytes:
    """A zip file of what lies in a directory but under these paths, with a prefix to all names, and of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(directory.rglob("*")):
            name = str(path.relative_to(directory))
            if path.is_file() and path.suffix != ".pyc" and not name.startswith(without):
                archive.write(path, prefix + name)
        for name, content in more.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()
