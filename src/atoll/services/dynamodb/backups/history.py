"""A table's history: what each item was before each write, in the order of the commits; appended with the write itself.

Kept while point-in-time recovery is on, as far back as its period, and while a backup or a restore reads the table. Whoever applies it
backward to a copy of the items has them as they were at one instant, whatever was written while the copy was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from atoll.kernel import records, tasks
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, pack, under, unpack
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb.store import DAY, Table, find_table, space

LAG = 300.0
"""The latest restorable time is typically five minutes back."""
SLICE = 250
"""Notes that one step of `trim` clears."""


class Note(NamedTuple):
    """One write: its place in the order of commits, its region time, the item's key and what was there before.

    A mark has no key: `old` is whose mark it is.
    """

    n: int
    time: float
    key: Key | None
    old: bytes | None


def note(tx: Transaction, ctx: Context, table: Table, key: Key, old: bytes | None, now: float) -> None:
    """Notes what was at `key` before a write."""
    tx.append(_prefix(ctx, table.incarnation), records.encode((now, pack(key), old)))


def mark(tx: Transaction, ctx: Context, table: Table, owner: str, now: float) -> None:
    """Notes that `owner` means the state in which this transaction finds the table."""
    tx.append(_prefix(ctx, table.incarnation), records.encode((now, None, owner.encode())))


def backward(tx: Reader, ctx: Context, incarnation: str, before: int | None, limit: int) -> Iterator[Note]:
    """At most `limit` notes from the latest (or from that before `before`) backward."""
    prefix = _prefix(ctx, incarnation)
    span = under(prefix) if before is None else under(prefix).before((*prefix, before))
    for place, raw in tx.scan(span, limit=limit, reverse=True):
        time, key, old = records.decode(raw)
        yield Note(int(place[-1]), time, None if key is None else unpack(key), old)  # type: ignore[arg-type]


def start_trimming(tx: Transaction, ctx: Context, table: Table, task_id: str) -> None:
    """Starts the task that clears what nobody can ask for: once, or every day while point-in-time recovery is on."""
    state = {"table": table.name, "incarnation": table.incarnation, "since": table.recovery_since}
    tasks.start(tx, task_id, "dynamodb.trim", ctx.account, ctx.region, state)


async def trim(ctx: Context, state: dict[str, Any]) -> dict[str, Any] | None:
    """One step of clearing old notes: the next slice, and a day's rest where none is left. It ends with the setting that began it."""
    now = ctx.clock.now()

    def clear(tx: Transaction) -> tuple[bool, bool]:
        table = find_table(tx, ctx, state["table"])
        if table is None or (table.incarnation, table.recovery_since) != (state["incarnation"], state["since"]):
            return False, False
        lasting = table.recovery_since > 0
        if table.copies:
            return False, lasting
        return _clear(tx, ctx, table, now if not lasting else earliest(table, now)), lasting

    more, lasting = await ctx.store.transact(clear)
    if lasting and not more:
        await ctx.clock.sleep(DAY, "clearing old history")
    return state if more or lasting else None


def earliest(table: Table, now: float) -> float:
    """The first instant to which a table with point-in-time recovery can be restored."""
    return max(table.recovery_since, now - table.recovery_days * DAY)


def latest(table: Table, now: float) -> float:
    """The last instant to which it can be."""
    return max(table.recovery_since, now - LAG)


def _clear(tx: Transaction, ctx: Context, table: Table, before: float) -> bool:
    """Clears notes older than `before` and says whether there may be more."""
    cleared = 0
    for place, raw in list(tx.scan(under(_prefix(ctx, table.incarnation)), limit=SLICE)):
        if records.decode(raw)[0] > before:
            return False
        tx.delete(place)
        cleared += 1
    return cleared == SLICE


def _prefix(ctx: Context, incarnation: str) -> Key:
    return (*space(ctx), "history", incarnation)
