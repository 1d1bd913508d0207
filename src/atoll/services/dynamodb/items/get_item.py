"""GetItem: one item by its key, or parts of it. docs: API_GetItem.

Every read sees all that was acknowledged before it, so that ConsistentRead changes only what is charged.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import Key
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb import throttle
from atoll.services.dynamodb.access import item_table
from atoll.services.dynamodb.conditions import READS_ITEM
from atoll.services.dynamodb.expressions.projection import project
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.capacity import Cost, consumed, read_units
from atoll.services.dynamodb.items.item_rules import check_item, check_key, check_scalar_keys
from atoll.services.dynamodb.items.keys import item_key
from atoll.services.dynamodb.items.storage import decode_item, read, stored_size
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import Item, Table, table_of_items

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import GetItemInputTypeDef


class Get:
    """A read of one item: of a GetItem, or of its part in a batch or transaction. `ctx` is that of the table's account, `given` what
    the request calls the table."""

    __slots__ = ("_key_item", "_paths", "ctx", "given", "name")

    def __init__(self, ctx: Context, request: Mapping[str, Any]) -> None:
        self.given: str = request["TableName"]
        self.ctx, self.name = item_table(ctx, self.given)
        self._key_item, _ = check_item(request["Key"])
        self._paths = requested.projection(request)

    def find(self, tx: Reader) -> tuple[Table, Key, bytes | None]:
        """The table, the item's key, and the stored item. Raises ResourceNotFoundException, ValidationFailed for a key that is not the
        table's."""
        table = table_of_items(tx, self.ctx, self.name)
        key = self.key(table)
        return table, key, read(tx, self.ctx, table, key)

    def key(self, table: Table) -> Key:
        """The key of the item. Raises ValidationFailed where what was given is not the table's."""
        check_key(table, self._key_item)
        if self._paths is not None:
            check_scalar_keys(table, self._paths)
        return item_key(table, self._key_item)

    def at(self, key: Item) -> Get:
        """The same of another item of the table; its key has passed `check_item`."""
        other = copy(self)
        other._key_item = key
        return other

    def shown(self, raw: bytes | None) -> Item | None:
        """What the request wants of the item."""
        item = None if raw is None else decode_item(raw)
        if item is not None and self._paths is not None:
            item = project(item, self._paths)
        return item


async def read_alone(get: Get, *, consistent: bool) -> tuple[bytes | None, Cost]:
    """Runs a read that is a request of its own: the stored item, and what was taken for it from the table's throughput."""
    table, key, raw = await get.ctx.store.read(get.find)
    cost = Cost(read_units(stored_size(raw), consistent=consistent))
    throttle.admit(get.ctx, table, "Read", cost, key)
    throttle.spend(get.ctx, table, "Read", cost, key)
    return raw, cost


@operation("GetItem", access=[on_table("GetItem", conditions=READS_ITEM)])
async def get_item(ctx: Context, request: GetItemInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, ProvisionedThroughputExceededException. `Item` is absent where there is none."""
    get = Get(ctx, request)
    raw, cost = await read_alone(get, consistent=bool(request.get("ConsistentRead")))
    return {
        "Item": get.shown(raw),
        "ConsumedCapacity": consumed(request.get("ReturnConsumedCapacity"), request["TableName"], cost),
    }
