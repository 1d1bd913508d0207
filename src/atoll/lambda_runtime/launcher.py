"""What starts a function's environments: a launcher per program. The families of them are in `runtimes`."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from atoll.lambda_runtime.sandbox import Capabilities
from atoll.lambda_runtime.spec import FunctionSpec


@dataclass(frozen=True, slots=True)
class Machine:
    """What launchers need to know of where they run. `hidden` are directories that no function may see; `user` gives the user that
    the next environment is to run as, None where Atoll is not root; `groups` is the directory of the region's control groups."""

    capabilities: Capabilities
    work_dir: Path
    cache_dir: Path
    hidden: Sequence[Path]
    user: Callable[[], int | None]
    groups: Path | None = None


@dataclass(frozen=True, slots=True)
class Connections:
    """What connects an environment to Atoll: its control socket, its Runtime API connection and the pipe of its log, of each Atoll's
    end. `given` are the environment's, in that order, until it has them."""

    control: socket.socket
    api: socket.socket
    log: int
    given: list[int] = field(default_factory=list)

    @classmethod
    def make(cls) -> Self:
        """New ones."""
        control, their_control = socket.socketpair()
        api, their_api = socket.socketpair()
        log, their_log = os.pipe()
        control.setblocking(False)
        api.setblocking(False)
        return cls(control, api, log, [their_control.detach(), their_api.detach(), their_log])

    def release(self) -> None:
        """Closes the environment's ends: it has its own copies."""
        while self.given:
            os.close(self.given.pop())

    def close(self) -> None:
        """Closes all ends: no environment has come of them, or it is not wanted any more."""
        self.release()
        self.control.close()
        self.api.close()
        os.close(self.log)


class Launcher(Protocol):
    """Starts environments of one program. `name` says which ("python3.11"); `runtime_dir` is LAMBDA_RUNTIME_DIR where there is no
    sandbox; `namespaces` the user namespaces above its environments, empty until the first."""

    name: str
    runtime_dir: str
    namespaces: set[str]

    def request(self, spec: FunctionSpec, root: str, environment: Mapping[str, str]) -> dict[str, Any]:
        """What the supervisor is told of the program beside what every environment needs: `program` is its command line, None where
        the zygote's own interpreter goes on. `root` is the code's directory as the function sees it."""

    async def ready(self) -> None:
        """Makes everything ready now rather than with the first environment. Raises RuntimeUnavailable."""

    async def connect(self, spec: FunctionSpec) -> Connections:
        """The connections of the function's next environment, which may be there already. Raises RuntimeUnavailable."""

    async def spawn(self, request: Mapping[str, Any], connections: Connections) -> None:
        """Asks for the environment at these `connections`. Raises RuntimeUnavailable."""

    async def stop(self) -> None:
        """Ends what stands ready; environments that were made live on."""


class Family(Protocol):
    """The runtimes of one language."""

    async def choose(self, runtime: str) -> tuple[Launcher, str | None]:
        """The launcher for a runtime, and a warning where it is not quite the one asked for. Raises RuntimeUnavailable."""
