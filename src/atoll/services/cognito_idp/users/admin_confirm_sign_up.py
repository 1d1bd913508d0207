"""AdminConfirmSignUp: an administrator confirms a sign-up without its code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.services.cognito_idp.pools.find import on_pool
from atoll.services.cognito_idp.users import confirmation
from atoll.services.cognito_idp.users.find import pool_and_user

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import AdminConfirmSignUpRequestTypeDef


@operation("AdminConfirmSignUp", access=[on_pool("AdminConfirmSignUp")])
async def admin_confirm_sign_up(ctx: Context, request: AdminConfirmSignUpRequestTypeDef) -> dict[str, Any]:
    """docs: API_AdminConfirmSignUp. Verifies no address. Raises NotAuthorizedException, and the errors of the trigger."""
    pool, user = await pool_and_user(ctx, request["UserPoolId"], request["Username"])
    now = ctx.clock.now()
    confirmed = await ctx.store.transact(lambda tx: confirmation.confirm(tx, ctx, pool, user, None, now))
    metadata = request.get("ClientMetadata")
    await confirmation.tell(ctx, pool, "", "PostConfirmation_ConfirmSignUp", confirmed, metadata)
    return {}
