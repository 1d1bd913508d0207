"""DeleteItem: removes an item, if it is there. docs: API_DeleteItem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.access import item_table, table_arn
from atoll.services.dynamodb.conditions import WRITES_ITEM
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.capacity import consumed_by_write
from atoll.services.dynamodb.items.item_rules import check_item, check_key
from atoll.services.dynamodb.items.keys import item_key
from atoll.services.dynamodb.items.storage import decode_item, read, replace
from atoll.services.dynamodb.store import table_of_items

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import DeleteItemInputTypeDef


@operation("DeleteItem", access=[Access("dynamodb:DeleteItem", resource=table_arn, conditions=WRITES_ITEM)])
async def delete_item(ctx: Context, request: DeleteItemInputTypeDef) -> dict[str, Any]:
    """Raises ConditionalCheckFailedException, ResourceNotFoundException."""
    name = item_table(ctx, request["TableName"])
    returns_old = requested.check_return_values(request)
    key_item, _ = check_item(request["Key"])  # type: ignore[arg-type]
    condition = requested.condition(request)

    def write(tx: Transaction) -> dict[str, Any]:
        table = table_of_items(tx, ctx, name)
        check_key(table, key_item)
        key = item_key(table, key_item)
        old = read(tx, ctx, table, key)
        requested.require(condition, request, old)
        written = replace(tx, ctx, table, key, old, None)
        return {
            "Attributes": decode_item(old) if returns_old and old is not None else None,
            "ConsumedCapacity": consumed_by_write(request, written),
            "ItemCollectionMetrics": requested.collection_metrics(tx, ctx, request, table, key, key_item),
        }

    return await ctx.store.transact(write)
