"""Pools and clients by their ids, with AWS's not-found errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access, ValuesOf
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp import names
from atoll.services.cognito_idp.errors import ResourceNotFoundException
from atoll.services.cognito_idp.store import POOLS, Client, Pool, find_client, find_pool, space

Request = Mapping[str, Any]


def pool_of(tx: Reader, ctx: Context, pool_id: str) -> Pool:
    """The pool. Raises ResourceNotFoundException."""
    pool = find_pool(tx, ctx, pool_id)
    if pool is None:
        raise ResourceNotFoundException(f"User pool {pool_id} does not exist.")
    return pool


def client_of(tx: Reader, ctx: Context, pool_id: str, client_id: str) -> Client:
    """The client of a pool. Raises ResourceNotFoundException for either."""
    pool_of(tx, ctx, pool_id)
    client = find_client(tx, ctx, pool_id, client_id)
    if client is None:
        raise ResourceNotFoundException(f"User pool client {client_id} does not exist.")
    return client


def put_pool(tx: Transaction, ctx: Context, pool: Pool) -> None:
    """Writes a pool."""
    tx.set((*space(ctx), "pool", pool.id), POOLS.encode(pool))


async def pool_tags(ctx: Context, request: Request) -> Mapping[str, str] | None:
    """The tags of the request's pool: the values of `aws:ResourceTag/${TagKey}`."""
    pool = await ctx.store.read(lambda tx: find_pool(tx, ctx, request.get("UserPoolId", "")))
    return pool.tags if pool else None


def on_pool(action: str, conditions: Mapping[str, ValuesOf] | None = None) -> Access:
    """The permission for `action` (`CreateGroup`) on the request's pool; IAM is asked before it is known that the request names one."""
    return Access(
        f"cognito-idp:{action}",
        lambda ctx, request: names.pool_arn(ctx, request.get("UserPoolId", "*")),
        {"aws:ResourceTag/${TagKey}": pool_tags, **(conditions or {})},
    )
