"""The provided.* runtimes: the function's own `bootstrap` speaks the Runtime API over TCP.

docs: Lambda developer guide, "Building a custom runtime for AWS Lambda".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.lambda_runtime.launcher import Launcher, Machine
from atoll.lambda_runtime.runtimes.plain import PlainZygote
from atoll.lambda_runtime.spec import FunctionSpec


class Provided:
    """A `launcher.Family`."""

    def __init__(self, machine: Machine) -> None:
        self._launcher = ProvidedLauncher(machine)

    async def choose(self, _runtime: str) -> tuple[Launcher, str | None]:
        """The same for all."""
        return self._launcher, None


class ProvidedLauncher(PlainZygote):
    """A `launcher.Launcher`."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine, name="provided", places={})
        self._isolated = machine.capabilities.namespaces

    def request(self, spec: FunctionSpec, root: str, _environment: Mapping[str, str]) -> dict[str, Any]:
        """The package's `bootstrap`, else that of its layers: the supervisor looks, where the function would."""
        places = [root]
        if self._isolated:
            places.append("/opt")
        elif spec.layers is not None:
            places.append(str(spec.layers.resolve()))
        return {"program": [], "bootstraps": [f"{place}/bootstrap" for place in places]}
