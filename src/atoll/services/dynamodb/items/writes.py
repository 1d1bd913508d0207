"""Writes of one item: the way that PutItem, UpdateItem, DeleteItem, batches, transactions and PartiQL share.

A write is made from a request (or from its part in a transaction), whereby all that the request alone decides is checked; `apply_at` does
the rest in a store transaction. It may run more than once, and several writes may be applied in one transaction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError
from atoll.kernel.keys import Key
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb import throttle
from atoll.services.dynamodb.access import item_table
from atoll.services.dynamodb.errors import NOT_MET
from atoll.services.dynamodb.expressions.legacy import check_conditional_operator
from atoll.services.dynamodb.expressions.nodes import Condition, paths_in
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.capacity import Cost, consumed, write_units
from atoll.services.dynamodb.items.item_rules import check_item, check_key, check_scalar_keys
from atoll.services.dynamodb.items.keys import item_key
from atoll.services.dynamodb.items.storage import Stored, read, replace, stored_size
from atoll.services.dynamodb.store import Item, Table, table_of_items


class Outcome(NamedTuple):
    """What a write did. `old` is the stored form of what was there, `new` what is there now."""

    table: Table
    key: Key
    old: bytes | None
    new: Stored | None
    cost: Cost


class ItemWrite(ABC):
    """A write of one item of the table `name`. `ctx` is that of the table's account."""

    __slots__ = ("condition", "ctx", "name", "now", "request")
    condition: Condition | None
    expressions: ClassVar[Sequence[str]] = ("ConditionExpression",)
    legacy: ClassVar[Sequence[str]] = ("Expected", "ConditionalOperator")

    def __init__(self, ctx: Context, request: Mapping[str, Any]) -> None:
        self.ctx, self.name = item_table(ctx, request["TableName"])
        requested.check_parameters(request, self.expressions, self.legacy)
        check_conditional_operator(request, "Expected")
        self.request = request
        self.now = ctx.clock.now()

    @property
    @abstractmethod
    def key_item(self) -> Item:
        """Where the key attributes' values are: the item of a PutItem, else the `Key`."""

    @abstractmethod
    def key(self, table: Table) -> Key:
        """The key of the item. Raises ValidationFailed where what was given does not fit the table."""

    @abstractmethod
    def made(self, table: Table, old: bytes | None) -> Stored | None:
        """What takes the place of `old`; None for nothing. Raises ValidationFailed where it would be no item of this table."""

    def apply_at(self, tx: Transaction, table: Table, key: Key) -> Outcome:
        """Writes the item at `key`; whether the table has throughput for it is the caller's to ask. Raises ValidationFailed, one of
        NOT_MET, ItemCollectionSizeLimitExceededException."""
        if self.condition is not None:
            check_scalar_keys(table, paths_in(self.condition))
        old = read(tx, self.ctx, table, key)
        requested.require(self.condition, self.request, old)
        return self.change(tx, table, key, old)

    def change(self, tx: Transaction, table: Table, key: Key, old: bytes | None) -> Outcome:
        """Puts what is made in the place of `old`."""
        new = self.made(table, old)
        return Outcome(table, key, old, new, replace(tx, self.ctx, table, key, old, new, self.now))


class KeyedWrite(ItemWrite):
    """A write that names its item by `Key`."""

    __slots__ = ("_key_item",)

    def __init__(self, ctx: Context, request: Mapping[str, Any]) -> None:
        super().__init__(ctx, request)
        self._key_item, _ = check_item(request["Key"])

    @property
    def key_item(self) -> Item:
        return self._key_item

    def key(self, table: Table) -> Key:
        check_key(table, self._key_item)
        return item_key(table, self._key_item)


class _NotMet(Exception):
    """Leaves the transaction where the item is not as the write wants it. That costs what is there."""

    def __init__(self, table: Table, key: Key, cost: Cost, error: ServiceError) -> None:
        self.table = table
        self.key = key
        self.cost = cost
        self.error = error


async def write_alone(write: ItemWrite) -> tuple[Outcome, dict[str, Any]]:
    """Runs a write that is a request of its own, and the members that the answers of all such requests share.

    docs: Developer Guide, "Conditional writes": one whose condition does not hold uses the units of the item that is there, at least 1.
    """
    ctx, request = write.ctx, write.request

    def run(tx: Transaction) -> tuple[Outcome, dict[str, Any] | None]:
        table = table_of_items(tx, ctx, write.name)
        key = write.key(table)
        try:
            done = write.apply_at(tx, table, key)
        except NOT_MET as error:
            cost = Cost(write_units(stored_size(read(tx, ctx, table, key))))
            throttle.admit(ctx, table, "Write", cost, key, write.now)
            raise _NotMet(table, key, cost, error) from None
        throttle.admit(ctx, table, "Write", done.cost, key, write.now)
        return done, requested.collection_metrics(tx, ctx, request, table, key, write.key_item)

    try:
        done, metrics = await ctx.store.transact(run)
    except _NotMet as failed:
        throttle.spend(ctx, failed.table, "Write", failed.cost, failed.key)
        raise failed.error from None
    throttle.spend(ctx, done.table, "Write", done.cost, done.key)
    answer = {
        "ConsumedCapacity": consumed(request.get("ReturnConsumedCapacity"), request["TableName"], done.cost),
        "ItemCollectionMetrics": metrics,
    }
    return done, answer
