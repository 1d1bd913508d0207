"""Issuing tokens: what a client gets once a user has signed in, or a login is refreshed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp import triggers
from atoll.services.cognito_idp.errors import NotAuthorizedException
from atoll.services.cognito_idp.pools.client_settings import lifetime
from atoll.services.cognito_idp.store import GROUPS, Client, Group, Login, Pool, User, find_user, space
from atoll.services.cognito_idp.tokens import claims, logins, pre_token
from atoll.services.cognito_idp.tokens.jwt import sign
from atoll.services.cognito_idp.tokens.keys import signing_keys

SECRET = 96
"""Hexadecimal digits of a refresh token's secret."""


class TokenSet(msgspec.Struct, frozen=True):
    """Tokens. `id_token` is None where a page did not ask for `openid`, `refresh_token` where the one that was used goes on."""

    access_token: str
    expires_in: int
    id_token: str | None = None
    refresh_token: str | None = None

    def result(self) -> dict[str, Any]:
        """As the member AuthenticationResult."""
        found = {"AccessToken": self.access_token, "ExpiresIn": self.expires_in, "TokenType": "Bearer"}
        return found | {
            name: token
            for name, token in (("RefreshToken", self.refresh_token), ("IdToken", self.id_token))
            if token is not None
        }


async def issue(
    ctx: Context,
    pool: Pool,
    client: Client,
    user: User,
    *,
    source: str,
    scopes: Sequence[str] = (claims.ADMIN_SCOPE,),
    auth_time: float,
    nonce: str = "",
    login: Login | None = None,
    metadata: Mapping[str, str] | None = None,
    hosted: bool = False,
) -> TokenSet:
    """A user's tokens. Without a `login` a new one begins, and has a refresh token. The pre token generation trigger has its say; `source`
    (`TokenGeneration_Authentication`) tells it why tokens are made. `hosted` are those that a page gives.

    Raises NotAuthorizedException where the user has gone meanwhile.
    """
    now = ctx.clock.now()
    secret = None
    if login is None:
        event = ctx.ids.uuid()
        login = Login(
            event=event,
            origin=ctx.ids.uuid(),
            client=client.id,
            at=auth_time,
            expires=now + lifetime(client.settings, "RefreshToken"),
            refresh={},
            scopes=tuple(scopes),
            nonce=nonce,
            hosted=hosted,
        )
        secret = logins.token_of(user.sub, login, ctx.ids.hex(SECRET))
        login = msgspec.structs.replace(login, refresh={logins.digest(secret): 0.0})
    made = await _signed(ctx, pool, client, user, login, source, metadata or {})
    if secret is None:
        return made
    begun = login

    def begin(tx: Transaction) -> None:
        current = find_user(tx, ctx, pool.id, user.sub)
        if current is None or not current.enabled:
            raise NotAuthorizedException("Incorrect username or password.")
        logins.put(tx, ctx, pool, user.sub, begun, now)

    await ctx.store.transact(begin)
    return msgspec.structs.replace(made, refresh_token=secret)


async def issue_to_machine(
    ctx: Context, pool: Pool, client: Client, scopes: Sequence[str], metadata: Mapping[str, str] | None = None
) -> TokenSet:
    """The access token that a client gets for itself. Version three of the pre token generation trigger has its say."""
    changes = pre_token.NO_CHANGES
    version = pre_token.version_of(pool)
    if version == "V3_0":
        request = {**pre_token.request_of(claims.Standing(), scopes, version), "clientMetadata": dict(metadata or {})}
        answer = await triggers.fire(ctx, pool, client.id, "TokenGeneration_ClientCredentials", client.id, request)
        changes = pre_token.NO_CHANGES if answer is None else pre_token.changes_of(answer, version)
    keys = await signing_keys(ctx, pool.id)
    said = claims.of_machine(pool, client, scopes, jti=ctx.ids.uuid(), now=int(ctx.clock.now()))
    token = sign(pre_token.access_claims(said, changes), keys.access_token)
    return TokenSet(token, lifetime(client.settings, "AccessToken"))


async def _signed(
    ctx: Context, pool: Pool, client: Client, user: User, login: Login, source: str, metadata: Mapping[str, str]
) -> TokenSet:
    standing = claims.standing(await ctx.store.read(lambda tx: groups_of(tx, ctx, pool, user)))
    changes = await _changes(ctx, pool, client, user, login, standing, source, metadata)
    standing = standing if changes.groups is None else changes.groups
    now = int(ctx.clock.now())
    keys = await signing_keys(ctx, pool.id)
    of_access = claims.of_access_token(pool, client, user, standing, login, jti=ctx.ids.uuid(), now=now)
    access = sign(pre_token.access_claims(of_access, changes), keys.access_token)
    found = TokenSet(access, lifetime(client.settings, "AccessToken"))
    if not {"openid", claims.ADMIN_SCOPE} & set(login.scopes):
        return found
    await asyncio.sleep(0)  # noqa: TID251  no time passes: a signature takes most of a millisecond
    of_id = claims.of_id_token(pool, client, user, standing, login, jti=ctx.ids.uuid(), now=now)
    return msgspec.structs.replace(found, id_token=sign(pre_token.id_claims(of_id, changes), keys.id_token))


async def _changes(
    ctx: Context,
    pool: Pool,
    client: Client,
    user: User,
    login: Login,
    standing: claims.Standing,
    source: str,
    metadata: Mapping[str, str],
) -> pre_token.Changes:
    version = pre_token.version_of(pool)
    if not version:
        return pre_token.NO_CHANGES
    request = pre_token.request_of(standing, login.scopes, version)
    if metadata:
        request["clientMetadata"] = dict(metadata)
    answer = await triggers.fire(ctx, pool, client.id, source, user, request)
    return pre_token.NO_CHANGES if answer is None else pre_token.changes_of(answer, version)


def groups_of(tx: Reader, ctx: Context, pool: Pool, user: User) -> list[Group]:
    """The groups that a user is in."""
    found = []
    for key, _ in tx.scan(under((*space(ctx), "membership", pool.id, user.sub))):
        raw = tx.get((*space(ctx), "group", pool.id, key[-1]))
        if raw is not None:
            found.append(GROUPS.decode(raw))
    return found
