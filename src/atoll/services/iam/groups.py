"""Groups: CreateGroup, GetGroup, ListGroups, UpdateGroup, DeleteGroup. Who is in them is changed in `memberships.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import attachments, paging, users
from atoll.services.iam.errors import DeleteConflictException
from atoll.services.iam.resources import groups_below, new_group, on_group, renames_group
from atoll.services.iam.store import GROUPS, USERS, Group, members_prefix

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateGroupRequestTypeDef,
        DeleteGroupRequestTypeDef,
        GetGroupRequestTypeDef,
        ListGroupsRequestTypeDef,
        UpdateGroupRequestTypeDef,
    )


def shown(account: str, group: Group) -> dict[str, Any]:
    """A group as every answer shows it."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": GROUPS.arn(account, group),
        "CreateDate": group.created,
    }


@operation("CreateGroup", access=[Access("iam:CreateGroup", resource=new_group)])
async def create_group(ctx: Context, request: CreateGroupRequestTypeDef) -> dict[str, Any]:
    """docs: API_CreateGroup."""
    group = Group(
        name=request["GroupName"], path=request.get("Path", "/"), id=ctx.ids.iam("AGPA"), created=int(ctx.clock.now())
    )  # fmt: skip
    await ctx.store.transact(lambda tx: GROUPS.create(tx, ctx.account, group))
    return {"Group": shown(ctx.account, group)}


@operation("GetGroup", access=on_group("GetGroup"))
async def get_group(ctx: Context, request: GetGroupRequestTypeDef) -> dict[str, Any]:
    """With its users by name, page by page. docs: API_GetGroup."""

    def read(tx: Reader) -> dict[str, Any]:
        group = GROUPS.get(tx, ctx.account, request["GroupName"])
        members = paging.stored(tx, members_prefix(ctx.account, group.name))
        found, more = paging.page(request, lambda position: ((name, name) for name, _ in members(position)))
        shown_users = [users.basic(ctx.account, USERS.get(tx, ctx.account, name)) for name in found]
        return {"Group": shown(ctx.account, group), "Users": shown_users, **more}

    return await ctx.store.read(read)


@operation("ListGroups", access=[Access("iam:ListGroups", resource=groups_below)])
async def list_groups(ctx: Context, request: ListGroupsRequestTypeDef) -> dict[str, Any]:
    """By name. docs: API_ListGroups."""

    def read(tx: Reader) -> dict[str, Any]:
        found, more = paging.page(request, paging.below(tx, ctx.account, GROUPS, request.get("PathPrefix", "/")))
        return {"Groups": [shown(ctx.account, group) for group in found], **more}

    return await ctx.store.read(read)


@operation("UpdateGroup", access=renames_group())
async def update_group(ctx: Context, request: UpdateGroupRequestTypeDef) -> None:
    """Its users and policies move along with its name. docs: API_UpdateGroup."""

    def update(tx: Transaction) -> None:
        group = GROUPS.get(tx, ctx.account, request["GroupName"])
        renamed = replace(
            group, name=request.get("NewGroupName", group.name), path=request.get("NewPath", group.path)
        )  # fmt: skip
        GROUPS.rename(tx, ctx.account, group, renamed)
        old, new = group.name.lower(), renamed.name.lower()
        if old == new:
            return
        members = under(members_prefix(ctx.account, old))
        for key, _ in list(tx.scan(members)):
            user = USERS.get(tx, ctx.account, str(key[-1]))
            groups = tuple(new if name == old else name for name in user.groups)
            USERS.put(tx, ctx.account, replace(user, groups=groups))
            tx.set((*members_prefix(ctx.account, new), key[-1]), b"")
        tx.clear_range(members)

    await ctx.store.transact(update)


@operation("DeleteGroup", access=on_group("DeleteGroup"))
async def delete_group(ctx: Context, request: DeleteGroupRequestTypeDef) -> None:
    """docs: API_DeleteGroup."""

    def delete(tx: Transaction) -> None:
        group = GROUPS.get(tx, ctx.account, request["GroupName"])
        if any(tx.scan(under(members_prefix(ctx.account, group.name)), limit=1)):
            raise DeleteConflictException("Cannot delete entity, must remove users from group first.")
        attachments.require_no_policies(group)
        GROUPS.delete(tx, ctx.account, group)

    await ctx.store.transact(delete)
