"""AssumeRole: temporary credentials of a role.

Who may is decided before this runs: the role's trust policy is the operation's resource policy, together with the caller's own
policies. Tags and a source identity need permissions of their own, of both.

One departure from AWS, which never lets an account's root assume a role: here root is whoever comes with keys that Atoll did not
issue, in place of the administrator that they are on AWS. The trust policy must name the account all the same. A root that holds
credentials of Atoll's is refused as on AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.auth import credentials
from atoll.kernel.context import Context, Session
from atoll.kernel.errors import AccessDenied, NotImplementedByAtoll
from atoll.kernel.service import Access, ValuesOf, operation
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.sts import mfa_codes, roles, session_tags
from atoll.services.sts.errors import InvalidParameterValue
from atoll.services.sts.sessions import issue, packed_size, session_policies

if TYPE_CHECKING:
    from types_boto3_sts.type_defs import AssumeRoleRequestTypeDef

LAMBDA = "lambda.amazonaws.com"


def _given(member: str) -> ValuesOf:
    return lambda _ctx, request: [request[member]] if member in request else None


def _source_identity(ctx: Context, request: AssumeRoleRequestTypeDef) -> str:
    """The one that the request sets, or that the caller's session carries on."""
    return request.get("SourceIdentity") or ctx.principal.session.source_identity


def _named_identity(ctx: Context, request: AssumeRoleRequestTypeDef) -> list[str] | None:
    identity = _source_identity(ctx, request)
    return [identity] if identity else None


def _tagged_role(ctx: Context, request: AssumeRoleRequestTypeDef) -> list[str]:
    return [roles.named(ctx, request)] if request.get("Tags") else []


def _identified_role(ctx: Context, request: AssumeRoleRequestTypeDef) -> list[str]:
    return [roles.named(ctx, request)] if _source_identity(ctx, request) else []


_CONDITIONS: dict[str, ValuesOf] = {
    **roles.TAGS,
    "aws:MultiFactorAuthAge": mfa_codes.age,
    "aws:MultiFactorAuthPresent": mfa_codes.present,
    "sts:ExternalId": _given("ExternalId"),
    "sts:RoleSessionName": _given("RoleSessionName"),
    "sts:SourceIdentity": _named_identity,
    "sts:TransitiveTagKeys": lambda _ctx, request: request.get("TransitiveTagKeys"),
    **adds_tags(),
}
"""docs: IAM User Guide, "Available keys for AWS STS". One statement of a trust policy allows all three actions: all have them."""


@operation(
    "AssumeRole",
    access=[
        Access("sts:AssumeRole", roles.named, _CONDITIONS, roles.trust_policy),
        Access("sts:TagSession", _tagged_role, _CONDITIONS, roles.trust_policy),
        Access("sts:SetSourceIdentity", _identified_role, _CONDITIONS, roles.trust_policy),
    ],
)
async def assume_role(ctx: Context, request: AssumeRoleRequestTypeDef) -> dict[str, Any]:
    """docs: API_AssumeRole. That a code of an MFA device was given is known to the trust policy, not to the role's session."""
    arn = request["RoleArn"]
    await _refuse_root(ctx)
    tags = session_tags.inherited(ctx.principal.session, session_tags.given(request))
    _check_source_identity(ctx, request)
    if request.get("ProvidedContexts"):
        raise NotImplementedByAtoll("sts: ProvidedContexts of AssumeRole (trusted identity propagation).")
    role = await roles.find(ctx, arn)
    if role is None:
        raise AccessDenied(f"User: {ctx.principal.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}")
    seconds = request.get("DurationSeconds", roles.DEFAULT_SECONDS)
    roles.check_duration(ctx, seconds, role["MaxSessionDuration"])
    packed = packed_size(request, tags.tags)
    policies = await session_policies(ctx, roles.role_of(arn)[0], request)
    if mfa_codes.has_code(request):
        await mfa_codes.use(ctx, request)
    session = roles.session_of(
        role,
        request["RoleSessionName"],
        session_policies=policies,
        source_function=ctx.principal.source_arn if ctx.principal.arn == LAMBDA else "",
        session=Session(
            tags=tags.tags, transitive=tags.transitive, source_identity=_source_identity(ctx, request),
        ),
    )  # fmt: skip
    output: dict[str, Any] = {
        "Credentials": await issue(ctx, session, seconds),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    }
    if packed:
        output["PackedPolicySize"] = packed
    if session.session.source_identity:
        output["SourceIdentity"] = session.session.source_identity
    return output


async def _refuse_root(ctx: Context) -> None:
    if ctx.principal.kind == "root" and await ctx.store.read(
        lambda tx: credentials.find(tx, ctx.principal.access_key) is not None
    ):
        raise AccessDenied("Roles may not be assumed by root accounts.")


def _check_source_identity(ctx: Context, request: AssumeRoleRequestTypeDef) -> None:
    """A session's source identity is never another's. docs: "Monitor and control actions taken with assumed roles"."""
    carried, given = ctx.principal.session.source_identity, request.get("SourceIdentity")
    if carried and given and given != carried:
        raise InvalidParameterValue("The source identity of the calling session cannot be changed.")
