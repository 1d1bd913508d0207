"""Roles that owners give to a pool: whoever does that must be allowed to pass them on, and Cognito must be able to assume them.

docs: IAM User Guide, "Granting a user permissions to pass a role"; API_SmsConfigurationType.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import ServiceError
from atoll.kernel.service import Access
from atoll.kernel.sessions import session_of
from atoll.services.cognito_idp import names
from atoll.services.cognito_idp.errors import (
    InvalidSmsRoleAccessPolicyException,
    InvalidSmsRoleTrustRelationshipException,
)

SERVICE_HOST = "cognito-idp.amazonaws.com"
Request = Mapping[str, Any]


def passes(named: Callable[[Request], Any]) -> Access:
    """The permission for the role that `named` finds in a request, if it has one."""

    def passed(_ctx: Context, request: Request) -> Sequence[str]:
        role = named(request)
        return [role] if isinstance(role, str) else []

    def to(ctx: Context, request: Request) -> Sequence[str]:
        return [names.pool_arn(ctx, request.get("UserPoolId", "*"))]

    conditions = {"iam:AssociatedResourceArn": to, "iam:PassedToService": lambda _ctx, _request: [SERVICE_HOST]}
    return Access("iam:PassRole", passed, conditions)


PASS_SMS_ROLE = passes(lambda request: (request.get("SmsConfiguration") or {}).get("SnsCallerArn"))
PASS_MFA_ROLE = passes(
    lambda request: ((request.get("SmsMfaConfiguration") or {}).get("SmsConfiguration") or {}).get("SnsCallerArn")
)


async def check_sms_role(ctx: Context, pool_id: str, configuration: Mapping[str, Any] | None) -> None:
    """Raises InvalidSmsRoleTrustRelationshipException unless Cognito can assume the role of an SmsConfigurationType, and
    InvalidSmsRoleAccessPolicyException unless that may publish: Terraform tries again on both."""
    if not configuration:
        return
    role = configuration["SnsCallerArn"]
    asked = {"RoleArn": role, "RoleSessionName": "CognitoUserPool"}
    if external := configuration.get("ExternalId"):
        asked["ExternalId"] = external
    service = Principal.service(SERVICE_HOST, ctx.account, source_arn=names.pool_arn(ctx, pool_id))
    try:
        session = session_of(role, await ctx.call("sts", "AssumeRole", asked, principal=service))
    except ServiceError as error:
        raise InvalidSmsRoleTrustRelationshipException(
            "Role does not have a trust relationship allowing Cognito to assume the role"
        ) from error
    if not await ctx.allows("sns:Publish", "*", principal=session):
        raise InvalidSmsRoleAccessPolicyException("Role does not have permission to publish with SNS")
