"""Who is in which group: AddUserToGroup, RemoveUserFromGroup, ListGroupsForUser.

A user lists its groups (ten at most), which every decision about it needs; a group's users lie beside it, which are many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import groups, paging
from atoll.services.iam.errors import LimitExceededException
from atoll.services.iam.resources import on_group, on_user
from atoll.services.iam.store import GROUPS, USERS, members_prefix

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        AddUserToGroupRequestTypeDef,
        ListGroupsForUserRequestTypeDef,
        RemoveUserFromGroupRequestTypeDef,
    )

MOST = 10


@operation("AddUserToGroup", access=on_group("AddUserToGroup"))
async def add_user_to_group(ctx: Context, request: AddUserToGroupRequestTypeDef) -> None:
    """One that is in it already stays. docs: API_AddUserToGroup."""

    def add(tx: Transaction) -> None:
        group = GROUPS.get(tx, ctx.account, request["GroupName"]).name.lower()
        user = USERS.get(tx, ctx.account, request["UserName"])
        if group in user.groups:
            return
        if len(user.groups) >= MOST:
            raise LimitExceededException(f"Cannot exceed quota for GroupsPerUser: {MOST}")
        tx.set((*members_prefix(ctx.account, group), user.name.lower()), b"")
        USERS.put(tx, ctx.account, replace(user, groups=(*user.groups, group)))

    await ctx.store.transact(add)


@operation("RemoveUserFromGroup", access=on_group("RemoveUserFromGroup"))
async def remove_user_from_group(ctx: Context, request: RemoveUserFromGroupRequestTypeDef) -> None:
    """One that is not in it does not matter. docs: API_RemoveUserFromGroup."""

    def remove(tx: Transaction) -> None:
        group = GROUPS.get(tx, ctx.account, request["GroupName"]).name.lower()
        user = USERS.get(tx, ctx.account, request["UserName"])
        tx.delete((*members_prefix(ctx.account, group), user.name.lower()))
        USERS.put(tx, ctx.account, replace(user, groups=tuple(name for name in user.groups if name != group)))

    await ctx.store.transact(remove)


@operation("ListGroupsForUser", access=on_user("ListGroupsForUser"))
async def list_groups_for_user(ctx: Context, request: ListGroupsForUserRequestTypeDef) -> dict[str, Any]:
    """By name. docs: API_ListGroupsForUser."""

    def read(tx: Reader) -> dict[str, Any]:
        names = sorted(USERS.get(tx, ctx.account, request["UserName"]).groups)
        found, more = paging.page(request, paging.listed(names))
        return {"Groups": [groups.shown(ctx.account, GROUPS.get(tx, ctx.account, name)) for name in found], **more}

    return await ctx.store.read(read)
