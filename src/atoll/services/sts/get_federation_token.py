"""GetFederationToken: temporary credentials of a user for somebody else, who may do what both the user and the session's policies allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context, Principal, Session
from atoll.kernel.errors import AccessDenied
from atoll.kernel.service import Access, operation
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.sts import session_tags
from atoll.services.sts.sessions import issue, packed_size, session_policies

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import GetFederationTokenRequestTypeDef

USER_SECONDS, ROOT_SECONDS = 43_200, 3_600
NO_STS = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"sts:*","Resource":"*"}}'
"""Beside it GetCallerIdentity, which nobody can be denied. Where no other policy is given, it allows nothing, as AWS does."""


def _federated(ctx: Context, request: GetFederationTokenRequestTypeDef) -> str:
    return f"arn:aws:sts::{ctx.account}:federated-user/{request.get('Name', '')}"


def _tagged(ctx: Context, request: GetFederationTokenRequestTypeDef) -> list[str]:
    """The user, who is tagged as somebody else: of its ARN only the path is its own."""
    return [f"arn:aws:iam::{ctx.account}:user/{ctx.principal.arn.partition('/')[2]}"] if request.get("Tags") else []


@operation(
    "GetFederationToken",
    access=[
        Access("sts:GetFederationToken", _federated, adds_tags()),
        Access("sts:TagSession", _tagged, adds_tags()),
    ],
)
async def get_federation_token(ctx: Context, request: GetFederationTokenRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetFederationToken, and "Permissions for GetFederationToken". Such a session has no IAM, and of STS only who it is."""
    principal = ctx.principal
    if principal.kind not in ("user", "root") or principal.access_key.startswith("ASIA"):
        raise AccessDenied("Cannot call GetFederationToken with session credentials")
    is_root = principal.kind == "root"
    tags = session_tags.given(request).tags
    packed = packed_size(request, tags)
    policies = await session_policies(ctx, ctx.account, request)
    federated = Principal(
        "federated",
        ctx.account,
        _federated(ctx, request),
        f"{ctx.account}:{request['Name']}",
        role_arn="" if is_root else principal.arn,
        session_policies=(*policies, NO_STS),
        session=Session(tags=tags, owner=principal.user_id, no_iam=True),
    )
    seconds = request.get("DurationSeconds", ROOT_SECONDS if is_root else USER_SECONDS)
    return {
        "Credentials": await issue(ctx, federated, min(seconds, ROOT_SECONDS) if is_root else seconds),
        "FederatedUser": {"FederatedUserId": federated.user_id, "Arn": federated.arn},
        "PackedPolicySize": packed,
    }
