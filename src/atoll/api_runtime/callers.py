"""What events say of the caller, as the route's guard found out. Pure.

docs: "Create AWS Lambda proxy integrations for HTTP APIs", "Control access to HTTP APIs with JWT authorizers", "… with AWS Lambda
authorizers", "… with IAM authorization".
"""

from __future__ import annotations

from typing import Any

from atoll.api_runtime.visit import Caller
from atoll.kernel.context import Principal


def authorizer_2(caller: Caller) -> dict[str, Any] | None:
    """`requestContext.authorizer` in payload format 2.0; None where the route asks for nobody."""
    if caller.kind == "CUSTOM":
        return {"lambda": caller.context or None}
    if caller.kind in ("JWT", "COGNITO_USER_POOLS"):
        return {"jwt": {"claims": caller.context, "scopes": caller.scopes}}
    if caller.principal is not None:
        return {"iam": signer(caller.principal)}
    return None


def authorizer_1(caller: Caller) -> dict[str, Any] | None:
    """`requestContext.authorizer` in payload format 1.0; None where there is no authorizer."""
    if caller.kind == "CUSTOM":
        named = {"principalId": caller.principal_id} if caller.principal_id else {}
        return {"claims": None, "scopes": None, **caller.context, **named}
    if caller.kind in ("JWT", "COGNITO_USER_POOLS"):
        return {"claims": caller.context, "scopes": caller.scopes}
    return None


def signed(caller: Caller) -> dict[str, str]:
    """The members of `requestContext.identity` that name who signed, nothing where nobody did; payload format 2.0 has them elsewhere."""
    principal = caller.principal
    if principal is None:
        return {}
    return {
        "accessKey": principal.access_key,
        "accountId": principal.account,
        "caller": principal.user_id,
        "user": principal.user_id,
        "userArn": principal.arn,
    }


def signer(principal: Principal) -> dict[str, Any]:
    """`requestContext.authorizer.iam`: a caller who signed."""
    return {
        "accessKey": principal.access_key,
        "accountId": principal.account,
        "callerId": principal.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": principal.arn,
        "userId": principal.user_id,
    }
