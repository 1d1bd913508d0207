"""One invocation's record: the platform's lines around it, its duration, and the result that the caller gets."""

from __future__ import annotations

from atoll.kernel.clock import Clock
from atoll.lambda_runtime import texts
from atoll.lambda_runtime.environment import Environment, Outcome
from atoll.lambda_runtime.logs import Log
from atoll.lambda_runtime.runtime_api import Invocation
from atoll.lambda_runtime.spec import FunctionSpec, InvokeResult


class Run:
    """Begins when the function's time begins to count: after a cold start, unless that failed and is made up for now."""

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
        self._clock = clock
        self._began = clock.monotonic()
        self.request_id = request_id
        deadline = int((clock.wall() + spec.timeout) * 1000)
        self.invocation = Invocation(request_id, deadline, invoked_arn, trace_header, client_context, payload)
        log.begin()
        log.write(texts.start(request_id, spec.version))

    @property
    def seconds_left(self) -> float:
        """Until the function's timeout."""
        return self._spec.timeout - (self._clock.monotonic() - self._began)

    def finish(self, outcome: Outcome, environment: Environment, init_ms: float | None) -> InvokeResult:
        """Writes the last lines and makes the result. `init_ms` is given for the first invocation after a cold start."""
        spec, log, request_id = self._spec, self._log, self.request_id
        log.drain()
        milliseconds = (outcome.ended - self._began) * 1000
        payload, report = outcome.payload, None
        if outcome.failure == "timeout":
            milliseconds = spec.timeout * 1000
            payload = texts.timeout_payload(request_id, spec.timeout)
            log.write(texts.timed_out(request_id, spec.timeout, self._clock.wall()))
            report = ("timeout", "")
        elif outcome.exit_reason is not None:
            payload = texts.exit_payload(request_id, outcome.kind, outcome.exit_reason)
            log.write(texts.runtime_exit(request_id, outcome.kind, outcome.exit_reason))
            report = ("error", outcome.kind)
        elif outcome.failure == "error":
            report = ("error", outcome.kind)
        log.write(texts.end(request_id))
        log.write(
            texts.report(
                request_id,
                milliseconds=milliseconds,
                memory_mb=spec.memory_mb,
                used_mb=environment.memory.used_mb(),
                init_ms=init_ms,
                failure=report,
            )
        )
        return InvokeResult(payload, "Unhandled" if outcome.failure else None, log.tail(), spec.version)
