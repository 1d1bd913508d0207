"""Users: CreateUser, GetUser, ListUsers, DeleteUser, and ListGroupsForUser, which finds none: there are no groups here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.auth import mfa
from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import attachments, boundaries, paging, tagging, user_items
from atoll.services.iam.errors import DeleteConflictException, EntityAlreadyExistsException
from atoll.services.iam.resources import makes, new_user, on_user, users_below
from atoll.services.iam.store import USERS, User

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateUserRequestTypeDef,
        DeleteUserRequestTypeDef,
        GetUserRequestTypeDef,
        ListGroupsForUserRequestTypeDef,
        ListUsersRequestTypeDef,
    )


def named_or_caller(ctx: Context, name: str | None) -> str:
    """The user's name that a request gives, else that of the user who makes it. Raises ValidationFailed where a role's session does."""
    if name is not None:
        return name
    if ctx.principal.kind != "user":
        raise ValidationFailed("Must specify userName when calling with non-User credentials")
    return ctx.principal.arn.rpartition("/")[2]


def _basic(account: str, user: User) -> dict[str, Any]:
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": USERS.arn(account, user),
        "CreateDate": user.created,
    }


def _full(account: str, user: User) -> dict[str, Any]:
    return _basic(account, user) | {
        "PermissionsBoundary": boundaries.shown(user),
        "Tags": tagging.shown(user.tags) or None,
    }


@operation("CreateUser", access=makes("User", new_user))
async def create_user(ctx: Context, request: CreateUserRequestTypeDef) -> dict[str, Any]:
    """docs: API_CreateUser."""
    user = User(
        name=request["UserName"], path=request.get("Path", "/"), id=ctx.ids.iam("AIDA"),
        created=int(ctx.clock.now()), tags=tagging.given(request.get("Tags", ()), fold=True),
    )  # fmt: skip

    def create(tx: Transaction) -> User:
        if USERS.find(tx, ctx.account, user.name) is not None:
            raise EntityAlreadyExistsException(f"User with name {user.name} already exists.")
        created = boundaries.set_boundary(tx, ctx.account, USERS, user, request.get("PermissionsBoundary", ""))
        USERS.put(tx, ctx.account, created)
        return created

    return {"User": _full(ctx.account, await ctx.store.transact(create))}


@operation("GetUser", access=on_user("GetUser"))
async def get_user(ctx: Context, request: GetUserRequestTypeDef) -> dict[str, Any]:
    """Without a name: the caller, which may be the account's root. docs: API_GetUser."""
    if "UserName" not in request and ctx.principal.kind == "root":
        # The region keeps no record of an account: it exists as soon as somebody names it.
        return {"User": {"UserId": ctx.account, "Arn": ctx.principal.arn, "CreateDate": 0}}
    name = named_or_caller(ctx, request.get("UserName"))
    user = await ctx.store.read(lambda tx: USERS.get(tx, ctx.account, name))
    return {"User": _full(ctx.account, user)}


@operation("ListUsers", access=[Access("iam:ListUsers", resource=users_below)])
async def list_users(ctx: Context, request: ListUsersRequestTypeDef) -> dict[str, Any]:
    """By name. docs: API_ListUsers, which names the attributes that a list leaves out."""
    prefix = request.get("PathPrefix", "/")

    def read(tx: Reader) -> dict[str, Any]:
        users = paging.stored(tx, USERS.prefix(ctx.account))
        found, more = paging.page(
            request,
            lambda position: (
                (name, user)
                for name, raw in users(position)
                if (user := USERS.codec.decode(raw)).path.startswith(prefix)
            ),
        )
        return {"Users": [_basic(ctx.account, user) for user in found], **more}

    return await ctx.store.read(read)


@operation("DeleteUser", access=on_user("DeleteUser"))
async def delete_user(ctx: Context, request: DeleteUserRequestTypeDef) -> None:
    """docs: API_DeleteUser."""

    def delete(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, request["UserName"])
        if user.access_keys:
            raise DeleteConflictException("Cannot delete entity, must delete access keys first.")
        if any(mfa.devices_of(tx, ctx.account, user.id)):
            raise DeleteConflictException("Cannot delete entity, must deactivate MFA device first.")
        user_items.require_none(tx, ctx.account, user)
        attachments.require_no_policies(user)
        boundaries.set_boundary(tx, ctx.account, USERS, user, "")
        USERS.delete(tx, ctx.account, user)

    await ctx.store.transact(delete)


@operation("ListGroupsForUser", access=on_user("ListGroupsForUser"))
async def list_groups_for_user(ctx: Context, request: ListGroupsForUserRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListGroupsForUser."""
    await ctx.store.read(lambda tx: USERS.get(tx, ctx.account, request["UserName"]))
    return {"Groups": [], "IsTruncated": False}
