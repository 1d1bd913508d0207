"""Global tables, of which there are none: those of version 2017.11.29 AWS no longer makes, and UpdateTable makes no replicas here.

docs: Developer Guide, "Global tables", "Global tables version 2017.11.29 (Legacy)".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.service import Access, operation
from atoll.services.dynamodb.access import named_table
from atoll.services.dynamodb.errors import GlobalTableNotFoundException, ResourceNotFoundException, invalid
from atoll.services.dynamodb.permissions import on_table

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        CreateGlobalTableInputTypeDef,
        DescribeGlobalTableInputTypeDef,
        DescribeGlobalTableSettingsInputTypeDef,
        DescribeTableReplicaAutoScalingInputTypeDef,
        ListGlobalTablesInputTypeDef,
        UpdateGlobalTableInputTypeDef,
        UpdateGlobalTableSettingsInputTypeDef,
        UpdateTableReplicaAutoScalingInputTypeDef,
    )

_LEGACY = (
    "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version "
    "2019.11.21, instead of version 2017.11.29 (Legacy)."
)


def _global_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    return f"arn:aws:dynamodb::{ctx.account}:global-table/{request.get('GlobalTableName') or ''}"


def _replica_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    return ctx.arn(f"table/{request.get('GlobalTableName') or ''}")


def _changes(action: str) -> list[Access]:
    return [
        Access(f"dynamodb:{action}", resource=_global_arn),
        on_table(action, resource=_replica_arn),
    ]


@operation("CreateGlobalTable", access=_changes("CreateGlobalTable"))
async def create_global_table(_ctx: Context, _request: CreateGlobalTableInputTypeDef) -> None:
    """Raises ValidationFailed."""
    raise invalid(_LEGACY)


@operation("DescribeGlobalTable", access=[Access("dynamodb:DescribeGlobalTable", resource=_global_arn)])
async def describe_global_table(_ctx: Context, request: DescribeGlobalTableInputTypeDef) -> None:
    """Raises GlobalTableNotFoundException."""
    raise GlobalTableNotFoundException(f"Global table not found: {_no_such(request['GlobalTableName'])}")


@operation("DescribeGlobalTableSettings", access=[Access("dynamodb:DescribeGlobalTableSettings", resource=_global_arn)])
async def describe_global_table_settings(_ctx: Context, request: DescribeGlobalTableSettingsInputTypeDef) -> None:
    """Raises GlobalTableNotFoundException."""
    raise GlobalTableNotFoundException(_no_such(request["GlobalTableName"]))


@operation("ListGlobalTables", access=[Access("dynamodb:ListGlobalTables")])
async def list_global_tables(_ctx: Context, _request: ListGlobalTablesInputTypeDef) -> dict[str, Any]:
    """There are none."""
    return {"GlobalTables": []}


@operation("UpdateGlobalTable", access=_changes("UpdateGlobalTable"))
async def update_global_table(_ctx: Context, request: UpdateGlobalTableInputTypeDef) -> None:
    """Raises ValidationFailed, GlobalTableNotFoundException."""
    updates = request["ReplicaUpdates"]
    if not updates:
        raise ValidationFailed("One or more parameter values were invalid")
    if any(update.get("Create") for update in updates):
        raise invalid(_LEGACY)
    raise GlobalTableNotFoundException(f"Global table not found: {_no_such(request['GlobalTableName'])}")


@operation("UpdateGlobalTableSettings", access=_changes("UpdateGlobalTableSettings"))
async def update_global_table_settings(_ctx: Context, request: UpdateGlobalTableSettingsInputTypeDef) -> None:
    """Raises GlobalTableNotFoundException."""
    raise GlobalTableNotFoundException(_no_such(request["GlobalTableName"]))


@operation("DescribeTableReplicaAutoScaling", access=[on_table("DescribeTableReplicaAutoScaling")])
async def describe_table_replica_auto_scaling(
    ctx: Context, request: DescribeTableReplicaAutoScalingInputTypeDef
) -> None:
    """Raises ResourceNotFoundException, as AWS does for every table that has no replicas."""
    _, name = named_table(ctx, request["TableName"])
    raise ResourceNotFoundException(_no_such(name))


@operation("UpdateTableReplicaAutoScaling", access=[on_table("UpdateTableReplicaAutoScaling")])
async def update_table_replica_auto_scaling(ctx: Context, request: UpdateTableReplicaAutoScalingInputTypeDef) -> None:
    """Raises ResourceNotFoundException, as AWS does for every table that has no replicas."""
    _, name = named_table(ctx, request["TableName"])
    raise ResourceNotFoundException(_no_such(name))


def _no_such(name: str) -> str:
    return f"Global table with name: '{name}' does not exist."
