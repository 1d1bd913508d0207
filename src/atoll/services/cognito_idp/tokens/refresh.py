"""Refreshing: new tokens for a refresh token, which goes on, or gives way to another where the client rotates them.

docs: "Using the refresh token", API_GetTokensFromRefreshToken, API_RefreshTokenRotationType.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.client_pool import by_client
from atoll.services.cognito_idp.errors import (
    InvalidParameterException,
    NotAuthorizedException,
    RefreshTokenReuseException,
    ResourceNotFoundException,
)
from atoll.services.cognito_idp.store import Client, Login, Pool, User, find_user
from atoll.services.cognito_idp.tokens import logins
from atoll.services.cognito_idp.tokens.issue import SECRET, TokenSet, issue
from atoll.services.cognito_idp.users import secret_hash
from atoll.services.cognito_idp.users.find import names_of

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import GetTokensFromRefreshTokenRequestTypeDef

FLOWS = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
"""InitiateAuth's names for it."""


@operation("GetTokensFromRefreshToken", access=())
async def get_tokens_from_refresh_token(
    ctx: Context, request: GetTokensFromRefreshTokenRequestTypeDef
) -> dict[str, Any]:
    """docs: API_GetTokensFromRefreshToken."""
    ctx, pool, client = await by_client(ctx, request["ClientId"])
    if not knows_secret(client, request.get("ClientSecret")):
        raise NotAuthorizedException(f"Unable to verify secret for client {client.id}")
    if request.get("DeviceKey"):
        raise ResourceNotFoundException("Device does not exist.")
    tokens = await renew(ctx, pool, client, request["RefreshToken"], request.get("ClientMetadata", {}))
    return {"AuthenticationResult": tokens.result()}


async def initiated(ctx: Context, pool: Pool, client: Client, parameters: Mapping[str, str]) -> TokenSet:
    """What InitiateAuth answers for REFRESH_TOKEN_AUTH. Clients that rotate their tokens may not."""
    token = parameters.get("REFRESH_TOKEN")
    if not token:
        raise InvalidParameterException("Missing required parameter REFRESH_TOKEN")
    if parameters.get("DEVICE_KEY"):
        raise ResourceNotFoundException("Device does not exist.")
    if grace_of(client) is not None:
        raise InvalidParameterException("Auth flow not enabled for this client")
    _, user = await ctx.store.read(lambda tx: _find(tx, ctx, pool, token))
    _check_hash(pool, client, user, parameters.get("SECRET_HASH"))
    return await renew(ctx, pool, client, token, {})


async def renew(ctx: Context, pool: Pool, client: Client, token: str, metadata: Mapping[str, str]) -> TokenSet:
    """New tokens for a refresh token of the client; with a new refresh token where the client rotates them.

    Raises NotAuthorizedException, RefreshTokenReuseException, and what the pre token generation trigger raises.
    """
    login, user = await ctx.store.read(lambda tx: _find(tx, ctx, pool, token))
    used, grace = logins.digest(token), grace_of(client)
    login, user = _standing(client, login, user)
    _require_live(ctx, login, used, rotates=grace is not None)
    made = await issue(
        ctx, pool, client, user,
        source="TokenGeneration_RefreshTokens", auth_time=login.at, login=login, metadata=metadata,
    )  # fmt: skip
    # The trigger may have taken long: who has signed out or was disabled meanwhile gets nothing.
    _standing(client, *await ctx.store.read(lambda tx: _find(tx, ctx, pool, token)))
    if grace is None:
        return made
    return msgspec.structs.replace(made, refresh_token=await _rotate(ctx, pool, user, login, used, grace))


def _standing(client: Client, login: Login | None, user: User | None) -> tuple[Login, User]:
    """The login and the user of a refresh token, while both are good. Raises NotAuthorizedException."""
    if user is None or (login is not None and login.client != client.id):
        raise NotAuthorizedException("Invalid Refresh Token")
    if login is None:
        raise NotAuthorizedException("Refresh Token has been revoked")
    if not user.enabled:
        raise NotAuthorizedException("User is disabled.")
    return login, user


def grace_of(client: Client) -> int | None:
    """For how many seconds a rotated token is still taken; None where the client does not rotate them."""
    rotation = client.settings.get("RefreshTokenRotation") or {}
    return int(rotation.get("RetryGracePeriodSeconds") or 0) if rotation.get("Feature") == "ENABLED" else None


def knows_secret(client: Client, given: str | None) -> bool:
    """Whether `given` is a secret of the client; of one without, whether none is given."""
    if not client.secrets:
        return given is None
    said = (given or "").encode()
    return any(hmac.compare_digest(secret.encode(), said) for secret in client.secrets.values())


async def _rotate(ctx: Context, pool: Pool, user: User, login: Login, used: bytes, grace: int) -> str:
    now, secret = ctx.clock.now(), logins.token_of(user.sub, login, ctx.ids.hex(SECRET))

    def write(tx: Transaction) -> None:
        current = logins.find(tx, ctx, pool, user.sub, login.event)
        if current is None:
            raise NotAuthorizedException("Refresh Token has been revoked")
        _require_live(ctx, current, used, rotates=True, now=now)
        changed = logins.rotated(current, used, logins.digest(secret), now, grace)
        logins.put(tx, ctx, pool, user.sub, changed, now)

    await ctx.store.transact(write)
    return secret


def _require_live(ctx: Context, login: Login, used: bytes, *, rotates: bool, now: float | None = None) -> None:
    now = ctx.clock.now() if now is None else now
    if login.expires <= now:
        raise NotAuthorizedException("Refresh Token has expired")
    until = login.refresh.get(used)
    if until is not None and (not until or now < until):
        return
    if rotates or until is not None:
        raise RefreshTokenReuseException("Refresh token has been invalidated by rotation.")
    raise NotAuthorizedException("Invalid Refresh Token")


def _find(tx: Reader, ctx: Context, pool: Pool, token: str) -> tuple[Login | None, User | None]:
    sub, event = logins.parts_of(token) or ("", "")
    return logins.find(tx, ctx, pool, sub, event), find_user(tx, ctx, pool.id, sub)


def _check_hash(pool: Pool, client: Client, user: User | None, given: str | None) -> None:
    """The hash is of any name of the user's: clients have the one that they signed in with, or `sub`, or the user name."""
    names = [user.name, user.sub, *names_of(pool, user)] if user else [""]
    problem: NotAuthorizedException | None = None
    for name in names:
        try:
            return secret_hash.check(client, name, given)
        except NotAuthorizedException as error:
            problem = error
    assert problem is not None
    raise problem
