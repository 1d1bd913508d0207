"""Whose an access token is, and whether it still counts: what GetUser and its like go by."""

from __future__ import annotations

from typing import Any

from atoll.auth import own_issuers
from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader
from atoll.services.cognito_idp.errors import NotAuthorizedException, UserNotFoundException
from atoll.services.cognito_idp.names import POOL_ID, issuer
from atoll.services.cognito_idp.store import KEYS, Client, Keys, Pool, User, find_client, find_pool, find_user, space
from atoll.services.cognito_idp.tokens import logins
from atoll.services.cognito_idp.tokens.claims import ADMIN_SCOPE
from atoll.services.cognito_idp.tokens.jwt import claims_of, is_signed

Found = tuple[Context, Pool, Client | None, User, dict[str, Any]]


async def by_access_token(ctx: Context, token: str, scope: str = ADMIN_SCOPE) -> Found:
    """The pool, client, user and claims of an access token, with the context in the pool's account and region.

    Raises NotAuthorizedException for a token that nobody's pool signed, that has expired by region time, that was revoked, whose user
    is disabled, or that has not the scope; UserNotFoundException where the user is gone.
    """
    claims = claims_of(token)
    pool_id = _pool_id(claims)
    if claims is None or pool_id is None:
        raise NotAuthorizedException("Invalid Access Token")
    own = await ctx.store.read(lambda tx: own_issuers.find(tx, issuer(pool_id)))
    if own is None:
        raise NotAuthorizedException("Could not verify signature for Access Token")
    ctx = ctx.derive(account=own.account, region=own.region)
    pool, keys = await ctx.store.read(lambda tx: _pool_and_keys(tx, ctx, pool_id))
    if pool is None or keys is None or not is_signed(token, keys.access_token):
        raise NotAuthorizedException("Could not verify signature for Access Token")
    if claims.get("token_use") != "access":
        raise NotAuthorizedException("Invalid Access Token")
    if claims["exp"] <= ctx.clock.now():
        raise NotAuthorizedException("Access Token has expired")
    if scope not in claims["scope"].split():
        raise NotAuthorizedException("Access Token does not have required scopes")
    user, login, client = await ctx.store.read(
        lambda tx: (
            find_user(tx, ctx, pool.id, claims["sub"]),
            logins.find(tx, ctx, pool, claims["sub"], claims.get("event_id", "")),
            find_client(tx, ctx, pool.id, claims["client_id"]),
        )
    )
    if user is None:
        raise UserNotFoundException("User does not exist.")
    if not user.enabled:
        raise NotAuthorizedException("User is disabled.")
    if login is None:
        raise NotAuthorizedException("Access Token has been revoked")
    return ctx, pool, client, user, claims


def _pool_id(claims: dict[str, Any] | None) -> str | None:
    said = claims.get("iss") if claims else None
    if not isinstance(said, str):
        return None
    pool_id = said.rpartition("/")[2]
    return pool_id if POOL_ID.fullmatch(pool_id) and issuer(pool_id) == said else None


def _pool_and_keys(tx: Reader, ctx: Context, pool_id: str) -> tuple[Pool | None, Keys | None]:
    raw = tx.get((*space(ctx), "keys", pool_id))
    return find_pool(tx, ctx, pool_id), None if raw is None else KEYS.decode(raw)
