"""Logins of the region's own user pools, for whoever must know whether a token's user has signed out since (`event_id`).

User pools write them (`services/cognito_idp/tokens/logins.py`); what stands in them is theirs alone. A login that is gone was revoked, or
its user signed out everywhere, or was deleted.
"""

from __future__ import annotations

from atoll.auth import own_issuers
from atoll.kernel.keys import Key
from atoll.kernel.store.api import Reader


def key(account: str, region: str, pool: str, sub: str, event: str) -> Key:
    """Where a login lies: one sign-in of a user (`sub`) of a pool."""
    return (account, region, "cognito-idp", "login", pool, sub, event)


def lasts(tx: Reader, issuer: str, sub: str, event: str) -> bool:
    """Whether the login of a token that the region's own `issuer` signed is still there."""
    own = own_issuers.find(tx, issuer)
    pool = issuer.rpartition("/")[2]
    return own is not None and tx.get(key(own.account, own.region, pool, sub, event)) is not None
