"""Codes that users are sent: six digits, kept as digests, taken once and until they expire; guesses and requests are limited.

docs: "Quotas in Amazon Cognito" (validity of codes; 5 to 20 attempts an hour), "Email and phone verification".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Literal, TypeVar

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.errors import CodeMismatchException, ExpiredCodeException, LimitExceededException
from atoll.services.cognito_idp.store import ATTEMPTS, CODES, Attempts, Code, space

T = TypeVar("T")
Purpose = Literal["sign_up", "forgot_password", "email", "phone_number"]
HOUR = 3600.0
_VALID: dict[Purpose, float] = {
    "sign_up": 24 * HOUR,
    "forgot_password": HOUR,
    "email": 24 * HOUR,
    "phone_number": 24 * HOUR,
}
"""Seconds of region time."""
GUESSES, REQUESTS = 5, 20
"""Of one user and purpose in an hour. AWS says "between 5 and 20", as it sees the risk."""


def draw(ctx: Context) -> str:
    """A new code."""
    return f"{ctx.ids.random.randrange(10**6):06d}"


def keep(
    tx: Transaction, ctx: Context, pool_id: str, sub: str, purpose: Purpose, code: str, now: float, *,
    medium: Literal["EMAIL", "SMS"], destination: str, counted: bool = True,
) -> None:  # fmt: skip
    """Keeps a code that is about to be sent; the one before it counts no more. Raises LimitExceededException where the user has
    `counted` too many."""
    attempts = _attempts(tx, ctx, pool_id, sub, purpose, now)
    if counted:
        if attempts.asked >= REQUESTS:
            raise _limited()
        _count(tx, ctx, pool_id, sub, purpose, replace(attempts, asked=attempts.asked + 1))
    record = Code(digest(code), now + _VALID[purpose], medium, destination)
    tx.set((*space(ctx), "code", pool_id, sub, purpose), CODES.encode(record))


async def check(ctx: Context, pool_id: str, sub: str, purpose: Purpose, code: str) -> None:
    """Looks at a code before something that takes long. Raises as `redeem` does; a wrong guess counts."""
    now = ctx.clock.now()
    problem = await ctx.store.transact(lambda tx: _judge(tx, ctx, pool_id, sub, purpose, code, now))
    if problem is not None:
        raise problem


async def redeem(
    ctx: Context, pool_id: str, sub: str, purpose: Purpose, code: str, then: Callable[[Transaction, Code], T]
) -> T:
    """Takes a code, and does `then` in the same transaction; where that raises, the code still counts.

    Raises CodeMismatchException, ExpiredCodeException, LimitExceededException.
    """
    now, place = ctx.clock.now(), (*space(ctx), "code", pool_id, sub, purpose)

    def take(tx: Transaction) -> tuple[Exception | None, T | None]:
        problem = _judge(tx, ctx, pool_id, sub, purpose, code, now)
        if problem is not None:
            return problem, None  # returned, because what is raised would undo the count
        raw = tx.get(place)
        assert raw is not None
        tx.delete(place)
        tx.delete((*space(ctx), "attempts", pool_id, sub, purpose))
        return None, then(tx, CODES.decode(raw))

    problem, result = await ctx.store.transact(take)
    if problem is not None:
        raise problem
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


def _judge(
    tx: Transaction, ctx: Context, pool_id: str, sub: str, purpose: Purpose, code: str, now: float
) -> Exception | None:
    """What is wrong with a code, if anything."""
    attempts = _attempts(tx, ctx, pool_id, sub, purpose, now)
    if attempts.failed >= GUESSES:
        return _limited()
    known = find(tx, ctx, pool_id, sub, purpose)
    if known is None or now >= known.expires:
        return expired()
    if hmac.compare_digest(known.digest, digest(code)):
        return None
    _count(tx, ctx, pool_id, sub, purpose, replace(attempts, failed=attempts.failed + 1))
    return mismatch()


def _attempts(tx: Reader, ctx: Context, pool_id: str, sub: str, purpose: Purpose, now: float) -> Attempts:
    raw = tx.get((*space(ctx), "attempts", pool_id, sub, purpose))
    kept = None if raw is None else ATTEMPTS.decode(raw)
    return kept if kept is not None and now < kept.since + HOUR else Attempts(now)


def _count(tx: Transaction, ctx: Context, pool_id: str, sub: str, purpose: Purpose, attempts: Attempts) -> None:
    tx.set((*space(ctx), "attempts", pool_id, sub, purpose), ATTEMPTS.encode(attempts))


def _limited() -> LimitExceededException:
    return LimitExceededException("Attempt limit exceeded, please try after some time.")
