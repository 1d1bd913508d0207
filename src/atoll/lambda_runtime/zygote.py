"""The pool's end of a zygote: starts one per interpreter and asks it for environments. What it does is in `bootstraps/python`."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from atoll.lambda_runtime import peers
from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.interpreters import Interpreter
from atoll.lambda_runtime.sandbox import Capabilities
from atoll.lambda_runtime.sdk import BOOTSTRAP, Sdk
from atoll.lambda_runtime.variables import LIBRARY_PATH, SEARCH_PATH

START_SECONDS = 60.0
LAUNCH = "import sys; sys.path.insert(0, sys.argv[1]); from _atoll import zygote; zygote.main(int(sys.argv[2]))"


class Zygote:
    """A warm interpreter of its own process. Dies with Atoll, because its control socket closes."""

    def __init__(
        self, interpreter: Interpreter, sdk: Sdk, capabilities: Capabilities, work_dir: Path, hidden: Sequence[Path]
    ) -> None:
        self.interpreter = interpreter
        self._sdk = sdk
        self._capabilities = capabilities
        self._work_dir = work_dir
        self._hidden = hidden
        self._log = work_dir / f"zygote-{interpreter.name}.log"
        self._lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self.namespaces: set[str] = set()
        """The user namespaces above its environments, of earlier processes too; where Atoll is root, that is Atoll's own."""

    @property
    def executable(self) -> str:
        """The interpreter as functions see it."""
        if self._capabilities.namespaces:
            return f"/var/lang/bin/{self.interpreter.name}"
        return self.interpreter.executable

    @property
    def sdk_directory(self) -> str:
        """Where functions outside a sandbox find the SDK."""
        return str(self._sdk.directory)

    async def spawn(self, request: dict[str, Any], descriptors: Sequence[int]) -> None:
        """Asks for an environment that gets copies of `descriptors`. Starts the zygote if need be. Raises RuntimeUnavailable."""
        data = msgspec.json.encode(request)
        async with self._lock:
            if self._process is None or self._process.returncode is not None:
                await self._start()
            try:
                await self._send(data, descriptors)
            except ConnectionError:  # it died unnoticed
                await self._start()
                await self._send(data, descriptors)

    async def _send(self, data: bytes, descriptors: Sequence[int]) -> None:
        assert self._control is not None
        # The descriptors travel with the length, which always finds room; only what follows may have to wait for it.
        socket.send_fds(self._control, [len(data).to_bytes(4, "big")], list(descriptors))
        await asyncio.get_running_loop().sock_sendall(self._control, data)

    async def ready(self) -> None:
        """Starts the zygote now rather than with the first environment. Raises RuntimeUnavailable."""
        async with self._lock:
            if self._process is None or self._process.returncode is not None:
                await self._start()

    async def stop(self) -> None:
        """Ends the process; environments that it made live on."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            self._process = None

    async def _start(self) -> None:
        await self.stop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._control = ours
        try:
            with self._log.open("wb") as log:
                self._process = await asyncio.create_subprocess_exec(
                    self.interpreter.executable, "-I", "-S", "-B", "-c", LAUNCH, BOOTSTRAP, str(theirs.fileno()),
                    stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env={}, pass_fds=(theirs.fileno(),), cwd="/",
                    start_new_session=True,
                )  # fmt: skip
        finally:
            theirs.close()
        config = msgspec.json.encode(self._config())
        try:
            async with asyncio.timeout(START_SECONDS):
                await asyncio.get_running_loop().sock_sendall(ours, len(config).to_bytes(4, "big") + config)
                answer = await asyncio.get_running_loop().sock_recv(ours, 4096)
            if self._capabilities.peers:
                self.namespaces.add(peers.namespace(self._process.pid))
        except OSError:  # too late, or gone
            answer = b""
        if not answer:
            await self.stop()
            lines = self._log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
            raise RuntimeUnavailable(f"The {self.interpreter.name} zygote did not start: {lines[-1]}")

    def _config(self) -> dict[str, Any]:
        root = self._work_dir / "root"
        root.mkdir(parents=True, exist_ok=True)
        # The SDK's own bytecode fits the interpreter that it was installed for; for others it is kept apart.
        foreign = self.interpreter.minor != sys.version_info.minor
        pycache = ("/.host" if self._capabilities.namespaces else "") + str(self._sdk.cache / "pycache")
        return {
            "namespaces": self._capabilities.namespaces,
            "root": str(root),
            "prefix": os.path.realpath(self.interpreter.prefix),
            "runtime": {name: str(path) for name, path in self._sdk.files.items()},
            "sdk": str(self._sdk.directory),
            "hidden": [*map(str, self._hidden), *self.interpreter.site],
            "executable": self.executable,
            "pycache": pycache if foreign else None,
            "environment": {
                "LANG": "en_US.UTF-8", "TZ": ":UTC", "PATH": SEARCH_PATH, "PYTHONUTF8": "1",
                **({"LD_LIBRARY_PATH": LIBRARY_PATH} if self._capabilities.namespaces else {}),
                # macOS ends forked processes that touch its frameworks, as urllib's search for proxies does, unless told not to.
                **({"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"} if sys.platform == "darwin" else {}),
            },
        }  # fmt: skip
