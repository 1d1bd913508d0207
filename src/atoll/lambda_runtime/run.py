"""The record of an initialization, and of an invocation: the platform's lines around it, its duration, and the result."""

from __future__ import annotations

from atoll.kernel.clock import Clock
from atoll.lambda_runtime import texts
from atoll.lambda_runtime.environment import Environment
from atoll.lambda_runtime.logs import Log
from atoll.lambda_runtime.outcome import Outcome
from atoll.lambda_runtime.platform_log import Ending, PlatformLog
from atoll.lambda_runtime.runtime_api import Invocation
from atoll.lambda_runtime.spec import FunctionSpec, InvokeResult


class Run:
    """Begins when the function's time begins to count: after a cold start, unless that failed and is made up for now. Then `start`
    comes after the initialization, as its line in the log does."""

    def __init__(
        self,
        spec: FunctionSpec,
        log: Log,
        clock: Clock,
        *,
        invoked_arn: str,
        request_id: str,
        payload: bytes,
        trace_header: str,
        client_context: str | None,
    ) -> None:
        self._spec = spec
        self._log = log
        self._platform = PlatformLog(spec, log, clock)
        self._clock = clock
        self._began = clock.monotonic()
        self.request_id = request_id
        deadline = int((clock.wall() + spec.timeout) * 1000)
        self.invocation = Invocation(request_id, deadline, invoked_arn, trace_header, client_context, payload)
        log.begin()

    def start(self) -> None:
        """Says that the runtime gets the invocation."""
        self._platform.started(self.request_id, self.invocation.trace_header)

    @property
    def seconds_left(self) -> float:
        """Until the function's timeout."""
        return self._spec.timeout - (self._clock.monotonic() - self._began)

    def finish(self, outcome: Outcome, environment: Environment, init_ms: float | None) -> InvokeResult:
        """Writes the last lines and makes the result. `init_ms` is given for the first invocation after a cold start."""
        spec, request_id = self._spec, self.request_id
        milliseconds = (outcome.ended - self._began) * 1000
        payload, status, kind = outcome.payload, "success", ""
        if outcome.failure == "timeout":
            milliseconds, status = spec.timeout * 1000, "timeout"
            payload = texts.timeout_payload(request_id, spec.timeout)
        elif outcome.failure == "error":
            status, kind = "error", outcome.kind
            if outcome.exit_reason is not None:
                payload = texts.exit_payload(request_id, outcome.kind, outcome.exit_reason)
        used_mb = environment.memory.used_mb()
        ending = Ending(milliseconds, used_mb, init_ms, status, kind, outcome.exit_reason, len(outcome.payload))
        self._platform.ended(request_id, self.invocation.trace_header, ending)
        failed = "Unhandled" if outcome.failure else None
        return InvokeResult(payload, failed, self._log.tail(), spec.version, error_type=outcome.kind)


async def initialize(
    environment: Environment, clock: Clock, endpoint: str, seconds: float, phase: str
) -> tuple[Outcome, float]:
    """Starts an environment and says in its log how that went. Returns how many milliseconds it took, too.

    Raises RuntimeUnavailable.
    """
    began = clock.monotonic()
    outcome = await environment.start(endpoint, seconds)
    milliseconds = (outcome.ended - began) * 1000
    kind = outcome.kind if outcome.failure == "error" else ""
    platform = PlatformLog(environment.spec, environment.log, clock)
    platform.init_ended(phase, milliseconds, outcome.failure or "success", kind)
    return outcome, milliseconds
