"""Lines in the order of their event ids, forward or backward from any point, a few chunks in memory at a time.

An event's id is its place in that order: timestamp, stream, chunk, line. AWS writes ids with 56 digits, the timestamp in the
bits above 144; so do we.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import NamedTuple

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, Range, between
from atoll.kernel.store.api import Reader
from atoll.services.logs.store import CHUNKS, SPAN, Group, find_stream, key

PAGE, PAGE_BYTES = 100, 128 << 10
"""Chunks and bytes fetched at once: about a millisecond to decode."""
TIME_SHIFT, STREAM_SHIFT, CHUNK_SHIFT = 144, 80, 32
FIRST_ID, LAST_ID = 0, (1 << 186) - 1


class Event(NamedTuple):
    """One line. Times are in milliseconds since the epoch."""

    id: int
    timestamp: int
    message: str
    stream: str
    ingested: int

    @property
    def text_id(self) -> str:
        """The id as AWS writes it."""
        return f"{self.id:056d}"


def first_id_at(timestamp: int) -> int:
    """No event at or after `timestamp` has a smaller id."""
    return timestamp << TIME_SHIFT


@dataclass(frozen=True, slots=True)
class Window:
    """Which events to read: ids in [first, last), of one stream (`stream_id`, `stream_name`) or of those that `wanted` names."""

    group: Group
    first: int
    last: int
    stream_id: int | None = None
    stream_name: str = ""
    wanted: Callable[[str], bool] = lambda _name: True

    @property
    def start(self) -> int:
        """The earliest timestamp, in ms."""
        return self.first >> TIME_SHIFT

    @property
    def end(self) -> int:
        """The latest timestamp, in ms."""
        return self.last >> TIME_SHIFT


async def forward(ctx: Context, window: Window) -> AsyncIterator[Event]:
    """The window's events, earliest first."""
    waiting: list[Event] = []
    async for first, events in _chunks(ctx, window, reverse=False):
        while waiting and waiting[0].timestamp < first:
            yield heapq.heappop(waiting)
        for event in events:
            heapq.heappush(waiting, event)
    while waiting:
        yield heapq.heappop(waiting)


async def backward(ctx: Context, window: Window) -> AsyncIterator[Event]:
    """The window's events, latest first."""
    waiting: list[tuple[int, Event]] = []
    async for first, events in _chunks(ctx, window, reverse=True):
        while waiting and waiting[0][1].timestamp > first + SPAN:
            yield heapq.heappop(waiting)[1]
        for event in events:
            heapq.heappush(waiting, (-event.id, event))
    while waiting:
        yield heapq.heappop(waiting)[1]


async def _chunks(ctx: Context, window: Window, *, reverse: bool) -> AsyncIterator[tuple[int, list[Event]]]:
    """The chunks that may hold events of the window, by their first timestamp: (first timestamp, the window's events in it)."""
    group = window.group.id
    prefix = key(ctx, "time", group) if window.stream_id is None else key(ctx, "chunk", group, window.stream_id)
    span = between((*prefix, window.start - SPAN), (*prefix, window.end + 1))
    while True:
        rows, last = await ctx.store.read(lambda tx, span=span: _page(tx, ctx, window, span, reverse=reverse))  # type: ignore[misc]
        for first, events in rows:
            yield first, events
        if last is None:
            return
        span = span.before(last) if reverse else span.past(last)


def _page(
    tx: Reader, ctx: Context, window: Window, span: Range, *, reverse: bool
) -> tuple[list[tuple[int, list[Event]]], Key | None]:
    """The next chunks of a span, and the key after which there may be more."""
    found: list[tuple[int, list[Event]]] = []
    used = 0
    last: Key | None = None
    for scanned, (at, raw) in enumerate(tx.scan(span, limit=PAGE + 1, reverse=reverse)):
        if scanned == PAGE or used > PAGE_BYTES:
            return found, last
        last = at
        if window.stream_id is not None:
            sid, first, number = at[5:]
            body: bytes | None = raw
            name = window.stream_name
        else:
            first, sid, number = at[5:]
            name = raw.decode()
            stream = find_stream(tx, ctx, window.group, name) if window.wanted(name) else None
            alive = stream is not None and stream.id == sid
            body = tx.get(key(ctx, "chunk", window.group.id, sid, first, number)) if alive else None
        if body is not None:
            assert isinstance(first, int)
            used += len(body)
            found.append((first, _events(window, body, sid, number, name)))
    return found, None


def _events(window: Window, raw: bytes, sid: object, number: object, name: str) -> list[Event]:
    chunk = CHUNKS.decode(raw)
    assert isinstance(sid, int)
    assert isinstance(number, int)
    base = (sid << STREAM_SHIFT) | (number << CHUNK_SHIFT)
    events = []
    for index, (timestamp, message) in enumerate(chunk.lines):
        event_id = (timestamp << TIME_SHIFT) | base | index
        if window.first <= event_id < window.last:
            events.append(Event(event_id, timestamp, message, name, chunk.ingested))
    return events
