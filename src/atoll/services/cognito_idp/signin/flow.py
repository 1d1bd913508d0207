"""Sign-in as a whole: begun by a flow, led from challenge to challenge, ended with a user who has signed in, or refused.

Operations turn `Signed` into tokens, the hosted pages into an authorization code.
"""

from __future__ import annotations

from collections.abc import Mapping

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.services.cognito_idp.errors import InvalidParameterException, NotAuthorizedException
from atoll.services.cognito_idp.pools.client_settings import flows
from atoll.services.cognito_idp.signin import choice, custom, mfa, new_password, password, sessions, srp, steps
from atoll.services.cognito_idp.signin.attempt import (
    HOSTED,
    WRONG,
    Asked,
    Attempt,
    Outcome,
    Signed,
    attempt_of,
    needed,
    refuse_state,
)
from atoll.services.cognito_idp.store import Challenge, Client, Pool, User, find_user
from atoll.services.cognito_idp.users import secret_hash
from atoll.services.cognito_idp.users.find import folded, names_of

__all__ = ["HOSTED", "Asked", "Signed", "answer", "begin"]

_ADMIN = ("ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH")
_ALLOWED_BY = {"ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH", "REFRESH_TOKEN": "ALLOW_REFRESH_TOKEN_AUTH"}
_TEXTS = {
    "USER_PASSWORD_AUTH": "USER_PASSWORD_AUTH flow not enabled for this client",
    "USER_SRP_AUTH": "USER_SRP_AUTH is not enabled for the client.",
    "CUSTOM_AUTH": "CUSTOM_AUTH is not enabled for the client.",
    "USER_AUTH": "USER_AUTH flow not enabled for this client",
}


def require_flow(client: Client, flow: str, *, admin: bool) -> None:
    """Raises InvalidParameterException where the operation has not the flow, or the client may not use it."""
    if (flow in _ADMIN and not admin) or (flow == "USER_PASSWORD_AUTH" and admin):
        raise InvalidParameterException("Initiate Auth method not supported.")
    if _ALLOWED_BY.get(flow, f"ALLOW_{flow}") not in flows(client):
        raise InvalidParameterException(_TEXTS.get(flow, "Auth flow not enabled for this client"))


async def begin(
    ctx: Context,
    pool: Pool,
    client: Client,
    flow: str,
    parameters: Mapping[str, str],
    metadata: Mapping[str, str],
    *,
    admin: bool = False,
) -> Outcome:
    """Begins a sign-in: `flow` and `parameters` are AuthFlow and AuthParameters. Of refreshing see `tokens/refresh.py`.

    Raises NotAuthorizedException, InvalidParameterException, UserNotFoundException, UserNotConfirmedException,
    PasswordResetRequiredException, and what triggers raise.
    """
    hosted = flow == HOSTED
    if not hosted:
        require_flow(client, flow, admin=admin)
    attempt = await attempt_of(ctx, pool, client, flow, parameters, metadata, trusted=hosted)
    if flow == "USER_SRP_AUTH":
        a = needed(parameters, "SRP_A")
        await password.before(attempt)
        return await srp.ask(attempt, a, {})
    if flow == "CUSTOM_AUTH":
        return await custom.begin(attempt, parameters)
    if flow == "USER_AUTH":
        return await choice.begin(attempt, parameters)
    return await steps.after_password(await password.check(attempt, needed(parameters, "PASSWORD")))


async def answer(
    ctx: Context,
    pool: Pool,
    client: Client,
    challenge_name: str,
    session: str,
    responses: Mapping[str, str],
    metadata: Mapping[str, str],
    *,
    admin: bool = False,
    hosted: bool = False,
) -> Outcome:
    """Answers a challenge: ChallengeName, Session and ChallengeResponses. `hosted` says that the hosted pages ask, which have made sure
    of the client and leave USERNAME out. Raises as `begin`, and what is wrong with the answer."""
    if challenge_name.startswith("DEVICE_"):
        raise NotImplementedByAtoll(f"cognito-idp: {challenge_name} (remembered devices).")
    if challenge_name == "WEB_AUTHN":
        raise NotImplementedByAtoll("cognito-idp: WEB_AUTHN (passkeys).")
    if challenge_name == "PASSWORD_VERIFIER":
        session = needed(responses, "PASSWORD_CLAIM_SECRET_BLOCK")
    if not hosted:
        name = needed(responses, "USERNAME")
        secret_hash.check(client, name, responses.get("SECRET_HASH"))
    if not session:
        raise InvalidParameterException("Missing required parameter Session")
    challenge = await sessions.opened(ctx, pool, client, session)
    if challenge.asks != challenge_name or (challenge.flow == HOSTED) != hosted:
        raise NotAuthorizedException(sessions.INVALID)
    user = await _user_of(ctx, pool, challenge, "" if hosted else name)
    attempt = Attempt(ctx, pool, client, challenge.flow, challenge.name, user, metadata)
    return await _answered(attempt, challenge, session, responses)


async def _user_of(ctx: Context, pool: Pool, challenge: Challenge, name: str) -> User | None:
    """Who is asked. Raises NotAuthorizedException where `name` is another's, or he has gone or been disabled meanwhile."""
    if not challenge.sub:
        return None
    user = await ctx.store.read(lambda tx: find_user(tx, ctx, pool.id, challenge.sub))
    if user is None:
        raise NotAuthorizedException(WRONG)
    if name and folded(pool, name) not in {folded(pool, challenge.name), user.sub, *names_of(pool, user)}:
        raise NotAuthorizedException(sessions.INVALID)
    refuse_state(user)
    return user


async def _answered(attempt: Attempt, challenge: Challenge, session: str, responses: Mapping[str, str]) -> Outcome:
    asks, state = challenge.asks, challenge.state
    source = state.get("source", "TokenGeneration_Authentication")
    if asks == "PASSWORD_VERIFIER":
        attempt = await srp.answer(attempt, challenge, session, responses)
        return await (
            custom.password_verified(attempt, challenge) if "custom" in state else steps.after_password(attempt)
        )
    if asks == custom.CUSTOM:
        return await custom.answer(attempt, challenge, session, responses)
    if asks == "NEW_PASSWORD_REQUIRED":
        attempt = await new_password.answer(attempt, session, responses)
        return await steps.second_factor(attempt, "TokenGeneration_NewPasswordChallenge")
    if asks == "SELECT_MFA_TYPE":
        return await mfa.choose(attempt, challenge, session, responses)
    if asks == "MFA_SETUP":
        return await steps.signed(await mfa.after_set_up(attempt, challenge, session), source)
    if asks == "SELECT_CHALLENGE":
        return await choice.choose(attempt, session, responses)
    if asks == "PASSWORD":
        return await choice.answer_password(attempt, session, responses)
    if state.get("first"):
        return await choice.answered_code(attempt, challenge, session, responses)
    attempt = await mfa.check(attempt, challenge, session, responses)
    return await (custom.passed(attempt, challenge) if "custom" in state else steps.signed(attempt, source))
