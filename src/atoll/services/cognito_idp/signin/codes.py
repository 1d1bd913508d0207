"""Codes that a sign-in sends: to the phone or by mail, as second factor (six digits) or as first (eight). They go with their session."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from atoll.kernel.store.api import Transaction
from atoll.services.cognito_idp import messages
from atoll.services.cognito_idp.errors import CodeMismatchException
from atoll.services.cognito_idp.message_texts import masked
from atoll.services.cognito_idp.messages import Medium
from atoll.services.cognito_idp.signin import sessions
from atoll.services.cognito_idp.signin.attempt import Asked, Attempt, needed
from atoll.services.cognito_idp.store import Challenge
from atoll.services.cognito_idp.tokens.logins import digest

SMS: Medium = "SMS"
EMAIL: Medium = "EMAIL"
FIRST, SECOND = 8, 6
"""Digits of a first and of a second factor's code."""
ANSWERS = {"SMS_MFA": "SMS_MFA_CODE", "EMAIL_OTP": "EMAIL_OTP_CODE", "SMS_OTP": "SMS_OTP_CODE"}


async def ask(
    attempt: Attempt,
    asks: str,
    medium: Medium,
    digits: int,
    state: Mapping[str, Any],
    parameters: Mapping[str, str],
    available: tuple[str, ...] = (),
) -> Asked:
    """Sends a code and asks for it. To a user who does not exist nothing is sent, and the challenge looks the same."""
    ctx, session = attempt.ctx, sessions.drawn(attempt.ctx, attempt.client)
    code = f"{ctx.ids.random.randrange(10**digits):0{digits}d}"
    if attempt.user is None:
        destination = masked(medium, attempt.name)
    else:
        source = "CustomMessage_Authentication"
        details = await messages.send(
            ctx, attempt.pool, attempt.client.id, source, attempt.user, medium, code, attempt.metadata
        )
        destination = details["Destination"]
    told = {"CODE_DELIVERY_DELIVERY_MEDIUM": medium, "CODE_DELIVERY_DESTINATION": destination, **parameters}
    kept = {**state, "code": digest(session + code)}
    return await sessions.ask(attempt, asks, told, kept, available, session)


async def check(attempt: Attempt, challenge: Challenge, session: str, responses: Mapping[str, str]) -> None:
    """Takes the code, once. Raises CodeMismatchException: a wrong one counts, and the session goes on."""
    ctx, pool, client, now = attempt.ctx, attempt.pool, attempt.client, attempt.ctx.clock.now()
    given = needed(responses, ANSWERS[challenge.asks])
    right = hmac.compare_digest(challenge.state["code"], digest(session + given)) and attempt.user is not None

    def write(tx: Transaction) -> None:
        if right:
            sessions.spend(tx, ctx, pool, client, session, now)
        else:
            sessions.failed(tx, ctx, pool, client, session, now)

    await ctx.store.transact(write)
    if not right:
        raise CodeMismatchException("Invalid code or auth state for the user.")
