"""Writes of one item: the way that PutItem, UpdateItem, DeleteItem, batches, transactions and PartiQL share.

A write is made from a request (or from its part in a transaction), whereby all that the request alone decides is checked; `apply` does
the rest in a store transaction. It may run more than once, and several writes may be applied in one transaction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from atoll.kernel.context import Context
from atoll.kernel.keys import Key
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb import throttle
from atoll.services.dynamodb.access import item_table
from atoll.services.dynamodb.expressions.legacy import check_conditional_operator
from atoll.services.dynamodb.expressions.nodes import Condition, paths_in
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.capacity import Cost, consumed
from atoll.services.dynamodb.items.item_rules import check_item, check_key, check_scalar_keys
from atoll.services.dynamodb.items.keys import item_key
from atoll.services.dynamodb.items.storage import Stored, read, replace
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

    def apply(self, tx: Transaction) -> Outcome:
        """Writes. Raises ResourceNotFoundException, ValidationFailed, ConditionalCheckFailedException,
        ProvisionedThroughputExceededException, ItemCollectionSizeLimitExceededException."""
        ctx = self.ctx
        table = table_of_items(tx, ctx, self.name)
        key = self.key(table)
        if self.condition is not None:
            check_scalar_keys(table, paths_in(self.condition))
        old = read(tx, ctx, table, key)
        requested.require(self.condition, self.request, old)
        new = self.made(table, old)
        cost = replace(tx, ctx, table, key, old, new, self.now)
        throttle.admit(ctx, table, "Write", cost)
        return Outcome(table, key, old, new, cost)


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


async def write_alone(write: ItemWrite) -> tuple[Outcome, dict[str, Any]]:
    """Runs a write that is a request of its own, and the members that the answers of all such requests share."""
    ctx, request = write.ctx, write.request

    def run(tx: Transaction) -> tuple[Outcome, dict[str, Any] | None]:
        done = write.apply(tx)
        return done, requested.collection_metrics(tx, ctx, request, done.table, done.key, write.key_item)

    done, metrics = await ctx.store.transact(run)
    throttle.spend(ctx, done.table, "Write", done.cost)
    answer = {
        "ConsumedCapacity": consumed(request.get("ReturnConsumedCapacity"), request["TableName"], done.cost),
        "ItemCollectionMetrics": metrics,
    }
    return done, answer
