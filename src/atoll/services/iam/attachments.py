"""Managed policies on roles and users: {Attach,Detach}{Role,User}Policy, ListAttached{Role,User}Policies, ListEntitiesForPolicy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import paging, policies
from atoll.services.iam.errors import DeleteConflictException, LimitExceededException, NoSuchEntityException
from atoll.services.iam.protected import require_modifiable
from atoll.services.iam.resources import POLICY_ARN, ROLE_BOUNDARY, USER_BOUNDARY, on_policy, on_role, on_user
from atoll.services.iam.store import ROLES, USERS, E, Entity, Kind, disuse, use, uses_prefix

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        AttachRolePolicyRequestTypeDef,
        AttachUserPolicyRequestTypeDef,
        DetachRolePolicyRequestTypeDef,
        DetachUserPolicyRequestTypeDef,
        ListAttachedRolePoliciesRequestTypeDef,
        ListAttachedUserPoliciesRequestTypeDef,
        ListEntitiesForPolicyRequestTypeDef,
    )

MOST = 10


def require_no_policies(entity: Entity) -> None:
    """A role or user with policies cannot be deleted. Raises DeleteConflictException."""
    if entity.attached:
        raise DeleteConflictException("Cannot delete entity, must detach all policies first.")
    if entity.inline:
        raise DeleteConflictException("Cannot delete entity, must delete policies first.")


async def _attach(ctx: Context, kind: Kind[E], name: str, arn: str) -> None:
    def attach(tx: Transaction) -> None:
        entity = kind.get(tx, ctx.account, name)
        require_modifiable(entity)
        policies.require_attachable(tx, ctx.account, arn)
        if arn in entity.attached:
            return
        if len(entity.attached) >= MOST:
            raise LimitExceededException(f"Cannot exceed quota for {kind.attached_quota}: {MOST}")
        use(tx, ctx.account, arn, "PermissionsPolicy", kind.word, entity.name)
        kind.put(tx, ctx.account, replace(entity, attached=(*entity.attached, arn)))

    await ctx.store.transact(attach)


async def _detach(ctx: Context, kind: Kind[E], name: str, arn: str) -> None:
    def detach(tx: Transaction) -> None:
        entity = kind.get(tx, ctx.account, name)
        require_modifiable(entity)
        policies.parse_arn(arn)
        if arn not in entity.attached:
            raise NoSuchEntityException(f"Policy {arn} was not found.")
        disuse(tx, ctx.account, arn, "PermissionsPolicy", kind.word, entity.name)
        kind.put(tx, ctx.account, replace(entity, attached=tuple(one for one in entity.attached if one != arn)))

    await ctx.store.transact(detach)


async def _list(ctx: Context, kind: Kind[E], name: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """In the order of attachment."""
    entity = await ctx.store.read(lambda tx: kind.get(tx, ctx.account, name))
    prefix = request.get("PathPrefix", "/")
    attached = [arn for arn in entity.attached if policies.parse_arn(arn)[1].startswith(prefix)]
    found, more = paging.page(request, paging.listed(attached))
    return {"AttachedPolicies": [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in found], **more}


@operation("AttachRolePolicy", access=on_role("AttachRolePolicy", POLICY_ARN | ROLE_BOUNDARY))
async def attach_role_policy(ctx: Context, request: AttachRolePolicyRequestTypeDef) -> None:
    """docs: API_AttachRolePolicy."""
    await _attach(ctx, ROLES, request["RoleName"], request["PolicyArn"])


@operation("DetachRolePolicy", access=on_role("DetachRolePolicy", POLICY_ARN | ROLE_BOUNDARY))
async def detach_role_policy(ctx: Context, request: DetachRolePolicyRequestTypeDef) -> None:
    """docs: API_DetachRolePolicy."""
    await _detach(ctx, ROLES, request["RoleName"], request["PolicyArn"])


@operation("ListAttachedRolePolicies", access=on_role("ListAttachedRolePolicies"))
async def list_attached_role_policies(ctx: Context, request: ListAttachedRolePoliciesRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListAttachedRolePolicies."""
    return await _list(ctx, ROLES, request["RoleName"], request)


@operation("AttachUserPolicy", access=on_user("AttachUserPolicy", POLICY_ARN | USER_BOUNDARY))
async def attach_user_policy(ctx: Context, request: AttachUserPolicyRequestTypeDef) -> None:
    """docs: API_AttachUserPolicy."""
    await _attach(ctx, USERS, request["UserName"], request["PolicyArn"])


@operation("DetachUserPolicy", access=on_user("DetachUserPolicy", POLICY_ARN | USER_BOUNDARY))
async def detach_user_policy(ctx: Context, request: DetachUserPolicyRequestTypeDef) -> None:
    """docs: API_DetachUserPolicy."""
    await _detach(ctx, USERS, request["UserName"], request["PolicyArn"])


@operation("ListAttachedUserPolicies", access=on_user("ListAttachedUserPolicies"))
async def list_attached_user_policies(ctx: Context, request: ListAttachedUserPoliciesRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListAttachedUserPolicies."""
    return await _list(ctx, USERS, request["UserName"], request)


@operation("ListEntitiesForPolicy", access=on_policy("ListEntitiesForPolicy"))
async def list_entities_for_policy(ctx: Context, request: ListEntitiesForPolicyRequestTypeDef) -> dict[str, Any]:
    """Roles, then users, by name; there are no groups. docs: API_ListEntitiesForPolicy."""
    arn, path = request["PolicyArn"], request.get("PathPrefix", "/")

    def read(tx: Reader) -> dict[str, Any]:
        policies.get(tx, ctx.account, arn)
        having = [(word, entity) for word, entity in _having(tx, ctx.account, request) if entity.path.startswith(path)]
        found, more = paging.page(request, paging.listed(having))
        return {
            "PolicyGroups": [],
            "PolicyRoles": [{"RoleName": one.name, "RoleId": one.id} for word, one in found if word == "role"],
            "PolicyUsers": [{"UserName": one.name, "UserId": one.id} for word, one in found if word == "user"],
            **more,
        }

    return await ctx.store.read(read)


def _having(tx: Reader, account: str, request: ListEntitiesForPolicyRequestTypeDef) -> Iterator[tuple[str, Entity]]:
    """Who has the policy, for the usages and kinds that the request asks about."""
    only_usage, only_kind = request.get("PolicyUsageFilter"), request.get("EntityFilter", "").lower()
    kinds: tuple[Kind[Any], ...] = (ROLES, USERS)
    for kind in kinds:
        if only_kind in ("", kind.word):
            names: set[str] = set()
            for usage in (only_usage,) if only_usage else ("PermissionsPolicy", "PermissionsBoundary"):
                entries = tx.scan(under((*uses_prefix(account, request["PolicyArn"]), usage, kind.word)))
                names.update(str(key[-1]) for key, _ in entries)
            for name in sorted(names):
                yield kind.word, kind.get(tx, account, name)
