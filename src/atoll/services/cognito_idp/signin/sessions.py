"""Sessions: what holds a sign-in together while the user answers challenges. Opaque, good once, for as long as the client says.

A Session names its client, so that it can be found where a request has nothing else (AssociateSoftwareToken), and 48 random bytes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.errors import NotAuthorizedException
from atoll.services.cognito_idp.pools.find import pool_of
from atoll.services.cognito_idp.signin.attempt import Asked, Attempt
from atoll.services.cognito_idp.store import CHALLENGES, Challenge, Client, Pool, space
from atoll.services.cognito_idp.tokens.logins import digest

_RANDOM = 48
_LOOKED_AT = 3
"""Sessions that each new one looks at, for those that have expired: they lie in random order, so that few of them ever stay."""
MOST_FAILURES = 10
"""Wrong codes that one session takes."""
INVALID = "Invalid session for the user."


def drawn(ctx: Context, client: Client) -> str:
    """A new session of a client, which nothing is kept under yet."""
    return base64.b64encode(client.id.encode() + b"." + ctx.ids.random.randbytes(_RANDOM)).decode()


def challenge_of(attempt: Attempt, asks: str, state: Mapping[str, Any]) -> Challenge:
    """What is kept of a challenge that is put now."""
    minutes = attempt.client.settings.get("AuthSessionValidity") or 3
    return Challenge(
        asks=asks,
        client=attempt.client.id,
        sub=attempt.user.sub if attempt.user else "",
        name=attempt.name,
        flow=attempt.flow,
        expires=attempt.ctx.clock.now() + 60 * minutes,
        state=dict(state),
    )


async def ask(
    attempt: Attempt,
    asks: str,
    parameters: Mapping[str, str],
    state: Mapping[str, Any] | None = None,
    available: Sequence[str] = (),
    session: str = "",
) -> Asked:
    """Puts a challenge to the user, under a new session or the one given."""
    session = session or drawn(attempt.ctx, attempt.client)
    challenge, now = challenge_of(attempt, asks, state or {}), attempt.ctx.clock.now()
    await attempt.ctx.store.transact(lambda tx: _keep(tx, attempt, session, challenge, now))
    return Asked(asks, session, parameters, tuple(available))


def _keep(tx: Transaction, attempt: Attempt, session: str, challenge: Challenge, now: float) -> None:
    """Keeps a new challenge, and forgets of those around it what is over. Raises ResourceNotFoundException where the pool is gone."""
    pool_of(tx, attempt.ctx, attempt.pool.id)
    place, key = under((*space(attempt.ctx), "challenge", attempt.pool.id)), _key(attempt.ctx, attempt.pool, session)
    for other, raw in list(tx.scan(place.past(key), limit=_LOOKED_AT)):
        if CHALLENGES.decode(raw).expires < now:
            tx.delete(other)
    tx.set(key, CHALLENGES.encode(challenge))


async def opened(ctx: Context, pool: Pool, client: Client, session: str) -> Challenge:
    """The challenge of a session that may still be answered. Raises NotAuthorizedException."""
    raw = await ctx.store.read(lambda tx: tx.get(_key(ctx, pool, session)))
    return _checked(raw, client, ctx.clock.now())


def client_of(session: str) -> str | None:
    """The client id that a session names; None for what is no session."""
    try:
        name, _, _ = base64.b64decode(session, validate=True).partition(b".")
        return name.decode("ascii")
    except (binascii.Error, ValueError):
        return None


def spend(tx: Transaction, ctx: Context, pool: Pool, client: Client, session: str, now: float) -> Challenge:
    """Uses a session up. Raises NotAuthorizedException where another request was faster."""
    key = _key(ctx, pool, session)
    challenge = _checked(tx.get(key), client, now)
    tx.set(key, CHALLENGES.encode(msgspec.structs.replace(challenge, used=True, state={})))
    return challenge


def change(tx: Transaction, ctx: Context, pool: Pool, session: str, challenge: Challenge) -> None:
    """Keeps a session open with another state."""
    tx.set(_key(ctx, pool, session), CHALLENGES.encode(challenge))


def failed(tx: Transaction, ctx: Context, pool: Pool, client: Client, session: str, now: float) -> None:
    """Counts a wrong code: the session takes few of them."""
    challenge = _checked(tx.get(_key(ctx, pool, session)), client, now)
    count = challenge.state.get("failures", 0) + 1
    if count >= MOST_FAILURES:
        spend(tx, ctx, pool, client, session, now)
    else:
        counted = msgspec.structs.replace(challenge, state={**challenge.state, "failures": count})
        change(tx, ctx, pool, session, counted)


def _checked(raw: bytes | None, client: Client, now: float) -> Challenge:
    challenge = None if raw is None else CHALLENGES.decode(raw)
    if challenge is None or challenge.client != client.id:
        raise NotAuthorizedException(INVALID)
    if challenge.expires <= now:
        raise NotAuthorizedException("Invalid session for the user, session is expired.")
    if challenge.used:
        raise NotAuthorizedException("Invalid session for the user, session can only be used once.")
    return challenge


def _key(ctx: Context, pool: Pool, session: str) -> Key:
    return (*space(ctx), "challenge", pool.id, digest(session))


async def use(attempt: Attempt, session: str) -> None:
    """Uses a session up in a transaction of its own. Raises as `spend`."""
    ctx, now = attempt.ctx, attempt.ctx.clock.now()

    def write(tx: Transaction) -> None:
        spend(tx, ctx, attempt.pool, attempt.client, session, now)

    await ctx.store.transact(write)
