"""Who is in which group: AdminAddUserToGroup, AdminRemoveUserFromGroup, AdminListGroupsForUser, ListUsersInGroup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.cognito_idp.pools.find import on_pool, pool_of
from atoll.services.cognito_idp.pools.groups import group_of, members
from atoll.services.cognito_idp.store import Pool, User, find_user, space
from atoll.services.cognito_idp.users import paging, shown
from atoll.services.cognito_idp.users.find import get_by_name, pool_and_user

if TYPE_CHECKING:
    from types_boto3_cognito_idp.type_defs import (
        AdminAddUserToGroupRequestTypeDef,
        AdminListGroupsForUserRequestTypeDef,
        AdminRemoveUserFromGroupRequestTypeDef,
        ListUsersInGroupRequestTypeDef,
    )


@operation("AdminAddUserToGroup", access=[on_pool("AdminAddUserToGroup")])
async def admin_add_user_to_group(ctx: Context, request: AdminAddUserToGroupRequestTypeDef) -> None:
    """docs: API_AdminAddUserToGroup. Raises ResourceNotFoundException, UserNotFoundException."""

    def add(tx: Transaction) -> None:
        for key in _keys(tx, ctx, request):
            tx.set(key, b"")

    await ctx.store.transact(add)


@operation("AdminRemoveUserFromGroup", access=[on_pool("AdminRemoveUserFromGroup")])
async def admin_remove_user_from_group(ctx: Context, request: AdminRemoveUserFromGroupRequestTypeDef) -> None:
    """docs: API_AdminRemoveUserFromGroup. Raises ResourceNotFoundException, UserNotFoundException."""

    def remove(tx: Transaction) -> None:
        for key in _keys(tx, ctx, request):
            tx.delete(key)

    await ctx.store.transact(remove)


@operation("AdminListGroupsForUser", access=[on_pool("AdminListGroupsForUser")])
async def admin_list_groups_for_user(ctx: Context, request: AdminListGroupsForUserRequestTypeDef) -> dict[str, Any]:
    """docs: API_AdminListGroupsForUser."""
    pool, user = await pool_and_user(ctx, request["UserPoolId"], request["Username"])
    place = (*space(ctx), "membership", pool.id, user.sub)

    def read(tx: Reader) -> tuple[list[dict[str, Any]], str | None]:
        names, last = _page(tx, place, request.get("NextToken"), request.get("Limit"))
        return [members(pool.id, group_of(tx, ctx, pool.id, name)) for name in names], last

    groups, last = await ctx.store.read(read)
    return {"Groups": groups, "NextToken": paging.token(last)}


@operation("ListUsersInGroup", access=[on_pool("ListUsersInGroup")])
async def list_users_in_group(ctx: Context, request: ListUsersInGroupRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListUsersInGroup."""

    def read(tx: Reader) -> tuple[list[User], str | None]:
        pool = pool_of(tx, ctx, request["UserPoolId"])
        group = group_of(tx, ctx, pool.id, request["GroupName"])
        place = (*space(ctx), "member", pool.id, group.name)
        subs, last = _page(tx, place, request.get("NextToken"), request.get("Limit"))
        return [user for sub in subs if (user := find_user(tx, ctx, pool.id, sub))], last

    users, last = await ctx.store.read(read)
    return {"Users": [shown.listed(user) for user in users], "NextToken": paging.token(last)}


def _keys(
    tx: Reader, ctx: Context, request: AdminAddUserToGroupRequestTypeDef | AdminRemoveUserFromGroupRequestTypeDef
) -> tuple[Key, Key]:
    """Both records of a membership. Raises ResourceNotFoundException, UserNotFoundException."""
    pool: Pool = pool_of(tx, ctx, request["UserPoolId"])
    user = get_by_name(tx, ctx, pool, request["Username"])
    group = group_of(tx, ctx, pool.id, request["GroupName"])
    place = space(ctx)
    return (*place, "member", pool.id, group.name, user.sub), (*place, "membership", pool.id, user.sub, group.name)


def _page(tx: Reader, place: Key, token: str | None, limit: int | None) -> tuple[list[str], str | None]:
    """Names under a place, and the last one where more follow."""
    most, after, span = limit or paging.MOST, paging.position(token), under(place)
    rows = tx.scan(span.past((*place, after)) if after else span, limit=most + 1)
    names = [str(key[-1]) for key, _ in rows]
    return names[:most], names[most - 1] if len(names) > most else None
