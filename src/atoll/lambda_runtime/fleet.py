"""The environments of one function version at one revision, as far as the pool keeps them for later."""

from __future__ import annotations

from dataclasses import dataclass, field

from atoll.lambda_runtime.environment import Environment
from atoll.lambda_runtime.states import ENDING, State

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

    def take(self, now: float) -> Environment | None:
        """An idle one whose credentials last for an invocation that begins `now` (region time): a provisioned one, or the one that was
        used last, so that the others can be reaped."""
        while waiting := self.provisioned or self.idle:
            environment = waiting.pop()
            if environment.state is not State.IDLE:
                continue
            if environment.credentials.outlast(environment.spec.timeout, now):
                return environment
            environment.kill()
        return None

    def keep(self, environment: Environment) -> None:
        """It has become idle."""
        (self.provisioned if environment.spec.provisioned else self.idle).append(environment)

    def drain(self) -> None:
        """None of them serves another invocation."""
        for environment in (*self.idle, *self.provisioned):
            environment.drain()

    def ended(self, environment: Environment) -> None:
        """It is no longer there to be taken."""
        for waiting in (self.idle, self.provisioned):
            if environment in waiting:
                waiting.remove(environment)

    def broke(self, environment: Environment, *, again: bool) -> None:
        """An invocation failed: if the environment ends of it, the next one that finds none idle makes up for it."""
        if environment.state in ENDING and len(self.broken) < BROKEN:
            self.broken.append(Broken(environment, again))
