"""Batches of records: how they are cut, and what follows from a function's answer. Pure.

docs: Lambda developer guide, "Configuring partial batch response with DynamoDB and Lambda", "How Lambda processes records from stream
and queue-based event sources". That the records before the first failed one count as done, and an attempt as used, is as recorded from
AWS (aws-observed/lambda_, report_batch_item_failures).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import msgspec

MOST_BYTES = 6 << 20
"""Of an invocation's payload."""
FRAME = 1024
"""Bytes of a payload beside its records, at most; a window's state apart."""
RETENTION = 24 * 3600.0
"""Seconds after which a record is gone from its stream."""
BACKOFF_FIRST, BACKOFF_MOST = 0.5, 60.0
"""Seconds of region time between two attempts. AWS says that it backs off exponentially, not how."""


class Record(NamedTuple):
    """A record: its sequence number, when it was written (region time), and the event record as JSON text."""

    number: str
    at: float
    event: bytes


class Batch(NamedTuple):
    """Records that are invoked together. Of its `invocations` (those before it was split counted in) some did not use up a retry."""

    records: Sequence[Record]
    invocations: int = 0
    free: int = 0


class Answer(NamedTuple):
    """What a function answered: its payload, and whether it failed ("Unhandled" or "Handled")."""

    payload: bytes
    error: str | None
    version: str = "$LATEST"


class Policy(NamedTuple):
    """What a mapping says of failures; -1 retries, and -1 seconds of age, are without limit."""

    retries: int
    age: int
    bisect: bool
    partial: bool


class Next(NamedTuple):
    """What follows an invocation: the first `done` records are done with; then `again` are to be invoked, or the rest is `given_up`."""

    done: int
    again: Sequence[Batch] = ()
    given_up: bool = False


def follow(batch: Batch, answer: Answer, policy: Policy) -> Next:
    """What an answer to the batch leads to. `batch` does not count this invocation yet."""
    done = _done(batch.records, answer, policy)
    left = batch.records[done:]
    if not left:
        return Next(done)
    used = batch._replace(records=left, invocations=batch.invocations + 1)
    if policy.bisect and done == 0 and len(left) > 1:
        middle = (len(left) + 1) // 2
        free = used._replace(free=used.free + 1)
        return Next(0, [free._replace(records=left[:middle]), free._replace(records=left[middle:])])
    if policy.retries >= 0 and used.invocations - used.free > policy.retries:
        return Next(done, [used], given_up=True)
    return Next(done, [used])


def _done(records: Sequence[Record], answer: Answer, policy: Policy) -> int:
    """How many records from the first on were processed."""
    if answer.error is not None:
        return 0
    if not policy.partial:
        return len(records)
    failed = failures(answer.payload)
    if failed is None:
        return 0
    numbers = {record.number: place for place, record in enumerate(records)}
    if any(number not in numbers for number in failed):
        return 0
    return min((numbers[number] for number in failed), default=len(records))


def failures(payload: bytes) -> list[str] | None:
    """The itemIdentifiers of an answer's batchItemFailures; none is a success of all; None for an answer that cannot be understood,
    which is a failure of all."""
    try:
        answer = msgspec.json.decode(payload) if payload.strip() else None
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    if not answer:
        return []
    if not isinstance(answer, dict):
        return None
    items = answer.get("batchItemFailures")
    if not items:
        return []
    if not isinstance(items, list):
        return None
    numbers = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    named = [number for number in numbers if isinstance(number, str) and number]
    return named if len(named) == len(numbers) else None


def too_old(records: Sequence[Record], policy: Policy, now: float) -> int:
    """How many of the records, from the first on, are older than the mapping or the stream lets them be."""
    limit = min(policy.age if policy.age >= 0 else RETENTION, RETENTION)
    return next((place for place, record in enumerate(records) if record.at + limit >= now), len(records))


def backoff(failed: int) -> float:
    """How long to wait after this many failures in a row."""
    return min(BACKOFF_FIRST * 2.0 ** min(failed - 1, 16), BACKOFF_MOST)


def fitting(records: Sequence[Record], most: int, state: int = 0) -> int:
    """How many of the records, from the first on, go into one payload: `most`, and 6 MB with a state of so many bytes. At least one."""
    size = FRAME + state
    for place, record in enumerate(records[:most]):
        size += len(record.event) + 1
        if size > MOST_BYTES and place:
            return place
    return min(len(records), most)


def lane_of(key: Any, lanes: int) -> int:
    """Which of the lanes of a shard processes the records with this partition key."""
    return crc32(msgspec.json.encode(key)) % lanes if lanes > 1 else 0


def window_of(record: Record, seconds: int) -> int:
    """When the tumbling window of the record began."""
    return int(record.at) // seconds * seconds


def payload(records: Sequence[Record], more: Mapping[str, Any] | None = None) -> bytes:
    """The event: the records, and what a tumbling window adds."""
    joined = b'{"Records":[' + b",".join([record.event for record in records]) + b"]"
    return joined + b"," + msgspec.json.encode(more)[1:] if more else joined + b"}"
