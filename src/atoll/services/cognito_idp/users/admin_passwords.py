"""AdminSetUserPassword: an administrator gives a user a password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.pools.find import on_pool
from atoll.services.cognito_idp.store import Status
from atoll.services.cognito_idp.users import new_password
from atoll.services.cognito_idp.users.find import get_by_name, pool_and_user, put_user

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import AdminSetUserPasswordRequestTypeDef


@operation("AdminSetUserPassword", access=[on_pool("AdminSetUserPassword")])
async def admin_set_user_password(ctx: Context, request: AdminSetUserPasswordRequestTypeDef) -> dict[str, Any]:
    """docs: API_AdminSetUserPassword. A permanent one confirms the user; another must be changed at the next sign-in."""
    pool, user = await pool_and_user(ctx, request["UserPoolId"], request["Username"])
    permanent, now = request.get("Permanent", False), ctx.clock.now()
    status: Status = "CONFIRMED" if permanent else "FORCE_CHANGE_PASSWORD"
    kept = await new_password.accepted(ctx, pool, user, request["Password"])

    def write(tx: Transaction) -> None:
        present = get_by_name(tx, ctx, pool, user.sub)
        put_user(tx, ctx, pool, new_password.having(pool, present, kept, status, now, temporary=not permanent), present)

    await ctx.store.transact(write)
    return {}
