"""PutRetentionPolicy, DeleteRetentionPolicy. Readers leave out what is past its retention; writers and a task delete it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.logs.access import on_group
from atoll.services.logs.errors import InvalidParameterException
from atoll.services.logs.store import get_group, put_group

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import DeleteRetentionPolicyRequestTypeDef, PutRetentionPolicyRequestTypeDef

DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


@operation("PutRetentionPolicy", access=[on_group("PutRetentionPolicy")])
async def put_retention_policy(ctx: Context, request: PutRetentionPolicyRequestTypeDef) -> None:
    """docs: API_PutRetentionPolicy. Raises InvalidParameterException for a number of days that AWS does not offer."""
    days = request["retentionInDays"]
    if days not in DAYS:
        raise InvalidParameterException(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(map(str, DAYS))}]"
        )
    task_id = ctx.ids.uuid()

    def put(tx: Transaction) -> None:
        group = get_group(tx, ctx, request["logGroupName"])
        put_group(tx, ctx, msgspec.structs.replace(group, retention=days))
        tasks.start(tx, task_id, "logs.expire", ctx.account, ctx.region, {"group": group.name})

    await ctx.store.transact(put)


@operation("DeleteRetentionPolicy", access=[on_group("DeleteRetentionPolicy")])
async def delete_retention_policy(ctx: Context, request: DeleteRetentionPolicyRequestTypeDef) -> None:
    """docs: API_DeleteRetentionPolicy. The group's lines then never expire."""

    def delete(tx: Transaction) -> None:
        put_group(tx, ctx, msgspec.structs.replace(get_group(tx, ctx, request["logGroupName"]), retention=None))

    await ctx.store.transact(delete)
