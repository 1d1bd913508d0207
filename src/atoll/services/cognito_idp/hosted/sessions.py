"""Who is signed in in a browser: the cookie `cognito`, for an hour. docs: "Managed login": sessions last one hour, whatever tokens do."""

from __future__ import annotations

from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.hosted import store
from atoll.services.cognito_idp.hosted.store import Purpose, Session
from atoll.services.cognito_idp.hosted.visit import Visit
from atoll.services.cognito_idp.store import User, find_user
from atoll.services.cognito_idp.users.find import find_by_name

COOKIE = "cognito"
LASTS = 3600.0
"""Seconds of region time."""
TOKEN = 64
"""Hexadecimal digits: 256 random bits."""


async def current(visit: Visit) -> tuple[Session, User] | None:
    """The session that the browser's cookie names, and its user, while both are good."""
    for token in visit.cookies.get(COOKIE, ()):
        found = await _of_token(visit, token, "signed-in")
        if found is not None and found[1].enabled:
            return found
    return None


async def taken(visit: Visit, token: str, name: str) -> User | None:
    """Who has confirmed a sign-up by this name in the browser that began it; the token, of purpose "confirm", is used up. It is for no
    other user: whoever began to sign up as somebody must not become him by confirming himself."""
    ctx, pool = visit.ctx, visit.pool
    found = await _of_token(visit, token, "confirm")
    confirmed = await ctx.store.read(lambda tx: find_by_name(tx, ctx, pool, name))
    if found is None or confirmed is None or found[1].sub != confirmed.sub or not confirmed.enabled:
        return None
    await ctx.store.transact(lambda tx: store.end_session(tx, ctx, pool.id, token))
    return confirmed


async def _of_token(visit: Visit, token: str, purpose: Purpose) -> tuple[Session, User] | None:
    """The session of a token and its user; None where it has ended, is for something else, or the user is gone."""
    ctx, pool = visit.ctx, visit.pool.id
    session = await ctx.store.read(lambda tx: store.find_session(tx, ctx, pool, token))
    if session is None or session.purpose != purpose or session.expires <= ctx.clock.now():
        return None
    sub = session.sub
    user = await ctx.store.read(lambda tx: find_user(tx, ctx, pool, sub))
    return None if user is None else (session, user)


async def begin(visit: Visit, sub: str, purpose: Purpose = "signed-in") -> str:
    """Begins a session; returns its token."""
    ctx, token = visit.ctx, visit.ctx.ids.hex(TOKEN)
    now = ctx.clock.now()
    session = Session(sub, now, now + LASTS, purpose)
    await ctx.store.transact(lambda tx: store.put_session(tx, ctx, visit.pool.id, token, session, now))
    return token


async def end(visit: Visit) -> list[tuple[str, str]]:
    """Ends the browser's sessions here; returns the header that takes the cookie away."""
    ctx, tokens = visit.ctx, visit.cookies.get(COOKIE, ())

    def forget(tx: Transaction) -> None:
        for token in tokens:
            store.end_session(tx, ctx, visit.pool.id, token)

    await ctx.store.transact(forget)
    return [set_cookie(visit, COOKIE, "", 0)]


def set_cookie(visit: Visit, name: str, value: str, seconds: int | None = None) -> tuple[str, str]:
    """A cookie that only this domain's pages get back, no script sees, and other sites' forms do not send."""
    parts = [f"{name}={value}", f"Path={visit.base or '/'}", "HttpOnly", "SameSite=Lax"]
    if seconds is not None:
        parts.append(f"Max-Age={seconds}")
    if visit.request.secure:
        parts.append("Secure")
    return "set-cookie", "; ".join(parts)
