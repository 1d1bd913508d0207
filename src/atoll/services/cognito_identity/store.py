"""Where identity pools lie in the store.

    …, "pool", POOL                          Pool
    …, "identity", POOL, IDENTITY            Identity
    …, "login", POOL, PROVIDER, SUBJECT      IDENTITY: whose a login is
    (*POOL_IDS, POOL)                        Place: requests that nobody signed name a pool, or
    (*IDENTITY_IDS, IDENTITY)                Place: an identity, and nothing else

`…` is (account, region, "cognito-identity").
"""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.kernel import places
from atoll.kernel.context import GLOBAL_ACCOUNT, Context
from atoll.kernel.keys import Key, under
from atoll.kernel.places import PLACES, Place
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_identity.errors import ResourceNotFoundException

POOL_IDS: Key = (GLOBAL_ACCOUNT, "", "cognito-identity", "pool")
IDENTITY_IDS: Key = (GLOBAL_ACCOUNT, "", "cognito-identity", "identity")


class Pool(msgspec.Struct, frozen=True, omit_defaults=True):
    """An identity pool. `settings` holds the members of CreateIdentityPool as they are shown, `roles` and `mappings` those of
    SetIdentityPoolRoles, `principal_tags` by provider what SetPrincipalTagAttributeMap was given."""

    id: str
    created: float
    settings: dict[str, Any]
    roles: dict[str, str] = {}
    mappings: dict[str, Any] = {}
    principal_tags: dict[str, Any] = {}
    tags: dict[str, str] = {}


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    """An identity; `logins` are its subjects by provider: lists, as a developer's provider may know it by several names."""

    id: str
    created: float
    modified: float
    logins: dict[str, list[str]] = {}
    disabled: bool = False


POOLS = Codec(Pool)
IDENTITIES = Codec(Identity)


def space(ctx: Context) -> Key:
    """Where the context's account and region keep theirs."""
    return (ctx.account, ctx.region, "cognito-identity")


def arn(ctx: Context, pool_id: str) -> str:
    """A pool's ARN."""
    return f"arn:aws:cognito-identity:{ctx.region}:{ctx.account}:identitypool/{pool_id}"


def find(tx: Reader, ctx: Context, pool_id: str) -> Pool | None:
    """A pool of the context's account and region."""
    raw = tx.get((*space(ctx), "pool", pool_id))
    return None if raw is None else POOLS.decode(raw)


def pool(tx: Reader, ctx: Context, pool_id: str) -> Pool:
    """The pool. Raises ResourceNotFoundException."""
    found = find(tx, ctx, pool_id)
    if found is None:
        raise ResourceNotFoundException(f"IdentityPool '{pool_id}' not found.")
    return found


def put_pool(tx: Transaction, ctx: Context, one: Pool) -> None:
    """Writes a pool, and where it is."""
    tx.set((*space(ctx), "pool", one.id), POOLS.encode(one))
    tx.set((*POOL_IDS, one.id), PLACES.encode(Place(ctx.account, ctx.region, one.id)))


def remove_pool(tx: Transaction, ctx: Context, pool_id: str) -> None:
    """Removes a pool with its identities."""
    for key, _ in list(tx.scan(under((*space(ctx), "identity", pool_id)))):
        tx.delete((*IDENTITY_IDS, key[-1]))
        tx.delete(key)
    tx.clear_range(under((*space(ctx), "login", pool_id)))
    tx.delete((*POOL_IDS, pool_id))
    tx.delete((*space(ctx), "pool", pool_id))


def identity(tx: Reader, ctx: Context, pool_id: str, identity_id: str) -> Identity:
    """An identity. Raises ResourceNotFoundException."""
    raw = tx.get((*space(ctx), "identity", pool_id, identity_id))
    if raw is None:
        raise ResourceNotFoundException(f"Identity '{identity_id}' not found.")
    return IDENTITIES.decode(raw)


def put_identity(tx: Transaction, ctx: Context, pool_id: str, one: Identity, old: Identity | None = None) -> None:
    """Writes an identity, new or changed (`old`), where it is, and whose its logins are."""
    for provider, subject in _logins(old):
        tx.delete((*space(ctx), "login", pool_id, provider, subject))
    for provider, subject in _logins(one):
        tx.set((*space(ctx), "login", pool_id, provider, subject), one.id.encode())
    tx.set((*space(ctx), "identity", pool_id, one.id), IDENTITIES.encode(one))
    tx.set((*IDENTITY_IDS, one.id), PLACES.encode(Place(ctx.account, ctx.region, pool_id)))


def remove_identity(tx: Transaction, ctx: Context, pool_id: str, one: Identity) -> None:
    """Removes an identity and its logins."""
    for provider, subject in _logins(one):
        tx.delete((*space(ctx), "login", pool_id, provider, subject))
    tx.delete((*space(ctx), "identity", pool_id, one.id))
    tx.delete((*IDENTITY_IDS, one.id))


def whose(tx: Reader, ctx: Context, pool_id: str, provider: str, subject: str) -> str | None:
    """The identity that a login belongs to."""
    raw = tx.get((*space(ctx), "login", pool_id, provider, subject))
    return None if raw is None else raw.decode()


async def by_pool(ctx: Context, pool_id: str) -> tuple[Context, Pool]:
    """A pool that an unsigned request names, with the context in its account and region. Raises ResourceNotFoundException."""
    found = await places.find(ctx, (*POOL_IDS, pool_id))
    if found is None:
        raise ResourceNotFoundException(f"IdentityPool '{pool_id}' not found.")
    there, _ = found
    return there, await ctx.store.read(lambda tx: pool(tx, there, pool_id))


async def by_identity(ctx: Context, identity_id: str) -> tuple[Context, Pool, Identity]:
    """An identity that an unsigned request names, and its pool, likewise. Raises ResourceNotFoundException."""
    found = await places.find(ctx, (*IDENTITY_IDS, identity_id))
    if found is None:
        raise ResourceNotFoundException(f"Identity '{identity_id}' not found.")
    there, pool_id = found
    return there, *await ctx.store.read(
        lambda tx: (pool(tx, there, pool_id), identity(tx, there, pool_id, identity_id))
    )


def _logins(one: Identity | None) -> list[tuple[str, str]]:
    return [(provider, subject) for provider, subjects in (one.logins if one else {}).items() for subject in subjects]
