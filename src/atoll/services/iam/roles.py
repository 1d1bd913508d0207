"""Roles: CreateRole, GetRole, ListRoles, UpdateRole, UpdateRoleDescription, UpdateAssumeRolePolicy, DeleteRole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.auth import used
from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import attachments, boundaries, documents, paging, tagging, trust, uses
from atoll.services.iam.errors import DeleteConflictException
from atoll.services.iam.protected import require_free, require_modifiable
from atoll.services.iam.resources import ROLE_BOUNDARY, makes, new_role, on_role, roles_below
from atoll.services.iam.store import ROLES, Role, profiles_prefix

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateRoleRequestTypeDef,
        DeleteRoleRequestTypeDef,
        GetRoleRequestTypeDef,
        ListRolesRequestTypeDef,
        UpdateAssumeRolePolicyRequestTypeDef,
        UpdateRoleDescriptionRequestTypeDef,
        UpdateRoleRequestTypeDef,
    )


def basic(tx: Reader, account: str, role: Role) -> dict[str, Any]:
    """What every answer says of a role."""
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": ROLES.arn(account, role),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": documents.encoded(trust.shown(tx, role)),
        "Description": role.description,
    }


def full(tx: Reader, account: str, role: Role) -> dict[str, Any]:
    """A role as GetRole shows it. RoleLastUsed stays empty until it is used."""
    return basic(tx, account, role) | {
        "MaxSessionDuration": role.max_session,
        "PermissionsBoundary": boundaries.shown(role),
        "Tags": tagging.shown(role.tags) or None,
        "RoleLastUsed": uses.role_last_used(tx, account, role.id),
    }


@operation("CreateRole", access=makes("Role", new_role))
async def create_role(ctx: Context, request: CreateRoleRequestTypeDef) -> dict[str, Any]:
    """docs: API_CreateRole."""
    document = request["AssumeRolePolicyDocument"]
    documents.check_trust(document)
    require_free(request.get("Path", "/"))
    role = Role(
        name=request["RoleName"], path=request.get("Path", "/"), id=ctx.ids.iam("AROA"),
        created=int(ctx.clock.now()), trust=document, description=request.get("Description"),
        max_session=request.get("MaxSessionDuration", 3600), tags=tagging.given(request.get("Tags", ()), fold=True),
    )  # fmt: skip

    def create(tx: Transaction) -> dict[str, Any]:
        ROLES.require_free(tx, ctx.account, role.name)
        created = replace(role, trusted=trust.named(tx, document))
        created = boundaries.set_boundary(tx, ctx.account, ROLES, created, request.get("PermissionsBoundary", ""))
        ROLES.create(tx, ctx.account, created)
        # CreateRole leaves out what was not asked for; the later answers give defaults.
        return basic(tx, ctx.account, created) | {
            "MaxSessionDuration": request.get("MaxSessionDuration"),
            "PermissionsBoundary": boundaries.shown(created),
            "Tags": tagging.shown(created.tags) or None,
        }

    return {"Role": await ctx.store.transact(create)}


@operation("GetRole", access=on_role("GetRole", ROLE_BOUNDARY))
async def get_role(ctx: Context, request: GetRoleRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetRole."""
    name = request["RoleName"]
    return {"Role": await ctx.store.read(lambda tx: full(tx, ctx.account, ROLES.get(tx, ctx.account, name)))}


@operation("ListRoles", access=[Access("iam:ListRoles", resource=roles_below)])
async def list_roles(ctx: Context, request: ListRolesRequestTypeDef) -> dict[str, Any]:
    """By name. docs: API_ListRoles, which names the attributes that a list leaves out."""

    path = request.get("PathPrefix", "/")

    def after(tx: Reader, position: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
        for name, role in paging.below(tx, ctx.account, ROLES, "/")(position):
            shown = basic(tx, ctx.account, role) | {"MaxSessionDuration": role.max_session}
            yield name, shown if role.path.startswith(path) else None

    found, more = await paging.page_in_turns(ctx, request, after)
    return {"Roles": found, **more}


@operation("UpdateRole", access=on_role("UpdateRole", ROLE_BOUNDARY))
async def update_role(ctx: Context, request: UpdateRoleRequestTypeDef) -> dict[str, Any]:
    """Without MaxSessionDuration it becomes one hour again, as the page says. docs: API_UpdateRole."""

    def update(tx: Transaction) -> None:
        role = ROLES.get(tx, ctx.account, request["RoleName"])
        if "MaxSessionDuration" in request:
            require_modifiable(role)
        description = request.get("Description", role.description)
        duration = request.get("MaxSessionDuration", 3600)
        ROLES.put(tx, ctx.account, replace(role, description=description, max_session=duration))

    await ctx.store.transact(update)
    return {}


@operation("UpdateRoleDescription", access=on_role("UpdateRoleDescription", ROLE_BOUNDARY))
async def update_role_description(ctx: Context, request: UpdateRoleDescriptionRequestTypeDef) -> dict[str, Any]:
    """docs: API_UpdateRoleDescription."""

    def update(tx: Transaction) -> dict[str, Any]:
        role = replace(ROLES.get(tx, ctx.account, request["RoleName"]), description=request["Description"])
        ROLES.put(tx, ctx.account, role)
        return basic(tx, ctx.account, role) | {"MaxSessionDuration": role.max_session}

    return {"Role": await ctx.store.transact(update)}


@operation("UpdateAssumeRolePolicy", access=on_role("UpdateAssumeRolePolicy", ROLE_BOUNDARY))
async def update_assume_role_policy(ctx: Context, request: UpdateAssumeRolePolicyRequestTypeDef) -> None:
    """docs: API_UpdateAssumeRolePolicy."""
    document = request["PolicyDocument"]
    documents.check_trust(document)

    def update(tx: Transaction) -> None:
        role = ROLES.get(tx, ctx.account, request["RoleName"])
        trusted = trust.named(tx, document)
        require_modifiable(role)
        ROLES.put(tx, ctx.account, replace(role, trust=document, trusted=trusted))

    await ctx.store.transact(update)


@operation("DeleteRole", access=on_role("DeleteRole", ROLE_BOUNDARY))
async def delete_role(ctx: Context, request: DeleteRoleRequestTypeDef) -> None:
    """docs: API_DeleteRole."""

    def delete(tx: Transaction) -> None:
        role = ROLES.get(tx, ctx.account, request["RoleName"])
        require_modifiable(role)
        if any(tx.scan(under(profiles_prefix(ctx.account, role.name)), limit=1)):
            raise DeleteConflictException("Cannot delete entity, must remove roles from instance profile first.")
        attachments.require_no_policies(role)
        boundaries.set_boundary(tx, ctx.account, ROLES, role, "")
        ROLES.delete(tx, ctx.account, role)
        tx.clear_range(uses.all_of(ctx.account, role.id))
        used.forget(tx, ctx.account, role.id)

    await ctx.store.transact(delete)
