"""The environments of one function version at one revision, as far as the pool keeps them for later."""

from __future__ import annotations

from dataclasses import dataclass, field

from atoll.lambda_runtime.environment import Environment
from atoll.lambda_runtime.states import ENDING

BROKEN = 10
"""How many environments that broke may wait to be made up for."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An environment that failed to initialize, or did and failed later (`again`). Its successor goes on in its log."""

    environment: Environment
    again: bool


@dataclass(slots=True)
class Fleet:
    """Those that are idle, among them the provisioned ones, and those that broke."""

    revision: str
    idle: list[Environment] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    provisioned: list[Environment] = field(default_factory=list)
    warned: bool = False

    def ended(self, environment: Environment) -> None:
        """It is no longer there to be taken."""
        for waiting in (self.idle, self.provisioned):
            if environment in waiting:
                waiting.remove(environment)

    def broke(self, environment: Environment, *, again: bool) -> None:
        """An invocation failed: if the environment ends of it, the next one that finds none idle makes up for it."""
        if environment.state in ENDING and len(self.broken) < BROKEN:
            self.broken.append(Broken(environment, again))
