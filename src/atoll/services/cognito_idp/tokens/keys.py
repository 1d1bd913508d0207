"""The keys that sign a pool's tokens, made when they are first needed, and the public key set that goes with them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from atoll.auth import own_issuers
from atoll.kernel.context import Context
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.errors import ResourceNotFoundException
from atoll.services.cognito_idp.names import issuer, region_of
from atoll.services.cognito_idp.store import KEYS, Keys, SigningKey, find_pool, space

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

BITS = 2048


async def signing_keys(ctx: Context, pool_id: str) -> Keys:
    """The keys of a pool of the context's account and region. The first call makes them, and makes the pool a known issuer.

    Raises ResourceNotFoundException where the pool is gone.
    """
    place = (*space(ctx), "keys", pool_id)
    raw = await ctx.store.read(lambda tx: tx.get(place))
    if raw is not None:
        return KEYS.decode(raw)
    made = Keys(await asyncio.to_thread(_make), await asyncio.to_thread(_make))
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
    return json.dumps({"keys": [_public(keys.id_token), _public(keys.access_token)]}, separators=(",", ":"))


def _public(key: SigningKey) -> dict[str, Any]:
    numbers = private(key.pem).public_key().public_numbers()
    return {"alg": "RS256", "e": _number(numbers.e), "kid": key.id, "kty": "RSA", "n": _number(numbers.n), "use": "sig"}


def _number(value: int) -> str:
    raw = value.to_bytes(-(-value.bit_length() // 8), "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@lru_cache(maxsize=64)
def private(pem: str) -> RSAPrivateKey:
    """A key as it signs. It is one of ours: checking its primes again would take milliseconds."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    # RSA keys alone are made here
    return load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)  # type: ignore[return-value]


def _make() -> SigningKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, BITS)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return SigningKey(base64.b64encode(hashlib.sha256(public).digest()).decode(), pem.decode())
