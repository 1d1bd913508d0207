"""The keys that sign a pool's tokens, made when they are first needed, and the public key set that goes with them."""

from __future__ import annotations

import asyncio

from atoll.auth import own_issuers, token_keys
from atoll.kernel.context import Context
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.errors import ResourceNotFoundException
from atoll.services.cognito_idp.names import issuer, region_of
from atoll.services.cognito_idp.store import KEYS, Keys, find_pool, space


async def signing_keys(ctx: Context, pool_id: str) -> Keys:
    """The keys of a pool of the context's account and region. The first call makes them, and makes the pool a known issuer.

    Raises ResourceNotFoundException where the pool is gone.
    """
    place = (*space(ctx), "keys", pool_id)
    raw = await ctx.store.read(lambda tx: tx.get(place))
    if raw is not None:
        return KEYS.decode(raw)
    made = Keys(await asyncio.to_thread(token_keys.make), await asyncio.to_thread(token_keys.make))
    record = own_issuers.OwnIssuer(ctx.account, region_of(pool_id), key_set(made))

    def keep(tx: Transaction) -> Keys:
        if find_pool(tx, ctx, pool_id) is None:  # deleted meanwhile: it must not become an issuer again
            raise ResourceNotFoundException(f"User pool {pool_id} does not exist.")
        first = tx.get(place)
        if first is not None:  # another request was faster
            return KEYS.decode(first)
        tx.set(place, KEYS.encode(made))
        own_issuers.put(tx, issuer(pool_id), record)
        return made

    return await ctx.store.transact(keep)


def key_set(keys: Keys) -> str:
    """The public halves as a JSON Web Key Set: that of ID tokens first, as AWS lists them."""
    return token_keys.key_set(keys.id_token, keys.access_token)
