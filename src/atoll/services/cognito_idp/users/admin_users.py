"""AdminGetUser, AdminDeleteUser, AdminEnableUser, AdminDisableUser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.pools.find import on_pool, pool_of
from atoll.services.cognito_idp.users import shown
from atoll.services.cognito_idp.users.find import get_by_name, pool_and_user, put_user, remove_user, sign_out

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        AdminDeleteUserRequestTypeDef,
        AdminDisableUserRequestTypeDef,
        AdminEnableUserRequestTypeDef,
        AdminGetUserRequestTypeDef,
    )


@operation("AdminGetUser", access=[on_pool("AdminGetUser")])
async def admin_get_user(ctx: Context, request: AdminGetUserRequestTypeDef) -> dict[str, Any]:
    """docs: API_AdminGetUser."""
    _, user = await pool_and_user(ctx, request["UserPoolId"], request["Username"])
    members = shown.listed(user)
    return {"UserAttributes": members.pop("Attributes"), **members, **shown.factors(user)}


@operation("AdminDeleteUser", access=[on_pool("AdminDeleteUser")])
async def admin_delete_user(ctx: Context, request: AdminDeleteUserRequestTypeDef) -> None:
    """docs: API_AdminDeleteUser. The user's tokens count no more."""

    def delete(tx: Transaction) -> None:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        remove_user(tx, ctx, pool, get_by_name(tx, ctx, pool, request["Username"]))

    await ctx.store.transact(delete)


@operation("AdminEnableUser", access=[on_pool("AdminEnableUser")])
async def admin_enable_user(ctx: Context, request: AdminEnableUserRequestTypeDef) -> dict[str, Any]:
    """docs: API_AdminEnableUser."""
    return await _enable(ctx, request["UserPoolId"], request["Username"], enabled=True)


@operation("AdminDisableUser", access=[on_pool("AdminDisableUser")])
async def admin_disable_user(ctx: Context, request: AdminDisableUserRequestTypeDef) -> dict[str, Any]:
    """docs: API_AdminDisableUser. The user's sign-ins are revoked, and no new one succeeds."""
    return await _enable(ctx, request["UserPoolId"], request["Username"], enabled=False)


async def _enable(ctx: Context, pool_id: str, name: str, *, enabled: bool) -> dict[str, Any]:
    now = ctx.clock.now()

    def write(tx: Transaction) -> None:
        pool = pool_of(tx, ctx, pool_id)
        user = get_by_name(tx, ctx, pool, name)
        put_user(tx, ctx, pool, replace(user, enabled=enabled, modified=now), user)
        if not enabled:
            sign_out(tx, ctx, pool, user)

    await ctx.store.transact(write)
    return {}
