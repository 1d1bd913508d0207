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
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.logs.access import on_stream
from atoll.services.logs.errors import InvalidParameterException
from atoll.services.logs.reaping import expire_some
from atoll.services.logs.store import (
    CHUNKS,
    DAY,
    EVENT_OVERHEAD,
    SPAN,
    Chunk,
    Group,
    Line,
    Stream,
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
SLICE = 200
"""Chunks per transaction: one or two milliseconds."""
Chunks = Sequence[Sequence[Line]]


@operation(
    "PutLogEvents",
    access=[on_stream("PutLogEvents")],
    not_honoured={"entity": "Atoll keeps no entities"},
)
async def put_log_events(ctx: Context, request: PutLogEventsRequestTypeDef) -> dict[str, Any]:
    """Returns `rejectedLogEventsInfo` where events were left out. Raises InvalidParameterException, ResourceNotFoundException."""
    lines = [(event["timestamp"], event["message"]) for event in request["logEvents"]]
    check(lines)
    now = ctx.clock.now()

    def begin(tx: Transaction) -> tuple[dict[str, int], Chunks]:
        group = get_group(tx, ctx, request["logGroupName"])
        stream = get_stream(tx, ctx, group, request["logStreamName"])
        accepted, rejected = sift(lines, int(now * 1000), group.expired_before(now))
        chunks = split(accepted)
        _write(tx, ctx, group, stream, chunks[:SLICE], now)
        return rejected, chunks[SLICE:]

    rejected, rest = await ctx.store.transact(begin)
    while rest:  # lines far apart make many chunks: nothing waits for all of them at once
        await ctx.store.transact(lambda tx, some=rest[:SLICE]: _go_on(tx, ctx, request, some, now))  # type: ignore[misc]
        rest = rest[SLICE:]
    return {
        "nextSequenceToken": f"49{ctx.ids.random.randrange(10**54):054d}",
        "rejectedLogEventsInfo": rejected or None,
    }


def _go_on(tx: Transaction, ctx: Context, request: PutLogEventsRequestTypeDef, chunks: Chunks, now: float) -> None:
    group = get_group(tx, ctx, request["logGroupName"])
    _write(tx, ctx, group, get_stream(tx, ctx, group, request["logStreamName"]), chunks, now)


def _write(tx: Transaction, ctx: Context, group: Group, before: Stream, chunks: Chunks, now: float) -> None:
    """Adds chunks to a stream, and deletes some of what is past the group's retention."""
    if not chunks:
        return
    ingested = int(now * 1000)
    for number, chunk in enumerate(chunks, before.chunks):
        first = chunk[0][0]
        tx.set(key(ctx, "chunk", group.id, before.id, first, number), CHUNKS.encode(Chunk(ingested, list(chunk))))
        tx.set(key(ctx, "time", group.id, first, before.id, number), before.name.encode())
    tx.add(key(ctx, "bytes", group.id), sum(map(size, chunks)))
    earliest, latest = chunks[0][0][0], chunks[-1][-1][0]
    after = msgspec.structs.replace(
        before, chunks=before.chunks + len(chunks), ingested=ingested,
        first=earliest if before.first is None else min(earliest, before.first), last=max(latest, before.last or 0),
    )  # fmt: skip
    put_stream(tx, ctx, group, after, before)
    if expired := group.expired_before(now):
        expire_some(tx, ctx, group.id, expired, 2 * len(chunks))


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


def split(lines: Sequence[Line]) -> Chunks:
    """The lines in chunks of at most SPAN milliseconds and about CHUNK_BYTES."""
    if not lines:
        return []
    chunks: list[Sequence[Line]] = []
    start = used = 0
    for index, (at, message) in enumerate(lines):
        if index > start and (at - lines[start][0] > SPAN or used > CHUNK_BYTES):
            chunks.append(lines[start:index])
            start, used = index, 0
        used += len(message) + EVENT_OVERHEAD
    chunks.append(lines[start:])
    return chunks
