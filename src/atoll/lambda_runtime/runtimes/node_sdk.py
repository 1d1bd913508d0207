"""The AWS SDK for JavaScript v3 that Node.js functions find under /var/runtime/node_modules: installed once, from a lock file.

A directory per lock file in the cache that regions share: what is there is complete, for it got its name last.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec

from atoll.lambda_runtime.errors import RuntimeUnavailable

LIST = Path(__file__).parents[1] / "bootstraps" / "nodejs" / "sdk"
FILES = ("package.json", "package-lock.json", ".npmrc")
COMMAND = "atoll runtimes install nodejs"


def place(cache_dir: Path) -> Path:
    """Where it is, or would be."""
    digest = hashlib.sha256((LIST / "package-lock.json").read_bytes()).hexdigest()[:16]
    return cache_dir.resolve() / f"nodejs-sdk-{digest}" / "node_modules"


def installed(cache_dir: Path) -> Path | None:
    """Where it is; None where it is not installed."""
    directory = place(cache_dir)
    return directory if directory.is_dir() else None


def packages() -> int:
    """How many packages it has."""
    listed = msgspec.json.decode((LIST / "package-lock.json").read_bytes())["packages"]
    return len(listed) - 1  # one is the list itself


async def install(cache_dir: Path, fetched: Callable[[], None] = lambda: None) -> Path:
    """Installs it with npm, once however many ask; `fetched` is called about as often as there are packages.

    Raises RuntimeUnavailable where there is no npm, or it fails.
    """
    npm = shutil.which("npm")
    if (there := installed(cache_dir)) is not None:
        return there
    if npm is None:
        raise RuntimeUnavailable("npm is not installed; it comes with Node.js (https://nodejs.org).")
    cache_dir.mkdir(parents=True, exist_ok=True)
    lock = (cache_dir / "nodejs-sdk.lock").open("w")
    try:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        return installed(cache_dir) or await _install(npm, place(cache_dir), fetched)
    finally:
        lock.close()


async def _install(npm: str, directory: Path, fetched: Callable[[], None]) -> Path:
    with _temporary(directory.parent.parent) as work:
        for name in FILES:
            shutil.copyfile(LIST / name, work / name)
        process = await asyncio.create_subprocess_exec(
            npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=http", cwd=work,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            complaints = [line async for line in _complaints(process, fetched)]
            await process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        if process.returncode:
            cause = complaints[0] if complaints else "it said nothing"
            raise RuntimeUnavailable(f"npm could not install the AWS SDK for JavaScript: {cause}")
        work.chmod(0o755)  # functions run as other users
        work.rename(directory.parent)
    return directory


async def _complaints(process: asyncio.subprocess.Process, fetched: Callable[[], None]) -> AsyncIterator[str]:
    """What npm says beside what it fetches, of which it says a line per package."""
    assert process.stderr is not None
    async for line in process.stderr:
        text = line.decode(errors="replace").strip()
        if text.startswith("npm http"):
            fetched()
        elif text:
            yield text


@contextlib.contextmanager
def _temporary(parent: Path) -> Iterator[Path]:
    """A directory that is removed unless it has been given another name."""
    work = Path(tempfile.mkdtemp(prefix="nodejs-sdk-", dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def linked(bootstrap: Path, sdk: Path | None, directory: Path) -> Path:
    """A directory that shows bootstrap and SDK side by side, for where there is no sandbox. Links to files would be followed."""
    shutil.copytree(bootstrap, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("sdk"))
    if sdk is not None:
        with contextlib.suppress(FileExistsError):
            (directory / "node_modules").symlink_to(sdk)
    return directory
