"""CreateTable. docs: API_CreateTable. The answer says CREATING, as AWS's does; the table is usable with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from atoll.kernel import records
from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.dynamodb.access import item_table, own_table, table_arn
from atoll.services.dynamodb.backups.store import find_restoring
from atoll.services.dynamodb.errors import ResourceInUseException, other_regions
from atoll.services.dynamodb.limits import require_room
from atoll.services.dynamodb.resource_policy import kept, write_policy
from atoll.services.dynamodb.store import PAY_PER_REQUEST, PROVISIONED, TABLES, Table, policy_key, table_key, tags_key
from atoll.services.dynamodb.streams import lifecycle
from atoll.services.dynamodb.tables import encryption, schema, throughput
from atoll.services.dynamodb.tables.description import describe
from atoll.services.dynamodb.tags import checked_tags

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import CreateTableInputTypeDef

_REFUSED = ("GlobalTableSourceArn", "GlobalTableSettingsReplicationMode")


def _tagged(ctx: Context, request: Mapping[str, Any]) -> Sequence[str]:
    """Whoever makes a table with tags must be allowed to tag it. docs: "Tagging restrictions in DynamoDB"."""
    return [table_arn(ctx, request)] if request.get("Tags") else []


def _with_policy(ctx: Context, request: Mapping[str, Any]) -> Sequence[str]:
    return [table_arn(ctx, request)] if request.get("ResourcePolicy") else []


@operation(
    "CreateTable",
    access=[
        Access("dynamodb:CreateTable", resource=table_arn, conditions=adds_tags()),
        Access("dynamodb:TagResource", resource=_tagged, conditions=adds_tags()),
        Access("dynamodb:PutResourcePolicy", resource=_with_policy),
    ],
    not_honoured={"SSESpecification.Enabled": encryption.NOT_ENCRYPTED},
)
async def create_table(ctx: Context, request: CreateTableInputTypeDef) -> dict[str, Any]:
    """Raises ValidationFailed; ResourceInUseException where the name is taken; LimitExceededException."""
    name = own_table(ctx, request["TableName"], item_table)
    table = _table(ctx, name, request)
    tags = checked_tags(request.get("Tags") or ())
    stream = lifecycle.switch(ctx, request.get("StreamSpecification"))
    policy = await kept(ctx, request["ResourcePolicy"], of_stream=False) if request.get("ResourcePolicy") else None

    def create(tx: Transaction) -> Table:
        if tx.get(table_key(ctx, name)) is not None:
            raise ResourceInUseException(f"Table already exists: {name}")
        if find_restoring(tx, ctx, name) is not None:
            raise ResourceInUseException(f"Table is being used: {name}")
        require_room(tx, ctx, table)
        made = lifecycle.begin(tx, ctx, table, stream)
        tx.set(table_key(ctx, name), TABLES.encode(made))
        if tags:
            tx.set(tags_key(ctx, name), records.encode(tags))
        if policy is not None:
            write_policy(tx, policy_key(ctx, name), policy, table.created)
        return made

    made = await ctx.store.transact(create)
    return {"TableDescription": describe(ctx, made, "CREATING", {}, settled=False)}


def _table(ctx: Context, name: str, request: CreateTableInputTypeDef) -> Table:
    """The table that the request describes. Raises ValidationFailed; NotImplementedByAtoll for what is not there yet."""
    for member in _REFUSED:
        if request.get(member):
            raise other_regions("CreateTable", member)
    schema.check_given(request)
    billing_mode = request.get("BillingMode") or PROVISIONED
    provisioned = throughput.provisioned(ctx, request)
    on_demand = throughput.on_demand(ctx, request.get("OnDemandThroughput"), billing_mode, creating=True)
    defined = schema.definitions(request)
    partition, sort = schema.table_schema(request, defined)
    indexes = schema.indexes(ctx, request, defined, partition, sort)
    warm = throughput.initially_warm(ctx, request.get("WarmThroughput"), billing_mode, provisioned)
    lifecycle.check_view(
        request.get("StreamSpecification"),
        "Table is being created with a stream enabled, UpdateViewType is required",
        "Table is being created with a stream disabled, UpdateViewType should not be specified",
    )
    now = ctx.clock.now()
    return Table(
        name=name,
        id=ctx.ids.uuid(),
        incarnation=ctx.ids.lower(12),
        created=now,
        definitions=defined,
        partition=partition,
        sort=sort,
        indexes=indexes,
        billing_mode=billing_mode,
        on_demand_since=now if billing_mode == PAY_PER_REQUEST else 0.0,
        provisioned=provisioned,
        on_demand=on_demand,
        warm=warm,
        table_class=request.get("TableClass") or "",
        deletion_protection=bool(request.get("DeletionProtectionEnabled")),
        sse_key_arn=encryption.encryption_key(ctx, request.get("SSESpecification")),
    )
