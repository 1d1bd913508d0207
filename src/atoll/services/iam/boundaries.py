"""Permissions boundaries: {Put,Delete}{Role,User}PermissionsBoundary, and what CreateRole and CreateUser do with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.iam import policies
from atoll.services.iam.protected import require_modifiable
from atoll.services.iam.resources import NEW_BOUNDARY, ROLE_BOUNDARY, USER_BOUNDARY, on_role, on_user
from atoll.services.iam.store import ROLES, USERS, E, Entity, Kind, disuse, use

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        DeleteRolePermissionsBoundaryRequestTypeDef,
        DeleteUserPermissionsBoundaryRequestTypeDef,
        PutRolePermissionsBoundaryRequestTypeDef,
        PutUserPermissionsBoundaryRequestTypeDef,
    )


def set_boundary(tx: Transaction, account: str, kind: Kind[E], entity: E, arn: str) -> E:
    """`entity` with the boundary `arn` ("" for none), noted at the policies; the caller stores it. Raises NoSuchEntityException."""
    if arn:
        policies.require_attachable(tx, account, arn, "Scope ARN:")
    if entity.boundary:
        disuse(tx, account, entity.boundary, "PermissionsBoundary", kind.word, entity.name)
    if arn:
        use(tx, account, arn, "PermissionsBoundary", kind.word, entity.name)
    return replace(entity, boundary=arn)


def shown(entity: Entity) -> dict[str, Any] | None:
    """The member PermissionsBoundary of a role or user. docs: API_AttachedPermissionsBoundary."""
    if not entity.boundary:
        return None
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": entity.boundary}


async def _put(ctx: Context, kind: Kind[E], name: str, arn: str) -> None:
    def put(tx: Transaction) -> None:
        entity = kind.get(tx, ctx.account, name)
        require_modifiable(entity)
        kind.put(tx, ctx.account, set_boundary(tx, ctx.account, kind, entity, arn))

    await ctx.store.transact(put)


@operation(
    "PutRolePermissionsBoundary",
    access=on_role("PutRolePermissionsBoundary", NEW_BOUNDARY),
)
async def put_role_permissions_boundary(ctx: Context, request: PutRolePermissionsBoundaryRequestTypeDef) -> None:
    """docs: API_PutRolePermissionsBoundary."""
    await _put(ctx, ROLES, request["RoleName"], request["PermissionsBoundary"])


@operation("DeleteRolePermissionsBoundary", access=on_role("DeleteRolePermissionsBoundary", ROLE_BOUNDARY))
async def delete_role_permissions_boundary(ctx: Context, request: DeleteRolePermissionsBoundaryRequestTypeDef) -> None:
    """docs: API_DeleteRolePermissionsBoundary."""
    await _put(ctx, ROLES, request["RoleName"], "")


@operation(
    "PutUserPermissionsBoundary",
    access=on_user("PutUserPermissionsBoundary", NEW_BOUNDARY),
)
async def put_user_permissions_boundary(ctx: Context, request: PutUserPermissionsBoundaryRequestTypeDef) -> None:
    """docs: API_PutUserPermissionsBoundary."""
    await _put(ctx, USERS, request["UserName"], request["PermissionsBoundary"])


@operation("DeleteUserPermissionsBoundary", access=on_user("DeleteUserPermissionsBoundary", USER_BOUNDARY))
async def delete_user_permissions_boundary(ctx: Context, request: DeleteUserPermissionsBoundaryRequestTypeDef) -> None:
    """docs: API_DeleteUserPermissionsBoundary."""
    await _put(ctx, USERS, request["UserName"], "")
