"""DescribeTimeToLive and UpdateTimeToLive. docs: API_UpdateTimeToLive; Developer Guide, "Using time to live".

A change is done with its answer (but for a large table's, whose index of expiry times is filled by a task): the interval in which AWS
refuses another change ends there, not after up to an hour. Items expire as `ttl/expiry.py` says: at once, where AWS takes some days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.access import own_table
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import TABLES, table_described, table_key
from atoll.services.dynamodb.ttl import switching

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import DescribeTimeToLiveInputTypeDef, UpdateTimeToLiveInputTypeDef


@operation("DescribeTimeToLive", access=[on_table("DescribeTimeToLive")])
async def describe_time_to_live(ctx: Context, request: DescribeTimeToLiveInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException."""
    name = own_table(ctx, request["TableName"])
    table = await ctx.store.read(lambda tx: table_described(tx, ctx, name))
    status = "DISABLED" if not table.ttl_index else "ENABLED" if table.ttl_filled else "ENABLING"
    return {
        "TimeToLiveDescription": {
            "TimeToLiveStatus": status,
            "AttributeName": table.ttl_attribute if table.ttl_index else None,
        }
    }


@operation("UpdateTimeToLive", access=[on_table("UpdateTimeToLive")])
async def update_time_to_live(ctx: Context, request: UpdateTimeToLiveInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException; ValidationFailed where nothing would change."""
    name = own_table(ctx, request["TableName"])
    wanted = request["TimeToLiveSpecification"]
    drawn = switching.draw(ctx)

    def write(tx: Transaction) -> None:
        table = table_described(tx, ctx, name)
        current, attribute = table.ttl_index and table.ttl_attribute, wanted["AttributeName"]
        if current and attribute != current:
            raise ValidationFailed(
                f"TimeToLive is active on a different AttributeName: current AttributeName is {current}"
            )
        if bool(current) == wanted["Enabled"]:
            raise ValidationFailed(f"TimeToLive is already {'enabled' if current else 'disabled'}")
        if not table.ttl_filled:
            raise ValidationFailed("Time to live has been modified multiple times within a fixed interval")
        changed = (
            switching.enable(tx, ctx, table, attribute, drawn)
            if wanted["Enabled"]
            else switching.disable(tx, ctx, table, drawn)
        )
        tx.set(table_key(ctx, name), TABLES.encode(changed))

    await ctx.store.transact(write)
    return {"TimeToLiveSpecification": dict(wanted)}
