"""What Lambda itself writes around a function whose log format is JSON: the platform's events, and at which level each stands. Pure.

docs: Lambda developer guide, "Lambda Telemetry API Event schema reference", and "Log-level filtering" with its table of system log
levels. The order of members is that of events seen in CloudWatch Logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec

from atoll.lambda_runtime import texts
from atoll.lambda_runtime.spec import FunctionSpec

LEVELS: Mapping[str, int] = MappingProxyType(
    {"TRACE": 1, "DEBUG": 2, "INFO": 3, "WARN": 4, "WARNING": 4, "ERROR": 5, "FATAL": 6, "CRITICAL": 6}
)
"""Log levels by their names, as programs write them too."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `kind` is what follows "platform." in its type, `level` its system log level."""

    kind: str
    level: str
    record: Mapping[str, Any]

    def line(self, now: float) -> str:
        """The event as a line without an end. `now` is wall time in seconds."""
        event = {"time": texts.moment(now), "type": f"platform.{self.kind}", "record": self.record}
        return msgspec.json.encode(event).decode()


def passes(level: str, least: str) -> bool:
    """Whether what stands at `level` is written where `least` is configured."""
    return LEVELS[level] >= LEVELS[least]


def init_start(spec: FunctionSpec, stream: str, phase: str) -> Event:
    """An environment begins to initialize."""
    version, arn = texts.runtime_version(spec.runtime, spec.region)
    record = {
        "initializationType": spec.initialization,
        "phase": phase,
        "runtimeVersion": version,
        "runtimeVersionArn": arn,
        "functionName": spec.name,
        "functionVersion": spec.version,
        "instanceId": stream,
        "instanceMaxMemory": spec.memory_mb << 20,
    }
    return Event("initStart", "INFO", record)


def init_runtime_done(initialization: str, phase: str, status: str, kind: str) -> Event:
    """The runtime has initialized, or failed to."""
    level = "DEBUG" if status == "success" else "WARN"
    return Event("initRuntimeDone", level, _ended({"initializationType": initialization, "phase": phase}, status, kind))


def init_report(initialization: str, phase: str, status: str, kind: str, milliseconds: float) -> Event:
    """How long an initialization took."""
    level = "WARN" if status != "success" else "DEBUG" if initialization == "on-demand" else "INFO"
    record = _ended({"initializationType": initialization, "phase": phase}, status, kind)
    return Event("initReport", level, {**record, "metrics": {"durationMs": round(milliseconds, 3)}})


def start(request_id: str, arn: str, version: str, trace: str) -> Event:
    """An invocation begins. `arn` is the function's, unqualified."""
    record = {"requestId": request_id, "functionArn": arn, "version": version}
    return Event("start", "INFO", {**record, **_tracing(trace)})


def runtime_done(request_id: str, status: str, kind: str, milliseconds: float, produced: int, trace: str) -> Event:
    """The runtime has done with an invocation; `produced` is the size of its answer."""
    level = "DEBUG" if status == "success" else "WARN"
    metrics = {"durationMs": round(milliseconds, 3), "producedBytes": produced}
    return Event(
        "runtimeDone", level, {**_ended({"requestId": request_id}, status, kind), "metrics": metrics, **_tracing(trace)}
    )


def report(
    request_id: str,
    *,
    milliseconds: float,
    memory_mb: int,
    used_mb: int,
    init_ms: float | None,
    status: str,
    kind: str,
    trace: str,
) -> Event:
    """What an invocation took."""
    metrics = {
        "durationMs": round(milliseconds, 3),
        "billedDurationMs": texts.billed(milliseconds, init_ms),
        "memorySizeMB": memory_mb,
        "maxMemoryUsedMB": used_mb,
    }
    if init_ms is not None:
        metrics["initDurationMs"] = round(init_ms, 3)
    record = {"requestId": request_id, "metrics": metrics, **_tracing(trace)}
    return Event("report", "INFO" if status == "success" else "WARN", _ended(record, status, kind))


def instant(text: str) -> int | None:
    """The milliseconds since the epoch that an RFC 3339 timestamp names, None where it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None or "T" not in text else int(moment.astimezone(UTC).timestamp() * 1000)


def _ended(record: Mapping[str, Any], status: str, kind: str) -> dict[str, Any]:
    return {**record, "status": status, **({"errorType": kind} if kind else {})}


def _tracing(trace: str) -> dict[str, Any]:
    """How the invocation is traced, where it is sampled. docs: "Telemetry API Event schema reference", TraceContext."""
    found = texts.sampled(trace)
    if found is None:
        return {}
    return {"tracing": {"spanId": found[1], "type": "X-Amzn-Trace-Id", "value": trace}}
