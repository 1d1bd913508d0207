"""What IAM's operations need: actions with their resources and condition keys. docs: Service Authorization Reference, "AWS IAM".

A role's or user's ARN has its path, which requests that only name it do not say: it is looked up. One that does not exist is
asked about without a path, as IAM does. Authorization comes before validation, so required members may still be missing here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access
from atoll.services.iam import tagging
from atoll.services.iam.store import POLICIES, ROLES, USERS, Entity, Kind, policies_prefix

Request = Mapping[str, Any]


_BOUNDED = frozenset(
    f"{verb}{kind}{what}"
    for kind in ("Role", "User")
    for verb, what in (
        ("Attach", "Policy"),
        ("Detach", "Policy"),
        ("Put", "Policy"),
        ("Delete", "Policy"),
        ("Delete", "PermissionsBoundary"),
    )
)
"""The actions that may depend on the boundary which a role or user has; those that set one depend on the new one."""


def on_role(action: str) -> list[Access]:
    """The access of an operation on the role that the request names."""
    return [Access(f"iam:{action}", resource=_role, conditions=_role_conditions)]


def on_user(action: str) -> list[Access]:
    """The access of an operation on the user that the request names; where it names none, the caller itself."""
    return [Access(f"iam:{action}", resource=_user, conditions=_user_conditions)]


def on_policy(action: str) -> list[Access]:
    """The access of an operation on the managed policy that the request names."""
    return [Access(f"iam:{action}", resource=_policy, conditions=_policy_conditions)]


def roles_below(ctx: Context, request: Request) -> str:
    """The roles that a list is about, as AWS names them."""
    return f"arn:aws:iam::{ctx.account}:role{request.get('PathPrefix') or '/'}"


def users_below(ctx: Context, request: Request) -> str:
    """The users that a list is about, as AWS names them."""
    return f"arn:aws:iam::{ctx.account}:user{request.get('PathPrefix') or '/'}"


def policies_below(_ctx: Context, request: Request) -> str:
    """The managed policies that a list is about, as AWS names them: not by an ARN."""
    return f"policy path {request.get('PathPrefix') or '/'}"


def new_role(ctx: Context, request: Request) -> str:
    """The role that the request would make."""
    return f"arn:aws:iam::{ctx.account}:role{request.get('Path') or '/'}{request.get('RoleName', '')}"


def new_user(ctx: Context, request: Request) -> str:
    """The user that the request would make."""
    return f"arn:aws:iam::{ctx.account}:user{request.get('Path') or '/'}{request.get('UserName', '')}"


def new_policy(ctx: Context, request: Request) -> str:
    """The managed policy that the request would make."""
    return f"arn:aws:iam::{ctx.account}:policy{request.get('Path') or '/'}{request.get('PolicyName', '')}"


async def new_entity(ctx: Context, request: Request) -> dict[str, Sequence[str]]:
    """`iam:PermissionsBoundary` and the tags of a role or user to be made."""
    arn = request.get("PermissionsBoundary")
    return ({"iam:PermissionsBoundary": (arn,)} if arn else {}) | await tagging.requested(ctx, request)


async def _role(ctx: Context, request: Request) -> str:
    return await _existing(ctx, ROLES, request.get("RoleName", ""))


async def _user(ctx: Context, request: Request) -> str:
    name = request.get("UserName")
    return ctx.principal.arn if name is None else await _existing(ctx, USERS, name)


def _policy(_ctx: Context, request: Request) -> str:
    return str(request.get("PolicyArn", ""))


async def _existing(ctx: Context, kind: Kind[Any], name: str) -> str:
    entity = await ctx.store.read(lambda tx: kind.find(tx, ctx.account, name))
    return kind.arn(ctx.account, entity) if entity else f"arn:aws:iam::{ctx.account}:{kind.word}/{name}"


async def _role_conditions(ctx: Context, request: Request) -> dict[str, Sequence[str]]:
    return await _conditions(ctx, ROLES, request.get("RoleName", ""), request)


async def _user_conditions(ctx: Context, request: Request) -> dict[str, Sequence[str]]:
    return await _conditions(ctx, USERS, request.get("UserName") or ctx.principal.arn.rpartition("/")[2], request)


async def _conditions(ctx: Context, kind: Kind[Any], name: str, request: Request) -> dict[str, Sequence[str]]:
    entity: Entity | None = await ctx.store.read(lambda tx: kind.find(tx, ctx.account, name))
    found = _tags(entity.tags if entity else {})
    if entity and entity.boundary and ctx.operation in _BOUNDED:
        found["iam:PermissionsBoundary"] = (entity.boundary,)
    if "PolicyArn" in request:
        found["iam:PolicyARN"] = (request["PolicyArn"],)
    return found | await new_entity(ctx, request)


async def _policy_conditions(ctx: Context, request: Request) -> dict[str, Sequence[str]]:
    name = request.get("PolicyArn", "").rpartition("/")[2].lower()
    raw = await ctx.store.read(lambda tx: tx.get((*policies_prefix(ctx.account), name)))
    return _tags(POLICIES.decode(raw).tags if raw else {}) | await tagging.requested(ctx, request)


def _tags(tags: Mapping[str, str]) -> dict[str, Sequence[str]]:
    """The tags of what is there, under both names of the key."""
    return {f"{prefix}:ResourceTag/{key}": (value,) for key, value in tags.items() for prefix in ("aws", "iam")}
