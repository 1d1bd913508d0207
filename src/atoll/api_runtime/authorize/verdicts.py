"""What a Lambda authorizer's function answered, and what that means for a request. Pure but for the decision that the trace keeps.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html (REST, WebSocket),
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.authorize.facts import INVOKE, facts, invoked_arn
from atoll.api_runtime.documents import NO_JSON
from atoll.api_runtime.visit import Visit
from atoll.auth.policy.document import CURRENT
from atoll.auth.policy.evaluate import Decision, PolicySet, Question, evaluate
from atoll.auth.policy.judgement import Judgement
from atoll.auth.policy.parse import PolicySyntaxError, parse
from atoll.kernel.context import Principal

AUTHORIZER = "the Lambda authorizer's answer"
"""What the policy that a function answers is called."""
_decode = msgspec.json.Decoder().decode


class BadAnswer(Exception):
    """The answer is none that API Gateway takes. The message is for logs."""


class Verdict(msgspec.Struct, frozen=True):
    """What a function said of a caller: by a policy, or by a simple yes or no (`allowed`)."""

    principal_id: str
    policies: PolicySet | None
    allowed: bool
    context: Mapping[str, Any]
    usage_key: str | None
    policy: Any = None
    """The policy document as it was answered."""


def read(payload: bytes, kind: serving.Kind, authorizer: serving.Authorizer) -> Verdict:
    """A function's answer. Raises BadAnswer."""
    try:
        answer = _decode(payload)
    except NO_JSON as error:
        raise BadAnswer("the answer is not JSON") from error
    if not isinstance(answer, dict):
        raise BadAnswer("the answer is not an object")
    simple = kind == "HTTP" and authorizer.simple and authorizer.payload_format == "2.0"
    if simple and "policyDocument" not in answer:
        allowed = answer.get("isAuthorized")
        if not isinstance(allowed, bool):
            raise BadAnswer("isAuthorized is not true or false")
        return Verdict("", None, allowed, _context(answer.get("context"), kind), None)
    return Verdict(
        principal_id=_principal_id(answer.get("principalId"), required=kind != "HTTP"),
        policies=_policies(answer.get("policyDocument")),
        allowed=False,
        context=_context(answer.get("context"), kind),
        usage_key=_usage_key(answer.get("usageIdentifierKey")),
        policy=answer.get("policyDocument"),
    )


def decide(verdict: Verdict, visit: Visit) -> Decision:
    """Whether the verdict lets this request in: a policy is asked about each request anew. The trace keeps what it said."""
    if verdict.policies is None:
        return Decision(verdict.allowed, not verdict.allowed, "identity-based policy")
    account = visit.api.account
    # A caller of the API's own account with this one policy, who is not root and whom nothing else limits.
    principal = Principal("anonymous", account, "*", verdict.principal_id)
    question = Question(principal, INVOKE, invoked_arn(visit), facts(visit))
    decision = evaluate(question, verdict.policies, None, resource_account=account)
    asked = verdict.policies.about(INVOKE.lower()).asks
    context = {key: value for key, value in question.context.items() if key in asked}
    judged = Judgement(principal, INVOKE, question.resource, account, context, verdict.policies, None, False, decision)
    visit.ctx.span.judge(judged)
    return decision


def _principal_id(value: Any, *, required: bool) -> str:
    if isinstance(value, str) and value:
        return value
    if value is not None or required:
        raise BadAnswer("principalId is missing, or no text")
    return ""


def _policies(document: Any) -> PolicySet:
    if not isinstance(document, dict):
        raise BadAnswer("policyDocument is missing, or no object")
    try:
        return PolicySet((parse(msgspec.json.encode({"Version": CURRENT, **document}), name=AUTHORIZER),))
    except PolicySyntaxError as error:
        raise BadAnswer(f"policyDocument: {error.message}") from error


def _usage_key(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise BadAnswer("usageIdentifierKey is no text")
    return value


def _context(value: Any, kind: serving.Kind) -> Mapping[str, Any]:
    """What the authorizer tells integrations. HTTP APIs hand it on as it is; elsewhere values are plain, and handed on as text."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadAnswer("context is no object")
    return value if kind == "HTTP" else {name: _text(name, one) for name, one in value.items() if one is not None}


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return msgspec.json.encode(value).decode()
    raise BadAnswer(f"context: {name} is no text, number or truth value")
