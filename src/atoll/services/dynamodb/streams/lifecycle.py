"""A stream's life: it is enabled with its table or later, disabled, and gone a day after. docs: API_StreamSpecification; Developer
Guide, "Change data capture for DynamoDB Streams".

Its upkeep is a task that sleeps until something is due by region time: every four hours a shard is closed and a child follows it, as on
AWS (which tells no program when), and what is older than 24 hours is removed in slices.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import under
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.store import Table, clear_slice, policy_key
from atoll.services.dynamodb.streams.store import (
    CHANGES,
    RETENTION,
    SHARDS,
    STREAMS,
    Shard,
    Stream,
    label_of,
    places,
    records_prefix,
    shard_id,
    shards_prefix,
    stream_key,
)

SHARD_LASTS = 4 * 3600.0
SLICE = 64
"""Records that one step of the upkeep removes: they may be large."""
REST = 60.0
"""Seconds between two rounds of upkeep, however often a record becomes too old."""


class Switch(NamedTuple):
    """A StreamSpecification with all that is drawn before the transaction. `view` is "" to disable."""

    view: str
    id: str
    task_id: str
    now: float


def switch(ctx: Context, given: Mapping[str, Any] | None) -> Switch | None:
    """What a request's StreamSpecification asks for, None where it has none."""
    if given is None:
        return None
    view = given["StreamViewType"] if given["StreamEnabled"] else ""
    return Switch(view, ctx.ids.lower(12), ctx.ids.uuid(), ctx.clock.now())


def check_view(given: Mapping[str, Any] | None, without_view: str, with_view: str) -> None:
    """Refuses a StreamSpecification whose members do not fit each other, in the caller's words."""
    if given is None:
        return
    enabled, view = given["StreamEnabled"], given.get("StreamViewType")
    if enabled and not view:
        raise invalid(without_view)
    if not enabled and view:
        raise invalid(with_view)


def switched(tx: Transaction, ctx: Context, table: Table, wanted: Switch | None) -> Table:
    """The existing table with its stream enabled or disabled. Raises ValidationFailed where it is already."""
    if wanted is None:
        return table
    if wanted.view and table.stream:
        raise ValidationFailed(f"Table already has an enabled stream: TableName: {table.name}")
    if not wanted.view and not table.stream:
        raise ValidationFailed(f"Table has no stream to disable: TableName: {table.name}")
    return begin(tx, ctx, table, wanted) if wanted.view else end(tx, ctx, table, wanted.now)


def begin(tx: Transaction, ctx: Context, table: Table, wanted: Switch | None) -> Table:
    """The table with a new stream, if one is wanted."""
    if wanted is None or not wanted.view:
        return table
    millis = int(wanted.now * 1000)
    while tx.get(stream_key(ctx, table.name, label_of(millis))) is not None:
        millis += 1  # two within a millisecond
    label = label_of(millis)
    stream = Stream(table.name, label, wanted.id, wanted.view, wanted.now, table.partition, table.sort)
    tx.set(stream_key(ctx, table.name, label), STREAMS.encode(stream))
    tx.append(shards_prefix(ctx, stream.id), SHARDS.encode(Shard(stream.created, shard_id(stream.id, stream.created))))
    state = {"table": table.name, "label": label, "id": stream.id}
    tasks.start(tx, wanted.task_id, "dynamodb.keep_stream", ctx.account, ctx.region, state)
    return msgspec.structs.replace(table, stream=stream.id, stream_label=label, stream_view=wanted.view)


def end(tx: Transaction, ctx: Context, table: Table, now: float) -> Table:
    """The table without its stream, if it has one. What the stream holds stays to be read."""
    place = stream_key(ctx, table.name, table.stream_label)
    raw = tx.get(place) if table.stream else None
    if raw is None:
        return table
    tx.set(place, STREAMS.encode(msgspec.structs.replace(STREAMS.decode(raw), ended=now)))
    tx.append(shards_prefix(ctx, table.stream), SHARDS.encode(Shard(now)))
    return msgspec.structs.replace(table, stream="", stream_view="")


async def keep(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """A step of a stream's upkeep: does what is due, then sleeps until something is. Done when nothing is left of the stream."""
    now = ctx.clock.now()

    def work(tx: Transaction) -> float | None:
        raw = tx.get(stream_key(ctx, state["table"], state["label"]))
        stream = STREAMS.decode(raw) if raw is not None else None
        if stream is None or stream.id != state["id"]:
            return now if _cleared(tx, ctx, state["id"]) else None
        if stream.ended and stream.ended + RETENTION <= now:
            tx.delete(stream_key(ctx, stream.table, stream.label))
            tx.delete(policy_key(ctx, stream.table, stream.label))
            return now
        return _kept(tx, ctx, stream, now)

    due = await ctx.store.transact(work)
    if due is None:
        return None
    if due > now:
        await ctx.clock.sleep(due - now, f"upkeep of the stream of {state['table']}")
    return state


def _kept(tx: Transaction, ctx: Context, stream: Stream, now: float) -> float:
    """Trims a slice and rolls the shard where they are due. Returns when there is more to do."""
    rows = list(tx.scan(under(records_prefix(ctx, stream.id)), limit=SLICE))
    times = [CHANGES.decode(raw).at for _, raw in rows]
    gone = rows[: next((n for n, at in enumerate(times) if at + RETENTION > now), len(rows))]
    for key, _ in gone:
        tx.delete(key)
    if gone:
        stream = msgspec.structs.replace(stream, trimmed=int(str(gone[-1][0][-1])))
        tx.set(stream_key(ctx, stream.table, stream.label), STREAMS.encode(stream))
    if len(gone) == SLICE:
        return now
    oldest = times[len(gone)] if len(gone) < len(rows) else now
    return min(max(oldest + RETENTION, now + REST), _rolled(tx, ctx, stream, now))


def _rolled(tx: Transaction, ctx: Context, stream: Stream, now: float) -> float:
    """Forgets shards of which nothing is left, closes the last one if it is old enough, and says when that is due next."""
    found = places(tx, ctx, stream)
    for place, following in pairwise(found):
        if following.shard.created + RETENTION <= now:
            tx.delete((*shards_prefix(ctx, stream.id), place.start))
    if stream.ended:
        return stream.ended + RETENTION
    newest = found[-1].shard
    if newest.created + SHARD_LASTS > now:
        return newest.created + SHARD_LASTS
    child = Shard(now, shard_id(stream.id, now), newest.id)
    tx.append(shards_prefix(ctx, stream.id), SHARDS.encode(child))
    return now + SHARD_LASTS


def _cleared(tx: Transaction, ctx: Context, stream_id: str) -> bool:
    """Removes a slice of what a stream leaves that is gone. Returns whether there was any."""
    prefixes = (records_prefix(ctx, stream_id), shards_prefix(ctx, stream_id))
    return sum(clear_slice(tx, under(prefix), SLICE) for prefix in prefixes) > 0
