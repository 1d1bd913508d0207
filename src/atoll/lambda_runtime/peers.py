"""Who made a TCP connection, as Linux knows it: which socket is at its other end, who made that, and which processes hold it.

A socket is found by the connection's two addresses. Where functions have users of their own, the user who made it decides. Where they
run as the same user as others, its holders do, and one is sought *outside* the environments: whoever is inside can hide that he holds
a socket (in a message under way, in a thread with its own table of files), and nobody outside has a reason to. What cannot be told is
taken for a function's. docs: sock_diag(7), proc_pid_fd(5), user_namespaces(7), ioctl_ns(2); docs/decisions/0011.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import ipaddress
import os
import socket
import struct
from collections import deque
from collections.abc import Callable, Collection, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from atoll.kernel.connection import Address, Connection
from atoll.lambda_runtime import tree

SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLMSG_ERROR, NLM_F_REQUEST = 4, 20, 2, 1
EVERY_STATE, NO_COOKIE = 0xFFFFFFFF, b"\xff" * 8
REQUEST = struct.Struct("=IHHII BBBBI 2s2s16s16sI8s")
ANSWER = struct.Struct("=xBxx 48x 12xII")
CONNECTED = frozenset({1, 4, 5, 8, 9, 11})
"""TCP states of a socket that has a peer: not of one that listens, or still connects, or only waits until its port is free."""
NS_GET_PARENT = 0xB702


@dataclass(frozen=True, slots=True)
class Peer:
    """The socket at the other end: the user who made it, and its number on this machine."""

    uid: int
    inode: int


def find(peer: Address, local: Address) -> Peer | None:
    """The socket at `peer` that is connected to `local`; None where this machine has none, or no process holds it any more.

    Raises OSError where the kernel cannot be asked.
    """
    there, here = _plain(peer[0]), _plain(local[0])
    family = socket.AF_INET if there.version == 4 else socket.AF_INET6
    request = REQUEST.pack(
        REQUEST.size, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0, family, socket.IPPROTO_TCP, 0, 0, EVERY_STATE,
        peer[1].to_bytes(2), local[1].to_bytes(2), there.packed, here.packed, 0, NO_COOKIE,
    )  # fmt: skip
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as kernel:
        kernel.send(request)
        answer = kernel.recv(4096, socket.MSG_DONTWAIT)  # it has answered before `send` returns
    if struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR:
        error = -struct.unpack_from("=i", answer, 16)[0]
        if error == errno.ENOENT:
            return None
        raise OSError(error, os.strerror(error))
    state, uid, inode = ANSWER.unpack_from(answer, 16)
    return Peer(uid, inode) if inode and state in CONNECTED else None


def probe() -> None:
    """Asks about a connection of this process's own. Raises OSError where the answer is not to be had."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        found = find(client.getsockname(), server.getsockname())
        if found is None or found.inode != os.fstat(client.fileno()).st_ino:
            raise OSError("the kernel does not know its own connections")


def of(connection: Connection) -> Peer | None:
    """The socket that made the connection; None where that cannot be told."""
    if connection.peer is None:
        return None
    try:
        found = find(connection.peer, connection.local)
    except OSError:  # out of descriptors, or of memory
        return None
    # Asked last: as long as our end lives, the two addresses cannot have come to belong to somebody else's connection.
    return found if connection.is_alive() else None


async def made_below(root: int, uid: int | None, connection: Connection) -> bool:
    """Whether the process `root`, or one below it, has the socket that made the connection. `uid` is who they run as, None where that
    tells nothing: others are turned away without a search."""
    peer = of(connection)
    if peer is None or uid not in (None, peer.uid):
        return False
    return await asyncio.to_thread(_held_below, root, peer.inode)


class Outsiders:
    """The processes of this user that are no function's: in none of some user namespaces (see `namespace`), nor below one."""

    def __init__(self, namespaces: Callable[[], Collection[str]]) -> None:
        self._namespaces = namespaces
        self._wanted: dict[str, asyncio.Future[bool]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._known: deque[int] = deque(maxlen=16)
        """Who was found last, and is likely to hold the next socket too. Each is looked at anew, so none need be right."""

    async def hold(self, inode: int) -> bool:
        """Whether one of them has the socket. Some 100 µs where it is one found lately; else the files of all are looked through, the
        youngest first."""
        answer = self._wanted.setdefault(f"socket:[{inode}]", asyncio.get_running_loop().create_future())
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())
        return await asyncio.shield(answer)

    async def _look(self) -> None:
        """One search for all who ask meanwhile: a function with a thousand connections keeps others waiting for two searches."""
        while self._wanted:
            wanted, self._wanted = self._wanted, {}
            found = await asyncio.to_thread(self._search, frozenset(wanted), self._namespaces())
            for link, answer in wanted.items():
                answer.set_result(link in found)

    def _search(self, wanted: Set[str], namespaces: Collection[str]) -> Set[str]:
        found: set[str] = set()
        inside: dict[str, bool] = {}  # so that a function's thousand processes are passed over quickly
        for pid in chain(tuple(self._known), _youngest_first()):
            with suppress(OSError), _opened(f"/proc/{pid}") as process:  # it may have ended, or be another user's
                space = os.readlink("ns/user", dir_fd=process)
                if space not in inside:
                    inside[space] = _is_below(process, namespaces)
                held = wanted & _sockets(process) if not inside[space] else None
                if held and not _is_below(process, namespaces):
                    found |= held
                    if pid not in self._known:
                        self._known.appendleft(pid)
            if len(found) == len(wanted):
                break
        return found


def from_elsewhere(connection: Connection) -> bool:
    """Whether the peer's address is none of this machine's, so that no process here can have used it."""
    if connection.peer is None or (address := _plain(connection.peer[0])).is_loopback:
        return False
    try:
        with socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6) as probe:
            probe.bind((str(address), 0))
    except OSError as error:
        return error.errno == errno.EADDRNOTAVAIL
    return False


def namespace(pid: int) -> str:
    """The name of a process's user namespace, the same for all who are in it. Raises OSError."""
    return str(Path(f"/proc/{pid}/ns/user").readlink())


def _youngest_first() -> Iterator[int]:
    with os.scandir("/proc") as entries:
        yield from sorted((int(entry.name) for entry in entries if entry.name.isdigit()), reverse=True)


def _held_below(root: int, inode: int) -> bool:
    for pid in tree.pids(root):
        with suppress(OSError), _opened(f"/proc/{pid}") as process:
            if f"socket:[{inode}]" in _sockets(process):
                return True
    return False


def _sockets(process: int) -> frozenset[str]:
    """What a process's descriptors are links to. Raises OSError where it has ended, or keeps others out."""
    with _opened("fd", process) as files, os.scandir(files) as entries:
        return frozenset(_target(files, entry.name) for entry in entries)


def _target(files: int, name: str) -> str:
    try:
        return os.readlink(name, dir_fd=files)
    except FileNotFoundError:  # closed meanwhile
        return ""


@contextmanager
def _opened(path: str, within: int | None = None) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY, dir_fd=within)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_below(process: int, namespaces: Collection[str]) -> bool:
    """Whether the user namespace of a process, or one above it, is one of these."""
    space = os.open("ns/user", os.O_RDONLY, dir_fd=process)
    while True:
        try:
            if str(Path(f"/proc/self/fd/{space}").readlink()) in namespaces:
                return True
            above = fcntl.ioctl(space, NS_GET_PARENT)
        except PermissionError:  # above is none, or it is not ours to see
            return False
        finally:
            os.close(space)
        space = above


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address without its disguise: IPv4 also where it came in through an IPv6 socket."""
    parsed = ipaddress.ip_address(address)
    return getattr(parsed, "ipv4_mapped", None) or parsed
