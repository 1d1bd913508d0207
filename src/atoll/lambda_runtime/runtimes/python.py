"""The python3.x runtimes: environments are forked from a zygote that has the SDK preloaded."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from atoll.lambda_runtime.launcher import Launcher, Machine
from atoll.lambda_runtime.runtimes import python_sdk
from atoll.lambda_runtime.runtimes.interpreters import Interpreter, Interpreters
from atoll.lambda_runtime.runtimes.python_sdk import Sdk
from atoll.lambda_runtime.spec import FunctionSpec
from atoll.lambda_runtime.variables import LIBRARY_PATH, SEARCH_PATH
from atoll.lambda_runtime.zygote import Zygote


class Python:
    """A `launcher.Family`."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._found: tuple[Sdk, Interpreters] | None = None
        self._finding = asyncio.Lock()
        self._launchers: dict[str, PythonLauncher] = {}

    async def choose(self, runtime: str) -> tuple[Launcher, str | None]:
        """The same minor version if it is there and can import our boto3, else the next newer. Raises RuntimeUnavailable."""
        async with self._finding:
            if self._found is None:
                sdk = await asyncio.to_thread(python_sdk.locate, self._machine.cache_dir)
                self._found = sdk, Interpreters(sdk)
        sdk, interpreters = self._found
        interpreter, warning = await interpreters.choose(runtime)
        if interpreter.name not in self._launchers:
            self._launchers[interpreter.name] = PythonLauncher(interpreter, sdk, self._machine)
        return self._launchers[interpreter.name], warning


class PythonLauncher(Zygote):
    """A `launcher.Launcher`: the zygote of one interpreter."""

    def __init__(self, interpreter: Interpreter, sdk: Sdk, machine: Machine) -> None:
        isolated = machine.capabilities.namespaces
        # The SDK's own bytecode fits the interpreter that it was installed for; for others it is kept apart.
        foreign = interpreter.minor != sys.version_info.minor
        pycache = ("/.host" if isolated else "") + str(sdk.cache / "pycache")
        super().__init__(
            interpreter,
            machine,
            name=interpreter.name,
            places={"/var/lang": interpreter.prefix, **{f"/var/runtime/{name}": path for name, path in sdk.files.items()}},
            hidden=interpreter.site,
            executable=f"/var/lang/bin/{interpreter.name}" if isolated else interpreter.executable,
            modules="/var/runtime" if isolated else str(sdk.directory),
            preload=True,
            pycache=pycache if foreign else None,
            environment={
                "LANG": "en_US.UTF-8", "TZ": ":UTC", "PATH": SEARCH_PATH, "PYTHONUTF8": "1",
                **({"LD_LIBRARY_PATH": LIBRARY_PATH} if isolated else {}),
                # macOS ends forked processes that touch its frameworks, as urllib's search for proxies does, unless told not to.
                **({"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"} if sys.platform == "darwin" else {}),
            },
        )  # fmt: skip
        self.runtime_dir = str(sdk.directory)

    def request(self, spec: FunctionSpec, root: str, environment: Mapping[str, str]) -> dict[str, Any]:
        """The bootstrap goes on in the forked interpreter, with these directories to import from."""
        return {
            "program": None,
            "handler": spec.handler,
            "own": list(spec.environment),
            "paths": [
                root,
                f"/opt/python/lib/{self.name}/site-packages",
                "/opt/python",
                environment["LAMBDA_RUNTIME_DIR"],
            ],
        }
