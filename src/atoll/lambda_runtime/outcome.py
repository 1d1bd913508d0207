"""How an initialization or an invocation ended. Plain data."""

from __future__ import annotations

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
