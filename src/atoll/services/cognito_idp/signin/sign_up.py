"""A sign-up that goes on as a sign-in: the code that confirmed it is the first factor of USER_AUTH, and need not be sent again.

docs: API_SignUp, API_ConfirmSignUp, API_InitiateAuth, each under `Session`. SignUp's session may go to ConfirmSignUp (Amplify
keeps it to itself), that one's goes to InitiateAuth. It takes the place of a code only where the pool lets such a code be a first factor.
"""

from __future__ import annotations

from collections.abc import Mapping

from atoll.kernel.context import Context
from atoll.services.cognito_idp.errors import InvalidParameterException, NotAuthorizedException
from atoll.services.cognito_idp.messages import Medium
from atoll.services.cognito_idp.pools.client_settings import flows
from atoll.services.cognito_idp.signin import choice, password, sessions, steps
from atoll.services.cognito_idp.signin.attempt import Attempt, Outcome, attempt_of
from atoll.services.cognito_idp.store import Client, Pool, User

_BEGUN, _CONFIRMED = "SIGN_UP", "SIGNED_UP"
_FACTOR: Mapping[Medium, str] = {"EMAIL": "EMAIL_OTP", "SMS": "SMS_OTP"}


async def begun(ctx: Context, pool: Pool, client: Client, user: User) -> str | None:
    """The session of a new user who has been sent a code; None where the client may not sign in by USER_AUTH."""
    if "ALLOW_USER_AUTH" not in flows(client):
        return None
    return await _session(Attempt(ctx, pool, client, "USER_AUTH", user.name, user), _BEGUN, {})


async def require(ctx: Context, pool: Pool, client: Client, user: User, session: str) -> None:
    """Raises NotAuthorizedException where `session` is not that of this user's sign-up."""
    await _open(ctx, pool, client, user, session, _BEGUN)


async def confirmed(ctx: Context, pool: Pool, client: Client, user: User, session: str, medium: Medium) -> str | None:
    """The session of a user who has confirmed the sign-up by a code sent by `medium`; it follows on `session` where that is not "".
    None where the client may not sign in by USER_AUTH."""
    attempt = Attempt(ctx, pool, client, "USER_AUTH", user.name, user)
    if session:
        await sessions.use(attempt, session)
    if "ALLOW_USER_AUTH" not in flows(client):
        return None
    return await _session(attempt, _CONFIRMED, {"factor": _FACTOR[medium]})


async def go_on(
    ctx: Context, pool: Pool, client: Client, flow: str, session: str, parameters: Mapping[str, str],
    metadata: Mapping[str, str],
) -> Outcome:  # fmt: skip
    """InitiateAuth with the session of ConfirmSignUp. Raises NotAuthorizedException, InvalidParameterException."""
    if flow != "USER_AUTH":
        raise InvalidParameterException("Session is only supported for the USER_AUTH flow.")
    attempt = await attempt_of(ctx, pool, client, flow, parameters, metadata, trusted=False)
    if attempt.user is None:
        raise NotAuthorizedException(sessions.INVALID)
    factor = await _open(ctx, pool, client, attempt.user, session, _CONFIRMED)
    if factor not in choice.available(attempt):
        return await choice.begin(attempt, parameters)
    await password.before(attempt)
    await sessions.use(attempt, session)
    return await steps.signed(attempt)


async def _session(attempt: Attempt, stage: str, state: Mapping[str, str]) -> str:
    return (await sessions.ask(attempt, stage, {}, state)).session


async def _open(ctx: Context, pool: Pool, client: Client, user: User, session: str, stage: str) -> str:
    """The factor that the session stands for, "" for none yet."""
    challenge = await sessions.opened(ctx, pool, client, session)
    if challenge.asks != stage or challenge.sub != user.sub:
        raise NotAuthorizedException(sessions.INVALID)
    return str(challenge.state.get("factor", ""))
