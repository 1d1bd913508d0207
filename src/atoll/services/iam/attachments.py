"""Managed policies on roles, users and groups: {Attach,Detach}{Role,User,Group}Policy, ListAttached{Role,User,Group}Policies,
ListEntitiesForPolicy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import paging, policies
from atoll.services.iam.errors import DeleteConflictException, LimitExceededException, NoSuchEntityException
from atoll.services.iam.protected import require_modifiable
from atoll.services.iam.resources import (
    POLICY_ARN,
    ROLE_BOUNDARY,
    USER_BOUNDARY,
    on_group,
    on_policy,
    on_role,
    on_user,
)
from atoll.services.iam.store import GROUPS, ROLES, USERS, E, Entity, Kind, Usage, disuse, use, uses_prefix

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        AttachGroupPolicyRequestTypeDef,
        AttachRolePolicyRequestTypeDef,
        AttachUserPolicyRequestTypeDef,
        DetachGroupPolicyRequestTypeDef,
        DetachRolePolicyRequestTypeDef,
        DetachUserPolicyRequestTypeDef,
        ListAttachedGroupPoliciesRequestTypeDef,
        ListAttachedRolePoliciesRequestTypeDef,
        ListAttachedUserPoliciesRequestTypeDef,
        ListEntitiesForPolicyRequestTypeDef,
    )

MOST = 10


def require_no_policies(entity: Entity) -> None:
    """A role, user or group with policies cannot be deleted. Raises DeleteConflictException."""
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
    return {"AttachedPolicies": shown(found), **more}


def shown(attached: Iterable[str]) -> list[dict[str, str]]:
    """Attached policies, given by their ARNs, as IAM lists them."""
    return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in attached]


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


@operation("AttachGroupPolicy", access=on_group("AttachGroupPolicy", POLICY_ARN))
async def attach_group_policy(ctx: Context, request: AttachGroupPolicyRequestTypeDef) -> None:
    """docs: API_AttachGroupPolicy."""
    await _attach(ctx, GROUPS, request["GroupName"], request["PolicyArn"])


@operation("DetachGroupPolicy", access=on_group("DetachGroupPolicy", POLICY_ARN))
async def detach_group_policy(ctx: Context, request: DetachGroupPolicyRequestTypeDef) -> None:
    """docs: API_DetachGroupPolicy."""
    await _detach(ctx, GROUPS, request["GroupName"], request["PolicyArn"])


@operation("ListAttachedGroupPolicies", access=on_group("ListAttachedGroupPolicies"))
async def list_attached_group_policies(
    ctx: Context, request: ListAttachedGroupPoliciesRequestTypeDef
) -> dict[str, Any]:
    """docs: API_ListAttachedGroupPolicies."""
    return await _list(ctx, GROUPS, request["GroupName"], request)


@operation("ListEntitiesForPolicy", access=on_policy("ListEntitiesForPolicy"))
async def list_entities_for_policy(ctx: Context, request: ListEntitiesForPolicyRequestTypeDef) -> dict[str, Any]:
    """Groups, roles, then users, by name. docs: API_ListEntitiesForPolicy."""
    arn, path = request["PolicyArn"], request.get("PathPrefix", "/")

    def read(tx: Reader) -> dict[str, Any]:
        policies.get(tx, ctx.account, arn)
        uses = _having(tx, ctx.account, arn, request.get("PolicyUsageFilter"), request.get("EntityFilter", "").lower())
        having = [(word, entity) for word, entity in uses if entity.path.startswith(path)]
        found, more = paging.page(request, paging.listed(having))
        return {
            "PolicyGroups": [{"GroupName": one.name, "GroupId": one.id} for word, one in found if word == "group"],
            "PolicyRoles": [{"RoleName": one.name, "RoleId": one.id} for word, one in found if word == "role"],
            "PolicyUsers": [{"UserName": one.name, "UserId": one.id} for word, one in found if word == "user"],
            **more,
        }

    return await ctx.store.read(read)


def having(tx: Reader, account: str, arn: str) -> Iterator[tuple[str, Entity]]:
    """Who has the policy attached: groups, roles, users, each as its kind's word and itself."""
    return _having(tx, account, arn, "PermissionsPolicy", "")


def _having(tx: Reader, account: str, arn: str, usage: Usage | None, word: str) -> Iterator[tuple[str, Entity]]:
    """Who has the policy, as `usage` (None: either) and of the kind `word` ("": any; no kind's word: nobody)."""
    kinds: tuple[Kind[Any], ...] = (GROUPS, ROLES, USERS)
    usages: tuple[Usage, ...] = (usage,) if usage else ("PermissionsPolicy", "PermissionsBoundary")
    for kind in kinds:
        if word in ("", kind.word):
            uses = (tx.scan(under((*uses_prefix(account, arn), usage, kind.word))) for usage in usages)
            for name in sorted({str(key[-1]) for entries in uses for key, _ in entries}):
                yield kind.word, kind.get(tx, account, name)
