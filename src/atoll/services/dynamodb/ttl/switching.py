"""Enabling and disabling time to live: its index is filled from the items that are there, and cleared, in slices."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.items.storage import decode_item, walk
from atoll.services.dynamodb.store import TABLES, Table, clear_slice, find_table, table_key
from atoll.services.dynamodb.ttl.entries import enlist, index_prefix, note, second, unlist

SLICE = 100
"""Items that one step of filling or clearing an index looks at."""


class Drawn(NamedTuple):
    """What enabling or disabling needs and must be drawn before the transaction."""

    index_id: str
    task_id: str
    now: float


def draw(ctx: Context) -> Drawn:
    """Fresh ids, and the time."""
    return Drawn(ctx.ids.lower(8), ctx.ids.uuid(), ctx.clock.now())


def enable(tx: Transaction, ctx: Context, table: Table, attribute: str, drawn: Drawn) -> Table:
    """The table with time to live. A small one's index is filled at once, a larger one's by a task."""
    table = msgspec.structs.replace(table, ttl_attribute=attribute, ttl_index=drawn.index_id)
    enlist(tx, ctx, table)
    last = _fill(tx, ctx, table, (), drawn.now)
    if last is not None:
        state = {"table": table.name, "index": drawn.index_id, "after": last}
        tasks.start(tx, drawn.task_id, "dynamodb.fill_expiry", ctx.account, ctx.region, state)
    return msgspec.structs.replace(table, ttl_filled=last is None)


def disable(tx: Transaction, ctx: Context, table: Table, drawn: Drawn) -> Table:
    """The table without time to live."""
    unlist(tx, ctx, table)
    state = {"incarnation": table.incarnation, "index": table.ttl_index}
    tasks.start(tx, drawn.task_id, "dynamodb.clear_expiry", ctx.account, ctx.region, state)
    return msgspec.structs.replace(table, ttl_attribute="", ttl_index="", ttl_filled=True)


async def fill(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """A step of the task `dynamodb.fill_expiry`: the next slice of the items that were there when time to live was enabled."""
    now = ctx.clock.now()

    def some(tx: Transaction) -> Key | None:
        table = find_table(tx, ctx, state["table"])
        if table is None or table.ttl_index != state["index"]:
            return None
        last = _fill(tx, ctx, table, tuple(state["after"]), now)
        if last is None:
            tx.set(table_key(ctx, table.name), TABLES.encode(msgspec.structs.replace(table, ttl_filled=True)))
        return last

    last = await ctx.store.transact(some)
    return None if last is None else {**state, "after": last}


async def clear(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """A step of the task `dynamodb.clear_expiry`: removes a slice of an index that is no longer needed."""
    span = under(index_prefix(ctx.account, ctx.region, state["incarnation"], state["index"]))
    cleared = await ctx.store.transact(lambda tx: clear_slice(tx, span, SLICE))
    return state if cleared == SLICE else None


def _fill(tx: Transaction, ctx: Context, table: Table, after: Key, now: float) -> Key | None:
    """Notes a slice of the table's items, those after the key `after`. Returns the last one's key, None where none is left."""
    rows = list(walk(tx, ctx, table.incarnation, after, SLICE))
    for key, raw in rows:
        found = second(table.ttl_attribute, decode_item(raw))
        if found is not None:
            note(tx, ctx, table, found, key, now)
    return rows[-1][0] if len(rows) == SLICE else None
