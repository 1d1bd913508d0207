"""TestInvokeAuthorizer: an authorizer is asked about a request that nobody sent, and its answer is shown.

docs: API_TestInvokeAuthorizer. Remembered answers have no part in it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.authorize.functions import FunctionAuthorizers, Shown, identify
from atoll.api_runtime.authorize.user_pools import UserPoolAuthorizers
from atoll.api_runtime.integrate.roles import Roles
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api.execution_log import test_log
from atoll.api_runtime.visit import Visit
from atoll.auth import own_issuers
from atoll.auth.issuers import Issuers, Unreachable

STATUSES = {"UNAUTHORIZED": 401, "ACCESS_DENIED": 403}


async def try_authorizer(visit: Visit, authorizer: serving.Authorizer, shown: Shown | None = None) -> dict[str, Any]:
    """The members of TestInvokeAuthorizer's answer. `visit` is the request as it would have been sent; nothing is raised for what the
    authorizer does."""
    lines = [f"Starting authorizer: {authorizer.id} for request: {visit.request_id}"]
    answer: dict[str, Any] = {}
    status = 200
    try:
        values = identify(visit, authorizer)
        lines.append(f"Incoming identity: {', '.join('*' * len(value) for value in values)}")
        if authorizer.kind == "COGNITO_USER_POOLS":
            answer = {"claims": dict((await _pools(visit).admit(visit, authorizer, ())).context)}
        else:
            verdict = await FunctionAuthorizers(Roles(visit.ctx.clock)).ask(visit, authorizer, values, shown)
            policy = msgspec.json.encode(verdict.policy).decode()
            lines.append(f"Using valid authorizer policy for principal: {'*' * len(verdict.principal_id)}")
            lines.append(f"Authorizer result body: {policy}")
            answer = {"principalId": verdict.principal_id, "policy": policy}
    except Refused as refused:
        status = STATUSES.get(refused.reason, 500)
        lines.append(f"Execution failed: {refused.detail}" if status == 500 else "Unauthorized request")
    else:
        lines.append("Successfully completed authorizer execution")
    return {
        "clientStatus": status,
        "log": test_log(visit.request_id, lines, visit.time),
        "latency": visit.authorizer.latency or 0,
        **answer,
    }


def _pools(visit: Visit) -> UserPoolAuthorizers:
    """A trial has no memory, and asks no network: the pools are the region's."""
    issuers = Issuers(visit.ctx.clock, _nowhere)
    issuers.resolve(own_issuers.key_sets(visit.ctx.store))
    return UserPoolAuthorizers(visit.ctx.clock, issuers)


async def _nowhere(_issuer: str) -> bytes:
    raise Unreachable("the user pool is not in this region")
