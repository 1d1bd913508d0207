"""The nodejs*.x runtimes: Node.js processes that were started before it is known for whom, so that a cold start need not wait for one.

They are confined from their start; what they run until then is Atoll's alone (`bootstraps/nodejs/index.mjs` and
`bootstraps/python/_atoll/ahead.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import select
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.launcher import Connections, Launcher, Machine
from atoll.lambda_runtime.messages import framed
from atoll.lambda_runtime.runtimes import node_sdk
from atoll.lambda_runtime.runtimes.node_programs import NodeProgram, NodePrograms
from atoll.lambda_runtime.runtimes.plain import PlainZygote
from atoll.lambda_runtime.spec import FunctionSpec
from atoll.lambda_runtime.variables import LIBRARY_PATH, SEARCH_PATH

BOOTSTRAP = Path(__file__).parents[1] / "bootstraps" / "nodejs"
SPARES = 2
REFILL_SECONDS = 0.1
"""How long after one was taken the next is started: the function that took it is to start first."""
STOP_SECONDS = 2.0
AT_START = ("LD_", "NODE_", "UV_", "OPENSSL_", "SSL_CERT_")
"""How the variables begin that Node.js, its libraries or the loader read when a process starts."""
NOT_AT_START = frozenset({"NODE_ENV", "NODE_PATH"})

logger = logging.getLogger(__name__)


class Nodejs:
    """A `launcher.Family`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._programs = NodePrograms(machine.cache_dir)
        self._launchers: dict[str, NodeLauncher] = {}

    async def choose(self, runtime: str) -> tuple[Launcher, str | None]:
        """The same major version if it is there, else the next newer, else the newest. Raises RuntimeUnavailable."""
        program, warning = await self._programs.choose(runtime)
        sdk = node_sdk.installed(self._machine.cache_dir)
        name = program.name if sdk else f"{program.name}-without-sdk"
        if name not in self._launchers:
            self._launchers[name] = NodeLauncher(name, program, sdk, self._machine)
        return self._launchers[name], warning


class NodeLauncher(PlainZygote):
    """A `launcher.Launcher`: the spare processes of one Node.js."""

    def __init__(self, name: str, program: NodeProgram, sdk: Path | None, machine: Machine) -> None:
        isolated = machine.capabilities.namespaces
        places: dict[str, str | Path] = {
            "/var/lang/bin/node": program.executable,
            "/var/runtime/index.mjs": BOOTSTRAP / "index.mjs",
            "/var/runtime/_atoll": BOOTSTRAP / "_atoll",
            **({"/var/runtime/node_modules": sdk} if sdk else {}),
        }
        # ES modules do not heed NODE_PATH, but look in each directory above their own: AWS's Node.js finds layers and the SDK, too.
        links = {"/var/node_modules": "/opt/nodejs/node_modules", "/node_modules": "/var/runtime/node_modules"}
        super().__init__(machine, name=name, places=places, links=links)
        runtime = Path("/var/runtime") if isolated else node_sdk.linked(BOOTSTRAP, sdk, machine.work_dir / name)
        self.runtime_dir = str(runtime)
        executable = "/var/lang/bin/node" if isolated else program.executable
        self._program = [executable, *program.options, f"{runtime}/index.mjs"]
        self._environment = {"PATH": SEARCH_PATH, "LANG": "en_US.UTF-8", "TZ": ":UTC"} | (
            {"LD_LIBRARY_PATH": LIBRARY_PATH} if isolated else {}
        )
        self._user = machine.user
        self._spares: list[Connections] = []
        self._refilling: asyncio.Task[None] | None = None
        self._stopped = False

    def request(self, spec: FunctionSpec, _root: str, environment: Mapping[str, str]) -> dict[str, Any]:
        """A program only where a spare one does not do."""
        if not _configures(spec):
            return {"program": None}
        wrapper = environment.get("AWS_LAMBDA_EXEC_WRAPPER")
        return {"program": [*([wrapper] if wrapper else []), *self._program]}

    async def ready(self) -> None:
        """Starts the zygote and a spare process; more follow. Raises RuntimeUnavailable."""
        await super().ready()
        if not self._spares and self._refilling is None:
            self._spares.append(await self._start_spare())
            self._refill()

    async def connect(self, spec: FunctionSpec) -> Connections:
        """Those of a spare process that lives, else of a new one. Raises RuntimeUnavailable."""
        if _configures(spec):
            return Connections.make()
        while self._spares:
            spare = self._spares.pop(0)
            if _lives(spare):
                return spare
            spare.close()
        return await self._start_spare()

    async def spawn(self, request: Mapping[str, Any], connections: Connections) -> None:
        """Tells the process at the connections whose it is, or starts one of the function's own. Raises RuntimeUnavailable."""
        if request["program"] is not None:
            await super().spawn(request, connections)
            return
        with contextlib.suppress(ConnectionError):  # it has ended meanwhile, which its control socket tells
            await asyncio.get_running_loop().sock_sendall(connections.control, framed(request))
        self._refill()

    async def stop(self) -> None:
        """Ends the spare processes and the zygote."""
        self._stopped = True
        if self._refilling is not None:
            self._refilling.cancel()
            await asyncio.wait([self._refilling])
        while self._spares:
            await _let_go(self._spares.pop())
        await super().stop()

    async def _start_spare(self) -> Connections:
        connections = Connections.make()
        request = {
            "ahead": True, "uid": self._user(), "program": self._program, "environment": self._environment,
        }  # fmt: skip
        try:
            await super().spawn(request, connections)
        except BaseException:
            connections.close()
            raise
        connections.release()
        return connections

    def _refill(self) -> None:
        if self._refilling is None and not self._stopped:
            self._refilling = asyncio.get_running_loop().create_task(self._start_spares())

    async def _start_spares(self) -> None:
        try:
            while len(self._spares) < SPARES:
                await asyncio.sleep(REFILL_SECONDS)  # noqa: TID251  real time; a launcher has no region's clock
                self._spares.append(await self._start_spare())
        except RuntimeUnavailable as error:  # the next cold start says so to whoever waits for it
            logger.warning("%s: %s", self.name, error)
        finally:
            self._refilling = None


def _configures(spec: FunctionSpec) -> bool:
    """Whether a spare process will not do: the function has variables that count when one starts, or extensions, which start first."""
    names = spec.environment.keys() - NOT_AT_START
    if spec.layers is not None and (spec.layers / "extensions").is_dir():
        return True
    return "AWS_LAMBDA_EXEC_WRAPPER" in names or any(name.startswith(AT_START) for name in names)


def _lives(spare: Connections) -> bool:
    poll = select.poll()
    poll.register(spare.control, 0)
    return not poll.poll(0)


async def _let_go(spare: Connections) -> None:
    """Hangs up, and waits for the supervisor to be gone, and everything with it."""
    with contextlib.suppress(OSError, TimeoutError):
        spare.control.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(STOP_SECONDS):
            while await asyncio.get_running_loop().sock_recv(spare.control, 4096):
                pass
    spare.close()
