"""User pools themselves.

docs: API_CreateUserPool, API_DescribeUserPool, API_UpdateUserPool, API_DeleteUserPool, API_ListUserPools, API_AddCustomAttributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.auth import own_issuers
from atoll.kernel.context import Context
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.cognito_idp import names
from atoll.services.cognito_idp.pools import mfa, removal, schema, settings
from atoll.services.cognito_idp.pools.find import on_pool, pool_of, put_pool
from atoll.services.cognito_idp.pools.pages import page
from atoll.services.cognito_idp.pools.roles import PASS_SMS_ROLE, check_sms_role
from atoll.services.cognito_idp.pools.tags import checked_tags
from atoll.services.cognito_idp.store import POOLS, Pool, space

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        AddCustomAttributesRequestTypeDef,
        CreateUserPoolRequestTypeDef,
        DeleteUserPoolRequestTypeDef,
        DescribeUserPoolRequestTypeDef,
        ListUserPoolsRequestTypeDef,
        UpdateUserPoolRequestTypeDef,
    )

_ID = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_TAGGED = adds_tags("UserPoolTags")
_NOT_HONOURED = {
    "DeviceConfiguration": "Atoll remembers no devices: clients are given no device keys",
    "EmailConfiguration.ConfigurationSet": "mail goes to the region's mailbox",
}


@operation(
    "CreateUserPool",
    access=[Access("cognito-idp:CreateUserPool", conditions=_TAGGED), PASS_SMS_ROLE],
    not_honoured=_NOT_HONOURED,
)
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
        tags=checked_tags(request.get("UserPoolTags", {})),
    )
    pool = msgspec.structs.replace(pool, mfa=mfa.of_settings(pool))
    await check_sms_role(ctx, pool.id, request.get("SmsConfiguration"))

    def create(tx: Transaction) -> None:
        put_pool(tx, ctx, pool)
        # Known from now on, so that who verifies tokens does not look for the pool on the network. Its keys are made when needed.
        own_issuers.put(tx, names.issuer(pool.id), own_issuers.OwnIssuer(ctx.account, ctx.region, own_issuers.NO_KEYS))

    await ctx.store.transact(create)
    return {"UserPool": members(ctx, pool, 0)}


@operation("DescribeUserPool", access=[on_pool("DescribeUserPool")])
async def describe_user_pool(ctx: Context, request: DescribeUserPoolRequestTypeDef) -> dict[str, Any]:
    """A pool with all its settings. Raises ResourceNotFoundException."""

    def read(tx: Reader) -> dict[str, Any]:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        return members(ctx, pool, removal.users(tx, ctx, pool.id))

    return {"UserPool": await ctx.store.read(read)}


@operation("UpdateUserPool", access=[on_pool("UpdateUserPool", _TAGGED), PASS_SMS_ROLE], not_honoured=_NOT_HONOURED)
async def update_user_pool(ctx: Context, request: UpdateUserPoolRequestTypeDef) -> dict[str, Any]:
    """Replaces a pool's settings: what is not named goes back to its default, but for tags, the plan and TOTP."""
    pool = await ctx.store.read(lambda tx: pool_of(tx, ctx, request["UserPoolId"]))
    await check_sms_role(ctx, pool.id, request.get("SmsConfiguration"))
    now = ctx.clock.now()

    def update(tx: Transaction) -> None:
        put_pool(tx, ctx, _updated(pool_of(tx, ctx, request["UserPoolId"]), request, now))

    await ctx.store.transact(update)
    return {}


def _updated(pool: Pool, request: Mapping[str, Any], now: float) -> Pool:
    pool = msgspec.structs.replace(
        pool,
        name=request.get("PoolName", pool.name),
        modified=now,
        settings=settings.updated(pool, request),
        mfa_configuration=request.get("MfaConfiguration", "OFF"),
        tags=checked_tags(request.get("UserPoolTags", pool.tags)),
    )
    return msgspec.structs.replace(pool, mfa=mfa.of_settings(pool))


@operation("DeleteUserPool", access=[on_pool("DeleteUserPool")])
async def delete_user_pool(ctx: Context, request: DeleteUserPoolRequestTypeDef) -> None:
    """Removes a pool with all that is in it; it is gone at once, however many users it has. Raises InvalidParameterException while it
    is protected or has a domain."""
    task = ctx.ids.uuid()

    def delete(tx: Transaction) -> None:
        removal.remove(tx, ctx, pool_of(tx, ctx, request["UserPoolId"]), task)

    await ctx.store.transact(delete)


@operation("ListUserPools", access=[Access("cognito-idp:ListUserPools")])
async def list_user_pools(ctx: Context, request: ListUserPoolsRequestTypeDef) -> dict[str, Any]:
    """A page of the account's pools in this region, by id."""
    prefix = (*space(ctx), "pool")
    return await ctx.store.read(lambda tx: page(tx, request, prefix, POOLS, ("UserPools", _described)))


@operation("AddCustomAttributes", access=[on_pool("AddCustomAttributes")])
async def add_custom_attributes(ctx: Context, request: AddCustomAttributesRequestTypeDef) -> dict[str, Any]:
    """Adds attributes that users may have. They can never be removed. Raises InvalidParameterException."""
    now = ctx.clock.now()

    def add(tx: Transaction) -> None:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        wider = schema.with_custom(pool.schema, request["CustomAttributes"])
        put_pool(tx, ctx, msgspec.structs.replace(pool, schema=wider, modified=now))

    await ctx.store.transact(add)
    return {}


def members(ctx: Context, pool: Pool, users: int) -> dict[str, Any]:
    """A pool as DescribeUserPool shows it."""
    return {
        "Id": pool.id,
        "Name": pool.name,
        "LastModifiedDate": pool.modified,
        "CreationDate": pool.created,
        "SchemaAttributes": [schema.members(attribute) for attribute in pool.schema],
        **pool.settings,
        "MfaConfiguration": pool.mfa_configuration,
        "EstimatedNumberOfUsers": users,
        "UserPoolTags": pool.tags,
        "Domain": pool.domain or None,
        "CustomDomain": pool.custom_domain or None,
        "Arn": names.pool_arn(ctx, pool.id),
    }


def _described(pool: Pool) -> dict[str, Any]:
    return {
        "Id": pool.id,
        "Name": pool.name,
        "LambdaConfig": pool.settings["LambdaConfig"],
        "LastModifiedDate": pool.modified,
        "CreationDate": pool.created,
    }
