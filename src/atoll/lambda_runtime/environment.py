"""One execution environment: a process tree, the Runtime API connection to it, and what it is doing. One invocation at a time.

The table of its states is in `states.py`; which environment serves which invocation is decided in `pool.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from atoll.kernel.clock import Clock
from atoll.kernel.connection import Connection
from atoll.lambda_runtime import peers, texts
from atoll.lambda_runtime.cgroups import Group
from atoll.lambda_runtime.control import Control
from atoll.lambda_runtime.environment_request import request
from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.extensions import Extensions
from atoll.lambda_runtime.launcher import Launcher
from atoll.lambda_runtime.logs import Log
from atoll.lambda_runtime.memory import Memory
from atoll.lambda_runtime.outcome import Outcome
from atoll.lambda_runtime.response import Relay
from atoll.lambda_runtime.runtime_api import Invocation, Rejected, RuntimeConnection
from atoll.lambda_runtime.spec import Credentials, EnvironmentInfo, FunctionSpec
from atoll.lambda_runtime.states import State, require

KILL_SECONDS = 2.0
"""How long the supervisor may take to end its tree before it is killed itself."""
RETURN_SECONDS = 0.02
"""How long an answer is kept for the runtime to ask for its next invocation: a caller that calls again then finds it idle."""
TRUNCATED_SECONDS = 0.5
"""How long a runtime whose answer broke off, or was refused, may take to end or to go on: until then it may log why."""
CONNECTIONS = 100
"""How many connections to its Runtime API an environment may have: Atoll's descriptors are for all."""
RUNNING = frozenset({State.INIT, State.BUSY, State.DRAINING})
INVALID_ID = Rejected(400, "InvalidRequestID", "Invalid request ID")


class Environment:
    """Made for one function revision; `start` it once, `invoke` it while IDLE, `stop` it at any time."""

    def __init__(
        self,
        spec: FunctionSpec,
        credentials: Credentials,
        *,
        launcher: Launcher,
        log: Log,
        clock: Clock,
        isolated: bool,
        uid: int | None,
        knows_peers: bool,
        group: Group | None = None,
    ) -> None:
        self.spec = spec
        self.credentials = credentials
        self.log = log
        self.state = State.STARTING
        self.pid: int | None = None
        self.invocations = 0
        self.idle_since = 0.0
        self.on_idle: Callable[[Environment], None] = lambda _: None
        self._launcher = launcher
        self._clock = clock
        self._isolated = isolated
        self._uid = uid
        self._knows_peers = knows_peers
        self.memory = Memory(spec.memory_mb, group)
        self._loop = asyncio.get_running_loop()
        self._control: Control | None = None
        self._server: asyncio.Server | None = None
        self._port = 0
        self._own: RuntimeConnection | None = None
        self._connections: set[RuntimeConnection] = set()
        self._waiting: RuntimeConnection | None = None
        self._invocation: Invocation | None = None
        self._pending: asyncio.Future[Outcome] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._answer: Outcome | None = None
        self._relay = Relay(None)
        self._extensions = Extensions(spec, log.stream, self, clock)
        self._returning: asyncio.TimerHandle | None = None
        self._stopped = asyncio.Event()

    async def start(self, endpoint: str, seconds: float) -> Outcome:
        """Starts the processes and waits until the handler is imported, at most `seconds`. Raises RuntimeUnavailable.

        After an outcome with a failure, stop it.
        """
        self._pending = self._loop.create_future()
        await self._spawn(endpoint)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(self._pending)
        except TimeoutError:
            return Outcome(self._clock.monotonic(), failure="timeout")
        finally:
            self._pending = None
            for line in self._extensions.lines():
                self.log.write(line)

    async def invoke(self, invocation: Invocation, seconds: float, relay: Relay) -> Outcome:
        """Hands out one invocation and waits for its end, at most `seconds`. The environment must have been IDLE. `relay` takes the
        answer if the function streams it."""
        if self.state is not State.IDLE or self._waiting is None:  # it has ended since, or is about to
            self.kill()
            await self.stopped()
            return self._exited()
        self._move(State.BUSY)
        self.invocations += 1
        self._invocation, self._relay = invocation, relay
        self._pending = self._loop.create_future()
        self._timer = self._loop.call_later(seconds, self._on_timeout)
        connection, self._waiting = self._waiting, None
        self._extensions.invoke(invocation)
        connection.deliver(invocation)
        return await self._pending

    def drain(self) -> None:
        """Stops after the invocation that it runs, or at once."""
        if self.state is State.BUSY:
            self._move(State.DRAINING)
        elif self.state is State.IDLE:
            self.kill()

    def kill(self, reason: str = "") -> None:
        """Begins to end every process. `stopped` says when that is done. Extensions are told the `reason`: by default "spindown" of
        one that has nothing to do, else "failure"; "memory" leaves them no time."""
        if self.state in (State.STOPPING, State.STOPPED):
            return
        reason = reason or ("spindown" if self.state in (State.IDLE, State.DRAINING) else "failure")
        self._move(State.STOPPING)
        self._relay.ended = True
        if self._timer is not None:
            self._timer.cancel()
        if self._control is None or not self._control.open:
            self._finish_stop()
        elif self._extensions.active and reason != "memory":
            self._extensions.shut_down(reason, self._end)
        else:
            self._end()

    def _end(self) -> None:
        if self._control is not None and self._control.hang_up():
            self._timer = self._loop.call_later(KILL_SECONDS, self._kill_supervisor)

    async def stopped(self) -> None:
        """Waits until no process is left."""
        await self._stopped.wait()

    async def sample(self) -> None:
        """Looks how much memory is resident, and kills the environment if it is over its function's limit."""
        if self.pid is None or self.state not in RUNNING:
            return
        await self.memory.look(self.pid)
        if self.memory.exhausted and self.state in RUNNING:
            self.kill("memory")

    def info(self) -> EnvironmentInfo:
        """For `atoll status`."""
        return EnvironmentInfo(
            self.spec.arn, self.spec.revision, self.state.value, self.pid, self._launcher.name, self.log.stream, self.memory.used_mb(),
            self.invocations,
        )  # fmt: skip

    # The Runtime API (runtime_api.Handler)

    def on_connected(self, connection: RuntimeConnection) -> None:
        self._connections.add(connection)
        if len(self._connections) > CONNECTIONS:
            connection.close()

    async def admits(self, peer: Connection) -> bool:
        self._hear_of_start()
        return not self._knows_peers or (self.pid is not None and await peers.made_below(self.pid, self._uid, peer))

    def on_disconnected(self, connection: RuntimeConnection) -> None:
        self._connections.discard(connection)
        if self._waiting is connection:
            self._waiting = None
        self._extensions.disconnected(connection)
        if self._own is connection:
            self._own = None
        if self._relay.source is connection and self._invocation is not None:
            # In mid-stream. That the runtime has ended is the better reason; that it goes on it says by asking for more.
            self._loop.call_later(TRUNCATED_SECONDS, self._check_truncated)
        self._check_gone()

    def on_next(self, connection: RuntimeConnection) -> None:
        self._hear_of_start()
        self._check_truncated()
        if self.state is State.INIT or (self.state in (State.BUSY, State.DRAINING) and self._invocation is None):
            self._waiting = connection
            self._extensions.close()
            self.check_ready()
        elif self.state is not State.STOPPING:
            text = f"Transition from {self.state.value} to Ready is not allowed"
            raise Rejected(403, "InvalidStateTransition", text)

    def check_ready(self) -> None:
        """Goes on once the runtime and every extension wait for what comes next."""
        if self._waiting is None or not self._extensions.ready:
            return
        if self.state is State.INIT:
            assert self.pid is not None
            self.memory.watch_runtime(self.pid)
            self._become_idle()
            self._settle(Outcome(self._clock.monotonic()))
        elif self.state in (State.BUSY, State.DRAINING):
            if self._timer is not None:
                self._timer.cancel()
            if self._answer is not None:
                self._settle(self._answer)
            if self.state is State.DRAINING:
                self.kill()
            else:
                self._become_idle()

    def on_response(self, request_id: str, body: bytes) -> None:
        self._answered(request_id, Outcome(self._clock.monotonic(), body))

    def on_error(self, request_id: str, body: bytes, kind: str) -> None:
        # AWS's REPORT names a failure of the platform; an exception that the function raised is not one.
        self._answered(request_id, Outcome(self._clock.monotonic(), body, "handled", kind))

    def on_too_large(self, request_id: str) -> None:
        payload = texts.too_large_payload(self._relay.limit)
        self._answered(
            request_id, Outcome(self._clock.monotonic(), payload, "error", texts.TOO_LARGE), TRUNCATED_SECONDS
        )

    def on_stream(self, connection: RuntimeConnection, request_id: str, content_type: str) -> Relay:
        self._require_current(request_id)
        if self._relay.source is not None:
            raise INVALID_ID
        self._relay.begin(connection, content_type, self.spec.version)
        return self._relay

    def on_other(
        self, connection: RuntimeConnection, method: bytes, url: bytes, header: Callable[[bytes], str], body: bytes
    ) -> None:
        self._hear_of_start()
        self._extensions.handle(connection, method, url, header, body)

    def on_init_error(self, body: bytes, kind: str) -> None:
        self._hear_of_start()
        if self.state is not State.INIT:
            raise Rejected(
                403, "InvalidStateTransition", f"Transition from {self.state.value} to InitError is not allowed"
            )
        self._settle(Outcome(self._clock.monotonic(), body, "error", kind))

    # Within

    def _move(self, state: State) -> None:
        self.state = require(self.state, state)

    def _hear_of_start(self) -> None:
        """The runtime may be heard before its supervisor, which has spoken first, on another socket."""
        if self.state is State.STARTING and self._control is not None:
            self._control.hear()

    def _become_idle(self) -> None:
        self._move(State.IDLE)
        self.idle_since = self._clock.monotonic()
        self.on_idle(self)

    def _require_current(self, request_id: str) -> None:
        if self._invocation is None or self._invocation.request_id != request_id:
            raise INVALID_ID

    def _check_truncated(self) -> None:
        """Whether the answer has broken off, while the runtime lives."""
        source = self._relay.source
        if self._invocation is not None and source is not None and source not in self._connections:
            outcome = Outcome(self._clock.monotonic(), b"", "error", texts.TRUNCATED)
            self._answered(self._invocation.request_id, outcome)

    def _answered(self, request_id: str, outcome: Outcome, returns_within: float = RETURN_SECONDS) -> None:
        self._require_current(request_id)
        self._invocation = None
        self._answer = outcome
        self._returning = self._loop.call_later(returns_within, self._settle, outcome)

    def _settle(self, outcome: Outcome) -> None:
        self._answer = None
        self._relay.ended = True
        if self._returning is not None:
            self._returning.cancel()
            self._returning = None
        if self._pending is not None and not self._pending.done():
            self._pending.set_result(outcome)

    def _on_timeout(self) -> None:
        self._settle(self._answer or Outcome(self._clock.monotonic(), failure="timeout", kind=texts.TIMED_OUT))
        self._invocation = None
        self.kill("timeout")

    # What extensions need (extensions.Owner)

    def fail(self, kind: str, reason: str) -> None:
        self._settle(self._answer or Outcome(self._clock.monotonic(), failure="error", kind=kind, exit_reason=reason))
        self.kill("failure")

    async def _spawn(self, endpoint: str) -> None:
        try:
            connections = await self._launcher.connect(self.spec)
        except BaseException:
            self._abandon()
            raise
        self._control = Control(connections.control, self._on_control)
        self.log.attach(connections.log, self)
        try:
            self._server = await self._loop.create_server(lambda: RuntimeConnection(self), "127.0.0.1", 0)
            self._port = self._server.sockets[0].getsockname()[1]
            _, self._own = await self._loop.create_unix_connection(
                lambda: RuntimeConnection(self), sock=connections.api
            )
            asked = request(
                self.spec, self.credentials, self._launcher, isolated=self._isolated, uid=self._uid, stream=self.log.stream,
                port=self._port, endpoint=endpoint, programs=await self._extensions.start(self._control),
                group=group.entry if (group := self.memory.group) is not None else None,
            )  # fmt: skip
            await self._launcher.spawn(asked, connections)
        except BaseException:
            self._abandon()
            raise
        finally:
            connections.release()

    def _abandon(self) -> None:
        """Does not wait for the other side to hang up: there is none."""
        if self._control is not None:
            self._control.close()
        if self._own is not None:
            self._own.close()
        else:
            self._check_gone()

    def _on_control(self) -> None:
        assert self._control is not None
        if self.state is State.STARTING and self._control.pid is not None:
            self.pid = self._control.pid
            self._move(State.INIT)
        self._extensions.hear()
        if not self._control.open:
            self._check_gone()

    def _check_gone(self) -> None:
        """Once the supervisor is gone and nobody holds the runtime's connection, every process has ended."""
        if self._control is None or self._control.open or self._own is not None or self.state is State.STOPPED:
            return
        if not self._relay.ended and self._relay.source in self._connections:
            return  # what the runtime has streamed before its end is still to be read
        if self.state is not State.STOPPING:
            self._move(State.STOPPING)
        if (text := self._control.failure) is not None and self._pending is not None and not self._pending.done():
            self._pending.set_exception(RuntimeUnavailable(f"The sandbox could not be set up: {text}"))
        self._settle(self._answer or self._exited())
        self._finish_stop()

    def _exited(self) -> Outcome:
        assert self._control is not None
        kind, reason = self._control.why_ended()
        self.memory.ask_kernel()
        if self.memory.exhausted:
            kind = texts.OUT_OF_MEMORY
        return Outcome(self._clock.monotonic(), failure="error", kind=kind, exit_reason=reason)

    def _finish_stop(self) -> None:
        self._move(State.STOPPED)
        if self._timer is not None:
            self._timer.cancel()
        self.memory.close()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
        self._stopped.set()

    def _kill_supervisor(self) -> None:
        """The last resort."""
        if self._control is None or not self._control.kill():
            self._abandon()
