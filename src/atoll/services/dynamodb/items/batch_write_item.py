"""BatchWriteItem: up to 25 puts and deletes in any tables. docs: API_BatchWriteItem.

Unlike AWS's, a batch is one transaction of the store: all that can be written lands together. What finds no capacity left comes back as
UnprocessedItems, in the request's own shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from atoll.kernel.context import Context
from atoll.kernel.errors import ServiceError, ValidationFailed
from atoll.kernel.keys import Key
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.conditions import WRITES_BATCH
from atoll.services.dynamodb.items.batch_get_item import TWICE
from atoll.services.dynamodb.items.delete_item import Delete
from atoll.services.dynamodb.items.item_rules import check_key
from atoll.services.dynamodb.items.keys import key_attributes
from atoll.services.dynamodb.items.put_item import Put
from atoll.services.dynamodb.items.together import Bill, name_an_item_twice, require_items
from atoll.services.dynamodb.items.transactions import Metrics, collection_metrics
from atoll.services.dynamodb.items.writes import ItemWrite, Outcome
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Table
from atoll.services.dynamodb.throttle import THROTTLED

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import BatchWriteItemInputTypeDef

MOST = 25


class _BatchPut(Put):
    """A put whose key AWS checks as that of a delete, before the rest of the item."""

    def key(self, table: Table) -> Key:
        item = self.key_item
        check_key(table, {a.name: item[a.name] for a in key_attributes(table) if a.name in item})
        return super().key(table)


class _Written(NamedTuple):
    outcomes: list[Outcome]
    bill: Bill
    metrics: Metrics


class _Throttled(Exception):
    """Leaves the transaction, so that nothing stays of the writes at these places."""

    def __init__(self, places: set[int], error: ServiceError) -> None:
        self.places = places
        self.error = error


def _tables(request: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The part on each table, for IAM to judge."""
    shared = {"ReturnConsumedCapacity": request.get("ReturnConsumedCapacity")}
    return [
        {**shared, "TableName": name, "Items": _members(part, "PutRequest", "Item"), "Keys": _members(part, "DeleteRequest", "Key")}
        for name, part in (request.get("RequestItems") or {}).items()
    ]  # fmt: skip


def _members(part: Sequence[Mapping[str, Any]] | None, kind: str, member: str) -> list[Mapping[str, Any]]:
    given = [one.get(kind) for one in part or () if one]
    return [item for one in given if one and (item := one.get(member))]


@operation("BatchWriteItem", access=[on_table("BatchWriteItem", conditions=WRITES_BATCH, each=_tables)])
async def batch_write_item(ctx: Context, request: BatchWriteItemInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, ItemCollectionSizeLimitExceededException, ProvisionedThroughputExceededException where
    nothing at all could be written."""
    parts = [(name, one) for name, part in require_items(request, "BatchWriteItem").items() for one in part]
    if len(parts) > MOST:
        raise ValidationFailed("Too many items requested for the BatchWriteItem call")
    writes = [_write(ctx, name, one) for name, one in parts]
    left: set[int] = set()
    now = ctx.clock.now()

    def run(tx: Transaction) -> _Written:
        if name_an_item_twice(tx, writes):
            raise ValidationFailed(TWICE)
        return _apply(tx, {place: write for place, write in enumerate(writes) if place not in left}, request, now)

    while True:
        try:
            done = await ctx.store.transact(run)
            break
        except _Throttled as throttled:
            left |= throttled.places
            if len(left) == len(writes):
                raise throttled.error from None
    done.bill.spend()
    unprocessed: dict[str, list[Any]] = {}
    for place in sorted(left):
        name, one = parts[place]
        unprocessed.setdefault(name, []).append(one)
    return {
        "UnprocessedItems": unprocessed,
        "ItemCollectionMetrics": done.metrics or None,
        "ConsumedCapacity": done.bill.consumed(request.get("ReturnConsumedCapacity")),
    }


def _write(ctx: Context, name: str, one: Mapping[str, Any]) -> ItemWrite:
    if len(one) != 1:
        raise ValidationFailed(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
        )
    if "PutRequest" in one:
        return _BatchPut(ctx, {"TableName": name, **one["PutRequest"]})
    return Delete(ctx, {"TableName": name, **one["DeleteRequest"]})


def _apply(tx: Transaction, writes: Mapping[int, ItemWrite], request: Mapping[str, Any], now: float) -> _Written:
    bill = Bill("Write", now)
    outcomes: list[Outcome] = []
    throttled: _Throttled | None = None
    for place, write in writes.items():
        try:
            done = write.apply(tx)
            bill.add(write.request["TableName"], write.ctx, done.table, done.cost, done.key)
            outcomes.append(done)
        except THROTTLED as error:
            throttled = _Throttled({place} | (throttled.places if throttled else set()), error)
    if throttled is not None:
        raise throttled
    return _Written(outcomes, bill, collection_metrics(tx, request, list(writes.values()), outcomes))
