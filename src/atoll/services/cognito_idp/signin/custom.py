"""CUSTOM_AUTH: three functions of the pool's owner say what is asked, put the question, and judge the answer.

docs: "Custom authentication challenge Lambda triggers". What was asked so far, and how it was answered, is the list that the define
function goes by. It may begin with SRP; only then a second factor is asked for, by itself and wherever the function wants it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.services.cognito_idp import triggers
from atoll.services.cognito_idp.errors import (
    InvalidLambdaResponseException,
    InvalidParameterException,
    NotAuthorizedException,
)
from atoll.services.cognito_idp.signin import mfa, password, sessions, srp, steps
from atoll.services.cognito_idp.signin.attempt import WRONG, Asked, Attempt, Outcome, needed, refuse_unconfirmed
from atoll.services.cognito_idp.store import Challenge

Results = Sequence[Mapping[str, Any]]
"""Challenges that were answered: challengeName, challengeResult, challengeMetadata."""
CUSTOM = "CUSTOM_CHALLENGE"


async def begin(attempt: Attempt, parameters: Mapping[str, str]) -> Outcome:
    """Begins; with CHALLENGE_NAME SRP_A the password comes first, if the define function wants it."""
    if not triggers.has(attempt.pool, "DefineAuthChallenge"):
        raise InvalidParameterException("Custom auth lambda trigger is not configured for the user pool.")
    await password.before(attempt)
    if attempt.user:
        refuse_unconfirmed(attempt.user)
    if parameters.get("CHALLENGE_NAME") == "SRP_A":
        return await _next(attempt, [_result("SRP_A", right=True)], needed(parameters, "SRP_A"))
    return await _next(attempt, [])


async def answer(attempt: Attempt, challenge: Challenge, session: str, responses: Mapping[str, str]) -> Outcome:
    """The answer to a custom challenge: the verify function judges it."""
    request = {
        "privateChallengeParameters": challenge.state["private"],
        "challengeAnswer": needed(responses, "ANSWER"),
        **_common(attempt),
    }
    judged = await triggers.fire(
        attempt.ctx,
        attempt.pool,
        attempt.client.id,
        "VerifyAuthChallengeResponse_Authentication",
        _who(attempt),
        request,
    )
    if judged is None:
        raise InvalidParameterException("Custom auth lambda trigger is not configured for the user pool.")
    await sessions.use(attempt, session)
    result = _result(CUSTOM, right=judged.get("answerCorrect") is True, metadata=challenge.state["metadata"])
    return await _next(attempt, [*challenge.state["custom"], result])


async def password_verified(attempt: Attempt, challenge: Challenge) -> Outcome:
    """The password of a flow that began with SRP was right: a user with a second factor is asked for it before the function is."""
    if not mfa.active(attempt.pool, attempt.known()):
        return await passed(attempt, challenge)
    results = [*challenge.state["custom"], _result(challenge.asks, right=True)]
    asked = await mfa.ask(attempt, "TokenGeneration_Authentication", {"custom": results})
    assert asked  # an active factor is always asked for
    return asked


async def passed(attempt: Attempt, challenge: Challenge) -> Outcome:
    """A challenge of the pool's own within a custom flow was answered rightly."""
    return await _next(attempt, [*challenge.state["custom"], _result(challenge.asks, right=True)])


async def _next(attempt: Attempt, results: Results, srp_a: str = "") -> Outcome:
    """Asks the define function what comes next."""
    request = {"session": list(results), **_common(attempt)}
    said = await triggers.fire(
        attempt.ctx, attempt.pool, attempt.client.id, "DefineAuthChallenge_Authentication", _who(attempt), request
    )
    said = said or {}
    if said.get("failAuthentication"):
        raise NotAuthorizedException(WRONG)
    if said.get("issueTokens"):
        attempt.known()
        return await steps.signed(attempt)
    name, state = said.get("challengeName"), {"custom": list(results)}
    if name == CUSTOM:
        return await _create(attempt, results)
    if name == "PASSWORD_VERIFIER" and srp_a:
        return await srp.ask(attempt, srp_a, state)
    if name in mfa.FACTORS and _has_verified(results) and name in mfa.active(attempt.pool, attempt.known()):
        return await mfa.ask_for(attempt, name, state)
    raise InvalidLambdaResponseException("Invalid challengeName in the response of DefineAuthChallenge")


async def _create(attempt: Attempt, results: Results) -> Asked:
    """Has the create function put the question."""
    request = {"challengeName": CUSTOM, "session": list(results), **_common(attempt)}
    made = await triggers.fire(
        attempt.ctx, attempt.pool, attempt.client.id, "CreateAuthChallenge_Authentication", _who(attempt), request
    )
    if made is None:
        raise InvalidParameterException("Custom auth lambda trigger is not configured for the user pool.")
    public = {name: value for name, value in (made.get("publicChallengeParameters") or {}).items() if value is not None}
    state = {
        "custom": list(results),
        "private": made.get("privateChallengeParameters") or {},
        "metadata": made.get("challengeMetadata"),
    }
    return await sessions.ask(attempt, CUSTOM, {"USERNAME": attempt.id_for_srp, **public}, state)


def _has_verified(results: Results) -> bool:
    """Whether the password was given: a second factor follows on nothing else."""
    return any(one["challengeName"] == "PASSWORD_VERIFIER" for one in results)


def _who(attempt: Attempt) -> Any:
    return attempt.user or attempt.name


def _common(attempt: Attempt) -> dict[str, Any]:
    return {**triggers.with_metadata(attempt.metadata), **attempt.existence}


def _result(name: str, *, right: bool, metadata: str | None = None) -> dict[str, Any]:
    return {"challengeName": name, "challengeResult": right, "challengeMetadata": metadata}
