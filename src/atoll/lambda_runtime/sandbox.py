"""What isolation this machine gives, found out by doing it; and the users that environments run as.

The isolating itself is in `bootstraps/python/_atoll/namespaces.py`, because it happens in the environments' own processes.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from atoll.lambda_runtime import peers
from atoll.lambda_runtime.runtimes.python_sdk import BOOTSTRAP

USERS_FROM, USERS = 1_993_000, 60_000
"""As root, each environment runs as a user of its own from this range, which no distribution hands out."""
NOBODY = 65534
PROBE = """
import os, sys
sys.path.insert(0, sys.argv[1])
from _atoll import namespaces as n
privileged = os.geteuid() == 0
uid, gid = os.getuid(), os.getgid()
n.unshare(n.CLONE_NEWNS | n.CLONE_NEWPID | n.CLONE_NEWIPC | n.CLONE_NEWUTS | n.CLONE_NEWCGROUP | (0 if privileged else n.CLONE_NEWUSER))
if not privileged:
    n.map_user("0 %d 1" % uid, "0 %d 1" % gid)
pid = os.fork()
if pid == 0:
    status = 1
    try:
        n.mount(None, "/", None, n.MS_REC | n.MS_PRIVATE)
        n.mount("tmpfs", "/tmp", "tmpfs", 0, "size=4k")
        n.mount("proc", "/proc", "proc", 0)
        n.confine(int(sys.argv[2]) if privileged else None)
        status = 0
    except OSError as error:
        print(error, file=sys.stderr)
    finally:
        sys.stderr.flush()
        os._exit(status)
sys.exit(os.waitpid(pid, 0)[1] != 0)
"""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`namespaces`: functions see only their own files and processes. `peers`: their connections are told from others (which needs
    the former). `missing` says in one line why not, and what that means, else is empty."""

    namespaces: bool
    missing: str
    peers: bool = False


async def probe() -> Capabilities:
    """Enters namespaces in a process of its own and says whether that worked."""
    if sys.platform != "linux":
        return Capabilities(False, _warning(f"{sys.platform} has no namespaces"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-B", "-c", PROBE, BOOTSTRAP, str(users()[0]),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await process.communicate()
    if process.returncode == 0:
        return _with_namespaces()
    lines = err.decode(errors="replace").strip().splitlines() or ["the probe failed"]
    return Capabilities(False, _warning(lines[-1]))


def _with_namespaces() -> Capabilities:
    try:
        peers.probe()
    except OSError as error:
        cause = f"the kernel does not say whose a connection is: {error.strerror or error}"
        return Capabilities(
            True, f"Functions may use any access key, the admin API, and each other's Runtime API ({cause})."
        )
    return Capabilities(True, "", peers=True)


def users() -> Sequence[int]:
    """The user ids that environments get in turn where Atoll is root. Where the kernel maps too few, they share `nobody`."""
    return range(USERS_FROM, USERS_FROM + USERS) if _mapped(USERS_FROM, USERS) else (NOBODY,)


def _mapped(first: int, count: int) -> bool:
    try:
        lines = Path("/proc/self/uid_map").read_text().splitlines()
    except FileNotFoundError:
        return False
    ranges = [tuple(map(int, line.split())) for line in lines]
    return any(start <= first and first + count <= start + length for start, _, length in ranges)


def is_root() -> bool:
    """Whether environments have to be moved to another user."""
    return os.geteuid() == 0


def _warning(cause: str) -> str:
    return f"Functions run without isolation: they can read, signal and ask for whatever this user can ({cause})."
