"""Callers who sign their requests (authorization type AWS_IAM): Signature Version 4 for `execute-api`, and IAM's say.

What AWS answers differs by kind: REST and WebSocket APIs say what is wrong, HTTP APIs say `Forbidden`.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
"""

from __future__ import annotations

from typing import Any

from atoll.api_runtime.authorize.facts import INVALIDATE, INVOKE, MANAGE, invoked_arn, method_arn
from atoll.api_runtime.authorize.resource_policy import masked
from atoll.api_runtime.refused import Reason, Refused
from atoll.api_runtime.visit import Caller, Outcome, Visit
from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import AccessDenied, CommonError, ExpiredToken
from atoll.kernel.service import Access, Host

SERVICE = "execute-api"
MISSING = "Missing Authentication Token"


async def admit(host: Host, visit: Visit, policy: str | None = None) -> Caller:
    """Who signed, where IAM and the API's resource policy (one that was checked) let them invoke. Raises Refused."""
    principal = await _signer(host, visit)
    await _require(host, visit, principal, INVOKE, invoked_arn(visit), policy)
    return Caller("AWS_IAM", principal=principal, principal_id=principal.user_id)


async def admit_manager(host: Host, visit: Visit) -> Principal:
    """Who signed a request to a WebSocket API's connections (`visit.path` is /@connections/ID), where IAM lets them. Raises Refused."""
    principal = await _signer(host, visit)
    await _require(host, visit, principal, MANAGE, method_arn(visit), None)
    return principal


async def invalidation_denial(host: Host, visit: Visit, policy: str | None) -> Refused | None:
    """Why the caller may not renew a cached answer, None where he may. Only who signed for a method with AWS_IAM can be allowed to:
    what Lambda authorizers answer does not count on AWS, users say (re:Post QUxPRhmIh7Sr-1jCzGH7wzgQ)."""
    principal = visit.caller.principal
    if principal is None:
        return Refused("ACCESS_DENIED", detail="who is no IAM principal cannot renew cached answers")
    try:
        await _ask(host, visit, principal, INVALIDATE, invoked_arn(visit), policy)
    except AccessDenied as error:
        return _refusal(visit, "ACCESS_DENIED", masked(error.message, visit))
    return None


async def unmatched(host: Host, visit: Visit) -> Refused:
    """The refusal of a request that no method of a REST API takes. Whatever its Authorization header holds is taken for a signature
    first, so that who sends a token there reads what is wrong with it as one: observed on AWS."""
    try:
        await _signer(host, visit)
    except Refused as refused:
        return refused
    return Refused("MISSING_AUTHENTICATION_TOKEN")


async def _signer(host: Host, visit: Visit) -> Principal:
    outcome = visit.authenticate = Outcome(status=403)
    try:
        principal = await host.signer(visit.request, service=SERVICE, region=visit.api.region)
    except CommonError as error:
        outcome.error = error.message
        raise _refusal(visit, _reason(error), error.message, error.code) from error
    if principal is None:
        outcome.error = MISSING
        raise _refusal(visit, "MISSING_AUTHENTICATION_TOKEN", MISSING)
    outcome.status = 200
    return principal


async def _require(host: Host, visit: Visit, principal: Principal, action: str, arn: str, policy: str | None) -> None:
    outcome = visit.authorize = Outcome(status=403)
    try:
        await _ask(host, visit, principal, action, arn, policy)
    except AccessDenied as error:
        outcome.error = error.message
        raise _refusal(visit, "ACCESS_DENIED", masked(error.message, visit)) from error
    outcome.status = 200


async def _ask(host: Host, visit: Visit, principal: Principal, action: str, arn: str, policy: str | None) -> None:
    """Raises AccessDenied."""

    async def on_the_api(_ctx: Context, _params: Any) -> str | None:
        return policy

    access = Access(action, lambda _ctx, _params: arn, resource_policy=on_the_api if policy is not None else None)
    ctx = visit.ctx.derive(principal=principal, service=SERVICE, operation=action.partition(":")[2])
    await host.admit(ctx, visit.request, [access], {})


def _reason(error: CommonError) -> Reason:
    return "EXPIRED_TOKEN" if isinstance(error, ExpiredToken) else "INVALID_SIGNATURE"


def _refusal(visit: Visit, reason: Reason, text: str, error: str | None = None) -> Refused:
    if visit.api.kind == "HTTP":
        return Refused("ACCESS_DENIED", detail=text)
    return Refused(reason, text, detail=text, error=error)
