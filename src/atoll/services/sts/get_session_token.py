"""GetSessionToken: temporary credentials of a user (or the root), who is already the caller."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context, Session
from atoll.kernel.errors import AccessDenied
from atoll.kernel.service import operation
from atoll.services.sts import mfa_codes
from atoll.services.sts.sessions import issue

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import GetSessionTokenRequestTypeDef

USER_SECONDS, ROOT_SECONDS = 43_200, 3_600

ONLY_SOME_STS = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"sts:*","Resource":"*"},'
    '{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity","sts:GetFederationToken"],'
    '"Resource":"*"}]}'
)
"""What such credentials may do of STS at most, beside asking who they are. GetFederationToken itself says why it refuses them.

docs: API_GetSessionToken.
"""


@operation("GetSessionToken", access=())
async def get_session_token(ctx: Context, request: GetSessionTokenRequestTypeDef) -> dict[str, Any]:
    """No permission is needed; a session cannot make another. Without a code of an MFA device its credentials have no IAM.

    docs: API_GetSessionToken. A session of the root may do what the root may.
    """
    principal = ctx.principal
    if principal.kind not in ("user", "root") or principal.access_key.startswith("ASIA"):
        raise AccessDenied("Cannot call GetSessionToken with session credentials")
    given = await mfa_codes.use(ctx, request) if mfa_codes.has_code(request) else 0
    if principal.kind == "root":
        return {
            "Credentials": await issue(ctx, principal, min(request.get("DurationSeconds", ROOT_SECONDS), ROOT_SECONDS))
        }
    session = Session(mfa=given, no_iam=not given)
    limited = dataclasses.replace(principal, session=session, session_policies=(ONLY_SOME_STS,))
    return {"Credentials": await issue(ctx, limited, request.get("DurationSeconds", USER_SECONDS))}
