"""Whose pool a request means that nobody signed: it has a client id or an access token, and nothing else."""

from __future__ import annotations

from atoll.kernel.context import Context
from atoll.services.cognito_idp.errors import ResourceNotFoundException
from atoll.services.cognito_idp.store import CLIENT_IDS, PLACES, Client, Pool, find_client, find_pool


async def by_client(ctx: Context, client_id: str) -> tuple[Context, Pool, Client]:
    """The pool and client of a client id, with the context in the pool's account and region. Raises ResourceNotFoundException."""
    raw = await ctx.store.read(lambda tx: tx.get((*CLIENT_IDS, client_id)))
    if raw is None:
        raise ResourceNotFoundException(f"User pool client {client_id} does not exist.")
    place = PLACES.decode(raw)
    ctx = ctx.derive(account=place.account, region=place.region)
    pool, client = await ctx.store.read(
        lambda tx: (find_pool(tx, ctx, place.pool), find_client(tx, ctx, place.pool, client_id))
    )
    if pool is None or client is None:
        raise ResourceNotFoundException(f"User pool client {client_id} does not exist.")
    return ctx, pool, client
