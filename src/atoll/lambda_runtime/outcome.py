"""How an initialization or an invocation ended, and what the supervisor's report says of it. Pure."""

from __future__ import annotations

import signal
from dataclasses import dataclass


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


def start_error(report: bytes) -> str | None:
    """Why the runtime's program did not start, None where it did."""
    lines = (line for line in report.splitlines() if line.startswith(b"entrypoint "))
    return next((line[11:].decode(errors="replace") for line in lines), None)


def exit_status(report: bytes) -> int:
    """The runtime's exit status from the supervisor's lines; negative for a signal. No line at all: everything was killed."""
    for line in report.splitlines():
        match line.split():
            case [b"exit", status]:
                return int(status)
            case [b"signal", number]:
                return -int(number)
    return -signal.SIGKILL
