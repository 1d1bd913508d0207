"""What AssumeRoleWithWebIdentity and AssumeRoleWithSAML share: whoever is vouched for, judged by the role's trust policy, gets its session.

Neither request is signed. What it carries proves who speaks: the operation's `speaker` verifies it, and IAM then judges a principal of the
kind "identity", whose `session` says what the provider said of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from atoll.kernel.context import Context, Principal, Session
from atoll.kernel.errors import AccessDenied
from atoll.kernel.service import Access, ValuesOf
from atoll.services.sts import roles
from atoll.services.sts.sessions import issue, packed_size, session_policies

Request = Mapping[str, Any]


def access(action: str, keys: Iterable[str]) -> list[Access]:
    """The access of an operation that turns an identity into a role's session. `keys` are its provider's condition keys.

    The two other actions have these as well, as what the principal's session says.
    """
    conditions: dict[str, ValuesOf] = {
        **roles.TAGS,
        "aws:RequestTag/${TagKey}": lambda ctx, _: dict(ctx.principal.session.tags),
        "aws:TagKeys": lambda ctx, _: [key for key, _ in ctx.principal.session.tags],
        "sts:RoleSessionName": lambda ctx, request: [_name(ctx, request)],
        "sts:SourceIdentity": lambda ctx, _: _source_identity(ctx),
        "sts:TransitiveTagKeys": lambda ctx, _: ctx.principal.session.transitive,
    }
    provided = {key: _said(key.lower()) for key in keys}
    return [
        Access(f"sts:{action}", roles.named, {**conditions, **provided}, roles.trust_policy),
        Access("sts:TagSession", _role_if(lambda ctx: ctx.principal.session.tags), conditions, roles.trust_policy),
        Access("sts:SetSourceIdentity", _role_if(_source_identity), conditions, roles.trust_policy),
    ]


def _said(key: str) -> ValuesOf:
    return lambda ctx, _: dict(ctx.principal.session.keys).get(key)


def _source_identity(ctx: Context) -> list[str] | None:
    identity = ctx.principal.session.source_identity
    return [identity] if identity else None


def _role_if(wanted: Any) -> Any:
    return lambda ctx, request: [roles.named(ctx, request)] if wanted(ctx) else []


def _name(ctx: Context, request: Request) -> str:
    """The session's name: in the request, or what the assertion says."""
    return str(request.get("RoleSessionName") or ctx.principal.user_id)


async def assume(ctx: Context, request: Request) -> dict[str, Any]:
    """The session of the role for `ctx.principal`, an identity that may assume it: the members that both answers have."""
    identity = ctx.principal.session
    role = await roles.find(ctx, request["RoleArn"])
    if role is None:
        raise AccessDenied(f"Not authorized to perform sts:{ctx.operation}")
    seconds = request.get("DurationSeconds", roles.DEFAULT_SECONDS)
    roles.check_duration(ctx, seconds, role["MaxSessionDuration"])
    if identity.ends:
        seconds = max(0, min(seconds, int(identity.ends - ctx.clock.now())))
    packed = packed_size(request, identity.tags)
    policies = await session_policies(ctx, roles.role_of(role["Arn"])[0], request)
    session = roles.session_of(role, _name(ctx, request), session_policies=policies, session=identity)
    output: dict[str, Any] = {
        "Credentials": await issue(ctx, session, seconds),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    }
    if packed:
        output["PackedPolicySize"] = packed
    if identity.source_identity:
        output["SourceIdentity"] = identity.source_identity
    return output


def identity(account: str, provider: str, name: str, session: Session) -> Principal:
    """Somebody for whom `provider` (an ARN, or a host name of AWS's) vouches, on the way to a role of `account`."""
    return Principal("identity", account, provider, name, session=session)
