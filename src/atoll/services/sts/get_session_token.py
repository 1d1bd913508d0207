"""GetSessionToken: temporary credentials of a user (or the root), who is already the caller."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import AccessDenied
from atoll.kernel.service import operation
from atoll.services.sts.sessions import issue

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import GetSessionTokenRequestTypeDef

USER_SECONDS, ROOT_SECONDS = 43_200, 3_600

WITHOUT_MFA = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","sts:*"],"Resource":"*"},'
    '{"Effect":"Allow","Action":["sts:AssumeRole","sts:GetCallerIdentity"],"Resource":"*"}]}'
)
"""What such credentials may do at most: no IAM, and of STS two operations. docs: API_GetSessionToken."""


@operation("GetSessionToken", access=())
async def get_session_token(ctx: Context, request: GetSessionTokenRequestTypeDef) -> dict[str, Any]:
    """No permission is needed; a session cannot make another. docs: API_GetSessionToken.

    There are no MFA devices, so that no code can be right. A session of the root may do what the root may.
    """
    principal = ctx.principal
    if principal.kind not in ("user", "root") or principal.access_key.startswith("ASIA"):
        raise AccessDenied("Cannot call GetSessionToken with session credentials")
    if request.get("SerialNumber") or request.get("TokenCode"):
        raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
    if principal.kind == "root":
        return {
            "Credentials": await issue(ctx, principal, min(request.get("DurationSeconds", ROOT_SECONDS), ROOT_SECONDS))
        }
    limited = dataclasses.replace(principal, session_policies=(WITHOUT_MFA,))
    return {"Credentials": await issue(ctx, limited, request.get("DurationSeconds", USER_SECONDS))}
