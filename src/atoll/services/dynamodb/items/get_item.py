"""GetItem: one item by its key, or parts of it. docs: API_GetItem.

Every read sees all that was acknowledged before it, so that ConsistentRead changes only what is charged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.access import item_table, table_arn
from atoll.services.dynamodb.conditions import READS_ITEM
from atoll.services.dynamodb.expressions.projection import project
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.capacity import consumed_by_read, read_units
from atoll.services.dynamodb.items.item_rules import check_item, check_key
from atoll.services.dynamodb.items.keys import item_key
from atoll.services.dynamodb.items.storage import decode_item, read, stored_size
from atoll.services.dynamodb.store import table_of_items

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import GetItemInputTypeDef


@operation("GetItem", access=[Access("dynamodb:GetItem", resource=table_arn, conditions=READS_ITEM)])
async def get_item(ctx: Context, request: GetItemInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException. `Item` is absent where there is none."""
    name = item_table(ctx, request["TableName"])
    key_item, _ = check_item(request["Key"])  # type: ignore[arg-type]
    paths = requested.projection(request)

    def find(tx: Reader) -> bytes | None:
        table = table_of_items(tx, ctx, name)
        check_key(table, key_item)
        return read(tx, ctx, table, item_key(table, key_item))

    raw = await ctx.store.read(find)
    item = None if raw is None else decode_item(raw)
    if item is not None and paths is not None:
        item = project(item, paths)
    units = read_units(stored_size(raw), consistent=bool(request.get("ConsistentRead")))
    return {"Item": item, "ConsumedCapacity": consumed_by_read(request, units)}
