"""{Tag,Untag}{Role,User,Policy,InstanceProfile}, List{Role,User,Policy,InstanceProfile}Tags. What makes a legal set is in
`tagging.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.iam import paging, policies, tagging
from atoll.services.iam.resources import on_policy, on_profile, on_role, on_user
from atoll.services.iam.store import PROFILES, ROLES, USERS, E, Kind

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        ListInstanceProfileTagsRequestTypeDef,
        ListPolicyTagsRequestTypeDef,
        ListRoleTagsRequestTypeDef,
        ListUserTagsRequestTypeDef,
        TagInstanceProfileRequestTypeDef,
        TagPolicyRequestTypeDef,
        TagRoleRequestTypeDef,
        TagUserRequestTypeDef,
        UntagInstanceProfileRequestTypeDef,
        UntagPolicyRequestTypeDef,
        UntagRoleRequestTypeDef,
        UntagUserRequestTypeDef,
    )

Change = Callable[[Mapping[str, str]], dict[str, str]]


async def _change(ctx: Context, kind: Kind[E], name: str, change: Change) -> None:
    def write(tx: Transaction) -> None:
        entity = kind.get(tx, ctx.account, name)
        kind.put(tx, ctx.account, replace(entity, tags=change(entity.tags)))

    await ctx.store.transact(write)


async def _change_policy(ctx: Context, arn: str, change: Change) -> None:
    def write(tx: Transaction) -> None:
        policy = policies.own(tx, ctx, arn)
        policies.put(tx, ctx.account, replace(policy, tags=change(policy.tags)))

    await ctx.store.transact(write)


async def _list(ctx: Context, kind: Kind[E], name: str, request: Mapping[str, Any]) -> dict[str, Any]:
    entity = await ctx.store.read(lambda tx: kind.get(tx, ctx.account, name))
    return _page(request, entity.tags)


def _page(request: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    found, more = paging.page(request, paging.named(tags))
    return {"Tags": tagging.shown(dict(found)), **more}


@operation("TagRole", access=on_role("TagRole", adds_tags()))
async def tag_role(ctx: Context, request: TagRoleRequestTypeDef) -> None:
    """docs: API_TagRole."""
    new = tagging.given(request["Tags"], fold=True)
    await _change(ctx, ROLES, request["RoleName"], lambda tags: tagging.merged(tags, new, fold=True))


@operation("UntagRole", access=on_role("UntagRole", removes_tags()))
async def untag_role(ctx: Context, request: UntagRoleRequestTypeDef) -> None:
    """docs: API_UntagRole."""
    keys = request["TagKeys"]
    await _change(ctx, ROLES, request["RoleName"], lambda tags: tagging.without(tags, keys, fold=True))


@operation("ListRoleTags", access=on_role("ListRoleTags"))
async def list_role_tags(ctx: Context, request: ListRoleTagsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListRoleTags."""
    return await _list(ctx, ROLES, request["RoleName"], request)


@operation("TagUser", access=on_user("TagUser", adds_tags()))
async def tag_user(ctx: Context, request: TagUserRequestTypeDef) -> None:
    """docs: API_TagUser."""
    new = tagging.given(request["Tags"], fold=True)
    await _change(ctx, USERS, request["UserName"], lambda tags: tagging.merged(tags, new, fold=True))


@operation("UntagUser", access=on_user("UntagUser", removes_tags()))
async def untag_user(ctx: Context, request: UntagUserRequestTypeDef) -> None:
    """docs: API_UntagUser."""
    keys = request["TagKeys"]
    await _change(ctx, USERS, request["UserName"], lambda tags: tagging.without(tags, keys, fold=True))


@operation("ListUserTags", access=on_user("ListUserTags"))
async def list_user_tags(ctx: Context, request: ListUserTagsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListUserTags."""
    return await _list(ctx, USERS, request["UserName"], request)


@operation("TagPolicy", access=on_policy("TagPolicy", adds_tags()))
async def tag_policy(ctx: Context, request: TagPolicyRequestTypeDef) -> None:
    """docs: API_TagPolicy."""
    new = tagging.given(request["Tags"], fold=False)
    await _change_policy(ctx, request["PolicyArn"], lambda tags: tagging.merged(tags, new, fold=False))


@operation("UntagPolicy", access=on_policy("UntagPolicy", removes_tags()))
async def untag_policy(ctx: Context, request: UntagPolicyRequestTypeDef) -> None:
    """docs: API_UntagPolicy."""
    keys = request["TagKeys"]
    await _change_policy(ctx, request["PolicyArn"], lambda tags: tagging.without(tags, keys, fold=False))


@operation("ListPolicyTags", access=on_policy("ListPolicyTags"))
async def list_policy_tags(ctx: Context, request: ListPolicyTagsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListPolicyTags."""
    policy = await ctx.store.read(lambda tx: policies.get(tx, ctx.account, request["PolicyArn"]))
    return _page(request, policy.tags)


@operation("TagInstanceProfile", access=on_profile("TagInstanceProfile", adds_tags()))
async def tag_instance_profile(ctx: Context, request: TagInstanceProfileRequestTypeDef) -> None:
    """docs: API_TagInstanceProfile."""
    new = tagging.given(request["Tags"], fold=False)
    await _change(ctx, PROFILES, request["InstanceProfileName"], lambda tags: tagging.merged(tags, new, fold=False))


@operation("UntagInstanceProfile", access=on_profile("UntagInstanceProfile", removes_tags()))
async def untag_instance_profile(ctx: Context, request: UntagInstanceProfileRequestTypeDef) -> None:
    """docs: API_UntagInstanceProfile."""
    keys = request["TagKeys"]
    await _change(ctx, PROFILES, request["InstanceProfileName"], lambda tags: tagging.without(tags, keys, fold=False))


@operation("ListInstanceProfileTags", access=on_profile("ListInstanceProfileTags"))
async def list_instance_profile_tags(ctx: Context, request: ListInstanceProfileTagsRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListInstanceProfileTags."""
    return await _list(ctx, PROFILES, request["InstanceProfileName"], request)
