"""Region time as Lambda writes it down. Pure."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(seconds: float) -> str:
    """As the API shows when something was changed: `2026-01-31T12:00:00.123+0000`."""
    return _iso(seconds, "milliseconds") + "+0000"


def zulu(seconds: float, precision: str) -> str:
    """As records and function URLs have it: `2026-01-31T12:00:00Z`, with a precision of "seconds", "milliseconds" or "microseconds"."""
    return _iso(seconds, precision) + "Z"


def _iso(seconds: float, precision: str) -> str:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec=precision)
