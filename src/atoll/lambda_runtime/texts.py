"""What Lambda itself writes and answers around a function: platform log lines and error payloads. Pure; every text is AWS's.

docs: Lambda developer guide, "Viewing CloudWatch logs", "Lambda execution environment lifecycle"; the payloads are as recorded
from AWS (tests of invocation errors).
"""

from __future__ import annotations

import hashlib
import math
import re
import signal
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

RESPONSE_LIMIT = 6 * 1024 * 1024 + 100
"""Bytes that a function may answer (docs: Lambda quotas, "Invocation payload"; the text gives the precise number)."""
STREAM_LIMIT = 200 * 1024 * 1024
"""Bytes of a streamed answer (docs: Lambda quotas, "Invocation payload")."""
INIT_SECONDS = 10.0
PROVISIONED_INIT_SECONDS = 130.0
"""Of a provisioned environment, or as long as its function's timeout."""
OUT_OF_MEMORY = "Runtime.OutOfMemory"
EXIT_ERROR = "Runtime.ExitError"
INVALID_ENTRYPOINT = "Runtime.InvalidEntrypoint"
TIMED_OUT = "Sandbox.Timedout"
TOO_LARGE = "Function.ResponseSizeTooLarge"
TRUNCATED = "Runtime.TruncatedResponse"
INVALID_MODE = "Runtime.InvalidResponseModeHeader"

_SIGNALS = {
    signal.SIGKILL: "killed",
    signal.SIGTERM: "terminated",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGILL: "illegal instruction",
    signal.SIGFPE: "floating point exception",
    signal.SIGINT: "interrupt",
    signal.SIGHUP: "hangup",
    signal.SIGPIPE: "broken pipe",
    signal.SIGALRM: "alarm clock",
    signal.SIGQUIT: "quit",
    signal.SIGTRAP: "trace/breakpoint trap",
}


def exited(status: int) -> str:
    """The reason in an exit error. `status` is the runtime's exit status, or the negative number of the signal that ended it."""
    if status == 0:
        return "Runtime exited without providing a reason"
    if status < 0:
        return f"Runtime exited with error: signal: {_SIGNALS.get(-status, f'signal {-status}')}"  # type: ignore[call-overload]
    return f"Runtime exited with error: exit status {status}"


def exit_payload(request_id: str, kind: str, reason: str) -> bytes:
    """The answer when the runtime ended instead of answering."""
    return _json(errorType=kind, errorMessage=f"RequestId: {request_id} Error: {reason}")


def timeout_payload(request_id: str, seconds: float) -> bytes:
    """The answer when the function took too long."""
    return _json(
        errorType=TIMED_OUT, errorMessage=f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    )


def too_large_payload(limit: int = RESPONSE_LIMIT) -> bytes:
    """The answer when the function's own is over the limit."""
    text = f"Response payload size exceeded maximum allowed payload size ({limit} bytes)."
    return _json(errorType=TOO_LARGE, errorMessage=text)


def error_payload(kind: str, message: str | None = None) -> bytes:
    """An error of which there is no more than its type, and perhaps a text."""
    return _json(errorType=kind) if message is None else _json(errorType=kind, errorMessage=message)


def runtime_version(runtime: str, region: str) -> tuple[str, str]:
    """A runtime's version and its ARN. AWS's versions name builds of its own; Atoll has one of each runtime."""
    family, number = re.fullmatch(r"([a-z]+)\.?(.*?)(?:\.x)?", runtime).groups()  # type: ignore[union-attr]
    digest = hashlib.sha256(runtime.encode()).hexdigest()
    return f"{family}:{number}.v1", f"arn:aws:lambda:{region}::runtime:{digest}"


def init_start(runtime: str, region: str) -> str:
    """The first line of an environment's log."""
    version, arn = runtime_version(runtime, region)
    return f"INIT_START Runtime Version: {version}\tRuntime Version ARN: {arn}\n"


def init_report(milliseconds: float, phase: str, status: str, kind: str = "") -> str:
    """The line about an initialization that failed or ran out of time."""
    error = f"\tError Type: {kind}" if kind else ""
    return f"INIT_REPORT Init Duration: {milliseconds:.2f} ms\tPhase: {phase}\tStatus: {status}{error}\n"


def start(request_id: str, version: str) -> str:
    """The first line of an invocation."""
    return f"START RequestId: {request_id} Version: {version}\n"


def timed_out(request_id: str, seconds: float, now: float) -> str:
    """The line about a time-out. `now` is wall time in seconds."""
    return f"{moment(now)} {request_id} Task timed out after {seconds:.2f} seconds\n\n"


def moment(now: float) -> str:
    """A time as the platform writes it. `now` is wall time in seconds."""
    date = datetime.fromtimestamp(now, UTC)
    return f"{date:%Y-%m-%dT%H:%M:%S}.{date.microsecond // 1000:03d}Z"


def runtime_exit(request_id: str, kind: str, reason: str) -> str:
    """The line about a runtime that ended."""
    return f"RequestId: {request_id} Error: {reason}\n{kind}\n"


def extension(name: str, state: str, events: Sequence[str], error_type: str) -> str:
    """The line about an extension after the initialization."""
    error = f"\tError Type: {error_type}" if error_type else ""
    return f"EXTENSION\tName: {name}\tState: {state}\tEvents: [{', '.join(events)}]{error}\n"


def end(request_id: str) -> str:
    """The last line of an invocation but one."""
    return f"END RequestId: {request_id}\n"


def report(
    request_id: str,
    *,
    milliseconds: float,
    memory_mb: int,
    used_mb: int,
    init_ms: float | None,
    failure: tuple[str, str] | None,
    trace: str = "",
) -> str:
    """The last line of an invocation, two where its `trace` (header) is sampled. `failure` is a status and an error type."""
    line = (
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
        f"Billed Duration: {billed(milliseconds, init_ms)} ms\tMemory Size: {memory_mb} MB\tMax Memory Used: {used_mb} MB\t"
    )
    if init_ms is not None:
        line += f"Init Duration: {init_ms:.2f} ms\t"
    if failure is not None:
        status, kind = failure
        line += f"Status: {status}" + (f"\tError Type: {kind}" if kind else "")
    if (found := sampled(trace)) is not None:
        line += f"\nXRAY TraceId: {found[0]}\tSegmentId: {found[1]}\tSampled: true\t"
    return line + "\n"


def billed(milliseconds: float, init_ms: float | None) -> int:
    """Milliseconds that are paid for. A cold start's initialization is, too (docs: "Lambda pricing", since August 2025)."""
    return math.ceil(milliseconds + (init_ms or 0.0))


def sampled(trace: str) -> tuple[str, str] | None:
    """The ids of the trace and of the function's segment that a trace header names, None where it is not sampled."""
    fields = dict(part.strip().partition("=")[::2] for part in trace.split(";"))
    if fields.get("Sampled") != "1" or not fields.get("Root") or not fields.get("Parent"):
        return None
    return fields["Root"], fields["Parent"]


def _json(**fields: str) -> bytes:
    return msgspec.json.encode(fields)
