"""Second factors: which one a sign-in needs, asking for it, and checking the answer.

docs: "Adding MFA to a user pool". Codes by SMS and e-mail are six digits and go with their session; what an authenticator shows is checked
by region time (`totp.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from atoll.services.cognito_idp.errors import (
    InvalidParameterException,
    MFAMethodNotFoundException,
    SoftwareTokenMFANotFoundException,
)
from atoll.services.cognito_idp.signin import codes, sessions, software_token
from atoll.services.cognito_idp.signin.attempt import Asked, Attempt, needed
from atoll.services.cognito_idp.store import Challenge, Pool, User

SMS, TOTP, EMAIL = "SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"
FACTORS = (SMS, TOTP, EMAIL)
_ATTRIBUTE = {SMS: "phone_number", EMAIL: "email"}


def offered(pool: Pool) -> tuple[str, ...]:
    """The factors that the pool has."""
    has = {
        SMS: "SmsMfaConfiguration" in pool.mfa,
        TOTP: bool((pool.mfa.get("SoftwareTokenMfaConfiguration") or {}).get("Enabled")),
        EMAIL: "EmailMfaConfiguration" in pool.mfa,
    }
    return tuple(factor for factor in FACTORS if has[factor])


def active(pool: Pool, user: User) -> tuple[str, ...]:
    """The factors that a sign-in of the user can be asked for: those that he has, and where the pool insists on one, those by which it
    can reach him. Who has registered an authenticator keeps it though the pool no longer offers it."""
    if pool.mfa_configuration == "OFF":
        return ()
    reach = tuple(factor for factor in offered(pool) if _can(user, factor))
    has = tuple(factor for factor in FACTORS if factor in user.mfa and (factor in reach or factor == TOTP))
    return has if has or pool.mfa_configuration == "OPTIONAL" else reach


def _can(user: User, factor: str) -> bool:
    return user.totp_verified if factor == TOTP else bool(user.attributes.get(_ATTRIBUTE[factor]))


async def ask(attempt: Attempt, source: str, more: Mapping[str, Any] | None = None) -> Asked | None:
    """The challenge that the user's second factor is, None where none is needed. `source` says what tokens are for afterwards; `more` is
    state that goes with the challenge."""
    pool, user = attempt.pool, attempt.known()
    factors = active(pool, user)
    state = {"source": source, **(more or {})}
    if not factors:
        return await _set_up(attempt, state) if pool.mfa_configuration == "ON" else None
    if user.preferred in factors:
        factors = (user.preferred,)
    if len(factors) == 1:
        return await ask_for(attempt, factors[0], state)
    parameters = {"USER_ID_FOR_SRP": user.name, "MFAS_CAN_CHOOSE": json.dumps(factors, separators=(",", ":"))}
    return await sessions.ask(attempt, "SELECT_MFA_TYPE", parameters, state)


async def _set_up(attempt: Attempt, state: Mapping[str, Any]) -> Asked:
    can = [factor for factor in offered(attempt.pool) if factor == TOTP]
    parameters = {
        "USER_ID_FOR_SRP": attempt.known().name,
        "MFAS_CAN_SETUP": json.dumps(can, separators=(",", ":")),
    }
    return await sessions.ask(attempt, "MFA_SETUP", parameters, state)


async def ask_for(attempt: Attempt, factor: str, state: Mapping[str, Any]) -> Asked:
    """Asks for one factor: sends the code that it needs."""
    user = attempt.known()
    if factor == TOTP:
        return await sessions.ask(attempt, TOTP, {"USER_ID_FOR_SRP": user.name}, state)
    medium = codes.SMS if factor == SMS else codes.EMAIL
    return await codes.ask(attempt, factor, medium, codes.SECOND, state, {"USER_ID_FOR_SRP": user.name})


async def choose(attempt: Attempt, challenge: Challenge, session: str, responses: Mapping[str, str]) -> Asked:
    """SELECT_MFA_TYPE: asks for the factor that the user chose."""
    factor = needed(responses, "ANSWER")
    if factor not in active(attempt.pool, attempt.known()):
        raise MFAMethodNotFoundException(f"Invalid MFA type: the user has not {factor[:32]}.")
    await sessions.use(attempt, session)
    return await ask_for(attempt, factor, challenge.state)


async def check(attempt: Attempt, challenge: Challenge, session: str, responses: Mapping[str, str]) -> Attempt:
    """Checks the answer to one factor's challenge. Raises CodeMismatchException, ExpiredCodeException."""
    if challenge.asks == TOTP:
        return attempt.of(await software_token.check(attempt, session, needed(responses, "SOFTWARE_TOKEN_MFA_CODE")))
    await codes.check(attempt, challenge, session, responses)
    return attempt


async def after_set_up(attempt: Attempt, challenge: Challenge, session: str) -> Attempt:
    """MFA_SETUP: the user has registered an authenticator meanwhile (VerifySoftwareToken); it is his factor from now on."""
    if not challenge.state.get("verified"):
        if TOTP not in offered(attempt.pool):
            raise SoftwareTokenMFANotFoundException("Software Token MFA has not been enabled by the userPool")
        raise InvalidParameterException("User has not verified software token mfa")
    await sessions.use(attempt, session)
    return attempt
