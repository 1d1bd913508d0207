"""PutItem: creates an item, or replaces the one with the same key. docs: API_PutItem; limits: item_rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.access import item_table, table_arn
from atoll.services.dynamodb.conditions import WRITES_ITEM
from atoll.services.dynamodb.items import requested
from atoll.services.dynamodb.items.capacity import consumed_by_write
from atoll.services.dynamodb.items.item_rules import check_item, check_item_keys
from atoll.services.dynamodb.items.keys import item_key
from atoll.services.dynamodb.items.storage import decode_item, encode_item, read, replace
from atoll.services.dynamodb.store import table_of_items

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import PutItemInputTypeDef


@operation("PutItem", access=[Access("dynamodb:PutItem", resource=table_arn, conditions=WRITES_ITEM)])
async def put_item(ctx: Context, request: PutItemInputTypeDef) -> dict[str, Any]:
    """Raises ConditionalCheckFailedException, ResourceNotFoundException, ItemCollectionSizeLimitExceededException."""
    name = item_table(ctx, request["TableName"])
    returns_old = requested.check_return_values(request)
    item, size = check_item(request["Item"])  # type: ignore[arg-type]
    condition = requested.condition(request)
    new = encode_item(item, size)

    def write(tx: Transaction) -> dict[str, Any]:
        table = table_of_items(tx, ctx, name)
        check_item_keys(table, item)
        key = item_key(table, item)
        old = read(tx, ctx, table, key)
        requested.require(condition, request, old)
        written = replace(tx, ctx, table, key, old, new, item)
        return {
            "Attributes": decode_item(old) if returns_old and old is not None else None,
            "ConsumedCapacity": consumed_by_write(request, written),
            "ItemCollectionMetrics": requested.collection_metrics(tx, ctx, request, table, key, item),
        }

    return await ctx.store.transact(write)
