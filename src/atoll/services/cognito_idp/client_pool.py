"""Whose pool a request means that nobody signed: it has a client id or an access token, and nothing else."""

from __future__ import annotations

from atoll.kernel import places
from atoll.kernel.context import Context
from atoll.services.cognito_idp.errors import ResourceNotFoundException
from atoll.services.cognito_idp.store import CLIENT_IDS, Client, Pool, find_client, find_pool


async def by_client(ctx: Context, client_id: str) -> tuple[Context, Pool, Client]:
    """The pool and client of a client id, with the context in the pool's account and region. Raises ResourceNotFoundException."""
    if found := await places.find(ctx, (*CLIENT_IDS, client_id)):
        there, pool_id = found
        pool, client = await there.store.read(
            lambda tx: (find_pool(tx, there, pool_id), find_client(tx, there, pool_id, client_id))
        )
        if pool is not None and client is not None:
            return there, pool, client
    raise ResourceNotFoundException(f"User pool client {client_id} does not exist.")
