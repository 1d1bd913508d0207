"""The OpenID Connect tokens of identity pools, all of one issuer. STS takes them for roles that trust `cognito-identity.amazonaws.com`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from atoll.auth import own_issuers, token_keys
from atoll.kernel.context import GLOBAL_ACCOUNT, Context
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Transaction

ISSUER = "https://cognito-identity.amazonaws.com"
PROVIDER = "cognito-identity.amazonaws.com"
TAGS = "https://aws.amazon.com/tags"
_KEY = (GLOBAL_ACCOUNT, "", "cognito-identity", "key")
_KEYS = Codec(token_keys.SigningKey)


async def token(
    ctx: Context, pool_id: str, identity_id: str, amr: Sequence[str], seconds: int, tags: Mapping[str, str]
) -> str:
    """A token that says whose identity it is (`sub`), of which pool (`aud`), and how it signed in (`amr`)."""
    key = await _signing_key(ctx)
    now = int(ctx.clock.now())
    claims: dict[str, Any] = {
        "sub": identity_id, "aud": pool_id, "amr": list(amr), "iss": ISSUER, "exp": now + seconds, "iat": now,
    }  # fmt: skip
    if tags:
        claims[TAGS] = {"principal_tags": {name: [value] for name, value in tags.items()}}
    return token_keys.sign(claims, key)


async def _signing_key(ctx: Context) -> token_keys.SigningKey:
    """The issuer's key, for all accounts; made when it is first needed."""
    raw = await ctx.store.read(lambda tx: tx.get(_KEY) if own_issuers.find(tx, ISSUER) else None)
    if raw is not None:
        return _KEYS.decode(raw)
    made = await asyncio.to_thread(token_keys.make)
    published = own_issuers.OwnIssuer("", "", token_keys.key_set(made))

    def keep(tx: Transaction) -> token_keys.SigningKey:
        first = tx.get(_KEY)
        if first is not None and own_issuers.find(tx, ISSUER):  # another request was faster
            return _KEYS.decode(first)
        tx.set(_KEY, _KEYS.encode(made))
        own_issuers.put(tx, ISSUER, published)
        return made

    return await ctx.store.transact(keep)
