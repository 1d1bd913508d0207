"""Identities of users whom a developer's own system signs in. docs: developer guide, "Developer-authenticated identities" """

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_identity import identities, logins, store
from atoll.services.cognito_identity.access import on_pool
from atoll.services.cognito_identity.errors import (
    DeveloperUserAlreadyRegisteredException,
    InvalidParameterException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from atoll.services.cognito_identity.tokens import token

if TYPE_CHECKING:
    from types_boto3_cognito_identity.type_defs import (
        GetOpenIdTokenForDeveloperIdentityInputTypeDef,
        LookupDeveloperIdentityInputTypeDef,
        MergeDeveloperIdentitiesInputTypeDef,
        UnlinkDeveloperIdentityInputTypeDef,
    )

TOKEN_SECONDS = 900


@operation("GetOpenIdTokenForDeveloperIdentity", access=on_pool("GetOpenIdTokenForDeveloperIdentity"))
async def get_open_id_token_for_developer_identity(
    ctx: Context, request: GetOpenIdTokenForDeveloperIdentityInputTypeDef
) -> dict[str, Any]:
    """A token for the developer's user, whose identity is made where there is none."""
    pool = await ctx.store.read(lambda tx: store.pool(tx, ctx, request["IdentityPoolId"]))
    provider = _provider(pool)
    if provider not in request["Logins"]:
        raise InvalidParameterException("Please provide the developer provider name in Logins.")
    user = request["Logins"][provider]
    others = {name: text for name, text in request["Logins"].items() if name != provider}
    given = [logins.Login(provider, user, {"aud": pool.id}), *await logins.verified(ctx, pool, others)]
    made = identities.new(ctx)
    found = await ctx.store.transact(lambda tx: _settled(tx, ctx, pool, request.get("IdentityId"), given, made))
    methods = ["authenticated", provider, f"{provider}:{ctx.region}:{pool.id.partition(':')[2]}:{user}"]
    seconds = request.get("TokenDuration", TOKEN_SECONDS)
    signed = await token(ctx, pool.id, found.id, methods, seconds, request.get("PrincipalTags", {}))
    return {"IdentityId": found.id, "Token": signed}


@operation("LookupDeveloperIdentity", access=on_pool("LookupDeveloperIdentity"))
async def lookup_developer_identity(ctx: Context, request: LookupDeveloperIdentityInputTypeDef) -> dict[str, Any]:
    """An identity by the developer's name for its user, or those names by the identity."""

    def read(tx: Reader) -> store.Identity:
        pool = store.pool(tx, ctx, request["IdentityPoolId"])
        user, identity_id = request.get("DeveloperUserIdentifier"), request.get("IdentityId")
        if user is None and identity_id is None:
            raise InvalidParameterException("Either IdentityId or DeveloperUserIdentifier must be provided.")
        owner = None if user is None else store.whose(tx, ctx, pool.id, _provider(pool), user)
        if user is not None and owner is None:
            raise ResourceNotFoundException(f"Developer user identifier '{user}' not found.")
        if owner is not None and identity_id not in (None, owner):
            raise ResourceConflictException("The developer user identifier belongs to another identity.")
        return store.identity(tx, ctx, pool.id, owner or str(identity_id))

    pool = await ctx.store.read(lambda tx: store.pool(tx, ctx, request["IdentityPoolId"]))
    found = await ctx.store.read(read)
    names = found.logins.get(_provider(pool), [])
    start = int(request["NextToken"]) if request.get("NextToken", "").isdecimal() else 0
    end = start + request.get("MaxResults", 60)
    return {
        "IdentityId": found.id,
        "DeveloperUserIdentifierList": names[start:end],
        "NextToken": str(end) if end < len(names) else None,
    }


@operation("MergeDeveloperIdentities", access=on_pool("MergeDeveloperIdentities"))
async def merge_developer_identities(ctx: Context, request: MergeDeveloperIdentitiesInputTypeDef) -> dict[str, Any]:
    """Gives the source's names and logins to the destination's identity; the source's is gone."""
    provider, now = request["DeveloperProviderName"], ctx.clock.now()

    def write(tx: Transaction) -> str:
        pool = store.pool(tx, ctx, request["IdentityPoolId"])
        source = _owned(tx, ctx, pool, provider, request["SourceUserIdentifier"])
        target = _owned(tx, ctx, pool, provider, request["DestinationUserIdentifier"])
        if source.id == target.id:
            return target.id
        if any(one != provider and one in target.logins for one in source.logins):
            raise ResourceConflictException("Both identities have a login of the same provider.")
        store.remove_identity(tx, ctx, pool.id, source)
        names = {
            one: [*target.logins.get(one, ()), *source.logins.get(one, ())]
            for one in {**target.logins, **source.logins}
        }
        store.put_identity(tx, ctx, pool.id, msgspec.structs.replace(target, logins=names, modified=now), target)
        return target.id

    return {"IdentityId": await ctx.store.transact(write)}


@operation("UnlinkDeveloperIdentity", access=on_pool("UnlinkDeveloperIdentity"))
async def unlink_developer_identity(ctx: Context, request: UnlinkDeveloperIdentityInputTypeDef) -> None:
    """Takes a developer's name from an identity."""
    provider, user, now = request["DeveloperProviderName"], request["DeveloperUserIdentifier"], ctx.clock.now()

    def write(tx: Transaction) -> None:
        pool = store.pool(tx, ctx, request["IdentityPoolId"])
        old = store.identity(tx, ctx, pool.id, request["IdentityId"])
        if user not in old.logins.get(provider, ()):
            raise ResourceNotFoundException(f"Developer user identifier '{user}' not found.")
        kept = [one for one in old.logins[provider] if one != user]
        names = {one: kept if one == provider else subjects for one, subjects in old.logins.items()}
        names = {one: subjects for one, subjects in names.items() if subjects}
        store.put_identity(tx, ctx, pool.id, msgspec.structs.replace(old, logins=names, modified=now), old)

    await ctx.store.transact(write)


def _settled(
    tx: Transaction, ctx: Context, pool: store.Pool, asked: str | None, given: list[logins.Login], made: store.Identity
) -> store.Identity:
    """The user's identity, or the one that is asked for, if it is his or nobody's. Raises DeveloperUserAlreadyRegisteredException."""
    owner = store.whose(tx, ctx, pool.id, given[0].provider, given[0].subject)
    if asked is None:
        return identities.settled(tx, ctx, pool, None, given, made)
    identity = store.identity(tx, ctx, pool.id, asked)
    if owner not in (None, identity.id):
        raise DeveloperUserAlreadyRegisteredException("The developer user identifier belongs to another identity.")
    if owner is None:  # the developer says so, with his keys: no login has to be shown
        links = {**identity.logins, given[0].provider: [*identity.logins.get(given[0].provider, ()), given[0].subject]}
        linked = msgspec.structs.replace(identity, logins=links, modified=made.modified)
        store.put_identity(tx, ctx, pool.id, linked, identity)
        identity = linked
    return identities.settled(tx, ctx, pool, identity, given, made)


def _owned(tx: Reader, ctx: Context, pool: store.Pool, provider: str, user: str) -> store.Identity:
    owner = store.whose(tx, ctx, pool.id, provider, user)
    if owner is None:
        raise ResourceNotFoundException(f"Developer user identifier '{user}' not found.")
    return store.identity(tx, ctx, pool.id, owner)


def _provider(pool: store.Pool) -> str:
    """The developer's provider. Raises InvalidParameterException where the pool has none."""
    name = pool.settings.get("DeveloperProviderName")
    if name is None:
        raise InvalidParameterException("The identity pool has no developer provider.")
    return str(name)
