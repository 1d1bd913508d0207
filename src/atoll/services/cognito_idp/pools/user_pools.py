"""User pools themselves.

docs: API_CreateUserPool, API_DescribeUserPool, API_UpdateUserPool, API_DeleteUserPool, API_ListUserPools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.cognito_idp import names
from atoll.services.cognito_idp.pools import schema, settings
from atoll.services.cognito_idp.pools.find import on_pool, pool_of
from atoll.services.cognito_idp.store import POOLS, Pool, space

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        CreateUserPoolRequestTypeDef,
        DeleteUserPoolRequestTypeDef,
        DescribeUserPoolRequestTypeDef,
    )

_ID = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@operation("CreateUserPool", access=[Access("cognito-idp:CreateUserPool", conditions=adds_tags("UserPoolTags"))])
async def create_user_pool(ctx: Context, request: CreateUserPoolRequestTypeDef) -> dict[str, Any]:
    """Makes a pool. It can be used at once."""
    now = ctx.clock.now()
    pool = Pool(
        id=f"{ctx.region}_{''.join(ctx.ids.random.choices(_ID, k=9))}",
        name=request["PoolName"],
        created=now,
        modified=now,
        settings=settings.new(request),
        schema=schema.schema_of(request.get("Schema", ())),
        mfa_configuration=request.get("MfaConfiguration", "OFF"),
        tags=dict(request.get("UserPoolTags", {})),
    )
    await ctx.store.transact(lambda tx: put_pool(tx, ctx, pool))
    return {"UserPool": await members(ctx, pool)}


@operation("DescribeUserPool", access=[on_pool("DescribeUserPool")])
async def describe_user_pool(ctx: Context, request: DescribeUserPoolRequestTypeDef) -> dict[str, Any]:
    """A pool with all its settings. Raises ResourceNotFoundException."""
    return {"UserPool": await members(ctx, await ctx.store.read(lambda tx: pool_of(tx, ctx, request["UserPoolId"])))}


@operation("DeleteUserPool", access=[on_pool("DeleteUserPool")])
async def delete_user_pool(ctx: Context, request: DeleteUserPoolRequestTypeDef) -> None:
    """Removes a pool."""

    def delete(tx: Transaction) -> None:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        tx.delete((*space(ctx), "pool", pool.id))

    await ctx.store.transact(delete)


def put_pool(tx: Transaction, ctx: Context, pool: Pool) -> None:
    """Writes a pool."""
    tx.set((*space(ctx), "pool", pool.id), POOLS.encode(pool))


async def members(ctx: Context, pool: Pool) -> dict[str, Any]:
    """A pool as DescribeUserPool shows it."""
    return {
        "Id": pool.id,
        "Name": pool.name,
        "LastModifiedDate": pool.modified,
        "CreationDate": pool.created,
        "SchemaAttributes": [schema.members(attribute) for attribute in pool.schema],
        **pool.settings,
        "MfaConfiguration": pool.mfa_configuration,
        "EstimatedNumberOfUsers": 0,
        "UserPoolTags": pool.tags,
        "Domain": pool.domain or None,
        "CustomDomain": pool.custom_domain or None,
        "Arn": names.pool_arn(ctx, pool.id),
    }
