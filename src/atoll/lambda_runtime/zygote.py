"""The pool's end of a zygote: starts one per program and asks it for environments. What it does is in `bootstraps/python`."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from atoll.lambda_runtime import peers
from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.launcher import Connections, Machine
from atoll.lambda_runtime.messages import HEAD, framed
from atoll.lambda_runtime.runtimes.interpreters import Interpreter
from atoll.lambda_runtime.runtimes.python_sdk import BOOTSTRAP
from atoll.lambda_runtime.spec import FunctionSpec

START_SECONDS = 60.0
LAUNCH = "import sys; sys.path.insert(0, sys.argv[1]); from _atoll import zygote; zygote.main(int(sys.argv[2]))"


class Zygote:
    """A warm interpreter of its own process. Dies with Atoll, because its control socket closes."""

    def __init__(
        self,
        interpreter: Interpreter,
        machine: Machine,
        *,
        name: str,
        places: Mapping[str, str | Path],
        executable: str,
        modules: str,
        environment: Mapping[str, str],
        links: Mapping[str, str] | None = None,
        hidden: Sequence[str] = (),
        left: Sequence[str] = (),
        preload: bool = False,
        pycache: str | None = None,
    ) -> None:
        """`places` maps paths in the sandbox to the machine's, of which environments do not see those `left`, and `links` to what they
        link to; `executable` is the interpreter and `modules` the directory of `_atoll` as they are found there; `preload` loads what
        functions import."""
        self.name = name
        self._interpreter = interpreter
        self._machine = machine
        self._log = machine.work_dir / f"zygote-{name}.log"
        self._lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self.namespaces: set[str] = set()
        """The user namespaces above its environments, of earlier processes too; where Atoll is root, that is Atoll's own."""
        self._config = {
            "namespaces": machine.capabilities.namespaces,
            "root": str(machine.work_dir / "root"),
            "places": {inside: os.path.realpath(path) for inside, path in places.items()},
            "links": dict(links or {}),
            "left": list(left),
            "groups": str(machine.groups) if machine.groups is not None else None,
            "hidden": [*map(str, machine.hidden), *hidden],
            "executable": executable,
            "modules": modules,
            "preload": preload,
            "pycache": pycache,
            "environment": dict(environment),
        }

    async def connect(self, _spec: FunctionSpec) -> Connections:
        """New ones: nobody is there before `spawn`."""
        return Connections.make()

    async def spawn(self, request: Mapping[str, Any], connections: Connections) -> None:
        """Asks for an environment at these connections. Starts the zygote if need be. Raises RuntimeUnavailable."""
        data, descriptors = framed(request), connections.given
        async with self._lock:
            if self._process is None or self._process.returncode is not None:
                await self._start()
            try:
                await self._send(data, descriptors)
            except ConnectionError:  # it died unnoticed
                await self._start()
                try:
                    await self._send(data, descriptors)
                except ConnectionError as error:  # as it does where the machine has no room for another process
                    raise RuntimeUnavailable(f"The {self.name} zygote ended: {self._last_words()}") from error

    async def _send(self, data: bytes, descriptors: list[int]) -> None:
        assert self._control is not None
        while True:  # the descriptors travel with the length, which many environments at once may leave without room
            try:
                socket.send_fds(self._control, [data[:HEAD]], descriptors)
                break
            except BlockingIOError:
                await _room(self._control)
        await asyncio.get_running_loop().sock_sendall(self._control, data[HEAD:])

    async def ready(self) -> None:
        """Starts the zygote now rather than with the first environment. Raises RuntimeUnavailable."""
        async with self._lock:
            if self._process is None or self._process.returncode is not None:
                await self._start()

    async def stop(self) -> None:
        """Ends the process; environments that it made live on."""
        await self._end()

    async def _end(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            self._process = None

    async def _start(self) -> None:
        await self._end()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._control = ours
        try:
            with self._log.open("wb") as log:
                self._process = await asyncio.create_subprocess_exec(
                    self._interpreter.executable, "-I", "-S", "-B", "-c", LAUNCH, BOOTSTRAP, str(theirs.fileno()),
                    stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env={}, pass_fds=(theirs.fileno(),), cwd="/",
                    start_new_session=True,
                )  # fmt: skip
        finally:
            theirs.close()
        (self._machine.work_dir / "root").mkdir(parents=True, exist_ok=True)
        try:
            async with asyncio.timeout(START_SECONDS):
                await asyncio.get_running_loop().sock_sendall(ours, framed(self._config))
                answer = await asyncio.get_running_loop().sock_recv(ours, 4096)
            if self._machine.capabilities.peers:
                self.namespaces.add(peers.namespace(self._process.pid))
        except OSError:  # too late, or gone
            answer = b""
        if not answer:
            await self._end()
            raise RuntimeUnavailable(f"The {self.name} zygote did not start: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        return lines[-1]


async def _room(control: socket.socket) -> None:
    """Waits until the socket takes something again."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(control, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(control)
