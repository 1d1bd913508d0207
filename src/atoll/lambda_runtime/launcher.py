"""What starts a function's environments: a launcher per program. The families of them are in `runtimes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from atoll.lambda_runtime.sandbox import Capabilities
from atoll.lambda_runtime.spec import FunctionSpec


@dataclass(frozen=True, slots=True)
class Machine:
    """What launchers need to know of where they run. `hidden` are directories that no function may see, `groups` is the directory
    of the region's control groups."""

    capabilities: Capabilities
    work_dir: Path
    cache_dir: Path
    hidden: Sequence[Path]
    groups: Path | None = None


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

    async def spawn(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        """Asks for an environment that gets copies of `descriptors`: its control socket, its Runtime API connection, its log.
        Raises RuntimeUnavailable."""

    async def stop(self) -> None:
        """Ends what stands ready; environments that were made live on."""


class Family(Protocol):
    """The runtimes of one language."""

    async def choose(self, runtime: str) -> tuple[Launcher, str | None]:
        """The launcher for a runtime, and a warning where it is not quite the one asked for. Raises RuntimeUnavailable."""
