"""Codes that users are sent: six digits, kept as digests, taken once and until they expire; guesses and requests are limited.

docs: "Quotas in Amazon Cognito" (validity of codes), "Email and phone verification". The limits: `attempts.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Literal, TypeVar

from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.errors import CodeMismatchException, ExpiredCodeException, UserNotFoundException
from atoll.services.cognito_idp.pools.find import pool_of
from atoll.services.cognito_idp.store import CODES, Code, find_user, space
from atoll.services.cognito_idp.users import attempts
from atoll.services.cognito_idp.users.attempts import HOUR, Purpose

T = TypeVar("T")
Verdict = Literal["right", "wrong", "expired", "limited"]
NOBODY = ""
"""The `sub` of no user: its code is never asked for."""
Address = Literal["email", "phone_number"]
"""Attributes that codes verify; a code for one has its name as the purpose."""
_VALID: dict[Purpose, float] = {
    "sign_up": 24 * HOUR,
    "forgot_password": HOUR,
    "email": 24 * HOUR,
    "phone_number": 24 * HOUR,
}
"""Seconds of region time."""


def draw(ctx: Context) -> str:
    """A new code."""
    return f"{ctx.ids.random.randrange(10**6):06d}"


def keep(
    tx: Transaction, ctx: Context, pool_id: str, sub: str, purpose: Purpose, code: str, now: float, *,
    medium: Literal["EMAIL", "SMS"], destination: str, counted: bool = True,
) -> None:  # fmt: skip
    """Keeps a code that is about to be sent; the one before it counts no more. Raises LimitExceededException where the user has
    `counted` too many, ResourceNotFoundException or UserNotFoundException where the pool or the user has gone meanwhile."""
    pool_of(tx, ctx, pool_id)
    if sub != NOBODY and find_user(tx, ctx, pool_id, sub) is None:
        raise UserNotFoundException("User does not exist.")
    if counted:
        attempts.asked(tx, ctx, pool_id, sub, purpose, now)
    record = Code(digest(code), now + _VALID[purpose], medium, destination)
    tx.set((*space(ctx), "code", pool_id, sub, purpose), CODES.encode(record))


async def check(ctx: Context, pool_id: str, sub: str, purpose: Purpose, code: str) -> None:
    """Looks at a code before something that takes long. Raises as `redeem` does; a wrong guess counts."""
    now = ctx.clock.now()
    _raise(await ctx.store.transact(lambda tx: _judge(tx, ctx, pool_id, sub, purpose, code, now)))


async def redeem(
    ctx: Context, pool_id: str, sub: str, purpose: Purpose, code: str, then: Callable[[Transaction, Code], T]
) -> T:
    """Takes a code, and does `then` in the same transaction; where that raises, the code still counts.

    Raises CodeMismatchException, ExpiredCodeException, LimitExceededException.
    """
    now, place = ctx.clock.now(), (*space(ctx), "code", pool_id, sub, purpose)

    def take(tx: Transaction) -> tuple[Verdict, T | None]:
        verdict = _judge(tx, ctx, pool_id, sub, purpose, code, now)
        if verdict != "right":
            return verdict, None  # what is raised would undo the count
        raw = tx.get(place)
        assert raw is not None
        tx.delete(place)
        attempts.forget(tx, ctx, pool_id, sub, purpose)
        return verdict, then(tx, CODES.decode(raw))

    verdict, result = await ctx.store.transact(take)
    _raise(verdict)
    return result  # type: ignore[return-value]


def find(tx: Reader, ctx: Context, pool_id: str, sub: str, purpose: Purpose) -> Code | None:
    """The code that waits, valid or not."""
    raw = tx.get((*space(ctx), "code", pool_id, sub, purpose))
    return None if raw is None else CODES.decode(raw)


def forget(tx: Transaction, ctx: Context, pool_id: str, sub: str, purpose: Purpose) -> None:
    """The code that waits counts no more."""
    tx.delete((*space(ctx), "code", pool_id, sub, purpose))


def digest(code: str) -> bytes:
    """What is kept of a code."""
    return hashlib.sha256(code.encode(errors="surrogatepass")).digest()


def mismatch() -> CodeMismatchException:
    """For a code that is not the one that was sent."""
    return CodeMismatchException("Invalid verification code provided, please try again.")


def expired() -> ExpiredCodeException:
    """For a code that was never sent, or too long ago."""
    return ExpiredCodeException("Invalid code provided, please request a code again.")


def _judge(tx: Transaction, ctx: Context, pool_id: str, sub: str, purpose: Purpose, code: str, now: float) -> Verdict:
    """What a code is worth. Counts a wrong one."""
    if not attempts.may_guess(attempts.find(tx, ctx, pool_id, sub, purpose, now)):
        return "limited"
    known = find(tx, ctx, pool_id, sub, purpose)
    if known is None or now >= known.expires:
        return "expired"
    if hmac.compare_digest(known.digest, digest(code)):
        return "right"
    attempts.failed(tx, ctx, pool_id, sub, purpose, now)
    return "wrong"


def _raise(verdict: Verdict) -> None:
    if verdict != "right":
        raise {"wrong": mismatch, "expired": expired, "limited": attempts.limited}[verdict]()
