"""How often a user asks for codes, and guesses codes and passwords wrong: limited within an hour of region time.

docs: "Quotas in Amazon Cognito": AWS allows between 5 and 20 attempts an hour, as it sees the risk.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.errors import LimitExceededException
from atoll.services.cognito_idp.store import ATTEMPTS, Attempts, space

Purpose = Literal["sign_up", "forgot_password", "email", "phone_number", "change_password"]
HOUR = 3600.0
GUESSES, REQUESTS = 5, 20


def find(tx: Reader, ctx: Context, pool_id: str, sub: str, purpose: Purpose, now: float) -> Attempts:
    """What a user did within the hour."""
    raw = tx.get((*space(ctx), "attempts", pool_id, sub, purpose))
    kept = None if raw is None else ATTEMPTS.decode(raw)
    return kept if kept is not None and now < kept.since + HOUR else Attempts(now)


def may_guess(attempts: Attempts) -> bool:
    """Whether another guess is taken, right or wrong."""
    return attempts.failed < GUESSES


def failed(tx: Transaction, ctx: Context, pool_id: str, sub: str, purpose: Purpose, now: float) -> None:
    """Counts a wrong guess."""
    attempts = find(tx, ctx, pool_id, sub, purpose, now)
    _put(tx, ctx, pool_id, sub, purpose, replace(attempts, failed=attempts.failed + 1))


def asked(tx: Transaction, ctx: Context, pool_id: str, sub: str, purpose: Purpose, now: float) -> None:
    """Counts a request for a code. Raises LimitExceededException."""
    attempts = find(tx, ctx, pool_id, sub, purpose, now)
    if attempts.asked >= REQUESTS:
        raise limited()
    _put(tx, ctx, pool_id, sub, purpose, replace(attempts, asked=attempts.asked + 1))


def forget(tx: Transaction, ctx: Context, pool_id: str, sub: str, purpose: Purpose) -> None:
    """The user got it right."""
    tx.delete((*space(ctx), "attempts", pool_id, sub, purpose))


def limited() -> LimitExceededException:
    """For whoever tried too often."""
    return LimitExceededException("Attempt limit exceeded, please try after some time.")


def _put(tx: Transaction, ctx: Context, pool_id: str, sub: str, purpose: Purpose, attempts: Attempts) -> None:
    tx.set((*space(ctx), "attempts", pool_id, sub, purpose), ATTEMPTS.encode(attempts))
