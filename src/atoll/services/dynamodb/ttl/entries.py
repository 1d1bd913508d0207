"""When each item of a table expires: an index by that time, kept by whatever writes an item. docs: Developer Guide, "Using time to live".

An item expires at the second that its TTL attribute says, if that is a number and no more than five years past. An index has an id of
its own, so that one that is no longer needed is unlinked at once and cleared in slices, and the next begins empty. The tables of all
accounts that have one are listed under TABLES_PREFIX, for who makes items expire (`expiry.py`).

(account, region, "dynamodb", "expiry", incarnation, index, second, *item key)   b""
(GLOBAL_ACCOUNT, "", "dynamodb", "ttl", account, region, incarnation, index)     the table's name
"""

from __future__ import annotations

from atoll.kernel.context import GLOBAL_ACCOUNT, Context
from atoll.kernel.keys import Key
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.dynamodb.store import DAY, Item, Table

TABLES_PREFIX: Key = (GLOBAL_ACCOUNT, "", "dynamodb", "ttl")
OLDEST = 5 * 365 * DAY
"""Seconds that an expiry time may be past; an item with an older one stays."""
MOST_DIGITS = 11
"""Of a second: what is longer is no time before the year 5138 (milliseconds, by mistake)."""


def owner(_tx: Reader, key: Key, _raw: bytes) -> str:
    """Whose table an entry under TABLES_PREFIX names."""
    return str(key[len(TABLES_PREFIX)])


def index_prefix(account: str, region: str, incarnation: str, index: str) -> Key:
    """What the keys of an index begin with."""
    return (account, region, "dynamodb", "expiry", incarnation, index)


def second(attribute: str, item: Item | None) -> int | None:
    """The second at which the item expires; None where it does not."""
    text = item[attribute].get("N") if item is not None and attribute in item else None
    whole = text.partition(".")[0] if text is not None else ""
    return int(whole) if whole.isdigit() and len(whole) <= MOST_DIGITS else None


def move(tx: Transaction, ctx: Context, table: Table, key: Key, old: Item | None, new: Item | None, now: float) -> None:
    """Notes that the item at `key` has changed."""
    before, after = second(table.ttl_attribute, old), second(table.ttl_attribute, new)
    if before == after:
        return
    if before is not None:
        tx.delete(_entry(ctx, table, before, key))
    if after is not None:
        note(tx, ctx, table, after, key, now)


def note(tx: Transaction, ctx: Context, table: Table, expires: int, key: Key, now: float) -> None:
    """Notes that the item at `key` expires at this second."""
    if expires >= now - OLDEST:
        tx.set(_entry(ctx, table, expires, key), b"")


def _entry(ctx: Context, table: Table, expires: int, key: Key) -> Key:
    return (*index_prefix(ctx.account, ctx.region, table.incarnation, table.ttl_index), expires, *key)


def enlist(tx: Transaction, ctx: Context, table: Table) -> None:
    """Lets the table's items expire, as its index says."""
    tx.set(_listed(ctx, table), table.name.encode())


def unlist(tx: Transaction, ctx: Context, table: Table) -> None:
    """Nothing of the table expires any more, if it ever did."""
    tx.delete(_listed(ctx, table))


def _listed(ctx: Context, table: Table) -> Key:
    return (*TABLES_PREFIX, ctx.account, ctx.region, table.incarnation, table.ttl_index)
