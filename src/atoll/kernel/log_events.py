"""Events for CloudWatch Logs, cut into the batches that PutLogEvents takes. For whoever writes logs: functions, APIs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_BYTES, MAX_EVENTS, OVERHEAD = 1_048_576, 10_000, 26
"""PutLogEvents' limits on a batch: its bytes, OVERHEAD for each event among them, and its events."""
MAX_SPAN = 86_400_000
"""How far apart a batch's events may be, in milliseconds."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One CloudWatch Logs event. `timestamp` is in milliseconds since the epoch: wall time where a function wrote it."""

    timestamp: int
    message: str


def batches(events: Sequence[LogEvent]) -> Iterator[list[LogEvent]]:
    """The events in chronological batches that PutLogEvents takes. It takes no empty messages: they are left out."""
    batch: list[LogEvent] = []
    used = 0
    fitting = (part for event in events for part in _parts(event))
    for event in sorted(fitting, key=lambda event: event.timestamp):
        size = len(event.message.encode(errors="replace")) + OVERHEAD
        if batch and (
            used + size > MAX_BYTES or len(batch) == MAX_EVENTS or event.timestamp - batch[0].timestamp >= MAX_SPAN
        ):
            yield batch
            batch, used = [], 0
        batch.append(event)
        used += size
    if batch:
        yield batch


def _parts(event: LogEvent) -> Iterator[LogEvent]:
    """The event, or several where it is longer than one may be: bytes that are no text grow when they are replaced."""
    whole = len(event.message.encode(errors="replace")) <= MAX_BYTES - OVERHEAD
    size = len(event.message) if whole else (MAX_BYTES - OVERHEAD) // 4
    for start in range(0, len(event.message), max(size, 1)):
        yield LogEvent(event.timestamp, event.message[start : start + size])
