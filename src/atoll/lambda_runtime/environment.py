"""One execution environment: a process tree, the Runtime API connection to it, and what it is doing. One invocation at a time.

The table of its states is in `states.py`; which environment serves which invocation is decided in `pool.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

from atoll.kernel.clock import Clock
from atoll.kernel.connection import Connection
from atoll.lambda_runtime import peers, texts, tree
from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.launcher import Launcher
from atoll.lambda_runtime.logs import Log
from atoll.lambda_runtime.runtime_api import Invocation, Rejected, RuntimeConnection
from atoll.lambda_runtime.spec import Credentials, EnvironmentInfo, FunctionSpec
from atoll.lambda_runtime.states import State, require
from atoll.lambda_runtime.variables import variables

KILL_SECONDS = 2.0
"""How long the supervisor may take to end its tree before it is killed itself."""
RETURN_SECONDS = 0.02
"""How long an answer is kept for the runtime to ask for its next invocation: a caller that calls again then finds it idle."""
CONNECTIONS = 100
"""How many connections to its Runtime API an environment may have: Atoll's descriptors are for all."""
CROWD = 16
"""More processes than this are looked at in a thread, for the loop must not wait for a fork bomb to be counted."""
RUNNING = frozenset({State.INIT, State.BUSY, State.DRAINING})
INVALID_ID = Rejected(400, "InvalidRequestID", "Invalid request ID")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an initialization or an invocation ended.

    `failure` is None or "error" or "timeout" (the platform's word in REPORT); `kind` the error's type; `exit_reason` says why
    the runtime ended, if it did; `ended` is monotonic time.
    """

    ended: float
    payload: bytes = b""
    failure: str | None = None
    kind: str = ""
    exit_reason: str | None = None


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
    ) -> None:
        self.spec = spec
        self.credentials = credentials
        self.log = log
        self.state = State.STARTING
        self.pid: int | None = None
        self.invocations = 0
        self.idle_since = 0.0
        self.peak = 0
        self.on_idle: Callable[[Environment], None] = lambda _: None
        self._launcher = launcher
        self._clock = clock
        self._isolated = isolated
        self._uid = uid
        self._knows_peers = knows_peers
        self._loop = asyncio.get_running_loop()
        self._control: socket.socket | None = None
        self._report = b""
        self._server: asyncio.Server | None = None
        self._port = 0
        self._own: RuntimeConnection | None = None
        self._connections: set[RuntimeConnection] = set()
        self._waiting: RuntimeConnection | None = None
        self._invocation: Invocation | None = None
        self._pending: asyncio.Future[Outcome] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._answer: Outcome | None = None
        self._returning: asyncio.TimerHandle | None = None
        self._out_of_memory = False
        self._crowded = False
        self._status_file: int | None = None
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

    async def invoke(self, invocation: Invocation, seconds: float) -> Outcome:
        """Hands out one invocation and waits for its end, at most `seconds`. The environment must be IDLE."""
        self._move(State.BUSY)
        self.invocations += 1
        assert self._waiting is not None
        self._invocation = invocation
        self._pending = self._loop.create_future()
        self._timer = self._loop.call_later(seconds, self._on_timeout)
        connection, self._waiting = self._waiting, None
        connection.deliver(invocation)
        return await self._pending

    def drain(self) -> None:
        """Stops after the invocation that it runs, or at once."""
        if self.state is State.BUSY:
            self._move(State.DRAINING)
        elif self.state is State.IDLE:
            self.kill()

    def kill(self) -> None:
        """Begins to end every process. `stopped` says when that is done."""
        if self.state in (State.STOPPING, State.STOPPED):
            return
        self._move(State.STOPPING)
        if self._timer is not None:
            self._timer.cancel()
        if self._control is None:
            self._finish_stop()
            return
        self._control.shutdown(socket.SHUT_WR)
        self._timer = self._loop.call_later(KILL_SECONDS, self._kill_supervisor)

    async def stopped(self) -> None:
        """Waits until no process is left."""
        await self._stopped.wait()

    async def sample(self) -> None:
        """Looks how much memory is resident, and kills the environment if it is over its function's limit."""
        if self.pid is None or self.state not in RUNNING:
            return
        limit = self.spec.memory_mb << 20
        processes = (await asyncio.to_thread(tree.pids, self.pid) if self._crowded else tree.pids(self.pid))[1:]
        self._crowded = len(processes) > CROWD
        if len(processes) > 1 or (used := tree.resident(processes)) > limit:
            used = await asyncio.to_thread(tree.proportional, processes)
        self.peak = max(self.peak, used)
        if used > limit and self.state in RUNNING:
            self._out_of_memory = True
            self.kill()

    def used_mb(self) -> int:
        """The most that has been resident at once, in MiB, never above the limit."""
        if self._status_file is not None:
            with contextlib.suppress(ProcessLookupError):
                self.peak = max(self.peak, tree.peak(os.pread(self._status_file, 4096, 0)))
        return min(max(1, self.peak >> 20), self.spec.memory_mb)

    def info(self) -> EnvironmentInfo:
        """For `atoll status`."""
        spec = self.spec
        return EnvironmentInfo(
            spec.arn, spec.revision, self.state.value, self.pid, self._launcher.name, self.log.stream, self.used_mb(),
            self.invocations,
        )  # fmt: skip

    # The Runtime API (runtime_api.Handler)

    def on_connected(self, connection: RuntimeConnection) -> None:
        self._connections.add(connection)
        if len(self._connections) > CONNECTIONS:
            connection.close()

    async def admits(self, peer: Connection) -> bool:
        self._hear_of_start()
        return not self._knows_peers or (self.pid is not None and await peers.made_below(self.pid, peer))

    def on_disconnected(self, connection: RuntimeConnection) -> None:
        self._connections.discard(connection)
        if self._waiting is connection:
            self._waiting = None
        if self._own is connection:
            self._own = None
            self._check_gone()

    def on_next(self, connection: RuntimeConnection) -> None:
        self._hear_of_start()
        if self.state is State.INIT:
            self._waiting = connection
            self._find_runtime()
            self._become_idle()
            self._settle(Outcome(self._clock.monotonic()))
        elif self.state in (State.BUSY, State.DRAINING) and self._invocation is None:
            self._waiting = connection
            if self._timer is not None:
                self._timer.cancel()
            if self._answer is not None:
                self._settle(self._answer)
            if self.state is State.DRAINING:
                self.kill()
            else:
                self._become_idle()
        elif self.state is not State.STOPPING:
            text = f"Transition from {self.state.value} to Ready is not allowed"
            raise Rejected(403, "InvalidStateTransition", text)

    def on_response(self, request_id: str, body: bytes) -> None:
        self._answered(request_id, Outcome(self._clock.monotonic(), body))

    def on_error(self, request_id: str, body: bytes, kind: str) -> None:
        # AWS's REPORT names a failure of the platform; an exception that the function raised is not one.
        self._answered(request_id, Outcome(self._clock.monotonic(), body, "handled", kind))

    def on_too_large(self, request_id: str) -> None:
        kind, payload = "Function.ResponseSizeTooLarge", texts.too_large_payload()
        self._answered(request_id, Outcome(self._clock.monotonic(), payload, "error", kind))

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
            self._on_control()

    def _become_idle(self) -> None:
        self._move(State.IDLE)
        self.idle_since = self._clock.monotonic()
        self.on_idle(self)

    def _answered(self, request_id: str, outcome: Outcome) -> None:
        if self._invocation is None or self._invocation.request_id != request_id:
            raise INVALID_ID
        self._invocation = None
        self._answer = outcome
        self._returning = self._loop.call_later(RETURN_SECONDS, self._settle, outcome)

    def _settle(self, outcome: Outcome) -> None:
        self._answer = None
        if self._returning is not None:
            self._returning.cancel()
            self._returning = None
        if self._pending is not None and not self._pending.done():
            self._pending.set_result(outcome)

    def _on_timeout(self) -> None:
        self._settle(self._answer or Outcome(self._clock.monotonic(), failure="timeout", kind=texts.TIMED_OUT))
        self._invocation = None
        self.kill()

    async def _spawn(self, endpoint: str) -> None:
        try:
            connections = await self._launcher.connect(self.spec)
        except BaseException:
            self._abandon()
            raise
        self._control = connections.control
        self.log.attach(connections.log)
        try:
            self._server = await self._loop.create_server(lambda: RuntimeConnection(self), "127.0.0.1", 0)
            self._port = self._server.sockets[0].getsockname()[1]
            _, self._own = await self._loop.create_unix_connection(
                lambda: RuntimeConnection(self), sock=connections.api
            )
            self._loop.add_reader(self._control, self._on_control)
            await self._launcher.spawn(self._request(endpoint), connections)
        except BaseException:
            self._abandon()
            raise
        finally:
            connections.release()

    def _abandon(self) -> None:
        """Does not wait for the other side to hang up: there is none."""
        if self._control is not None:
            self._loop.remove_reader(self._control)
            self._control.close()
            self._control = None
        if self._own is not None:
            self._own.close()
        else:
            self._check_gone()

    def _request(self, endpoint: str) -> dict[str, object]:
        spec = self.spec
        code = str(spec.code.resolve())
        root, runtime = ("/var/task", "/var/runtime") if self._isolated else (code, self._launcher.runtime_dir)
        environment = variables(
            spec, self.credentials, stream=self.log.stream, runtime_api=f"127.0.0.1:{self._port}", endpoint=endpoint,
            task_root=root, runtime_dir=runtime,
        )  # fmt: skip
        return {
            "code": code,
            "root": root,
            "uid": self._uid,
            "layers": str(spec.layers.resolve()) if spec.layers else None,
            "tmp_mb": spec.ephemeral_mb,
            "environment": environment,
            **self._launcher.request(spec, root, environment),
        }

    def _on_control(self) -> None:
        assert self._control is not None
        try:
            data = self._control.recv(4096)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        self._report += data
        if self.state is State.STARTING and (at := self._report.find(b"pid ")) >= 0:
            self.pid = int(self._report[at + 4 :].split(b"\n", 1)[0])
            self._move(State.INIT)
        if not data:
            self._loop.remove_reader(self._control)
            self._control.close()
            self._control = None
            self._check_gone()

    def _check_gone(self) -> None:
        """Once the supervisor is gone and nobody holds the runtime's connection, every process has ended."""
        if self._control is not None or self._own is not None or self.state is State.STOPPED:
            return
        if self.state is not State.STOPPING:
            self._move(State.STOPPING)
        if (at := self._report.find(b"failed ")) >= 0 and self._pending is not None and not self._pending.done():
            text = self._report[at + 7 :].decode(errors="replace").strip()
            self._pending.set_exception(RuntimeUnavailable(f"The sandbox could not be set up: {text}"))
        kind = texts.OUT_OF_MEMORY if self._out_of_memory else texts.EXIT_ERROR
        reason = texts.exited(_exit_status(self._report))
        self._settle(self._answer or Outcome(self._clock.monotonic(), failure="error", kind=kind, exit_reason=reason))
        self._finish_stop()

    def _finish_stop(self) -> None:
        self._move(State.STOPPED)
        if self._timer is not None:
            self._timer.cancel()
        if self._status_file is not None:
            self.used_mb()
            os.close(self._status_file)
            self._status_file = None
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
        self._stopped.set()

    def _kill_supervisor(self) -> None:
        """The last resort. Its process id cannot have been given away: the control socket, which it holds, is still open."""
        if self._control is None or self.pid is None:
            self._abandon()
        else:
            os.kill(self.pid, signal.SIGKILL)

    def _find_runtime(self) -> None:
        """Opens the runtime process's status, so that its peak memory is one read away."""
        assert self.pid is not None
        for process in tree.pids(self.pid)[1:2]:
            try:
                self._status_file = os.open(tree.PROC / f"{process}/status", os.O_RDONLY)
            except FileNotFoundError:
                return


def _exit_status(report: bytes) -> int:
    """The runtime's exit status from the supervisor's lines; negative for a signal. No line at all: everything was killed."""
    for line in report.splitlines():
        match line.split():
            case [b"exit", status]:
                return int(status)
            case [b"signal", number]:
                return -int(number)
    return -signal.SIGKILL
