"""The table that a restore makes: its source's, with what the request overrides. Pure.

docs: API_RestoreTableFromBackup; Developer Guide, "Restoring a table". Streams, time to live, point-in-time recovery, tags, deletion
protection, table class and policies are not restored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.store import PAY_PER_REQUEST, Attribute, Index, Table, Throughput
from atoll.services.dynamodb.tables import encryption, schema, throughput

Given = Mapping[str, Any]


def restored(ctx: Context, source: Table, request: Given) -> Table:
    """The table to be made. Raises ValidationFailed where the overrides do not fit it."""
    billing = request.get("BillingModeOverride") or source.billing_mode
    per_request = billing == PAY_PER_REQUEST
    provisioned = _provisioned(ctx, source, request, per_request)
    on_demand = _on_demand(ctx, source, request, per_request)
    indexes = (
        *_indexes(ctx, source, request.get("LocalSecondaryIndexOverride"), request, local=True),
        *_indexes(ctx, source, request.get("GlobalSecondaryIndexOverride"), request, local=False),
    )
    sse = request.get("SSESpecificationOverride")
    now = ctx.clock.now()
    return Table(
        name=request["TargetTableName"],
        id=ctx.ids.uuid(),
        incarnation=ctx.ids.lower(12),
        created=now,
        definitions=_used(source, indexes),
        partition=source.partition,
        sort=source.sort,
        indexes=indexes,
        billing_mode=billing,
        on_demand_since=now if per_request else 0.0,
        provisioned=provisioned,
        on_demand=on_demand,
        sse_key_arn=source.sse_key_arn if sse is None else encryption.encryption_key(ctx, sse),
    )


def _provisioned(ctx: Context, source: Table, request: Given, per_request: bool) -> Throughput:
    given = request.get("ProvisionedThroughputOverride")
    if per_request:
        if given and request.get("BillingModeOverride"):
            raise _refused("Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST")
        if given:
            raise _refused("Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED")
        return Throughput()
    if given:
        return throughput.units(ctx, given)
    if source.billing_mode == PAY_PER_REQUEST or request.get("BillingModeOverride"):
        raise _refused("Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED")
    return source.provisioned


def _on_demand(ctx: Context, source: Table, request: Given, per_request: bool) -> Throughput | None:
    given = request.get("OnDemandThroughputOverride")
    if not per_request:
        for member in ("MaxReadRequestUnits", "MaxWriteRequestUnits"):
            if (given or {}).get(member) is not None:
                raise _refused(
                    f"Cannot override {member} for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST"
                )
        return None
    return throughput.on_demand(ctx, given, PAY_PER_REQUEST, creating=True) if given else source.on_demand


def _indexes(
    ctx: Context, source: Table, given: Sequence[Given] | None, request: Given, *, local: bool
) -> tuple[Index, ...]:
    """The indexes of one kind: the source's, or those of them that the request lists, perhaps under other names."""
    billing = request.get("BillingModeOverride") or source.billing_mode
    own = [
        msgspec.structs.replace(index, state="ACTIVE")
        for index in source.indexes
        if index.local == local and index.state != "DELETING"
    ]
    if given is None:
        return tuple(_as_billed(index, billing, source.billing_mode) for index in own)
    if not given:
        return ()
    if not local:
        _check_throughput(given, billing)
    kind = "LocalSecondaryIndexes" if local else "GlobalSecondaryIndexes"
    wanted = {kind: given, "BillingMode": billing}
    made = schema.indexes(ctx, wanted, source.definitions, source.partition, source.sort, some=True)
    for index in made:
        if not any(_same(index, other) for other in own):
            raise _refused(
                f"Index {index.name} does not match a secondary index that existed in the source table and cannot be "
                "created during the restore operation"
            )
    return made


def _check_throughput(given: Sequence[Given], billing: str) -> None:
    for index in given:
        if billing == PAY_PER_REQUEST and index.get("ProvisionedThroughput"):
            raise _refused(
                "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST for index "
                f"{index['IndexName']}"
            )
        if billing != PAY_PER_REQUEST and not index.get("ProvisionedThroughput"):
            raise _refused(f"Must specify provisioned throughput for index {index['IndexName']}")


def _as_billed(index: Index, billing: str, before: str) -> Index:
    """A restored index that is not overridden."""
    if index.local or billing == before:
        return index
    if billing != PAY_PER_REQUEST:
        raise _refused(f"Must specify provisioned throughput for index {index.name}")
    return msgspec.structs.replace(index, provisioned=Throughput())


def _same(one: Index, other: Index) -> bool:
    return (one.partition, one.sort, one.projection, set(one.projected)) == (
        other.partition, other.sort, other.projection, set(other.projected),
    )  # fmt: skip


def _used(source: Table, indexes: Sequence[Index]) -> tuple[Attribute, ...]:
    """The attribute definitions that the restored table still needs."""
    used = {source.partition, source.sort, *(key for index in indexes for key in (*index.partition, *index.sort))}
    return tuple(attribute for attribute in source.definitions if attribute in used)


def _refused(detail: str) -> ValidationFailed:
    return ValidationFailed(f"Invalid Request: {detail}")
