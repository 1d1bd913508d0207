"""Revoking: of one login by its refresh token, of all of a user's by himself or an administrator.

docs: API_RevokeToken, API_GlobalSignOut, API_AdminUserGlobalSignOut.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.client_pool import by_client
from atoll.services.cognito_idp.errors import (
    UnauthorizedException,
    UnsupportedOperationException,
    UnsupportedTokenTypeException,
)
from atoll.services.cognito_idp.pools.find import on_pool, pool_of
from atoll.services.cognito_idp.store import Client, Pool
from atoll.services.cognito_idp.tokens import logins
from atoll.services.cognito_idp.tokens.access import by_access_token
from atoll.services.cognito_idp.tokens.jwt import claims_of
from atoll.services.cognito_idp.tokens.refresh import knows_secret
from atoll.services.cognito_idp.users.find import get_by_name, sign_out

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        AdminUserGlobalSignOutRequestTypeDef,
        GlobalSignOutRequestTypeDef,
        RevokeTokenRequestTypeDef,
    )


@operation("RevokeToken", access=())
async def revoke_token(ctx: Context, request: RevokeTokenRequestTypeDef) -> None:
    """The access and refresh tokens of a login count no more. A token that nobody knows is no error."""
    ctx, pool, client = await by_client(ctx, request["ClientId"])
    if not knows_secret(client, request.get("ClientSecret")):
        raise UnauthorizedException("Invalid client secret.")
    await revoke(ctx, pool, client, request["Token"])


async def revoke(ctx: Context, pool: Pool, client: Client, token: str) -> None:
    """Ends the login of a refresh token of the client, whose secret was checked. Raises UnsupportedTokenTypeException,
    UnsupportedOperationException, UnauthorizedException."""
    if not client.settings.get("EnableTokenRevocation", True):
        raise UnsupportedOperationException("Token revocation is not enabled for this client.")
    if claims_of(token) is not None:
        raise UnsupportedTokenTypeException("Unsupported token type")
    sub, event = logins.parts_of(token) or ("", "")

    def end(tx: Transaction) -> None:
        login = logins.find(tx, ctx, pool, sub, event)
        if login is None or logins.digest(token) not in login.refresh:
            return
        if login.client != client.id:
            raise UnauthorizedException("The token was not issued to this client.")
        logins.remove(tx, ctx, pool, sub, event)

    await ctx.store.transact(end)


@operation("GlobalSignOut", access=())
async def global_sign_out(ctx: Context, request: GlobalSignOutRequestTypeDef) -> None:
    """Ends all logins of the user whose access token this is."""
    ctx, pool, _, user, _ = await by_access_token(ctx, request["AccessToken"])
    await ctx.store.transact(lambda tx: sign_out(tx, ctx, pool, user))


@operation("AdminUserGlobalSignOut", access=[on_pool("AdminUserGlobalSignOut")])
async def admin_user_global_sign_out(ctx: Context, request: AdminUserGlobalSignOutRequestTypeDef) -> None:
    """Ends all logins of a user. Raises UserNotFoundException."""

    def end(tx: Transaction) -> None:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        sign_out(tx, ctx, pool, get_by_name(tx, ctx, pool, request["Username"]))

    await ctx.store.transact(end)
