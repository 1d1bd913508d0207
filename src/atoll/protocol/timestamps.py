"""The three forms in which AWS writes a timestamp: seconds since 1970, ISO 8601 and HTTP dates."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Writer = Callable[[Any], Any]


def read_timestamp(value: Any) -> datetime:
    """A timestamp in any of the forms (SDKs send each of them everywhere), in UTC. Raises ValueError where it is none."""
    try:
        if isinstance(value, str):
            try:
                return _from_epoch(float(value))
            except ValueError:
                return _from_text(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _from_epoch(value)
    except OverflowError as error:
        raise ValueError("timestamp out of range") from error
    raise ValueError(f"no timestamp: {value!r}")


def writer(timestamp_format: str) -> Writer:
    """Writes a datetime, or seconds since 1970, as `unixTimestamp`, `iso8601`, `iso8601 milliseconds` or `rfc822`."""
    return _WRITERS[timestamp_format.lower()]


def write_epoch(value: Any) -> int | float:
    """Seconds since 1970, whole where they are, otherwise to the millisecond."""
    seconds = round((value - EPOCH).total_seconds(), 3) if isinstance(value, datetime) else round(value, 3)
    return int(seconds) if seconds == int(seconds) else seconds


def write_iso(value: Any) -> str:
    """`2026-01-31T12:00:00Z`, with milliseconds where there are any."""
    moment = _moment(value)
    text = moment.isoformat("T", "milliseconds" if moment.microsecond >= 1000 else "seconds")
    return text.removesuffix("+00:00") + "Z"


def write_iso_milliseconds(value: Any) -> str:
    """`2026-01-31T12:00:00.000Z`."""
    return _moment(value).isoformat("T", "milliseconds").removesuffix("+00:00") + "Z"


def write_http_date(value: Any) -> str:
    """`Sat, 31 Jan 2026 12:00:00 GMT`."""
    return format_datetime(_moment(value), usegmt=True)


_WRITERS: dict[str, Writer] = {
    "unixtimestamp": write_epoch,
    "iso8601": write_iso,
    "iso8601 milliseconds": write_iso_milliseconds,
    "rfc822": write_http_date,
}


def _moment(value: Any) -> datetime:
    return value.astimezone(UTC) if isinstance(value, datetime) else _from_epoch(value)


def _from_epoch(seconds: float) -> datetime:
    if not math.isfinite(seconds):
        raise ValueError("a timestamp must be finite")
    return EPOCH + timedelta(seconds=seconds)


def _from_text(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = parsedate_to_datetime(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
