"""Whose an id is.

A request that nobody signed tells neither account nor region. It names a client of a user pool, an identity pool or an identity, whose ids
are unique everywhere; a record under the global account says where that is.
"""

from __future__ import annotations

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import Key
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader


class Place(msgspec.Struct, frozen=True):
    """Where a pool is, or what belongs to it."""

    account: str
    region: str
    pool: str


PLACES = Codec(Place)


def owner(_tx: Reader, _key: Key, raw: bytes) -> str | None:
    """Whose a Place is: for `kernel.service.Shared`."""
    return PLACES.decode(raw).account


async def find(ctx: Context, key: Key) -> tuple[Context, str] | None:
    """What the place at `key` says: the context in its account and region, and the pool. None where there is no such place."""
    raw = await ctx.store.read(lambda tx: tx.get(key))
    if raw is None:
        return None
    place = PLACES.decode(raw)
    return ctx.derive(account=place.account, region=place.region), place.pool
