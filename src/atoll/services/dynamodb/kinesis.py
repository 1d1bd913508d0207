"""Kinesis streaming destinations: no table has one, for there is no Kinesis here. docs: API_KinesisDataStreamDestination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.service import operation
from atoll.services.dynamodb.access import own_table
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import table_described

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        DescribeKinesisStreamingDestinationInputTypeDef,
        KinesisStreamingDestinationInputTypeDef,
        UpdateKinesisStreamingDestinationInputTypeDef,
    )

_STATE = "Table is not in a valid state to enable Kinesis Streaming Destination: "


@operation("DescribeKinesisStreamingDestination", access=[on_table("DescribeKinesisStreamingDestination")])
async def describe_kinesis_streaming_destination(
    ctx: Context, request: DescribeKinesisStreamingDestinationInputTypeDef
) -> dict[str, Any]:
    """Raises ResourceNotFoundException."""
    return {"TableName": await _table(ctx, request["TableName"]), "KinesisDataStreamDestinations": []}


@operation("DisableKinesisStreamingDestination", access=[on_table("DisableKinesisStreamingDestination")])
async def disable_kinesis_streaming_destination(ctx: Context, request: KinesisStreamingDestinationInputTypeDef) -> None:
    """Raises ResourceNotFoundException, ValidationFailed: no destination is active."""
    await _table(ctx, request["TableName"])
    raise ValidationFailed(f"{_STATE}KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.")


@operation("UpdateKinesisStreamingDestination", access=[on_table("UpdateKinesisStreamingDestination")])
async def update_kinesis_streaming_destination(
    ctx: Context, request: UpdateKinesisStreamingDestinationInputTypeDef
) -> None:
    """Raises ResourceNotFoundException, ValidationFailed: no destination is active."""
    name = await _table(ctx, request["TableName"])
    raise ValidationFailed(
        f"{_STATE}Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. "
        f"TableName: {name}, kdsArn: {request['StreamArn']}"
    )


async def _table(ctx: Context, given: str) -> str:
    name = own_table(ctx, given)
    return (await ctx.store.read(lambda tx: table_described(tx, ctx, name))).name
