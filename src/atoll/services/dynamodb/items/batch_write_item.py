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
from atoll.services.dynamodb.errors import THROTTLED
from atoll.services.dynamodb.items.delete_item import Delete
from atoll.services.dynamodb.items.item_rules import check_key
from atoll.services.dynamodb.items.keys import key_attributes
from atoll.services.dynamodb.items.put_item import Put
from atoll.services.dynamodb.items.together import TWICE, Bill, check_tables, fitting_places
from atoll.services.dynamodb.items.transactions import Metrics, collection_metrics
from atoll.services.dynamodb.items.writes import ItemWrite, Outcome
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import BatchWriteItemInputTypeDef

MOST = 25


class _BatchPut(Put):
    """A put of whose key AWS says what it says of a delete's, before it looks at the rest of the item."""

    def key(self, table: Table) -> Key:
        try:
            return super().key(table)
        except ValidationFailed:
            item = self.key_item
            check_key(table, {a.name: item[a.name] for a in key_attributes(table) if a.name in item})
            raise


class _Written(NamedTuple):
    bill: Bill
    metrics: Metrics


class _Throttled(Exception):
    """Leaves the transaction, so that nothing stays of the writes with these numbers."""

    def __init__(self, numbers: set[int], error: ServiceError) -> None:
        self.numbers = numbers
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
    """Raises ResourceNotFoundException, ItemCollectionSizeLimitExceededException, one of THROTTLED where nothing at all could be
    written."""
    parts = [(name, one) for name, part in request["RequestItems"].items() for one in part]
    if not parts:
        raise ValidationFailed("The requestItems parameter is required for BatchWriteItem")
    check_tables(request["RequestItems"])
    if len(parts) > MOST:
        raise ValidationFailed("Too many items requested for the BatchWriteItem call")
    writes = [_write(ctx, name, one) for name, one in parts]
    left: set[int] = set()
    now = ctx.clock.now()

    def run(tx: Transaction) -> _Written:
        return _apply(tx, writes, left, request, now)

    while True:
        try:
            done = await ctx.store.transact(run)
            break
        except _Throttled as throttled:
            left |= throttled.numbers
            if len(left) == len(writes):
                raise throttled.error from None
    done.bill.spend()
    unprocessed: dict[str, list[Any]] = {}
    for number in sorted(left):
        name, one = parts[number]
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


def _apply(
    tx: Transaction, writes: Sequence[ItemWrite], left: set[int], request: Mapping[str, Any], now: float
) -> _Written:
    """Applies the writes but for those `left`."""
    bill = Bill("Write", now)
    written: list[ItemWrite] = []
    outcomes: list[Outcome] = []
    throttled: _Throttled | None = None
    for number, (write, place) in enumerate(zip(writes, fitting_places(tx, writes, TWICE), strict=True)):
        if number in left:
            continue
        try:
            done = write.apply_at(tx, *place)
            bill.add(write.request["TableName"], write.ctx, place, done.cost)
        except THROTTLED as error:
            throttled = _Throttled({number} | (throttled.numbers if throttled else set()), error)
            continue
        written.append(write)
        outcomes.append(done)
    if throttled is not None:
        raise throttled
    return _Written(bill, collection_metrics(tx, request, written, outcomes))
