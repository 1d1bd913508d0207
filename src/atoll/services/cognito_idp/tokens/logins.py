"""Logins in the store: begun, found by a token, ended. What a login is: `store.Login`."""

from __future__ import annotations

import hashlib

import msgspec

from atoll.auth import own_logins
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.store import LOGINS, Login, Pool, space

LONGEST_ACCESS = 86_400
"""Seconds for which an access token counts at most: a login is remembered for as long after its refresh token has expired."""
_LOOKED_AT = 3
"""Logins of the same user that each new one looks at: those that are long over are forgotten, and never more of them stay than live."""
LONGEST_TOKEN = 512
"""Characters of a refresh token: ours have fewer."""
MOST_TOKENS = 8
"""Refresh tokens of one login that are taken at once: those that were rotated within the grace period, and what they became."""


def digest(secret: str) -> bytes:
    """What is kept of a token or session."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def token_of(sub: str, login: Login, secret: str) -> str:
    """A refresh token: it says whose and which login it is, and the secret of it."""
    return f"{sub}.{login.event}.{secret}"


def find(tx: Reader, ctx: Context, pool: Pool, sub: str, event: str) -> Login | None:
    """A login of a user."""
    raw = tx.get(_key(ctx, pool, sub, event))
    return None if raw is None else LOGINS.decode(raw)


def parts_of(token: str) -> tuple[str, str] | None:
    """The `sub` and the event of the login that a refresh token names; None for what is no refresh token."""
    parts = token.split(".", 3)
    return (parts[0], parts[1]) if len(parts) == 3 and len(token) <= LONGEST_TOKEN else None


def put(tx: Transaction, ctx: Context, pool: Pool, sub: str, login: Login, now: float) -> None:
    """Writes a login, new or changed, and forgets of those around it what is over."""
    place = under((*space(ctx), "login", pool.id, sub))
    for key, raw in list(tx.scan(place.past(_key(ctx, pool, sub, login.event)), limit=_LOOKED_AT)):
        if LOGINS.decode(raw).expires + LONGEST_ACCESS < now:
            tx.delete(key)
    tx.set(_key(ctx, pool, sub, login.event), LOGINS.encode(login))


def remove(tx: Transaction, ctx: Context, pool: Pool, sub: str, event: str) -> None:
    """Ends a login: its tokens are revoked."""
    tx.delete(_key(ctx, pool, sub, event))


def rotated(login: Login, used: bytes, new: bytes, now: float, grace: float) -> Login:
    """A login whose token `used` gives way to `new`, and is taken for `grace` more seconds."""
    kept = {token: until for token, until in login.refresh.items() if not until or until > now}
    kept[used] = kept[used] or now + grace
    if not grace:
        del kept[used]
    kept[new] = 0.0
    return msgspec.structs.replace(login, refresh=dict(list(kept.items())[-MOST_TOKENS:]))


def _key(ctx: Context, pool: Pool, sub: str, event: str) -> Key:
    return own_logins.key(ctx.account, ctx.region, pool.id, sub, event)
