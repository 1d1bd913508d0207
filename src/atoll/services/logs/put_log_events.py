"""PutLogEvents: stores a batch of lines in a stream.

docs: API_PutLogEvents. A batch is at most 1,048,576 bytes (26 per event added), 10,000 events and 24 hours, in chronological order;
events more than 14 days old or 2 hours ahead (region time), or past the group's retention, are rejected one by one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Transaction
from atoll.services.logs.errors import InvalidParameterException
from atoll.services.logs.names import stream_resource
from atoll.services.logs.reaping import expire_some
from atoll.services.logs.store import (
    CHUNKS,
    DAY,
    EVENT_OVERHEAD,
    SPAN,
    Chunk,
    Line,
    get_group,
    get_stream,
    key,
    put_stream,
    size,
)

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import PutLogEventsRequestTypeDef

MAX_BATCH = 1_048_576
OLDEST, NEWEST = 14 * DAY, DAY // 12
CHUNK_BYTES = 32 << 10
EXPIRED_PER_PUT = 4
"""Old chunks that one call deletes: more than it adds, so that a group in use never grows past its retention."""


@operation(
    "PutLogEvents",
    access=[Access("logs:PutLogEvents", resource=stream_resource)],
    not_honoured={"entity": "Atoll keeps no entities"},
)
async def put_log_events(ctx: Context, request: PutLogEventsRequestTypeDef) -> dict[str, Any]:
    """Returns `rejectedLogEventsInfo` where events were left out. Raises InvalidParameterException, ResourceNotFoundException."""
    lines = [(event["timestamp"], event["message"]) for event in request["logEvents"]]
    check(lines)
    now = ctx.clock.now()
    sequence_token = f"49{ctx.ids.random.randrange(10**54):054d}"

    def put(tx: Transaction) -> dict[str, int]:
        group = get_group(tx, ctx, request["logGroupName"])
        before = get_stream(tx, ctx, group, request["logStreamName"])
        expired = group.expired_before(now)
        accepted, rejected = sift(lines, int(now * 1000), expired)
        if not accepted:
            return rejected
        number = before.chunks
        for chunk in split(accepted):
            first = chunk[0][0]
            record = Chunk(int(now * 1000), list(chunk))
            tx.set(key(ctx, "chunk", group.id, before.id, first, number), CHUNKS.encode(record))
            tx.set(key(ctx, "time", group.id, first, before.id, number), before.name.encode())
            number += 1
        tx.add(key(ctx, "bytes", group.id), size(accepted))
        after = msgspec.structs.replace(
            before, chunks=number, ingested=int(now * 1000),
            first=min(accepted[0][0], before.first if before.first is not None else accepted[0][0]),
            last=max(accepted[-1][0], before.last or 0),
        )  # fmt: skip
        put_stream(tx, ctx, group, after, before)
        if expired:
            expire_some(tx, ctx, group.id, expired, EXPIRED_PER_PUT)
        return rejected

    rejected = await ctx.store.transact(put)
    return {"nextSequenceToken": sequence_token, "rejectedLogEventsInfo": rejected or None}


def check(lines: Sequence[Line]) -> None:
    """Raises InvalidParameterException for a batch that is refused whole."""
    if (total := size(lines)) > MAX_BATCH:
        raise InvalidParameterException(f"Upload too large: {total} bytes exceeds limit of {MAX_BATCH}")
    if any(before[0] > after[0] for before, after in itertools.pairwise(lines)):
        raise InvalidParameterException("Log events in a single PutLogEvents request must be in chronological order.")
    if lines[-1][0] - lines[0][0] > DAY:
        raise InvalidParameterException(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )


def sift(lines: Sequence[Line], now: int, expired: int) -> tuple[Sequence[Line], dict[str, int]]:
    """The acceptable middle of a chronological batch, and the indexes that RejectedLogEventsInfo gives. Times are in ms."""
    too_old = sum(1 for at, _ in lines if at < now - OLDEST)
    past = sum(1 for at, _ in lines if at < max(now - OLDEST, expired))
    too_new = sum(1 for at, _ in lines if at > now + NEWEST)
    rejected = {}
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if past > too_old:
        rejected["expiredLogEventEndIndex"] = past
    if too_new:
        rejected["tooNewLogEventStartIndex"] = len(lines) - too_new
    return lines[past : len(lines) - too_new], rejected


def split(lines: Sequence[Line]) -> list[Sequence[Line]]:
    """The lines in chunks of at most SPAN milliseconds and about CHUNK_BYTES."""
    chunks: list[Sequence[Line]] = []
    start = used = 0
    for index, (at, message) in enumerate(lines):
        if index > start and (at - lines[start][0] > SPAN or used > CHUNK_BYTES):
            chunks.append(lines[start:index])
            start, used = index, 0
        used += len(message) + EVENT_OVERHEAD
    chunks.append(lines[start:])
    return chunks
