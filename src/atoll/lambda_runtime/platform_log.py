"""The platform's own lines in an environment's log: as text or as JSON events, as the function's logging is configured."""

from __future__ import annotations

from dataclasses import dataclass

from atoll.kernel.clock import Clock
from atoll.lambda_runtime import platform_events, texts
from atoll.lambda_runtime.logs import Log
from atoll.lambda_runtime.platform_events import Event
from atoll.lambda_runtime.spec import FunctionSpec


@dataclass(frozen=True, slots=True)
class Ending:
    """How an invocation ended. `milliseconds` is its duration, `init_ms` the cold start's where it is reported; `status` "success",
    "error" or "timeout", `kind` the error's type in REPORT, `exit_reason` why the runtime ended, if it did; `produced` the answer's
    size."""

    milliseconds: float
    used_mb: int
    init_ms: float | None
    status: str = "success"
    kind: str = ""
    exit_reason: str | None = None
    produced: int = 0


class PlatformLog:
    """Writes to one environment's log."""

    def __init__(self, spec: FunctionSpec, log: Log, clock: Clock) -> None:
        self._spec = spec
        self._log = log
        self._clock = clock
        self._json = spec.logging.format == "JSON"

    def init_started(self, phase: str) -> None:
        """An environment begins to initialize."""
        if self._json:
            self._event(platform_events.init_start(self._spec, self._log.stream, phase))
        else:
            self._log.write(texts.init_start(self._spec.runtime, self._spec.region))

    def init_ended(self, phase: str, milliseconds: float, status: str, kind: str) -> None:
        """An initialization is over. As text only failures are told."""
        self._log.drain()
        if self._json:
            self._event(platform_events.init_runtime_done(self._spec.initialization, phase, status, kind))
            self._event(platform_events.init_report(self._spec.initialization, phase, status, kind, milliseconds))
        elif status != "success":
            self._log.write(texts.init_report(milliseconds, phase, status, kind))

    def started(self, request_id: str, trace: str) -> None:
        """An invocation begins."""
        if self._json:
            self._event(platform_events.start(request_id, self._spec.arn, self._spec.version, trace))
        else:
            self._log.write(texts.start(request_id, self._spec.version))

    def ended(self, request_id: str, trace: str, ending: Ending) -> None:
        """An invocation is over: everything that the function wrote comes first."""
        self._log.drain()
        if self._json:
            self._ended_in_json(request_id, trace, ending)
            return
        if ending.status == "timeout":
            self._log.write(texts.timed_out(request_id, self._spec.timeout, self._clock.wall()))
        elif ending.exit_reason is not None:
            self._log.write(texts.runtime_exit(request_id, ending.kind, ending.exit_reason))
        self._log.write(texts.end(request_id))
        self._log.write(
            texts.report(
                request_id,
                milliseconds=ending.milliseconds,
                memory_mb=self._spec.memory_mb,
                used_mb=ending.used_mb,
                init_ms=ending.init_ms,
                failure=None if ending.status == "success" else (ending.status, ending.kind),
                trace=trace,
            )
        )

    def _ended_in_json(self, request_id: str, trace: str, ending: Ending) -> None:
        self._event(
            platform_events.runtime_done(
                request_id, ending.status, ending.kind, ending.milliseconds, ending.produced, trace
            )
        )
        self._event(
            platform_events.report(
                request_id,
                milliseconds=ending.milliseconds,
                memory_mb=self._spec.memory_mb,
                used_mb=ending.used_mb,
                init_ms=ending.init_ms,
                status=ending.status,
                kind=ending.kind,
                trace=trace,
            )
        )

    def _event(self, event: Event) -> None:
        if platform_events.passes(event.level, self._spec.logging.system_level):
            self._log.write(event.line(self._clock.wall()))
