"""Copies: how the items of a table come under another incarnation, in slices, while the table is in use.

A copy walks the items in the order of their keys and then undoes, backward, what the history notes since the instant that is wanted: the
oldest note of a key is applied last, and wins. Each step may run twice: it puts what it finds in the place of what is there.
While an incarnation is copied it is held: its history is kept, and it is not cleared though its table be deleted.
"""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.kernel import records, tasks
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, pack, under, unpack
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb.backups import history
from atoll.services.dynamodb.items.storage import Stored, decode_item, read, replace, walk
from atoll.services.dynamodb.store import TABLES, Table, find_table, space, table_key

SLICE, SLICE_BYTES = 50, 1 << 18
"""Items that one step copies, and bytes after which it takes no more: some milliseconds of the event loop."""

State = dict[str, Any]


def begin(source: str, table: str, *, undo: float | str | None, **rest: Any) -> State:
    """The state of a copy of the incarnation `source`. `table` is the name of the table that is read, "" where it is a backup's.

    `undo` says which instant is meant: a region time, or whose mark the history has; None where the items no longer change.
    """
    return {"source": source, "table": table, "undo": undo, "undoing": False, "cursor": None, **rest}


def hold(tx: Transaction, ctx: Context, incarnation: str, copy_id: str, table: Table | None) -> None:
    """Keeps an incarnation, and the history of its table, until `release`."""
    tx.set(_hold_key(ctx, incarnation, copy_id), b"")
    if table is not None:
        tx.set(table_key(ctx, table.name), TABLES.encode(msgspec.structs.replace(table, copies=table.copies + 1)))


def held(tx: Reader, ctx: Context, incarnation: str) -> bool:
    """Whether an incarnation is being copied."""
    return next(iter(tx.scan(under((*space(ctx), "copy", incarnation)), limit=1)), None) is not None


def release(tx: Transaction, ctx: Context, state: State, copy_id: str, task_id: str) -> None:
    """Ends a hold; with the last one goes what was kept for it alone, by the task `task_id`."""
    source = state["source"]
    tx.delete(_hold_key(ctx, source, copy_id))
    table = find_table(tx, ctx, state["table"]) if state["table"] else None
    if table is not None and table.incarnation == source:
        table = msgspec.structs.replace(table, copies=table.copies - 1)
        tx.set(table_key(ctx, table.name), TABLES.encode(table))
        if not table.has_history:
            history.start_trimming(tx, ctx, table, task_id)
    doomed = tx.get(_doomed_key(ctx, source))
    if doomed is not None and not held(tx, ctx, source):
        tx.delete(_doomed_key(ctx, source))
        tasks.start(tx, task_id, "dynamodb.reap", ctx.account, ctx.region, records.decode(doomed))


def postpone_reaping(tx: Transaction, ctx: Context, state: State) -> bool:
    """Whether an incarnation is held: it is then cleared, as `state` says, when the last copy is done."""
    if not held(tx, ctx, state["incarnation"]):
        return False
    tx.set(_doomed_key(ctx, state["incarnation"]), records.encode(state))
    return True


def step(tx: Transaction, ctx: Context, state: State, target: Table, now: float) -> State | None:
    """Copies the next slice to `target`; the state after it, None when all is done."""
    return (_undo if state["undoing"] else _copy)(tx, ctx, state, target, now)


def _copy(tx: Transaction, ctx: Context, state: State, target: Table, now: float) -> State | None:
    size, after = 0, () if state["cursor"] is None else unpack(state["cursor"])
    for taken, (key, raw) in enumerate(walk(tx, ctx, state["source"], after, SLICE), start=1):
        _put(tx, ctx, target, key, raw, now)
        size += len(raw)
        if taken == SLICE or size > SLICE_BYTES:
            return {**state, "cursor": pack(key)}
    return None if state["undo"] is None else {**state, "undoing": True, "cursor": None}


def _undo(tx: Transaction, ctx: Context, state: State, target: Table, now: float) -> State | None:
    size = 0
    for taken, note in enumerate(history.backward(tx, ctx, state["source"], state["cursor"], SLICE), start=1):
        if _reached(note, state["undo"]):
            return None
        if note.key is not None:
            _put(tx, ctx, target, note.key, note.old, now)
            size += len(note.old or b"")
        if taken == SLICE or size > SLICE_BYTES:
            return {**state, "cursor": note.n}
    return None


def _reached(note: history.Note, undo: float | str) -> bool:
    """Whether this write, and all before it, belong to the state that is wanted. Of writes that overlapped the instant the
    last commit that began by then counts, and all that came before it."""
    if isinstance(undo, str):
        return note.key is None and note.old == undo.encode()
    return note.time <= undo


def _put(tx: Transaction, ctx: Context, target: Table, key: Key, raw: bytes | None, now: float) -> None:
    new = None if raw is None else Stored(decode_item(raw), raw)
    replace(tx, ctx, target, key, read(tx, ctx, target, key), new, now)


def _hold_key(ctx: Context, incarnation: str, copy_id: str) -> Key:
    return (*space(ctx), "copy", incarnation, copy_id)


def _doomed_key(ctx: Context, incarnation: str) -> Key:
    return (*space(ctx), "doomed", incarnation)
