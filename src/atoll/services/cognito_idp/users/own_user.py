"""GetUser, DeleteUser: what a user who is signed in sees of himself, and how he leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.tokens.access import by_access_token
from atoll.services.cognito_idp.users import attributes, shown
from atoll.services.cognito_idp.users.find import get_by_name, remove_user

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import DeleteUserRequestTypeDef, GetUserRequestTypeDef


@operation("GetUser", access=())
async def get_user(ctx: Context, request: GetUserRequestTypeDef) -> dict[str, Any]:
    """The attributes that the client may read. docs: API_GetUser."""
    _, _, client, user, _ = await by_access_token(ctx, request["AccessToken"])
    seen = attributes.readable(client, shown.everything(user))
    return {"Username": user.name, "UserAttributes": shown.pairs(seen), **shown.factors(user)}


@operation("DeleteUser", access=())
async def delete_user(ctx: Context, request: DeleteUserRequestTypeDef) -> None:
    """docs: API_DeleteUser."""
    ctx, pool, _, user, _ = await by_access_token(ctx, request["AccessToken"])

    def delete(tx: Transaction) -> None:
        remove_user(tx, ctx, pool, get_by_name(tx, ctx, pool, user.sub))

    await ctx.store.transact(delete)
