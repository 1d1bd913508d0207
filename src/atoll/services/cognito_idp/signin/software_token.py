"""Authenticators (TOTP): registered by whoever is signed in, or is asked to set one up, and checked at sign-in.

docs: API_AssociateSoftwareToken, API_VerifySoftwareToken, "TOTP software token MFA".
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp.client_pool import by_client
from atoll.services.cognito_idp.errors import (
    CodeMismatchException,
    EnableSoftwareTokenMFAException,
    ExpiredCodeException,
    InvalidParameterException,
    NotAuthorizedException,
    ResourceNotFoundException,
    SoftwareTokenMFANotFoundException,
)
from atoll.services.cognito_idp.signin import sessions, totp
from atoll.services.cognito_idp.signin.attempt import WRONG, Attempt
from atoll.services.cognito_idp.store import Challenge, Client, Pool, User, find_user
from atoll.services.cognito_idp.tokens.access import by_access_token
from atoll.services.cognito_idp.users.find import put_user

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        AssociateSoftwareTokenRequestTypeDef,
        VerifySoftwareTokenRequestTypeDef,
    )

SEED = 32
"""Bytes: 52 characters in base 32."""
FACTOR = "SOFTWARE_TOKEN_MFA"


@dataclass(frozen=True, slots=True)
class _Registering:
    """Who registers an authenticator: somebody signed in, or in the middle of it (with a session)."""

    ctx: Context
    pool: Pool
    user: User
    session: str = ""
    client: Client | None = None
    challenge: Challenge | None = None


@operation("AssociateSoftwareToken", access=())
async def associate_software_token(ctx: Context, request: AssociateSoftwareTokenRequestTypeDef) -> dict[str, Any]:
    """Draws a seed. The authenticator that the user has stays until the new one is proven."""
    who = await _who(ctx, request)
    if not (who.pool.mfa.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled"):
        raise SoftwareTokenMFANotFoundException("Software Token MFA has not been enabled by the userPool")
    seed = base64.b32encode(ctx.ids.random.randbytes(SEED)).rstrip(b"=").decode()
    session, now = _next_session(who), ctx.clock.now()

    def write(tx: Transaction) -> None:
        current = _current(tx, who)
        put_user(tx, who.ctx, who.pool, replace(current, totp_pending=seed), current)
        _move_on(tx, who, session, {}, now)

    await ctx.store.transact(write)
    return {"SecretCode": seed, **({"Session": session} if session else {})}


@operation("VerifySoftwareToken", access=(), not_honoured={"FriendlyDeviceName": "Nothing shows it."})
async def verify_software_token(ctx: Context, request: VerifySoftwareTokenRequestTypeDef) -> dict[str, Any]:
    """Proves the seed with a code. Within a sign-in it becomes the user's factor; otherwise SetUserMFAPreference makes it one."""
    who = await _who(ctx, request)
    seed = who.user.totp_pending
    if not seed:
        raise SoftwareTokenMFANotFoundException("User has not set up software token mfa")
    step = totp.step_of(seed, request["UserCode"], ctx.clock.now())
    if step is None:
        raise EnableSoftwareTokenMFAException("Code mismatch and fail enable Software Token MFA")
    session, now = _next_session(who), ctx.clock.now()

    def write(tx: Transaction) -> None:
        current = _current(tx, who)
        factors = (*current.mfa, FACTOR) if session and FACTOR not in current.mfa else current.mfa
        proven = replace(current, totp=seed, totp_pending="", totp_verified=True, totp_used=step, mfa=factors)
        put_user(tx, who.ctx, who.pool, proven, current)
        _move_on(tx, who, session, {"verified": True}, now)

    await ctx.store.transact(write)
    return {"Status": "SUCCESS", **({"Session": session} if session else {})}


async def check(attempt: Attempt, session: str, code: str) -> User:
    """Takes a code at sign-in, once. Raises CodeMismatchException, ExpiredCodeException; the session goes on then."""
    ctx, pool, client, user = attempt.ctx, attempt.pool, attempt.client, attempt.known()
    now = ctx.clock.now()
    step = totp.step_of(user.totp, code, now) if user.totp else None

    def write(tx: Transaction) -> User | None:
        current = find_user(tx, ctx, pool.id, user.sub)
        if current is None or step is None or current.totp != user.totp:
            sessions.failed(tx, ctx, pool, client, session, now)
            return None
        if step <= current.totp_used:
            raise ExpiredCodeException("Your software token has already been used once.")
        sessions.spend(tx, ctx, pool, client, session, now)
        changed = replace(current, totp_used=step)
        put_user(tx, ctx, pool, changed, current)
        return changed

    found = await ctx.store.transact(write)
    if found is None:
        raise CodeMismatchException("Invalid code received for user")
    return found


async def _who(ctx: Context, request: Any) -> _Registering:
    if token := request.get("AccessToken"):
        ctx, pool, _, user, _ = await by_access_token(ctx, token)
        return _Registering(ctx, pool, user)
    session = request.get("Session")
    if not session:
        raise InvalidParameterException("Either accessToken or session must be provided.")
    return await _within(ctx, session)


async def _within(ctx: Context, session: str) -> _Registering:
    """Whoever is asked to set a factor up."""
    try:
        ctx, pool, client = await by_client(ctx, sessions.client_of(session) or "")
    except ResourceNotFoundException:
        raise NotAuthorizedException(sessions.INVALID) from None
    challenge = await sessions.opened(ctx, pool, client, session)
    user = await ctx.store.read(lambda tx: find_user(tx, ctx, pool.id, challenge.sub))
    if challenge.asks != "MFA_SETUP" or user is None or not user.enabled:
        raise NotAuthorizedException(sessions.INVALID)
    return _Registering(ctx, pool, user, session, client, challenge)


def _next_session(who: _Registering) -> str:
    return sessions.drawn(who.ctx, who.client) if who.client else ""


def _current(tx: Transaction, who: _Registering) -> User:
    current = find_user(tx, who.ctx, who.pool.id, who.user.sub)
    if current is None or current.totp_pending != who.user.totp_pending:
        raise NotAuthorizedException(WRONG)
    if who.session and current.totp_verified:  # meanwhile: nobody is asked to set one up who has one
        raise NotAuthorizedException(sessions.INVALID)
    return current


def _move_on(tx: Transaction, who: _Registering, session: str, state: dict[str, Any], now: float) -> None:
    """The sign-in goes on under a new session."""
    if who.client is None or who.challenge is None:
        return
    sessions.spend(tx, who.ctx, who.pool, who.client, who.session, now)
    changed = replace(who.challenge, state={**who.challenge.state, **state})
    sessions.change(tx, who.ctx, who.pool, session, changed)
