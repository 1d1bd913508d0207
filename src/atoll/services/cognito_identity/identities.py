"""Identities: made for whoever asks, found again by their logins. docs: API_GetId and its like."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_identity import logins, store
from atoll.services.cognito_identity.access import on_identity, on_pool
from atoll.services.cognito_identity.errors import (
    NotAuthorizedException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from atoll.services.cognito_identity.logins import Login
from atoll.services.cognito_identity.pools import page
from atoll.services.cognito_identity.tokens import PROVIDER

if TYPE_CHECKING:
    from types_boto3_cognito_identity.type_defs import (
        DeleteIdentitiesInputTypeDef,
        DescribeIdentityInputTypeDef,
        GetIdInputTypeDef,
        ListIdentitiesInputTypeDef,
        UnlinkIdentityInputTypeDef,
    )

NO_GUESTS = "Unauthenticated access is not supported for this identity pool."


@operation("GetId", access=())
async def get_id(ctx: Context, request: GetIdInputTypeDef) -> dict[str, Any]:
    """The identity that the logins belong to, a new one where there is none, and one for a guest without logins."""
    ctx, pool = await store.by_pool(ctx, request["IdentityPoolId"])
    given = await logins.verified(ctx, pool, request.get("Logins", {}))
    if not given and not pool.settings["AllowUnauthenticatedIdentities"]:
        raise NotAuthorizedException(NO_GUESTS)
    made = new(ctx)
    return {"IdentityId": (await ctx.store.transact(lambda tx: settled(tx, ctx, pool, None, given, made))).id}


@operation("DescribeIdentity", access=on_identity("DescribeIdentity"))
async def describe_identity(ctx: Context, request: DescribeIdentityInputTypeDef) -> dict[str, Any]:
    """An identity of the account, with the names of its logins."""
    there, _, identity = await store.by_identity(ctx, request["IdentityId"])
    if there.account != ctx.account:
        raise ResourceNotFoundException(f"Identity '{request['IdentityId']}' not found.")
    return members(identity)


@operation("ListIdentities", access=on_pool("ListIdentities"))
async def list_identities(ctx: Context, request: ListIdentitiesInputTypeDef) -> dict[str, Any]:
    """A pool's identities in the order of their ids, a page of them."""

    def read(tx: Any) -> tuple[list[bytes], str | None]:
        pool = store.pool(tx, ctx, request["IdentityPoolId"])
        return page(tx, (*store.space(ctx), "identity", pool.id), request["MaxResults"], request.get("NextToken"))

    found, token = await ctx.store.read(read)
    shown = [members(store.IDENTITIES.decode(raw)) for raw in found]
    return {"IdentityPoolId": request["IdentityPoolId"], "Identities": shown, "NextToken": token}


@operation("DeleteIdentities", access=on_identity("DeleteIdentities"))
async def delete_identities(ctx: Context, request: DeleteIdentitiesInputTypeDef) -> dict[str, Any]:
    """Removes identities; which could not be is said."""
    failed = []
    for identity_id in request["IdentityIdsToDelete"]:
        try:
            there, pool, identity = await store.by_identity(ctx, identity_id)
        except ResourceNotFoundException:
            continue
        if there.account != ctx.account:
            failed.append({"IdentityId": identity_id, "ErrorCode": "AccessDenied"})
            continue
        await _remove(there, pool, identity)
    return {"UnprocessedIdentityIds": failed}


@operation("UnlinkIdentity", access=())
async def unlink_identity(ctx: Context, request: UnlinkIdentityInputTypeDef) -> None:
    """Takes logins from an identity, for whoever shows one of them."""
    ctx, pool, identity = await store.by_identity(ctx, request["IdentityId"])
    given = await logins.verified(ctx, pool, request["Logins"])
    if not any(one.subject in identity.logins.get(one.provider, ()) for one in given):
        raise NotAuthorizedException(logins.MISMATCH)
    gone = set(request["LoginsToRemove"])
    now = ctx.clock.now()

    def write(tx: Transaction) -> None:
        old = store.identity(tx, ctx, pool.id, identity.id)
        kept = {provider: subjects for provider, subjects in old.logins.items() if provider not in gone}
        store.put_identity(tx, ctx, pool.id, msgspec.structs.replace(old, logins=kept, modified=now), old)

    await ctx.store.transact(write)


async def _remove(ctx: Context, pool: store.Pool, identity: store.Identity) -> None:
    def remove(tx: Transaction) -> None:
        with suppress(ResourceNotFoundException):  # another request was faster
            store.remove_identity(tx, ctx, pool.id, store.identity(tx, ctx, pool.id, identity.id))

    await ctx.store.transact(remove)


def new(ctx: Context) -> store.Identity:
    """An identity that nobody has yet: drawn before the transaction that may need it."""
    now = ctx.clock.now()
    return store.Identity(f"{ctx.region}:{ctx.ids.uuid()}", now, now)


def settled(
    tx: Transaction,
    ctx: Context,
    pool: store.Pool,
    identity: store.Identity | None,
    given: Sequence[Login],
    made: store.Identity,
) -> store.Identity:
    """The identity that the logins belong to, and from now on all of them do. It is `identity` where one is asked for, unless that was
    a guest's and the logins are known: then the guest becomes who he was before. Raises ResourceConflictException,
    NotAuthorizedException, and ResourceNotFoundException where the pool has gone meanwhile."""
    store.pool(tx, ctx, pool.id)
    added = [(one.provider, one.subject) for one in given if one.provider != PROVIDER]
    owners = {owner for one in added if (owner := store.whose(tx, ctx, pool.id, *one)) is not None}
    owners |= {one.subject for one in given if one.provider == PROVIDER}
    if identity is not None:
        identity = store.identity(tx, ctx, pool.id, identity.id)
        if identity.logins and identity.id not in owners:
            raise NotAuthorizedException(logins.MISMATCH)
        if not identity.logins and owners - {identity.id}:
            store.remove_identity(tx, ctx, pool.id, identity)
        else:
            owners.add(identity.id)
    if len(owners) > 1:
        raise ResourceConflictException("Logins belong to different identities.")
    old = store.identity(tx, ctx, pool.id, owners.pop()) if owners else None
    found = old or made
    links = {provider: list(subjects) for provider, subjects in found.logins.items()}
    for provider, subject in added:
        if subject not in links.setdefault(provider, []):
            links[provider].append(subject)
    if old is None or links != old.logins:
        found = msgspec.structs.replace(found, logins=links, modified=max(made.modified, found.modified))
        store.put_identity(tx, ctx, pool.id, found, old)
    return found


def members(identity: store.Identity) -> dict[str, Any]:
    """An identity as it is shown."""
    return {
        "IdentityId": identity.id,
        "Logins": list(identity.logins) or None,
        "CreationDate": identity.created,
        "LastModifiedDate": identity.modified,
    }
