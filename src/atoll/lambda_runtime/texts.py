"""What Lambda itself writes and answers around a function: platform log lines and error payloads. Pure; every text is AWS's.

docs: Lambda developer guide, "Viewing CloudWatch logs", "Lambda execution environment lifecycle"; the payloads are as recorded
from AWS (tests of invocation errors).
"""

from __future__ import annotations

import hashlib
import math
import signal
from datetime import UTC, datetime

import msgspec

RESPONSE_LIMIT = 6 * 1024 * 1024 + 100
"""Bytes that a function may answer (docs: Lambda quotas, "Invocation payload"; the text gives the precise number)."""
INIT_SECONDS = 10.0
OUT_OF_MEMORY = "Runtime.OutOfMemory"
EXIT_ERROR = "Runtime.ExitError"
TIMED_OUT = "Sandbox.Timedout"

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


def too_large_payload() -> bytes:
    """The answer when the function's own is over the limit."""
    text = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
    return _json(errorType="Function.ResponseSizeTooLarge", errorMessage=text)


def init_start(runtime: str, region: str) -> str:
    """The first line of an environment's log. AWS's versions name builds of its own; Atoll has one of each runtime."""
    name = runtime.replace("python", "python:").replace("nodejs", "nodejs:").removesuffix(".x")
    arn = f"arn:aws:lambda:{region}::runtime:{hashlib.sha256(runtime.encode()).hexdigest()}"
    return f"INIT_START Runtime Version: {name}.v1\tRuntime Version ARN: {arn}\n"


def init_report(milliseconds: float, phase: str, status: str, kind: str = "") -> str:
    """The line about an initialization that failed or ran out of time."""
    error = f"\tError Type: {kind}" if kind else ""
    return f"INIT_REPORT Init Duration: {milliseconds:.2f} ms\tPhase: {phase}\tStatus: {status}{error}\n"


def start(request_id: str, version: str) -> str:
    """The first line of an invocation."""
    return f"START RequestId: {request_id} Version: {version}\n"


def timed_out(request_id: str, seconds: float, now: float) -> str:
    """The line about a time-out. `now` is wall time in seconds."""
    moment = datetime.fromtimestamp(now, UTC)
    stamp = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return f"{stamp} {request_id} Task timed out after {seconds:.2f} seconds\n\n"


def runtime_exit(request_id: str, kind: str, reason: str) -> str:
    """The line about a runtime that ended."""
    return f"RequestId: {request_id} Error: {reason}\n{kind}\n"


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
) -> str:
    """The last line of an invocation. A cold start's initialization is billed too; `failure` is a status and an error type."""
    billed = math.ceil(milliseconds + (init_ms or 0.0))
    line = (
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: {memory_mb} MB\tMax Memory Used: {used_mb} MB\t"
    )
    if init_ms is not None:
        line += f"Init Duration: {init_ms:.2f} ms\t"
    if failure is not None:
        status, kind = failure
        line += f"Status: {status}" + (f"\tError Type: {kind}" if kind else "")
    return line + "\n"


def _json(**fields: str) -> bytes:
    return msgspec.json.encode(fields)
