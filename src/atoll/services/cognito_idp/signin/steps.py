"""What comes after a first factor: a new password, a second factor, and then the user has signed in."""

from __future__ import annotations

from atoll.services.cognito_idp import triggers
from atoll.services.cognito_idp.signin import mfa, new_password
from atoll.services.cognito_idp.signin.attempt import Attempt, Outcome, Signed, refuse_unconfirmed


async def after_password(attempt: Attempt) -> Outcome:
    """The password was right: if it is a temporary one, the user must set another."""
    if attempt.known().status == "FORCE_CHANGE_PASSWORD":
        return await new_password.ask(attempt)
    return await second_factor(attempt)


async def second_factor(attempt: Attempt, source: str = "TokenGeneration_Authentication") -> Outcome:
    """The second factor, where the pool or the user wants one."""
    asked = await mfa.ask(attempt, source)
    return asked or await signed(attempt, source)


async def signed(attempt: Attempt, source: str = "TokenGeneration_Authentication") -> Signed:
    """The end. The post authentication trigger may still refuse."""
    user = attempt.known()
    refuse_unconfirmed(user)
    request = {"newDeviceUsed": False, **triggers.with_metadata(attempt.metadata)}
    await triggers.fire(
        attempt.ctx, attempt.pool, attempt.client.id, "PostAuthentication_Authentication", user, request
    )
    return Signed(user, source, attempt.metadata)
