"""The families of runtimes that there are, by the beginnings of their names."""

from __future__ import annotations

from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.launcher import Family, Launcher, Machine
from atoll.lambda_runtime.runtimes.nodejs import Nodejs
from atoll.lambda_runtime.runtimes.provided import Provided
from atoll.lambda_runtime.runtimes.python import Python


class Families:
    """Every launcher of a pool, each made when it is first needed."""

    def __init__(self, machine: Machine) -> None:
        self._families: dict[str, Family] = {
            "python3.": Python(machine),
            "nodejs": Nodejs(machine),
            "provided.": Provided(machine),
        }
        self._launchers: dict[str, Launcher] = {}

    async def choose(self, runtime: str) -> tuple[Launcher, str | None]:
        """The launcher for a runtime, and a warning where it is not quite the one asked for. Raises RuntimeUnavailable."""
        for prefix, family in self._families.items():
            if runtime.startswith(prefix):
                launcher, warning = await family.choose(runtime)
                self._launchers[launcher.name] = launcher
                return launcher, warning
        raise RuntimeUnavailable(f"Atoll cannot run functions of the runtime {runtime}.")

    @property
    def launchers(self) -> list[Launcher]:
        """Those that were chosen so far."""
        return list(self._launchers.values())
