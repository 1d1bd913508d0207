"""Removes, slice by slice, the lines of what was deleted (`reap`) or is past its retention (`expire`)."""

from __future__ import annotations

from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.keys import between, under
from atoll.kernel.store.api import Transaction
from atoll.services.logs.store import CHUNKS, SPAN, find_group, key, size

SLICE = 64
"""Chunks per transaction: one or two milliseconds."""


async def reap(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """A step of the task `logs.reap`: `state` names the deleted {"group": id} or {"group": id, "stream": id}."""
    group, stream = state["group"], state.get("stream")

    def some(tx: Transaction) -> bool:
        prefix = key(ctx, "chunk", group) if stream is None else key(ctx, "chunk", group, stream)
        rows = list(tx.scan(under(prefix), limit=SLICE))
        for at, raw in rows:
            sid, first, number = at[5:]
            tx.delete(at)
            tx.delete(key(ctx, "time", group, first, sid, number))
            if stream is not None:
                _uncount(tx, ctx, group, raw)
        return len(rows) == SLICE or (stream is None and _remains(tx, ctx, group))

    return state if await ctx.store.transact(some) else None


def _remains(tx: Transaction, ctx: Context, group: str) -> bool:
    """Removes a slice of a deleted group's streams and says whether there are more."""
    tx.delete(key(ctx, "bytes", group))
    more = False
    for kind in ("stream", "recent"):
        rows = [at for at, _ in tx.scan(under(key(ctx, kind, group)), limit=SLICE)]
        for at in rows:
            tx.delete(at)
        more = more or len(rows) == SLICE
    return more


async def expire(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """A step of the task `logs.expire`: what is past the retention of {"group": name} now."""
    now = ctx.clock.now()

    def some(tx: Transaction) -> bool:
        group = find_group(tx, ctx, state["group"])
        cutoff = group.expired_before(now) if group else 0
        return group is not None and cutoff > 0 and expire_some(tx, ctx, group.id, cutoff, SLICE) == SLICE

    return state if await ctx.store.transact(some) else None


def expire_some(tx: Transaction, ctx: Context, group: str, cutoff: int, limit: int) -> int:
    """Deletes up to `limit` chunks that lie wholly before `cutoff` (ms); returns how many."""
    span = between(key(ctx, "time", group), key(ctx, "time", group, cutoff - SPAN))
    rows = [at for at, _ in tx.scan(span, limit=limit)]
    for at in rows:
        first, sid, number = at[5:]
        chunk = key(ctx, "chunk", group, sid, first, number)
        raw = tx.get(chunk)
        if raw:
            _uncount(tx, ctx, group, raw)
        tx.delete(chunk)
        tx.delete(at)
    return len(rows)


def _uncount(tx: Transaction, ctx: Context, group: str, chunk: bytes) -> None:
    """Takes a deleted chunk's bytes from the group's, unless the group itself is gone."""
    stored = key(ctx, "bytes", group)
    if tx.get(stored) is not None:
        tx.add(stored, -size(CHUNKS.decode(chunk).lines))
