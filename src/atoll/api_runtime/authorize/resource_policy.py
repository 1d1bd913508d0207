"""The resource policy of a REST API: what it says by itself, before or beside what an authorizer says. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

from functools import lru_cache

from atoll.api_runtime.authorize.facts import INVOKE, facts, invoked_arn
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import Visit
from atoll.auth.denied import sentence
from atoll.auth.policy.evaluate import NO_POLICIES, Decision, Question, evaluate
from atoll.auth.policy.judgement import NOTHING, Judgement
from atoll.auth.policy.parse import Policy, PolicySyntaxError, parse
from atoll.kernel.context import Principal

ANONYMOUS = Principal.anonymous()


def check(policy: str) -> None:
    """Raises Refused where the text is no policy: what cannot be read lets nobody in."""
    try:
        _compiled(policy)
    except PolicySyntaxError as error:
        raise Refused("ACCESS_DENIED", detail=f"the API's resource policy cannot be read: {error}") from error


def ruling(policy: str, visit: Visit) -> Decision:
    """What a policy that was checked says of a request that nobody signed."""
    question = _question(visit)
    return evaluate(question, NO_POLICIES, _compiled(policy), resource_account=visit.api.account)


def judged(policy: str, visit: Visit, ruling: Decision) -> Judgement:
    """What `ruling` was made from."""
    compiled = _compiled(policy)
    asked, known = compiled.about(INVOKE.lower()).asks, facts(visit)
    context = {key: known[key] for key in asked if key in known} if asked else NOTHING
    return Judgement(
        ANONYMOUS, INVOKE, invoked_arn(visit), visit.api.account, context, NO_POLICIES, compiled, True, ruling
    )


def denial(decision: Decision, visit: Visit) -> Refused:
    """The refusal of a request that nobody signed."""
    text = sentence(_question(visit), decision).replace("User: * ", "User: anonymous ", 1)
    return Refused("ACCESS_DENIED", masked(text, visit), detail=str(decision))


def masked(text: str, visit: Visit) -> str:
    """A denial as REST and WebSocket APIs word it: of the account in the resource's ARN the last four digits are shown."""
    account, own = visit.api.account, f"arn:aws:execute-api:{visit.api.region}:"
    return text.replace(f"{own}{account}:", f"{own}********{account[-4:]}:")


def _question(visit: Visit) -> Question:
    return Question(ANONYMOUS, INVOKE, invoked_arn(visit), facts(visit))


@lru_cache(maxsize=256)
def _compiled(text: str) -> Policy:
    return parse(text, kind="resource")
