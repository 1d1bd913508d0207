"""What IAM's operations need: actions with their resources and condition keys. docs: Service Authorization Reference, "AWS IAM".

A role's or user's ARN has its path, which requests that only name it do not say: it is looked up. One that does not exist is
asked about without a path, as IAM does. Authorization comes before validation, so required members may still be missing here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from atoll.kernel.context import Context
from atoll.kernel.service import NO_CONDITIONS, Access, ResourceOf, ValuesOf
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.iam.store import GROUPS, POLICIES, PROFILES, ROLES, USERS, Entity, Kind, policies_prefix

Request = Mapping[str, Any]


def on_role(action: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS) -> list[Access]:
    """The access of an operation on the role that the request names. `conditions` are those beside the role's tags."""
    return [Access(f"iam:{action}", resource=_role, conditions={**_ROLE_TAGS, **conditions})]


def on_user(action: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS) -> list[Access]:
    """The access of an operation on the user that the request names; where it names none, the caller itself."""
    return [Access(f"iam:{action}", resource=_user, conditions={**_USER_TAGS, **conditions})]


def on_users(action: str) -> list[Access]:
    """The access of an operation on the user that the request names, or on every user where it says `AllUsers`."""

    async def users(ctx: Context, request: Request) -> str:
        return f"arn:aws:iam::{ctx.account}:user/*" if request.get("AllUsers") else await _user(ctx, request)

    return [Access(f"iam:{action}", resource=users, conditions=_USER_TAGS)]


def on_caller(action: str) -> list[Access]:
    """The access of an operation on the user that makes the request."""
    return [Access(f"iam:{action}", resource=_caller, conditions=_USER_TAGS)]


def on_policy(action: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS) -> list[Access]:
    """The access of an operation on the managed policy that the request names."""
    return [Access(f"iam:{action}", resource=_policy, conditions={**_POLICY_TAGS, **conditions})]


def on_simulated(action: str) -> list[Access]:
    """The access of an operation on the policies of the user, group or role that `PolicySourceArn` names."""
    return [Access(f"iam:{action}", resource=_simulated, conditions=_SIMULATED_TAGS)]


def on_group(action: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS) -> list[Access]:
    """The access of an operation on the group that the request names."""
    return [Access(f"iam:{action}", resource=_group, conditions=conditions)]


def renames_user() -> list[Access]:
    """The access of UpdateUser."""
    return [Access("iam:UpdateUser", resource=renamed(_user, "user/", "UserName"), conditions=_USER_TAGS)]


def renames_group() -> list[Access]:
    """The access of UpdateGroup."""
    return [Access("iam:UpdateGroup", resource=renamed(_group, "group/", "GroupName"))]


def renamed(existing: Callable[[Context, Request], Awaitable[str]], word: str, member: str) -> ResourceOf:
    """What an operation that renames or moves something is on: what it is, and what it becomes. docs: API_UpdateUser, "source and target".

    `word` is what comes before the path in its ARN, `member` that of its name; the new one has `New` before it.
    """

    async def both(ctx: Context, request: Request) -> Sequence[str]:
        arn = await existing(ctx, request)
        start, _, rest = arn.partition(word)
        path, _, name = f"/{rest}".rpartition("/")
        path, name = request.get("NewPath") or f"{path}/", request.get(f"New{member}") or name
        return [arn, f"{start}{word}{path.removeprefix('/')}{name}"]  # a path that is none is refused after this

    return both


def on_profile(action: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS) -> list[Access]:
    """The access of an operation on the instance profile that the request names."""
    return [Access(f"iam:{action}", resource=_profile, conditions={**_PROFILE_TAGS, **conditions})]


def on_arn(action: str) -> list[Access]:
    """The access of an operation on the user, group, role or policy whose ARN the request gives."""
    tags: dict[str, ValuesOf] = {"aws:ResourceTag/${TagKey}": _tags_of_arn, "iam:ResourceTag/${TagKey}": _tags_of_arn}
    return [Access(f"iam:{action}", resource=lambda _ctx, request: str(request.get("Arn", "")), conditions=tags)]


def on_account(action: str) -> list[Access]:
    """The access of an operation on the account as a whole."""
    return [Access(f"iam:{action}")]


def passes_role() -> Access:
    """Whoever gives a role to instances must be allowed to pass it on. docs: "Grant a user permissions to pass a role"."""

    async def associated(ctx: Context, request: Request) -> Sequence[str]:
        return [await _profile(ctx, request)]

    conditions: dict[str, ValuesOf] = {
        "iam:AssociatedResourceArn": associated,
        "iam:PassedToService": lambda _ctx, _request: ["ec2.amazonaws.com"],
    }
    return Access("iam:PassRole", resource=_role, conditions=conditions)


def makes(
    noun: Literal["Role", "User", "Policy", "InstanceProfile"], resource: Callable[[Context, Request], str]
) -> list[Access]:
    """The access of an operation that makes something: whoever does so with tags must be allowed to tag it."""

    def tagged(ctx: Context, request: Request) -> Sequence[str]:
        return [resource(ctx, request)] if request.get("Tags") else []

    conditions = {**NEW_BOUNDARY, **adds_tags()} if noun in ("Role", "User") else adds_tags()
    return [
        Access(f"iam:Create{noun}", resource=resource, conditions=conditions),
        Access(f"iam:Tag{noun}", resource=tagged, conditions=adds_tags()),
    ]


def roles_below(ctx: Context, request: Request) -> str:
    """The roles that a list is about, as AWS names them."""
    return f"arn:aws:iam::{ctx.account}:role{request.get('PathPrefix') or '/'}"


def users_below(ctx: Context, request: Request) -> str:
    """The users that a list is about, as AWS names them."""
    return f"arn:aws:iam::{ctx.account}:user{request.get('PathPrefix') or '/'}"


def groups_below(ctx: Context, request: Request) -> str:
    """The groups that a list is about, as AWS names them."""
    return f"arn:aws:iam::{ctx.account}:group{request.get('PathPrefix') or '/'}"


def profiles_below(ctx: Context, request: Request) -> str:
    """The instance profiles that a list is about, as AWS names them."""
    return f"arn:aws:iam::{ctx.account}:instance-profile{request.get('PathPrefix') or '/'}"


def policies_below(_ctx: Context, request: Request) -> str:
    """The managed policies that a list is about, as AWS names them: not by an ARN."""
    return f"policy path {request.get('PathPrefix') or '/'}"


def new_role(ctx: Context, request: Request) -> str:
    """The role that the request would make."""
    return f"arn:aws:iam::{ctx.account}:role{request.get('Path') or '/'}{request.get('RoleName', '')}"


def new_user(ctx: Context, request: Request) -> str:
    """The user that the request would make."""
    return f"arn:aws:iam::{ctx.account}:user{request.get('Path') or '/'}{request.get('UserName', '')}"


def new_group(ctx: Context, request: Request) -> str:
    """The group that the request would make."""
    return f"arn:aws:iam::{ctx.account}:group{request.get('Path') or '/'}{request.get('GroupName', '')}"


def new_profile(ctx: Context, request: Request) -> str:
    """The instance profile that the request would make."""
    name = request.get("InstanceProfileName", "")
    return f"arn:aws:iam::{ctx.account}:instance-profile{request.get('Path') or '/'}{name}"


def new_policy(ctx: Context, request: Request) -> str:
    """The managed policy that the request would make."""
    return f"arn:aws:iam::{ctx.account}:policy{request.get('Path') or '/'}{request.get('PolicyName', '')}"


async def _role(ctx: Context, request: Request) -> str:
    return await _existing(ctx, ROLES, request.get("RoleName", ""))


async def _user(ctx: Context, request: Request) -> str:
    name = request.get("UserName")
    return ctx.principal.arn if name is None else await _existing(ctx, USERS, name)


def _caller(ctx: Context, _request: Request) -> str:
    return f"arn:aws:iam::{ctx.account}:user/{ctx.principal.arn.partition(':user/')[2]}"


async def _group(ctx: Context, request: Request) -> str:
    return await _existing(ctx, GROUPS, request.get("GroupName", ""))


async def _profile(ctx: Context, request: Request) -> str:
    return await _existing(ctx, PROFILES, request.get("InstanceProfileName", ""))


def _policy(_ctx: Context, request: Request) -> str:
    return str(request.get("PolicyArn", ""))


async def _existing(ctx: Context, kind: Kind[Any], name: str) -> str:
    entity = await ctx.store.read(lambda tx: kind.find(tx, ctx.account, name))
    return kind.arn(ctx.account, entity) if entity else f"arn:aws:iam::{ctx.account}:{kind.word}/{name}"


def _simulated(_ctx: Context, request: Request) -> str:
    return str(request.get("PolicySourceArn", ""))


async def _tags_of_simulated(ctx: Context, request: Request) -> Mapping[str, str] | None:
    kind = ROLES if ":role/" in request.get("PolicySourceArn", "") else USERS
    entity = await ctx.store.read(lambda tx: kind.find(tx, ctx.account, _simulated(ctx, request).rpartition("/")[2]))
    return entity.tags if entity else None


def _tags_of(kind: Kind[Any], member: str, prefixes: Sequence[str] = ("aws", "iam")) -> dict[str, ValuesOf]:
    """The tags of the entity; those of roles and users have two names."""

    async def tags(ctx: Context, request: Request) -> Mapping[str, str] | None:
        entity = await _named(ctx, kind, request.get(member))
        return entity.tags if entity else None

    return {f"{prefix}:ResourceTag/${{TagKey}}": tags for prefix in prefixes}


def _boundary_of(kind: Kind[Any], member: str) -> dict[str, ValuesOf]:
    """The boundary that the role or user has."""

    async def boundary(ctx: Context, request: Request) -> Sequence[str] | None:
        entity = await _named(ctx, kind, request.get(member))
        return (entity.boundary,) if entity and entity.boundary else None

    return {"iam:PermissionsBoundary": boundary}


async def _named(ctx: Context, kind: Kind[Any], name: str | None) -> Entity | None:
    wanted = name or ctx.principal.arn.rpartition("/")[2]
    return await ctx.store.read(lambda tx: kind.find(tx, ctx.account, wanted))


async def _tags_of_policy(ctx: Context, request: Request) -> Mapping[str, str] | None:
    name = request.get("PolicyArn", "").rpartition("/")[2].lower()
    raw = await ctx.store.read(lambda tx: tx.get((*policies_prefix(ctx.account), name)))
    return POLICIES.decode(raw).tags if raw else None


async def _tags_of_arn(ctx: Context, request: Request) -> Mapping[str, str] | None:
    """The tags of what `Arn` names: a user or role; of policies by the ARN."""
    word, _, path = str(request.get("Arn", "")).rpartition(":")[2].partition("/")
    if word == "policy":
        return await _tags_of_policy(ctx, {"PolicyArn": request.get("Arn", "")})
    kinds: dict[str, Kind[Any]] = {kind.word: kind for kind in (USERS, ROLES)}
    if word not in kinds:
        return None
    entity = await _named(ctx, kinds[word], path.rpartition("/")[2])
    return entity.tags if entity else None


def _given(member: str) -> ValuesOf:
    return lambda _ctx, request: (request[member],) if request.get(member) else None


_ROLE_TAGS = _tags_of(ROLES, "RoleName")
_USER_TAGS = _tags_of(USERS, "UserName")
_PROFILE_TAGS = _tags_of(PROFILES, "InstanceProfileName", ("aws",))
_POLICY_TAGS: dict[str, ValuesOf] = {"aws:ResourceTag/${TagKey}": _tags_of_policy}
_SIMULATED_TAGS: dict[str, ValuesOf] = {
    "aws:ResourceTag/${TagKey}": _tags_of_simulated,
    "iam:ResourceTag/${TagKey}": _tags_of_simulated,
}
ROLE_BOUNDARY = _boundary_of(ROLES, "RoleName")
USER_BOUNDARY = _boundary_of(USERS, "UserName")
NEW_BOUNDARY: dict[str, ValuesOf] = {"iam:PermissionsBoundary": _given("PermissionsBoundary")}
"""The boundary that the request gives."""
POLICY_ARN: dict[str, ValuesOf] = {"iam:PolicyARN": _given("PolicyArn")}
