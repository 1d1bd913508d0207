"""The resources and condition keys of IAM's actions, for `Access`. docs: Service Authorization Reference, "AWS IAM".

A role's or user's ARN has its path, which requests that only name it do not say: it is looked up. One that does not exist is
asked about without a path, as IAM does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.services.iam import tagging
from atoll.services.iam.store import ROLES, USERS, Kind

Request = Mapping[str, Any]


async def role_in_request(ctx: Context, request: Request) -> str:
    """The role that the request names."""
    return await _existing(ctx, ROLES, request["RoleName"])


async def user_in_request(ctx: Context, request: Request) -> str:
    """The user that the request names; where it names none, the caller itself."""
    name = request.get("UserName")
    return ctx.principal.arn if name is None else await _existing(ctx, USERS, name)


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
    return f"arn:aws:iam::{ctx.account}:role{request.get('Path') or '/'}{request['RoleName']}"


def new_user(ctx: Context, request: Request) -> str:
    """The user that the request would make."""
    return f"arn:aws:iam::{ctx.account}:user{request.get('Path') or '/'}{request['UserName']}"


def new_policy(ctx: Context, request: Request) -> str:
    """The managed policy that the request would make."""
    return f"arn:aws:iam::{ctx.account}:policy{request.get('Path') or '/'}{request['PolicyName']}"


def policy_in_request(_ctx: Context, request: Request) -> str:
    """The managed policy that the request names."""
    return str(request["PolicyArn"])


def policy_arn(_ctx: Context, request: Request) -> dict[str, Sequence[str]]:
    """`iam:PolicyARN` of an attachment."""
    return {"iam:PolicyARN": (request["PolicyArn"],)}


def new_entity(ctx: Context, request: Request) -> dict[str, Sequence[str]]:
    """`iam:PermissionsBoundary` and the tags of a role or user to be made."""
    return boundary(ctx, request) | tagging.requested(ctx, request)


def boundary(_ctx: Context, request: Request) -> dict[str, Sequence[str]]:
    """`iam:PermissionsBoundary` of a request that sets one."""
    arn = request.get("PermissionsBoundary")
    return {"iam:PermissionsBoundary": (arn,)} if arn else {}


async def _existing(ctx: Context, kind: Kind[Any], name: str) -> str:
    entity = await ctx.store.read(lambda tx: kind.find(tx, ctx.account, name))
    return kind.arn(ctx.account, entity) if entity else f"arn:aws:iam::{ctx.account}:{kind.word}/{name}"
