"""TransactGetItems: up to 100 items as they are at one moment. docs: API_TransactGetItems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.dynamodb.conditions import READS_ITEM
from atoll.services.dynamodb.items.get_item import Get
from atoll.services.dynamodb.items.transactions import actions, run_reads
from atoll.services.dynamodb.permissions import on_table

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import TransactGetItemsInputTypeDef


@operation("TransactGetItems", access=[on_table("GetItem", conditions=READS_ITEM, each=actions("Get"))])
async def transact_get_items(ctx: Context, request: TransactGetItemsInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, TransactionCanceledException. `Responses` has no `Item` where there is none."""
    gets = [Get(ctx, action["Get"]) for action in request["TransactItems"]]
    found = await run_reads(ctx, gets, request)
    return {
        "Responses": [{"Item": get.shown(raw)} for get, raw in zip(gets, found.raws, strict=True)],
        "ConsumedCapacity": found.consumed,
    }
