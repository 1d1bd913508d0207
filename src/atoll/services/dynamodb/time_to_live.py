"""DescribeTimeToLive and UpdateTimeToLive. docs: API_UpdateTimeToLive; Developer Guide, "Using time to live".

A change is done with its answer: the hour that AWS takes, in which it refuses another change, does not exist here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.access import named_table
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import TABLES, table_described, table_key

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import DescribeTimeToLiveInputTypeDef, UpdateTimeToLiveInputTypeDef


@operation("DescribeTimeToLive", access=[on_table("DescribeTimeToLive")])
async def describe_time_to_live(ctx: Context, request: DescribeTimeToLiveInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException."""
    ctx, name = named_table(ctx, request["TableName"])
    attribute = (await ctx.store.read(lambda tx: table_described(tx, ctx, name))).ttl_attribute
    status = "ENABLED" if attribute else "DISABLED"
    return {"TimeToLiveDescription": {"TimeToLiveStatus": status, "AttributeName": attribute or None}}


@operation(
    "UpdateTimeToLive",
    access=[on_table("UpdateTimeToLive")],
    not_honoured={"TimeToLiveSpecification.Enabled": "Atoll does not expire items yet"},
)
async def update_time_to_live(ctx: Context, request: UpdateTimeToLiveInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException; ValidationFailed where nothing would change."""
    ctx, name = named_table(ctx, request["TableName"])
    wanted = request["TimeToLiveSpecification"]

    def write(tx: Transaction) -> None:
        table = table_described(tx, ctx, name)
        current, attribute = table.ttl_attribute, wanted["AttributeName"]
        if current and attribute != current:
            raise ValidationFailed(
                f"TimeToLive is active on a different AttributeName: current AttributeName is {current}"
            )
        if bool(current) == wanted["Enabled"]:
            raise ValidationFailed(f"TimeToLive is already {'enabled' if current else 'disabled'}")
        changed = msgspec.structs.replace(table, ttl_attribute=attribute if wanted["Enabled"] else "")
        tx.set(table_key(ctx, name), TABLES.encode(changed))

    await ctx.store.transact(write)
    return {"TimeToLiveSpecification": dict(wanted)}
