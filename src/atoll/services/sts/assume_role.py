"""AssumeRole: temporary credentials of a role.

Who may is decided before this runs: the role's trust policy is the operation's resource policy, together with the caller's own
policies. STS learns about the role by calling IAM's GetRole as the root of the role's account: STS keeps no roles, and whoever
asks need not be allowed to read them. A role that does not exist is denied like one that trusts nobody.

One departure from AWS, which never lets an account's root assume a role: here root is whoever comes with keys that Atoll did not
issue, in place of the administrator that they are on AWS. The trust policy must name the account all the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from atoll.auth.policy.parse import PolicySyntaxError, parse
from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import AccessDenied, NotImplementedByAtoll, ServiceError, ValidationFailed
from atoll.kernel.service import Access, ValuesOf, operation
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.sts.errors import (
    InvalidParameterValue,
    MalformedPolicyDocumentException,
    PackedPolicyTooLargeException,
)
from atoll.services.sts.sessions import issue

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import AssumeRoleRequestTypeDef

DEFAULT_SECONDS = CHAINED_SECONDS = 3_600
POLICY_SIZE = 2_048
MOST_POLICY_ARNS = 10
LAMBDA = "lambda.amazonaws.com"
_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:.+")
_ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/(?:[!-~]+/)?([\w+=,.@-]+)", re.ASCII)


def _role_of(arn: str) -> tuple[str, str]:
    """Account and name of a role. Raises ValidationFailed for what is no ARN, and for what is another thing's."""
    match = _ROLE_ARN.fullmatch(arn)
    if match is None:
        raise ValidationFailed("Request ARN is invalid" if _ARN.fullmatch(arn) else f"{arn} is invalid")
    return match[1], match[2]


async def _find(ctx: Context, arn: str) -> dict[str, Any] | None:
    """The role as GetRole shows it, or None."""
    account, name = _role_of(arn)
    try:
        role: dict[str, Any] = (
            await ctx.call("iam", "GetRole", {"RoleName": name}, principal=Principal.root(account))
        )["Role"]
    except ServiceError as error:
        if error.code != "NoSuchEntity":
            raise
        return None
    return role if role["Arn"] == arn else None


async def _trust_policy(ctx: Context, request: AssumeRoleRequestTypeDef) -> str | None:
    role = await _find(ctx, _role(ctx, request))
    return unquote(role["AssumeRolePolicyDocument"]) if role else None


def _role(_ctx: Context, request: AssumeRoleRequestTypeDef) -> str:
    """Authorization comes before validation: the member may still be missing."""
    return request.get("RoleArn", "")


async def _role_tags(ctx: Context, request: AssumeRoleRequestTypeDef) -> dict[str, str] | None:
    role = await _find(ctx, _role(ctx, request))
    return {tag["Key"]: tag["Value"] for tag in role.get("Tags", ())} if role else None


def _given(member: str) -> ValuesOf:
    return lambda _ctx, request: [request[member]] if member in request else None


_CONDITIONS: dict[str, ValuesOf] = {
    "aws:ResourceTag/${TagKey}": _role_tags,
    "iam:ResourceTag/${TagKey}": _role_tags,
    "sts:ExternalId": _given("ExternalId"),
    "sts:RoleSessionName": _given("RoleSessionName"),
    "sts:SourceIdentity": _given("SourceIdentity"),
    "sts:TransitiveTagKeys": lambda _ctx, request: request.get("TransitiveTagKeys"),
    **adds_tags(),
}
"""docs: IAM User Guide, "Available keys for AWS STS"."""


@operation(
    "AssumeRole",
    access=[Access("sts:AssumeRole", resource=_role, conditions=_CONDITIONS, resource_policy=_trust_policy)],
)
async def assume_role(ctx: Context, request: AssumeRoleRequestTypeDef) -> dict[str, Any]:
    """docs: API_AssumeRole."""
    _check_tags(request)
    _refuse_what_is_not_done(request)
    arn, name = request["RoleArn"], request["RoleSessionName"]
    role = await _find(ctx, arn)
    if role is None:
        raise AccessDenied(f"User: {ctx.principal.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}")
    seconds = request.get("DurationSeconds", DEFAULT_SECONDS)
    _check_duration(ctx, seconds, role["MaxSessionDuration"])
    account, role_name = _role_of(arn)
    session = Principal(
        "role",
        account,
        f"arn:aws:sts::{account}:assumed-role/{role_name}/{name}",
        f"{role['RoleId']}:{name}",
        role_arn=arn,
        session_policies=await _session_policies(ctx, account, request),
        source_function=ctx.principal.source_arn if ctx.principal.arn == LAMBDA else "",
    )
    output: dict[str, Any] = {
        "Credentials": await issue(ctx, session, seconds),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    }
    if session.session_policies:
        output["PackedPolicySize"] = min(100, _percent(*session.session_policies))
    return output


def _check_tags(request: AssumeRoleRequestTypeDef) -> None:
    keys = [tag["Key"].lower() for tag in request.get("Tags", ())]
    if len(set(keys)) < len(keys):
        raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.lower() not in keys for key in request.get("TransitiveTagKeys", ())):
        raise InvalidParameterValue("The specified transitive tag key must be included in the requested tags.")


def _refuse_what_is_not_done(request: AssumeRoleRequestTypeDef) -> None:
    for member in ("Tags", "TransitiveTagKeys", "SourceIdentity", "ProvidedContexts"):
        if request.get(member):
            raise NotImplementedByAtoll(f"sts: {member} of AssumeRole (session tags and identities).")
    if request.get("SerialNumber") or request.get("TokenCode"):
        raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")


def _check_duration(ctx: Context, seconds: int, most: int) -> None:
    """A service is not limited by the role's setting; a session that assumes a role may ask for an hour. docs: "Role chaining"."""
    if ctx.principal.kind == "service":
        return
    if ctx.principal.access_key.startswith("ASIA") and seconds > CHAINED_SECONDS:
        raise ValidationFailed(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    if seconds > most:
        raise ValidationFailed("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")


async def _session_policies(ctx: Context, account: str, request: AssumeRoleRequestTypeDef) -> tuple[str, ...]:
    """The documents that limit the session: the one given and, as they are now, the managed ones that are named."""
    found = []
    text = request.get("Policy")
    if text is not None:
        if len(text) > POLICY_SIZE:
            raise PackedPolicyTooLargeException(
                f"Packed policy consumes {_percent(text)}% of allotted space, please use smaller policy."
            )
        try:
            parse(text)
        except PolicySyntaxError as error:
            raise MalformedPolicyDocumentException(error.message) from None
        found.append(text)
    arns = [one["arn"] for one in request.get("PolicyArns", ())]
    if len(arns) > MOST_POLICY_ARNS:
        raise ValidationFailed(
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length "
            f"less than or equal to {MOST_POLICY_ARNS}"
        )
    root = Principal.root(account)
    for arn in arns:
        policy = (await ctx.call("iam", "GetPolicy", {"PolicyArn": arn}, principal=root))["Policy"]
        wanted = {"PolicyArn": arn, "VersionId": policy["DefaultVersionId"]}
        version = (await ctx.call("iam", "GetPolicyVersion", wanted, principal=root))["PolicyVersion"]
        found.append(unquote(version["Document"]))
    return tuple(found)


def _percent(*policies: str) -> int:
    """How much of a session's room its policies take. AWS packs them first, in a way of its own."""
    return sum(map(len, policies)) * 100 // POLICY_SIZE
