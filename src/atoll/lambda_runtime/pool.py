"""The pool: keeps environments warm, gives each invocation one of its own, and writes the platform's lines around it.

docs: Lambda developer guide, "Understanding Lambda function scaling", "Lambda execution environment lifecycle".
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from atoll.kernel.clock import Clock
from atoll.kernel.connection import Connection
from atoll.kernel.ids import Ids
from atoll.lambda_runtime import cgroups, peers, sandbox, texts
from atoll.lambda_runtime.environment import Environment
from atoll.lambda_runtime.errors import InitializationFailed, RuntimeUnavailable
from atoll.lambda_runtime.fleet import Fleet
from atoll.lambda_runtime.launcher import Machine
from atoll.lambda_runtime.logs import Log
from atoll.lambda_runtime.outcome import Outcome
from atoll.lambda_runtime.platform_log import PlatformLog
from atoll.lambda_runtime.provisioned import Provisioned
from atoll.lambda_runtime.response import Relay
from atoll.lambda_runtime.run import Run, initialize
from atoll.lambda_runtime.runtimes.families import Families
from atoll.lambda_runtime.spec import (
    CredentialsSource,
    EnvironmentInfo,
    FunctionSpec,
    InvokeResult,
    LogSink,
    ResponseStream,
    WarningHook,
)
from atoll.lambda_runtime.states import State

IDLE_SECONDS = 600.0
TEND_SECONDS = 30.0
SAMPLE_SECONDS = 0.02
ENDINGS, ENDING_SECONDS = 500, 0.01
"""How often, and how long each time, the kernel is waited for to finish with processes that have let go of everything else."""
STOPPING = "Atoll is stopping."

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Pool:
    """Runs functions. `start` it before the first invocation and `stop` it after the last."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Ids,
        work_dir: Path,
        cache_dir: Path,
        endpoint: Callable[[], str],
        credentials: CredentialsSource,
        logs: LogSink,
        warnings: WarningHook | None = None,
        hidden: Sequence[Path] = (),
    ) -> None:
        """`endpoint` gives the region's URL as functions reach it, `hidden` directories that no function may see (the data
        directory), `cache_dir` one that regions may share. `warnings` is told once per function revision what is not as on AWS;
        where it raises, the function does not run."""
        self._clock = clock
        self._ids = ids
        self._work_dir = work_dir.resolve()
        self._cache_dir = cache_dir
        self._endpoint = endpoint
        self._credentials = credentials
        self._sink = logs
        self._warnings = warnings
        self._hidden = [self._work_dir, *hidden, *([Path(sys.prefix)] if sys.prefix != sys.base_prefix else [])]
        self._users = sandbox.users() if sandbox.is_root() else ()
        # Not all from the first: limits count per user, and another region may be root here, too.
        first = int(ids.hex(4), 16) % sandbox.USERS
        self._next_user = itertools.islice(itertools.cycle(self._users or (None,)), first, None)
        self._outsiders = peers.Outsiders(self._namespaces)
        self._functions: dict[tuple[str, str], Fleet] = {}
        self._environments: set[Environment] = set()
        self._running = 0
        self._busy = asyncio.Event()
        self._work: set[asyncio.Task[Any]] = set()
        self._tending: list[asyncio.Task[None]] = []
        self._stopping = False
        self.provisioned = Provisioned(clock, self._initialized, self._background)
        self.capabilities = sandbox.Capabilities(False, "The pool has not started.")
        self.unlimited = ""
        """Why memory is looked at only, in one line; empty where groups hold it."""
        self._groups: cgroups.Groups | None = None

    async def start(self) -> None:
        """Finds out what isolation there is, and says in the log if there is none."""
        self._work_dir.mkdir(parents=True, exist_ok=True)
        found = await asyncio.gather(sandbox.probe(), asyncio.to_thread(cgroups.find, self._work_dir))
        self.capabilities, (self._groups, self.unlimited) = found
        if self.capabilities.missing:
            logger.warning(self.capabilities.missing)
        groups = self._groups.directory if self._groups is not None else None
        self._families = Families(
            Machine(
                self.capabilities, self._work_dir, self._cache_dir, self._hidden, lambda: next(self._next_user), groups
            )
        )
        self._keep(self._watch_memory())
        self._keep(self._reap_idle())

    async def stop(self) -> None:
        """Kills every environment; returns when no process is left and the sink has every log event."""
        self._stopping = True
        for task in self._tending:
            task.cancel()
        while self._work:
            for environment in self._environments:
                environment.kill()
            await asyncio.wait(self._work, return_when=asyncio.FIRST_COMPLETED)
        for launcher in self._families.launchers:
            await launcher.stop()
        if self._groups is not None:
            await asyncio.to_thread(self._groups.close)

    async def settle(self) -> None:
        """Waits until the sink has what functions wrote, unless they write on and on (a `kernel.clock.Settler`)."""
        await asyncio.gather(*(environment.log.settled() for environment in self._environments))

    async def prepare(self, runtime: str) -> str | None:
        """Makes the launcher of a runtime ready, so that its first invocation need not. Returns what `warnings` would be told.

        Raises RuntimeUnavailable where nothing can run the runtime.
        """
        launcher, warning = await self._families.choose(runtime)
        await launcher.ready()
        return warning

    async def invoke(
        self,
        spec: FunctionSpec,
        payload: bytes,
        *,
        invoked_arn: str,
        request_id: str,
        trace_header: str,
        client_context: str | None = None,
        stream: ResponseStream | None = None,
        ended: Callable[[], None] = lambda: None,
    ) -> InvokeResult:
        """Runs the function once. It runs to its end, which calls `ended`, even if the caller is cancelled. `invoked_arn` is the ARN
        as the caller named it, qualified or not: the function is told. `stream` takes the answer piece by piece if the function
        streams.

        Raises RuntimeUnavailable where nothing can run the function.
        """
        if self._stopping:
            raise RuntimeUnavailable(STOPPING)
        self._running += 1
        self._busy.set()

        def begin(log: Log) -> Run:
            return Run(
                spec,
                log,
                self._clock,
                invoked_arn=invoked_arn,
                request_id=request_id,
                payload=payload,
                trace_header=trace_header,
                client_context=client_context,
            )

        relay = Relay(stream)
        work = self._background(self._invoke(spec, begin, relay))
        work.add_done_callback(lambda _: ended())
        result = await asyncio.shield(work)
        await relay.flush()
        return result

    def ending_before(self, instant: float) -> list[Environment]:
        """The environments whose credentials end too early for one more invocation at `instant` (region time)."""
        return [
            environment
            for environment in self._environments
            if not environment.credentials.outlast(environment.spec.timeout, instant)
        ]

    def forget(self, account: str | None) -> None:
        """The functions of the account (None: of all) are gone with everything they wrote: `drain`, and nothing more is logged."""
        gone = {arn for arn, _ in self._functions} | {environment.spec.arn for environment in self._environments}
        for arn in gone:
            if account in (None, arn.split(":")[4]):
                self.drain(arn)
        for environment in self._environments:
            if account in (None, environment.spec.account):
                environment.log.silence()

    def drain(self, arn: str, version: str | None = None) -> None:
        """The version of the function (None: each) changed or is gone: idle environments stop now, busy ones and those that are
        being made after their invocation."""
        self.provisioned.forget(arn, version)
        for key in [key for key in self._functions if key[0] == arn and version in (None, key[1])]:
            self._functions.pop(key).drain()
        for environment in self._environments:
            spec = environment.spec
            if environment.state is State.BUSY and spec.arn == arn and version in (None, spec.version):
                environment.drain()

    async def made(self, connection: Connection) -> bool:
        """Whether a process of an environment made the connection. Where that cannot be told, it is taken to be so.

        Costs nothing before the first function, then some 50 µs; as an ordinary user, a search in a thread.
        """
        if not self.capabilities.peers or not self._families.launchers:
            return False
        peer = peers.of(connection)
        if peer is None:
            return not peers.from_elsewhere(connection)
        if self._users:
            return peer.uid in self._users
        return peer.uid == os.getuid() and not await self._outsiders.hold(peer.inode)

    def snapshot(self) -> list[EnvironmentInfo]:
        """Every environment that has not ended."""
        return [environment.info() for environment in self._environments]

    async def _invoke(self, spec: FunctionSpec, begin: Callable[[Log], Run], relay: Relay) -> InvokeResult:
        try:
            function = self._function(spec)
            environment = function.take(self._clock.now())
            if environment is not None:
                run, init_ms, failed = begin(environment.log), None, None
            else:
                environment, run, init_ms, failed = await self._cold_start(spec, function, begin)
            run.start()
            outcome = failed or await environment.invoke(run.invocation, run.seconds_left, relay)
            result = run.finish(outcome, environment, init_ms)
            if failed is not None:
                environment.kill()
            if outcome.failure in ("timeout", "error"):
                function.broke(environment, again=failed is None)
            environment.on_idle = self._release
            if environment.state is State.IDLE:
                self._release(environment)
            return result
        finally:
            self._running -= 1

    async def _cold_start(
        self, spec: FunctionSpec, function: Fleet, begin: Callable[[Log], Run]
    ) -> tuple[Environment, Run, float | None, Outcome | None]:
        """A new environment. Where its initialization fails it is made once more, now on the function's own time, as on AWS. So it
        is at once where one broke before (docs: "Lambda execution environment lifecycle", suppressed init)."""
        if function.broken:
            broken = function.broken.pop()
            await broken.environment.stopped()
            log = broken.environment.log
            if broken.again:
                PlatformLog(spec, log, self._clock).init_started("invoke")
        else:
            log = Log(spec, self._stream_name(spec), self._sink, self._clock)
            # It has credentials: without them no log can be written.
            environment = await self._environment(spec, function, log)
            PlatformLog(spec, log, self._clock).init_started("init")
            outcome, milliseconds = await initialize(
                environment, self._clock, self._endpoint(), texts.INIT_SECONDS, "init"
            )
            if outcome.failure is None:
                return environment, begin(log), milliseconds, None
            environment.kill()
            await environment.stopped()
        run = begin(log)
        environment = await self._environment(spec, function, log)
        outcome, _ = await initialize(environment, self._clock, self._endpoint(), run.seconds_left, "invoke")
        return environment, run, None, None if outcome.failure is None else outcome

    async def _initialized(self, spec: FunctionSpec) -> Environment:
        """A provisioned environment, idle. Raises InitializationFailed, and what else stands in its way."""
        function, log = self._function(spec), Log(spec, self._stream_name(spec), self._sink, self._clock)
        environment = await self._environment(spec, function, log)
        PlatformLog(spec, log, self._clock).init_started("init")
        seconds = max(texts.PROVISIONED_INIT_SECONDS, spec.timeout)
        outcome, _ = await initialize(environment, self._clock, self._endpoint(), seconds, "init")
        if outcome.failure is not None:
            environment.kill()
            raise InitializationFailed
        self._release(environment)
        return environment

    async def _environment(self, spec: FunctionSpec, function: Fleet, log: Log) -> Environment:
        launcher, warning = await self._families.choose(spec.runtime)
        await launcher.ready()
        if warning and not function.warned and self._warnings:
            self._warnings(spec, warning)
            function.warned = True
        credentials = await self._credentials(spec)
        while not credentials.outlast(spec.timeout, self._clock.now()):  # region time was moved meanwhile
            credentials = await self._credentials(spec)
        if self._stopping:
            raise RuntimeUnavailable(STOPPING)
        environment = Environment(
            spec,
            credentials,
            launcher=launcher,
            log=log,
            clock=self._clock,
            isolated=self.capabilities.namespaces,
            uid=next(self._next_user),
            knows_peers=self.capabilities.peers,
            group=self._groups.create(spec.memory_mb, spec.ephemeral_mb) if self._groups is not None else None,
        )
        self._environments.add(environment)
        self._background(self._bury(environment))
        return environment

    async def _bury(self, environment: Environment) -> None:
        """Waits for the environment's end and sees to its last log lines."""
        await environment.stopped()
        self._environments.discard(environment)
        function = self._functions.get(_key(environment.spec))
        if function is not None:
            function.ended(environment)
        self.provisioned.ended(environment)
        await environment.log.close(environment)
        for _ in range(ENDINGS):
            if (group := environment.memory.group) is None or group.remove():
                return
            await self._clock.wall_sleep(ENDING_SECONDS)

    def _namespaces(self) -> set[str]:
        return set().union(*(launcher.namespaces for launcher in self._families.launchers))

    def _function(self, spec: FunctionSpec) -> Fleet:
        """The function's present revision. Environments of another are drained first."""
        function = self._functions.get(_key(spec))
        if function is None or function.revision != spec.revision:
            if function is not None:
                function.drain()
            function = self._functions[_key(spec)] = Fleet(spec.revision)
        return function

    def _release(self, environment: Environment) -> None:
        """Keeps an environment that has become idle, or stops it if its function has another revision by now."""
        environment.on_idle = _ignore
        function = self._functions.get(_key(environment.spec))
        if function is not None and function.revision == environment.spec.revision and not self._stopping:
            function.keep(environment)
        else:
            environment.kill()

    async def _watch_memory(self) -> None:
        while True:
            await self._busy.wait()
            if not self._running:
                self._busy.clear()
            began = self._clock.monotonic()
            for environment in list(self._environments):
                await environment.sample()
            # At most a tenth of the time goes into looking, however many processes there are.
            await self._clock.wall_sleep(max(SAMPLE_SECONDS, 9 * (self._clock.monotonic() - began)))

    async def _reap_idle(self) -> None:
        while True:
            await self._clock.wall_sleep(TEND_SECONDS)
            oldest, soon = self._clock.monotonic() - IDLE_SECONDS, self._clock.now() + 2 * TEND_SECONDS
            self.provisioned.retire(each for each in self.ending_before(soon) if each.spec.provisioned)
            for environment in list(self._environments):
                if (
                    environment.state is State.IDLE
                    and environment.idle_since < oldest
                    and not environment.spec.provisioned
                ):
                    environment.kill()

    def _stream_name(self, spec: FunctionSpec) -> str:
        """docs: Lambda developer guide, "Configuring CloudWatch log groups": in a group of its own choice a function is named."""
        name = "" if spec.log_group == f"/aws/lambda/{spec.name}" else spec.name
        return f"{self._clock.datetime():%Y/%m/%d}/{name}[{spec.version}]{self._ids.hex(32)}"

    def _background(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        self._tending.append(asyncio.get_running_loop().create_task(work))


def _key(spec: FunctionSpec) -> tuple[str, str]:
    return spec.arn, spec.version


def _ignore(_environment: Environment) -> None:
    """An environment that is idle and known to be."""
