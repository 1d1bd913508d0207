"""What the hosted pages keep: codes on their way to an application, and who is signed in in which browser.

…, "grant", POOL, DIGEST                 Grant: by SHA-256 of its authorization code
…, "session", POOL, DIGEST               Session: by SHA-256 of its cookie, or of the token that a page carries on
…, "hosted-end", AT, KIND, POOL, DIGEST  "": when the two end, so that what nobody came back for goes
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.pools.find import pool_of
from atoll.services.cognito_idp.store import space

SWEPT = 8
"""How many entries that have ended go when one is added."""

Kind = Literal["grant", "session"]
Purpose = Literal["signed-in", "confirm"]


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """An authorization code that was handed out: for whom, to which client, where it was sent. `challenge` is PKCE's, "" without."""

    client: str
    sub: str
    redirect_uri: str
    scopes: tuple[str, ...]
    authenticated: float
    expires: float
    challenge: str = ""
    nonce: str | None = None


class Session(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody in a browser. Of `purpose` "confirm" it is whoever signed up, or gave the password, and has to confirm the sign-up."""

    sub: str
    authenticated: float
    expires: float
    purpose: Purpose = "signed-in"


_GRANTS = Codec(Grant, memo=0)
_SESSIONS = Codec(Session, memo=64)


def digest(secret: str) -> str:
    """By what a secret is found."""
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()


def put_grant(tx: Transaction, ctx: Context, pool: str, code: str, grant: Grant, now: float) -> None:
    """Keeps a code for its one use."""
    _put(tx, ctx, "grant", pool, code, grant.expires, _GRANTS.encode(grant), now)


def take_grant(tx: Transaction, ctx: Context, pool: str, code: str) -> Grant | None:
    """What a code stands for. Whoever asks has used it up."""
    key = (*space(ctx), "grant", pool, digest(code))
    raw = tx.get(key)
    if raw is None:
        return None
    tx.delete(key)
    return _GRANTS.decode(raw)


def put_session(tx: Transaction, ctx: Context, pool: str, token: str, session: Session, now: float) -> None:
    """Keeps a session."""
    _put(tx, ctx, "session", pool, token, session.expires, _SESSIONS.encode(session), now)


def find_session(tx: Reader, ctx: Context, pool: str, token: str) -> Session | None:
    """The session of a token, also one that has ended."""
    raw = tx.get((*space(ctx), "session", pool, digest(token)))
    return None if raw is None else _SESSIONS.decode(raw)


def end_session(tx: Transaction, ctx: Context, pool: str, token: str) -> None:
    """Forgets a session."""
    tx.delete((*space(ctx), "session", pool, digest(token)))


def _put(
    tx: Transaction, ctx: Context, kind: Kind, pool: str, secret: str, expires: float, raw: bytes, now: float
) -> None:
    pool_of(tx, ctx, pool)
    ends = (*space(ctx), "hosted-end", pool)
    for key, _ in list(tx.scan(under(ends).before((*ends, now)), limit=SWEPT)):
        tx.delete(key)
        tx.delete((*space(ctx), key[-2], pool, key[-1]))
    tx.set((*space(ctx), kind, pool, digest(secret)), raw)
    tx.set((*ends, expires, kind, digest(secret)), b"")
