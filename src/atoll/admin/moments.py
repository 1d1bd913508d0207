"""Amounts and instants of time as people write them. Pure."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_NUMBER = r"\d+(?:\.\d+)?"
_SHORT = re.compile(rf"(?:({_NUMBER})d)?(?:({_NUMBER})h)?(?:({_NUMBER})m)?(?:({_NUMBER})s)?", re.ASCII | re.IGNORECASE)
_ISO = re.compile(
    rf"P(?:({_NUMBER})D)?(?:T(?:({_NUMBER})H)?(?:({_NUMBER})M)?(?:({_NUMBER})S)?)?", re.ASCII | re.IGNORECASE
)
_PLAIN = re.compile(rf"-?{_NUMBER}", re.ASCII)


def amount(value: Any) -> float:
    """Seconds: a number, or a text like `90`, `90m`, `1h30m`, `2d`, `PT1H30M`. May be negative. Raises ValueError."""
    if (seconds := _number(value)) is not None:
        return seconds
    if isinstance(value, str):
        text = value.strip()
        match = _SHORT.fullmatch(text) or _ISO.fullmatch(text)
        if match and any(match.groups()):
            return sum(float(number or 0) * unit for number, unit in zip(match.groups(), SECONDS.values(), strict=True))
    raise ValueError(f"{value!r} is no amount of time; write seconds, or 90m, 1h30m, 2d, PT1H30M.")


def instant(value: Any) -> float:
    """Seconds since the epoch: such a number, or a date and perhaps a time in ISO 8601 (UTC unless it says). Raises ValueError."""
    if (seconds := _number(value)) is not None:
        return seconds
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            pass
        else:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    raise ValueError(f"{value!r} is no time; write 2027-01-01, 2027-01-01T08:00:00Z, or seconds since 1970.")


def _number(value: Any) -> float | None:
    """The value where it is a number, or a text that is one; infinite where no float is as large."""
    if isinstance(value, str) and _PLAIN.fullmatch(value.strip()):
        return float(value)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def iso(seconds: float) -> str:
    """`2027-01-01T08:00:00.000+00:00`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
