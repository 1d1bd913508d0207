"""Inline policies: {Put,Get,Delete}{Role,User,Group}Policy and List{Role,User,Group}Policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.iam import documents, paging
from atoll.services.iam.errors import LimitExceededException, NoSuchEntityException
from atoll.services.iam.protected import require_modifiable
from atoll.services.iam.resources import ROLE_BOUNDARY, USER_BOUNDARY, on_group, on_role, on_user
from atoll.services.iam.store import GROUPS, ROLES, USERS, E, Entity, Kind

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        DeleteGroupPolicyRequestTypeDef,
        DeleteRolePolicyRequestTypeDef,
        DeleteUserPolicyRequestTypeDef,
        GetGroupPolicyRequestTypeDef,
        GetRolePolicyRequestTypeDef,
        GetUserPolicyRequestTypeDef,
        ListGroupPoliciesRequestTypeDef,
        ListRolePoliciesRequestTypeDef,
        ListUserPoliciesRequestTypeDef,
        PutGroupPolicyRequestTypeDef,
        PutRolePolicyRequestTypeDef,
        PutUserPolicyRequestTypeDef,
    )


async def _put(ctx: Context, kind: Kind[E], name: str, policy: str, text: str) -> None:
    documents.check(text)

    def put(tx: Transaction) -> None:
        entity = kind.get(tx, ctx.account, name)
        require_modifiable(entity)
        inline = entity.inline | {policy: text}
        if sum(map(documents.size, inline.values())) > kind.inline_size:
            raise LimitExceededException(
                f"Maximum policy size of {kind.inline_size} bytes exceeded for {kind.word} {entity.name}"
            )
        kind.put(tx, ctx.account, replace(entity, inline=inline))

    await ctx.store.transact(put)


async def _delete(ctx: Context, kind: Kind[E], name: str, policy: str) -> None:
    def delete(tx: Transaction) -> None:
        entity = kind.get(tx, ctx.account, name)
        require_modifiable(entity)
        _document(kind, entity, policy)
        inline = {kept: text for kept, text in entity.inline.items() if kept != policy}
        kind.put(tx, ctx.account, replace(entity, inline=inline))

    await ctx.store.transact(delete)


async def _get(ctx: Context, kind: Kind[E], name: str, policy: str) -> str:
    entity = await ctx.store.read(lambda tx: kind.get(tx, ctx.account, name))
    return documents.encoded(_document(kind, entity, policy))


async def _list(ctx: Context, kind: Kind[E], name: str, request: Mapping[str, Any]) -> dict[str, Any]:
    entity = await ctx.store.read(lambda tx: kind.get(tx, ctx.account, name))
    found, more = paging.page(request, paging.named(entity.inline))
    return {"PolicyNames": [policy for policy, _ in found], **more}


def _document(kind: Kind[Any], entity: Entity, policy: str) -> str:
    text = entity.inline.get(policy)
    if text is None:
        raise NoSuchEntityException(f"The {kind.word} policy with name {policy} cannot be found.")
    return text


@operation("PutRolePolicy", access=on_role("PutRolePolicy", ROLE_BOUNDARY))
async def put_role_policy(ctx: Context, request: PutRolePolicyRequestTypeDef) -> None:
    """docs: API_PutRolePolicy."""
    await _put(ctx, ROLES, request["RoleName"], request["PolicyName"], request["PolicyDocument"])


@operation("GetRolePolicy", access=on_role("GetRolePolicy"))
async def get_role_policy(ctx: Context, request: GetRolePolicyRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetRolePolicy."""
    name, policy = request["RoleName"], request["PolicyName"]
    return {"RoleName": name, "PolicyName": policy, "PolicyDocument": await _get(ctx, ROLES, name, policy)}


@operation("DeleteRolePolicy", access=on_role("DeleteRolePolicy", ROLE_BOUNDARY))
async def delete_role_policy(ctx: Context, request: DeleteRolePolicyRequestTypeDef) -> None:
    """docs: API_DeleteRolePolicy."""
    await _delete(ctx, ROLES, request["RoleName"], request["PolicyName"])


@operation("ListRolePolicies", access=on_role("ListRolePolicies"))
async def list_role_policies(ctx: Context, request: ListRolePoliciesRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListRolePolicies."""
    return await _list(ctx, ROLES, request["RoleName"], request)


@operation("PutUserPolicy", access=on_user("PutUserPolicy", USER_BOUNDARY))
async def put_user_policy(ctx: Context, request: PutUserPolicyRequestTypeDef) -> None:
    """docs: API_PutUserPolicy."""
    await _put(ctx, USERS, request["UserName"], request["PolicyName"], request["PolicyDocument"])


@operation("GetUserPolicy", access=on_user("GetUserPolicy"))
async def get_user_policy(ctx: Context, request: GetUserPolicyRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetUserPolicy."""
    name, policy = request["UserName"], request["PolicyName"]
    return {"UserName": name, "PolicyName": policy, "PolicyDocument": await _get(ctx, USERS, name, policy)}


@operation("DeleteUserPolicy", access=on_user("DeleteUserPolicy", USER_BOUNDARY))
async def delete_user_policy(ctx: Context, request: DeleteUserPolicyRequestTypeDef) -> None:
    """docs: API_DeleteUserPolicy."""
    await _delete(ctx, USERS, request["UserName"], request["PolicyName"])


@operation("ListUserPolicies", access=on_user("ListUserPolicies"))
async def list_user_policies(ctx: Context, request: ListUserPoliciesRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListUserPolicies."""
    return await _list(ctx, USERS, request["UserName"], request)


@operation("PutGroupPolicy", access=on_group("PutGroupPolicy"))
async def put_group_policy(ctx: Context, request: PutGroupPolicyRequestTypeDef) -> None:
    """docs: API_PutGroupPolicy."""
    await _put(ctx, GROUPS, request["GroupName"], request["PolicyName"], request["PolicyDocument"])


@operation("GetGroupPolicy", access=on_group("GetGroupPolicy"))
async def get_group_policy(ctx: Context, request: GetGroupPolicyRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetGroupPolicy."""
    name, policy = request["GroupName"], request["PolicyName"]
    return {"GroupName": name, "PolicyName": policy, "PolicyDocument": await _get(ctx, GROUPS, name, policy)}


@operation("DeleteGroupPolicy", access=on_group("DeleteGroupPolicy"))
async def delete_group_policy(ctx: Context, request: DeleteGroupPolicyRequestTypeDef) -> None:
    """docs: API_DeleteGroupPolicy."""
    await _delete(ctx, GROUPS, request["GroupName"], request["PolicyName"])


@operation("ListGroupPolicies", access=on_group("ListGroupPolicies"))
async def list_group_policies(ctx: Context, request: ListGroupPoliciesRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListGroupPolicies."""
    return await _list(ctx, GROUPS, request["GroupName"], request)
