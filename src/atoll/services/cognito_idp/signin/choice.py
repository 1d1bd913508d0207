"""USER_AUTH: the user chooses the first factor: a password, with or without SRP, or a code by mail or SMS. Passkeys are refused.

docs: "Choice-based sign-in". Who has a second factor, or must have one, signs in with a password.
"""

from __future__ import annotations

from collections.abc import Mapping

from atoll.kernel.errors import NotImplementedByAtoll
from atoll.services.cognito_idp.errors import InvalidParameterException
from atoll.services.cognito_idp.pools.settings import first_factors
from atoll.services.cognito_idp.signin import codes, mfa, password, sessions, srp, steps
from atoll.services.cognito_idp.signin.attempt import Attempt, Outcome, needed, refuse_unconfirmed
from atoll.services.cognito_idp.store import Challenge

_VERIFIED = {"EMAIL_OTP": "email_verified", "SMS_OTP": "phone_number_verified"}


async def begin(attempt: Attempt, parameters: Mapping[str, str]) -> Outcome:
    """Begins with PREFERRED_CHALLENGE where the user has it, otherwise lets him choose."""
    preferred = parameters.get("PREFERRED_CHALLENGE", "")
    if preferred == "PASSWORD" and parameters.get("PASSWORD"):
        return await steps.after_password(await password.check(attempt, parameters["PASSWORD"]))
    await password.before(attempt)
    factors = available(attempt)
    if preferred in factors and not (preferred == "PASSWORD_SRP" and not parameters.get("SRP_A")):
        return await _start(attempt, preferred, parameters, factors)
    return await sessions.ask(attempt, "SELECT_CHALLENGE", {}, available=factors)


async def choose(attempt: Attempt, session: str, responses: Mapping[str, str]) -> Outcome:
    """SELECT_CHALLENGE: the factor that the user chose, perhaps with what it needs."""
    factor = needed(responses, "ANSWER")
    if factor == "WEB_AUTHN":
        raise NotImplementedByAtoll("cognito-idp: WEB_AUTHN (passkeys).")
    factors = available(attempt)
    if factor not in factors:
        raise InvalidParameterException("Selected challenge is not available.")
    if factor == "PASSWORD":
        needed(responses, "PASSWORD")
    await sessions.use(attempt, session)
    return await _start(attempt, factor, responses, ())


async def answer_password(attempt: Attempt, session: str, responses: Mapping[str, str]) -> Outcome:
    """PASSWORD: a password for a sign-in that waits for it."""
    given = needed(responses, "PASSWORD")
    await sessions.use(attempt, session)
    return await steps.after_password(await password.check(attempt, given, begun=True))


async def answered_code(attempt: Attempt, challenge: Challenge, session: str, responses: Mapping[str, str]) -> Outcome:
    """A code that was the first factor."""
    await codes.check(attempt, challenge, session, responses)
    return await steps.signed(attempt)


def available(attempt: Attempt) -> tuple[str, ...]:
    """The first factors of the user that the pool allows, as AWS orders them; of one who does not exist all of them."""
    pool, user = attempt.pool, attempt.user
    allowed = first_factors(pool)
    sent = [factor for factor in ("EMAIL_OTP", "SMS_OTP") if factor in allowed]
    if user is not None:
        second = mfa.active(pool, user) or pool.mfa_configuration == "ON" or user.status != "CONFIRMED"
        sent = [] if second else [one for one in sent if user.attributes.get(_VERIFIED[one]) == "true"]
    typed = ("PASSWORD_SRP", "PASSWORD") if "PASSWORD" in allowed and (user is None or user.password) else ()
    return (*sent, *typed)


async def _start(attempt: Attempt, factor: str, parameters: Mapping[str, str], factors: tuple[str, ...]) -> Outcome:
    if factor == "PASSWORD_SRP":
        return await srp.ask(attempt, needed(parameters, "SRP_A"), {}, factors)
    if factor == "PASSWORD":
        if not parameters.get("PASSWORD"):
            return await sessions.ask(attempt, "PASSWORD", {}, available=factors)
        return await steps.after_password(await password.check(attempt, parameters["PASSWORD"], begun=True))
    if attempt.user:
        refuse_unconfirmed(attempt.user)
    medium = codes.EMAIL if factor == "EMAIL_OTP" else codes.SMS
    return await codes.ask(attempt, factor, medium, codes.FIRST, {"first": True}, {}, factors)
