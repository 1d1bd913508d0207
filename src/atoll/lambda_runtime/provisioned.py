"""Provisioned environments: initialized ahead of their invocations, replaced when they end, kept until others have taken over.

docs: Lambda developer guide, "Configuring provisioned concurrency for a function".
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from atoll.kernel.clock import Clock
from atoll.kernel.errors import ServiceError
from atoll.lambda_runtime.environment import Environment
from atoll.lambda_runtime.errors import InitializationFailed, LambdaRuntimeError
from atoll.lambda_runtime.spec import PROVISIONED, Allocation, FunctionSpec
from atoll.lambda_runtime.states import State

AT_ONCE = 8
"""How many are initialized at a time: invocations need the machine, too."""
EARLY_SECONDS = 5.0
"""An environment that ends so soon after its initialization, and was never used, is no better than one that failed."""
FAILED_INIT = "FUNCTION_ERROR_INIT_FAILURE"
Start = Callable[[FunctionSpec], Coroutine[Any, Any, Environment]]


@dataclass(slots=True, eq=False)
class _Goal:
    """`count` environments of one version. `retiring` ones serve until others take their places; a goal that is `leaving` gets no
    more: all of it goes once the function's other goals are reached."""

    spec: FunctionSpec
    count: int
    environments: set[Environment] = field(default_factory=set)
    retiring: set[Environment] = field(default_factory=set)
    starting: int = 0
    failure: str | None = None
    leaving: bool = False

    @property
    def ready(self) -> int:
        return min(self.count, len(self.environments) + len(self.retiring))

    @property
    def missing(self) -> int:
        return 0 if self.leaving or self.failure else self.count - len(self.environments) - self.starting


class Provisioned:
    """Keeps the environments. `start` makes one and raises InitializationFailed; `background` runs what may outlast its caller."""

    def __init__(
        self, clock: Clock, start: Start, background: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    ) -> None:
        self._clock = clock
        self._start = start
        self._background = background
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._goals: dict[tuple[str, str], _Goal] = {}

    def aim(self, arn: str, wanted: Mapping[str, tuple[FunctionSpec, int]]) -> None:
        """So many environments of each version of a function are to stand ready: invocations use them before all others. What failed
        before is tried again."""
        for version, goal in self._of(arn):
            goal.leaving = version not in wanted
        for version, (on_demand, count) in wanted.items():
            spec = dataclasses.replace(on_demand, initialization=PROVISIONED)
            known = self._goals.get((arn, version))
            if known is not None and known.spec == spec:
                known.count, known.failure = count, None
            else:
                _drain(known)
                known = self._goals[arn, version] = _Goal(spec, count)
            self._fill(known)
        self._let_go(arn)

    def forget(self, arn: str, version: str | None) -> None:
        """The version (None: each) is gone; whoever says so sees to its environments."""
        for number, _ in self._of(arn):
            if version in (None, number):
                del self._goals[arn, number]

    def allocation(self, arn: str, version: str) -> Allocation:
        """How far a version has come."""
        goal = self._goals.get((arn, version))
        return Allocation(goal.ready, goal.failure) if goal else Allocation(0, None)

    def leaving(self, arn: str) -> int:
        """How many environments of other versions still stand ready until those wanted now do."""
        return sum(goal.ready for _, goal in self._of(arn) if goal.leaving)

    def ended(self, environment: Environment) -> None:
        """An environment has ended: another takes its place."""
        goal = self._goals.get((environment.spec.arn, environment.spec.version))
        if goal is None:
            return
        goal.retiring.discard(environment)
        if environment in goal.environments:
            goal.environments.discard(environment)
            if not environment.invocations and self._clock.monotonic() - environment.idle_since < EARLY_SECONDS:
                goal.failure = FAILED_INIT
            self._fill(goal)
            self._let_go(environment.spec.arn)

    def retire(self, environments: Iterable[Environment]) -> None:
        """These cannot serve much longer; each goes when another has taken its place."""
        for environment in environments:
            goal = self._goals.get((environment.spec.arn, environment.spec.version))
            if goal is not None and environment in goal.environments:
                goal.environments.discard(environment)
                goal.retiring.add(environment)
                self._fill(goal)

    def _of(self, arn: str) -> list[tuple[str, _Goal]]:
        return [(version, goal) for (owner, version), goal in self._goals.items() if owner == arn]

    def _fill(self, goal: _Goal) -> None:
        while len(goal.environments) > goal.count:
            goal.environments.pop().drain()
        for _ in range(goal.missing):
            goal.starting += 1
            self._background(self._add(goal))

    async def _add(self, goal: _Goal) -> None:
        environment = None
        try:
            async with self._turns:
                if self._wants(goal) and goal.failure is None:
                    environment = await self._start(goal.spec)
        except InitializationFailed:
            goal.failure = FAILED_INIT
        except (LambdaRuntimeError, ServiceError, OSError) as error:
            goal.failure = str(error)
        finally:
            goal.starting -= 1
        if environment is not None:
            if self._wants(goal) and len(goal.environments) < goal.count and environment.state is State.IDLE:
                goal.environments.add(environment)
                if goal.retiring:
                    goal.retiring.pop().drain()
            else:
                environment.drain()
        self._let_go(goal.spec.arn)

    def _wants(self, goal: _Goal) -> bool:
        return self._goals.get((goal.spec.arn, goal.spec.version)) is goal and not goal.leaving

    def _let_go(self, arn: str) -> None:
        """Lets the leaving go, once the others are there or cannot come."""
        goals = self._of(arn)
        if any(len(goal.environments) < goal.count and not goal.failure for _, goal in goals if not goal.leaving):
            return
        for version, goal in goals:
            if goal.leaving:
                del self._goals[arn, version]
                _drain(goal)


def _drain(goal: _Goal | None) -> None:
    for environment in goal.environments | goal.retiring if goal else ():
        environment.drain()
