"""The resource policy of a REST API: what it says by itself, before or beside what an authorizer says. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from atoll.api_runtime.authorize.facts import INVOKE, facts, invoked_arn
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import Visit
from atoll.auth.denied import sentence
from atoll.auth.policy.evaluate import NO_POLICIES, Decision, Question, evaluate
from atoll.auth.policy.parse import Policy, PolicySyntaxError, parse
from atoll.kernel.context import Principal

_SHORT = "execute-api:/"
ANONYMOUS = Principal.anonymous()


def whole(text: str, visit: Visit) -> str:
    """The policy with whole ARNs where it names resources in short (`execute-api:/STAGE/GET/pets`). Raises Refused where it is none."""
    api = f"arn:aws:execute-api:{visit.api.region}:{visit.api.account}:{visit.api_id}/"
    try:
        completed = _completed(text, api)
        _compiled(completed)
    except (PolicySyntaxError, msgspec.DecodeError, RecursionError) as error:
        raise Refused("ACCESS_DENIED", detail=f"the API's resource policy cannot be read: {error}") from error
    return completed


def ruling(policy: str, visit: Visit) -> Decision:
    """What a `whole` policy says of a request that nobody signed."""
    question = _question(visit)
    return evaluate(question, NO_POLICIES, _compiled(policy), resource_account=visit.api.account)


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


@lru_cache(maxsize=256)
def _completed(text: str, api: str) -> str:
    if _SHORT not in text:
        return text
    document = msgspec.json.decode(text)
    statements = document.get("Statement", ()) if isinstance(document, dict) else ()
    for statement in statements if isinstance(statements, list) else [statements]:
        for member in ("Resource", "NotResource"):
            if isinstance(statement, dict) and member in statement:
                statement[member] = _lengthened(statement[member], api)
    return msgspec.json.encode(document).decode()


def _lengthened(resources: Any, api: str) -> Any:
    if isinstance(resources, list):
        return [_lengthened(resource, api) for resource in resources]
    if isinstance(resources, str) and resources.startswith(_SHORT):
        return api + resources.removeprefix(_SHORT)
    return resources
