"""Writes the records of a table's stream, in the transaction that changes the item. docs: API_streams_Record, API_StreamSpecification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atoll.kernel.context import Context
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.expressions.condition import equal
from atoll.services.dynamodb.items.keys import key_attributes
from atoll.services.dynamodb.store import Table
from atoll.services.dynamodb.streams.store import CHANGES, Change, records_prefix

if TYPE_CHECKING:
    from atoll.services.dynamodb.items.storage import Stored

SHOWS_OLD = ("OLD_IMAGE", "NEW_AND_OLD_IMAGES")
SHOWS_NEW = ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")


def note(
    tx: Transaction, ctx: Context, table: Table, old: Stored | None, new: Stored | None, now: float, *, expired: bool
) -> None:
    """Appends the record of a change from `old` to `new`. A write that leaves an item as it was has none."""
    there = new or old
    if there is None or (old is not None and new is not None and _same(old, new)):
        return
    change = Change(
        now,
        "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        {key.name: there.item[key.name] for key in key_attributes(table)},
        old.raw if old is not None and table.stream_view in SHOWS_OLD else None,
        new.raw if new is not None and table.stream_view in SHOWS_NEW else None,
        expired,
    )
    tx.append(records_prefix(ctx, table.stream), CHANGES.encode(change))


def _same(old: Stored, new: Stored) -> bool:
    """Whether the items are equal: the order of their attributes, and of the members of sets, says nothing."""
    return old.raw == new.raw or (len(old.raw) == len(new.raw) and equal({"M": old.item}, {"M": new.item}))
