"""Where groups, streams and lines lie in the store.

    …, "group", NAME                            Group
    …, "stream", GROUP, NAME                    Stream
    …, "recent", GROUP, LAST EVENT, NAME        ""          streams in the order of their last event
    …, "chunk", GROUP, STREAM, FIRST, N         Chunk       lines of one stream by the time of the chunk's first
    …, "time", GROUP, FIRST, STREAM, N          stream name the same chunks, across the group's streams
    …, "bytes", GROUP                           counter

GROUP and STREAM are incarnation ids: deleting a group or stream unlinks its record, `reaping.py` removes the rest. A chunk's
lines lie within SPAN of each other, so that a reader of [start, end) seeks to start - SPAN and stops at end.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import Element, Key
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.logs.errors import no_group, no_stream

SPAN = 1000
"""Milliseconds between the first and the last line of a chunk, at most."""
DAY = 86_400_000
STREAM_BITS = 64
EVENT_OVERHEAD = 26
"""Bytes that AWS counts for an event beside its message."""
Line = tuple[int, str]
"""Timestamp in ms, and message."""


class Group(msgspec.Struct, frozen=True):
    """A log group. `created` is in milliseconds since the epoch; `retention` in days, None for ever."""

    id: str
    name: str
    created: int
    log_class: str = "STANDARD"
    retention: int | None = None
    kms_key: str = ""
    tags: dict[str, str] = {}

    def expired_before(self, now: float) -> int:
        """The timestamp (ms) below which lines are past their retention at region time `now` (s); 0 where nothing expires."""
        return int(now * 1000) - self.retention * DAY if self.retention else 0


class Stream(msgspec.Struct, frozen=True):
    """A log stream. Times are in milliseconds since the epoch; None before the first event. `chunks` counts those ever written."""

    id: int
    name: str
    created: int
    first: int | None = None
    last: int | None = None
    ingested: int | None = None
    chunks: int = 0


class Chunk(msgspec.Struct, frozen=True):
    """Consecutive lines of one PutLogEvents call. `ingested` is in ms."""

    ingested: int
    lines: list[Line]


GROUPS = Codec(Group)
STREAMS = Codec(Stream)
CHUNKS = Codec(Chunk, memo=256)


def size(lines: Sequence[Line]) -> int:
    """What AWS counts for a batch: the UTF-8 bytes of the messages, and 26 for each event."""
    return sum(len(message.encode(errors="surrogatepass")) + EVENT_OVERHEAD for _, message in lines)


def key(ctx: Context, kind: str, *rest: Element) -> Key:
    """The key of a thing of `kind` in the request's account and region."""
    return (ctx.account, ctx.region, "logs", kind, *rest)


def find_group(tx: Reader, ctx: Context, name: str) -> Group | None:
    """The group of that name."""
    raw = tx.get(key(ctx, "group", name))
    return GROUPS.decode(raw) if raw else None


def get_group(tx: Reader, ctx: Context, name: str) -> Group:
    """The group of that name. Raises ResourceNotFoundException."""
    group = find_group(tx, ctx, name)
    if group is None:
        raise no_group()
    return group


def put_group(tx: Transaction, ctx: Context, group: Group) -> None:
    """Stores a group."""
    tx.set(key(ctx, "group", group.name), GROUPS.encode(group))


def find_stream(tx: Reader, ctx: Context, group: Group, name: str) -> Stream | None:
    """The stream of that name in the group."""
    raw = tx.get(key(ctx, "stream", group.id, name))
    return STREAMS.decode(raw) if raw else None


def get_stream(tx: Reader, ctx: Context, group: Group, name: str) -> Stream:
    """The stream of that name in the group. Raises ResourceNotFoundException."""
    stream = find_stream(tx, ctx, group, name)
    if stream is None:
        raise no_stream()
    return stream


def put_stream(tx: Transaction, ctx: Context, group: Group, stream: Stream, before: Stream | None) -> None:
    """Stores a stream, and its place among the recent ones if that changed from `before`."""
    tx.set(key(ctx, "stream", group.id, stream.name), STREAMS.encode(stream))
    if before is None or before.last != stream.last:
        if before is not None:
            tx.delete(key(ctx, "recent", group.id, before.last or 0, before.name))
        tx.set(key(ctx, "recent", group.id, stream.last or 0, stream.name), b"")
