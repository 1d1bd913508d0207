"""UpdateTable: billing, throughput, global indexes, table class, deletion protection,
encryption and streams. docs: API_UpdateTable.

Replicas are refused. The answer says UPDATING where AWS's does; the change is done with it, but for indexes that come and go: those
are seen coming and going.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll, ValidationFailed
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.dynamodb.access import named_table
from atoll.services.dynamodb.errors import LimitExceededException, invalid
from atoll.services.dynamodb.limits import require_room
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import (
    DAY,
    PAY_PER_REQUEST,
    TABLES,
    Index,
    Table,
    Totals,
    table_described,
    table_key,
)
from atoll.services.dynamodb.streams import lifecycle
from atoll.services.dynamodb.tables import encryption, index_tasks, index_updates, throughput
from atoll.services.dynamodb.tables.description import describe
from atoll.services.dynamodb.tables.index_updates import Updates
from atoll.services.dynamodb.tables.tables import all_totals

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import UpdateTableInputTypeDef

_NOTHING = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
    "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
)
_CHANGES = (
    "ProvisionedThroughput", "BillingMode", "StreamSpecification", "GlobalSecondaryIndexUpdates", "SSESpecification",
    "ReplicaUpdates", "MultiRegionConsistency", "DeletionProtectionEnabled", "OnDemandThroughput", "WarmThroughput",
    "TableClass", "GlobalTableWitnessUpdates", "GlobalTableSettingsReplicationMode",
)  # fmt: skip
_REFUSED = (
    "ReplicaUpdates",
    "MultiRegionConsistency",
    "GlobalTableWitnessUpdates",
    "GlobalTableSettingsReplicationMode",
)
_ALONE = {
    "SSESpecification": "Server-Side Encryption modification must be the only operation in the request",
    "TableClass": "TableClass modification must be the only operation in the request",
    "DeletionProtectionEnabled": "DeletionProtection modification must be the only operation in the request",
    "WarmThroughput": "WarmThroughput must be the only operation in the request",
}
_TAKES_A_WHILE = ("ProvisionedThroughput", "BillingMode", "StreamSpecification", "TableClass")
"""What makes AWS's answer say that the table is UPDATING; coming and going indexes do as well."""
CLASS_CHANGES, CLASS_WINDOW = 2, 30 * DAY


@operation(
    "UpdateTable",
    access=[on_table("UpdateTable")],
    not_honoured={"SSESpecification.Enabled": encryption.NOT_ENCRYPTED},
)
async def update_table(ctx: Context, request: UpdateTableInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, ValidationFailed, ResourceInUseException, LimitExceededException."""
    ctx, name = named_table(ctx, request["TableName"])
    updates = index_updates.read_updates(request.get("GlobalSecondaryIndexUpdates"))
    _check(request, updates)
    stream = lifecycle.switch(ctx, request.get("StreamSpecification"))
    now, index_id, task_id = ctx.clock.now(), ctx.ids.lower(8), ctx.ids.uuid()

    def write(tx: Transaction) -> tuple[Table, dict[str, Totals]]:
        table = lifecycle.switched(tx, ctx, table_described(tx, ctx, name), stream)
        changed = _changed(ctx, table, request, updates, index_id, now)
        if _units(changed) != _units(table):
            require_room(tx, ctx, changed)
        tx.set(table_key(ctx, name), TABLES.encode(changed))
        index_tasks.begin(tx, ctx, table, changed, task_id)
        return _answered(table, changed, now), all_totals(tx, ctx, changed)

    table, figures = await ctx.store.transact(write)
    updating = any(request.get(member) is not None for member in _TAKES_A_WHILE)
    return {"TableDescription": describe(ctx, table, "UPDATING" if updating else table.status, figures)}


def _answered(before: Table, after: Table, now: float) -> Table:
    """The table as the answer shows it: AWS's units are still those from before, until it is done with their change."""
    if before.billing_mode != after.billing_mode:
        return after
    old = {index.id: index for index in before.indexes}
    indexes = tuple(_index_answered(old[index.id], index, now) if index.id in old else index for index in after.indexes)
    return msgspec.structs.replace(
        after, provisioned=before.provisioned, decreases=before.decreases_on(now), indexes=indexes
    )


def _index_answered(before: Index, after: Index, now: float) -> Index:
    if before.provisioned == after.provisioned:
        return after
    return msgspec.structs.replace(
        after, provisioned=before.provisioned, decreases=before.decreases_on(now), state="UPDATING"
    )


def _units(table: Table) -> list[Any]:
    return [part.provisioned for part in (table, *table.indexes)]


def _check(request: Mapping[str, Any], updates: Updates) -> None:
    """What is wrong with the request whatever the table is."""
    given = [member for member in _CHANGES if request.get(member) not in (None, [])]
    if not given:
        raise ValidationFailed(_NOTHING)
    if request.get("GlobalSecondaryIndexUpdates") == []:
        raise invalid("List of GlobalSecondaryIndexUpdates is empty")
    if "WarmThroughput" in given and updates.create:
        raise invalid("Create global secondary index cannot be specified when updating WarmThroughput")
    for member, message in _ALONE.items():
        if member in given and len(given) > 1:
            raise invalid(message)
    if "OnDemandThroughput" in given and not {*given} <= {"OnDemandThroughput", "BillingMode"}:
        raise invalid("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request")
    if "StreamSpecification" in given and (
        "ProvisionedThroughput" in given or request.get("BillingMode") not in (None, PAY_PER_REQUEST)
    ):
        raise invalid("You cannot modify stream status while updating table IOPS")
    for member, doing in (
        ("ProvisionedThroughput", "updating table IOPS"),
        ("StreamSpecification", "changing stream status"),
    ):
        if updates.online and member in given:
            raise invalid(f"You cannot create or delete index while {doing}")
    throughput.check_stream(
        request.get("StreamSpecification"),
        "If stream is being enabled then UpdateViewType is required",
        "If stream is being disabled, then UpdateViewType must not be specified",
    )
    for member in _REFUSED:
        if request.get(member):
            raise NotImplementedByAtoll(
                f"Atoll does not implement {member} of dynamodb:UpdateTable: tables have no replicas."
            )


def _changed(
    ctx: Context, table: Table, request: Mapping[str, Any], updates: Updates, index_id: str, now: float
) -> Table:
    """The table after the update. Raises what does not fit the table."""
    billing_mode, given = request.get("BillingMode") or table.billing_mode, request.get("ProvisionedThroughput")
    on_demand, warm = request.get("OnDemandThroughput"), request.get("WarmThroughput")
    iops = given is not None or billing_mode != table.billing_mode
    index_updates.check_free(table, updates, iops=iops, maximum=on_demand is not None)
    change: dict[str, Any] = {}
    if request.get("DeletionProtectionEnabled") is not None:
        change["deletion_protection"] = request["DeletionProtectionEnabled"]
    if table_class := request.get("TableClass"):
        change |= _table_class(table, table_class, now)
    if request.get("SSESpecification") is not None:
        change["sse_key_arn"] = encryption.other_key(ctx, table, request["SSESpecification"])
    change |= _billing(ctx, table, request, billing_mode, now)
    definitions = request.get("AttributeDefinitions")
    change |= index_updates.applied(ctx, table, updates, definitions, billing_mode, index_id, now)
    if on_demand:
        change["on_demand"] = throughput.on_demand(
            ctx, on_demand, billing_mode, change.get("on_demand", table.on_demand)
        )
    if warm:
        change["warm"] = throughput.warmed(ctx, warm, billing_mode, table)
    return msgspec.structs.replace(table, **change)


def _table_class(table: Table, wanted: str, now: float) -> dict[str, Any]:
    """A change of the table class; AWS allows two in thirty days."""
    recent = tuple(at for at in table.table_class_changes if at > now - CLASS_WINDOW)
    if len(recent) >= CLASS_CHANGES:
        raise LimitExceededException(
            f"Subscriber limit exceeded: Updates to TableClass are limited to {CLASS_CHANGES} times in 30 day(s)."
        )
    if wanted == (table.table_class or "STANDARD"):
        return {}
    return {"table_class": wanted, "table_class_since": now, "table_class_changes": (*recent, now)}


def _billing(ctx: Context, table: Table, request: Mapping[str, Any], billing_mode: str, now: float) -> dict[str, Any]:
    """Changes of billing mode and provisioned throughput of the table."""
    given, switched = request.get("ProvisionedThroughput"), billing_mode != table.billing_mode
    if billing_mode == PAY_PER_REQUEST:
        if given:
            raise invalid(
                "ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST"
                if request.get("BillingMode")
                else "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        change = {"billing_mode": billing_mode, "on_demand_since": now}
        return change | throughput.switched(table, table.billing_mode) if switched else {}
    if not given:
        if request.get("BillingMode"):
            raise invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
        return {}
    units = throughput.units(ctx, given)
    if switched:
        return throughput.switched(table, table.billing_mode) | {"billing_mode": billing_mode, "provisioned": units}
    warm = {"warm": throughput.warm_now(table, billing_mode)}
    return warm | throughput.reprovisioned(table, units, now)
