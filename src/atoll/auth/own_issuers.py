"""Token issuers that are in this region: a user pool, the identity pools. Their public keys, by the issuer's URL in tokens (`iss`).

The URLs are AWS's (`https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI`): whoever verifies tokens (API Gateway's authorizers,
STS, identity pools) asks here first, and the network only about the others.
"""

from __future__ import annotations

import msgspec

from atoll.auth.issuers import Resolver
from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Key
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Store, Transaction

PREFIX: Key = (GLOBAL_ACCOUNT, "", "issuer")
NO_KEYS = '{"keys":[]}'
"""The key set of an issuer that has signed nothing yet."""


class OwnIssuer(msgspec.Struct, frozen=True):
    """An issuer of this region: whose it is ("" for all accounts'), and its JSON Web Key Set as text."""

    account: str
    region: str
    keys: str


_ISSUERS = Codec(OwnIssuer)


def find(tx: Reader, issuer: str) -> OwnIssuer | None:
    """The issuer of this URL, or None where it is none of the region's."""
    raw = tx.get((*PREFIX, issuer))
    return None if raw is None else _ISSUERS.decode(raw)


def put(tx: Transaction, issuer: str, record: OwnIssuer) -> None:
    """Makes an issuer known, or its new keys."""
    tx.set((*PREFIX, issuer), _ISSUERS.encode(record))


def remove(tx: Transaction, issuer: str) -> None:
    """Forgets an issuer."""
    tx.delete((*PREFIX, issuer))


def owner(_tx: Reader, _key: Key, raw: bytes) -> str | None:
    """Whose a record is: for `kernel.service.Shared`."""
    return _ISSUERS.decode(raw).account or None


def key_sets(store: Store) -> Resolver:
    """Gives the key sets of the region's own issuers."""

    async def key_set(issuer: str) -> bytes | None:
        found = await store.read(lambda tx: find(tx, issuer))
        return None if found is None else found.keys.encode()

    return key_set
