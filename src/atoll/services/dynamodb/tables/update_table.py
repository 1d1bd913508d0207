"""UpdateTable: billing, throughput, table class, deletion protection, encryption and streams. docs: API_UpdateTable.

Changes of indexes (but for their throughput) and replicas are refused. The answer says UPDATING where AWS's does; the
change is done with it.
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
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.permissions import on_table
from atoll.services.dynamodb.store import (
    PAY_PER_REQUEST,
    TABLES,
    Index,
    Table,
    Throughput,
    Totals,
    table_described,
    table_key,
)
from atoll.services.dynamodb.streams import lifecycle
from atoll.services.dynamodb.tables import schema, throughput
from atoll.services.dynamodb.tables.description import describe
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


@operation(
    "UpdateTable",
    access=[on_table("UpdateTable")],
    not_honoured={
        "ProvisionedThroughput": throughput.NOT_THROTTLED,
        "OnDemandThroughput": throughput.NOT_THROTTLED,
        "WarmThroughput": throughput.NOT_THROTTLED,
        "SSESpecification.Enabled": throughput.NOT_ENCRYPTED,
    },
)
async def update_table(ctx: Context, request: UpdateTableInputTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, ValidationFailed."""
    ctx, name = named_table(ctx, request["TableName"])
    _check(request)
    now = ctx.clock.now()
    stream = lifecycle.switch(ctx, request.get("StreamSpecification"))

    def write(tx: Transaction) -> tuple[Table, dict[str, Totals]]:
        table = lifecycle.switched(tx, ctx, table_described(tx, ctx, name), stream)
        changed = _changed(ctx, table, request, now)
        tx.set(table_key(ctx, name), TABLES.encode(changed))
        return _answered(table, changed, now), all_totals(tx, ctx, table)

    table, figures = await ctx.store.transact(write)
    # Deletion protection is a switch; everything else takes AWS a while.
    status = "ACTIVE" if request.get("DeletionProtectionEnabled") is not None else "UPDATING"
    return {"TableDescription": describe(ctx, table, status, figures)}


def _answered(before: Table, after: Table, now: float) -> Table:
    """The table as the answer shows it: AWS's units are still those from before, until it is done with their change."""
    if before.billing_mode != after.billing_mode:
        return after
    return msgspec.structs.replace(after, provisioned=before.provisioned, decreases=before.decreases_on(now))


def _check(request: Mapping[str, Any]) -> None:
    """What is wrong with the request whatever the table is."""
    given = [member for member in _CHANGES if request.get(member) not in (None, [])]
    if not given:
        raise ValidationFailed(_NOTHING)
    for member, message in _ALONE.items():
        if member in given and len(given) > 1:
            raise invalid(message)
    if "OnDemandThroughput" in given and not {*given} <= {"OnDemandThroughput", "BillingMode"}:
        raise invalid("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request")
    throughput.check_stream(
        request.get("StreamSpecification"),
        "If stream is being enabled then UpdateViewType is required",
        "If stream is being disabled, then UpdateViewType must not be specified",
    )
    for member in _REFUSED:
        if request.get(member):
            raise NotImplementedByAtoll(f"dynamodb: UpdateTable {member}")
    _check_index_updates(request.get("GlobalSecondaryIndexUpdates"))


def _check_index_updates(updates: list[dict[str, Any]] | None) -> None:
    seen: set[str] = set()
    for update in updates or ():
        actions = [action for action in ("Update", "Create", "Delete") if update.get(action)]
        if not actions:
            raise invalid(
                "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null"
            )
        if len(actions) > 1:
            raise invalid("Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object")
        name = update[actions[0]]["IndexName"]
        if name in seen:
            raise invalid(f"Only one global secondary index update per index is allowed simultaneously. Index: {name}")
        seen.add(name)
        if actions[0] != "Update":
            raise NotImplementedByAtoll(f"dynamodb: UpdateTable GlobalSecondaryIndexUpdates.{actions[0]}")


def _changed(ctx: Context, table: Table, request: Mapping[str, Any], now: float) -> Table:
    """The table after the update. Raises ValidationFailed where it does not fit the table."""
    change: dict[str, Any] = {}
    if request.get("DeletionProtectionEnabled") is not None:
        change["deletion_protection"] = request["DeletionProtectionEnabled"]
    if table_class := request.get("TableClass"):
        change |= {"table_class": table_class, "table_class_since": now}
    if request.get("SSESpecification") is not None:
        change["sse_key_arn"] = _new_key(ctx, table, request["SSESpecification"])
    billing_mode = request.get("BillingMode") or table.billing_mode
    change |= _billing(table, request, billing_mode, now)
    if on_demand := request.get("OnDemandThroughput"):
        throughput.check_on_demand(on_demand, billing_mode)
        before = table.on_demand or Throughput(-1, -1)
        after = Throughput(
            on_demand.get("MaxReadRequestUnits", before.read), on_demand.get("MaxWriteRequestUnits", before.write)
        )
        change["on_demand"] = None if after == Throughput(-1, -1) else after
    if request.get("WarmThroughput"):
        change["warm"] = schema.warm(request["WarmThroughput"])
    return msgspec.structs.replace(table, **change)


def _new_key(ctx: Context, table: Table, given: Mapping[str, Any]) -> str:
    key = throughput.encryption_key(ctx, given)
    if key == table.sse_key_arn:
        if not key:
            raise invalid("Table is already encrypted by default")
        raise invalid(
            "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to "
            "change Master Key"
        )
    return key


def _billing(table: Table, request: Mapping[str, Any], billing_mode: str, now: float) -> dict[str, Any]:
    """Changes of billing mode and provisioned throughput, of the table and its indexes."""
    given, updates = request.get("ProvisionedThroughput"), _index_updates(table, request)
    if billing_mode == PAY_PER_REQUEST:
        if given:
            raise invalid(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        if any("ProvisionedThroughput" in update for update in updates.values()):
            raise invalid(
                f"Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: {next(iter(updates))} "
                "when BillingMode is PAY_PER_REQUEST"
            )
        indexes = tuple(_index(index, updates.get(index.name), Throughput()) for index in table.indexes)
        if table.billing_mode == PAY_PER_REQUEST:
            return {"indexes": indexes}
        return {"billing_mode": billing_mode, "on_demand_since": now, "provisioned": Throughput(), "indexes": indexes}
    if not given and table.billing_mode == PAY_PER_REQUEST:
        raise invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
    if table.billing_mode == PAY_PER_REQUEST:
        for index in table.indexes:
            if not index.local and "ProvisionedThroughput" not in updates.get(index.name, {}):
                raise invalid(f"ProvisionedThroughput must be specified for index: {index.name}")
    change: dict[str, Any] = {
        "billing_mode": billing_mode,
        "indexes": tuple(_index(index, updates.get(index.name), index.provisioned) for index in table.indexes),
    }
    if given:
        change |= _provisioned(table, throughput.units(given), now)
    return change


def _provisioned(table: Table, units: Throughput, now: float) -> dict[str, Any]:
    before = table.provisioned
    if units == before:
        raise ValidationFailed(
            "The provisioned throughput for the table will not change. The requested value equals the current value. "
            f"Current ReadCapacityUnits provisioned for the table: {before.read}. "
            f"Requested ReadCapacityUnits: {units.read}. "
            f"Current WriteCapacityUnits provisioned for the table: {before.write}. "
            f"Requested WriteCapacityUnits: {units.write}. Refer to the Amazon DynamoDB Developer Guide for current "
            "limits and how to request higher limits."
        )
    change: dict[str, Any] = {"provisioned": units}
    if units.read > before.read or units.write > before.write:
        change["last_increase"] = now
    if units.read < before.read or units.write < before.write:
        change |= {"last_decrease": now, "decreases": table.decreases_on(now) + 1}
    return change


def _index_updates(table: Table, request: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    updates = {
        update["Update"]["IndexName"]: update["Update"] for update in request.get("GlobalSecondaryIndexUpdates") or ()
    }
    known = {index.name for index in table.indexes if not index.local}
    for name in updates:
        if name not in known:
            raise ValidationFailed(f"Cannot update an index that is not a GlobalSecondaryIndex: {name}")
    return updates


def _index(index: Index, update: Mapping[str, Any] | None, provisioned: Throughput) -> Index:
    """The index after the update; a local one has no throughput of its own."""
    if index.local:
        return index
    update = update or {}
    if given := update.get("ProvisionedThroughput"):
        provisioned = throughput.units(given, index.name)
    return msgspec.structs.replace(
        index,
        provisioned=provisioned,
        on_demand=schema.on_demand(update.get("OnDemandThroughput")) or index.on_demand,
        warm=schema.warm(update.get("WarmThroughput")) or index.warm,
    )
