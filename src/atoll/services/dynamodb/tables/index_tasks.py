"""What UpdateTable leaves to tasks: filling a new global index from the items that were there before, and clearing one that goes.

docs: Developer Guide, "Managing global secondary indexes". Both go in slices; the table is used meanwhile. Writes keep the entries of
an index that is being filled as well, and look up whether an item has one, so that each entry is made and counted once, whoever
comes first. Items that the index cannot hold are left out.
"""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.items.storage import fill
from atoll.services.dynamodb.store import (
    TABLES,
    Index,
    Table,
    clear_slice,
    entries_prefix,
    find_table,
    table_key,
    total_key,
)
from atoll.services.dynamodb.tables.index_updates import without

FILL_SLICE, FILL_BYTES = 50, 128 * 1024
"""Items that one step reads, and about how much of them: some milliseconds of the event loop."""
CLEAR_SLICE = 250


def begin(tx: Transaction, ctx: Context, before: Table, after: Table, task_id: str) -> None:
    """Starts, in the transaction that changes the table, the task that the change of its indexes asks for, if any."""
    known = {index.id: index.state for index in before.indexes}
    for index in after.indexes:
        if known.get(index.id) != index.state and index.state in ("CREATING", "DELETING"):
            kind = "dynamodb.fill_index" if index.state == "CREATING" else "dynamodb.clear_index"
            state = {"table": after.name, "incarnation": after.incarnation, "index": index.id, "after": []}
            tasks.start(tx, task_id, kind, ctx.account, ctx.region, state)


async def fill_index(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """One step of filling an index: first it begins to fill, in the last step it becomes ACTIVE. Ends where the index goes."""

    def step(tx: Transaction) -> dict[str, Any] | None:
        table, index = _find(tx, ctx, state)
        if table is None or index is None or not index.filling:
            return None
        if index.state == "CREATING":
            _set_state(tx, ctx, table, index, "BACKFILLING")
            return state
        at = fill(tx, ctx, table, index, tuple(state["after"]), FILL_SLICE, FILL_BYTES)
        if at is None:
            _set_state(tx, ctx, table, index, "ACTIVE")
            return None
        return {**state, "after": list(at)}

    return await ctx.store.transact(step)


async def clear_index(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """One step of clearing an index that goes; the last one takes it out of its table."""
    span = under(entries_prefix(ctx.account, ctx.region, state["incarnation"], state["index"]))

    def step(tx: Transaction) -> bool:
        if clear_slice(tx, span, CLEAR_SLICE) == CLEAR_SLICE:
            return True
        tx.delete(total_key(ctx, state["incarnation"], state["index"]))
        table, _ = _find(tx, ctx, state)
        if table is not None:
            tx.set(table_key(ctx, table.name), TABLES.encode(without(table, state["index"])))
        return False

    return state if await ctx.store.transact(step) else None


def _find(tx: Transaction, ctx: Context, state: dict[str, Any]) -> tuple[Table | None, Index | None]:
    """The task's table and index, as far as they are still there."""
    table = find_table(tx, ctx, state["table"])
    if table is None or table.incarnation != state["incarnation"]:
        return None, None
    return table, next((index for index in table.indexes if index.id == state["index"]), None)


def _set_state(tx: Transaction, ctx: Context, table: Table, index: Index, state: str) -> None:
    indexes = tuple(
        msgspec.structs.replace(other, state=state) if other.id == index.id else other for other in table.indexes
    )
    tx.set(table_key(ctx, table.name), TABLES.encode(msgspec.structs.replace(table, indexes=indexes)))
