"""Users: CreateUser, GetUser, ListUsers, UpdateUser, DeleteUser."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.auth import credentials, mfa
from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.kernel.keys import under
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import attachments, boundaries, paging, tagging, user_items, uses
from atoll.services.iam.errors import DeleteConflictException
from atoll.services.iam.resources import makes, new_user, on_user, renames_user, users_below
from atoll.services.iam.store import (
    USERS,
    User,
    login_profile_key,
    members_prefix,
    renamed_key,
    service_credentials_prefix,
)

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateUserRequestTypeDef,
        DeleteUserRequestTypeDef,
        GetUserRequestTypeDef,
        ListUsersRequestTypeDef,
        UpdateUserRequestTypeDef,
    )


def named_or_caller(ctx: Context, name: str | None) -> str:
    """The user's name that a request gives, else that of the user who makes it. Raises ValidationFailed where a role's session does."""
    if name is not None:
        return name
    if ctx.principal.kind != "user":
        raise ValidationFailed("Must specify userName when calling with non-User credentials")
    return ctx.principal.arn.rpartition("/")[2]


def basic(account: str, user: User) -> dict[str, Any]:
    """What every answer says of a user. PasswordLastUsed is not among it: nobody signs in to a console here."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": USERS.arn(account, user),
        "CreateDate": user.created,
    }


def _full(account: str, user: User) -> dict[str, Any]:
    return basic(account, user) | {
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
        USERS.require_free(tx, ctx.account, user.name)
        created = boundaries.set_boundary(tx, ctx.account, USERS, user, request.get("PermissionsBoundary", ""))
        USERS.create(tx, ctx.account, created)
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

    def read(tx: Reader) -> dict[str, Any]:
        found, more = paging.page(request, paging.below(tx, ctx.account, USERS, request.get("PathPrefix", "/")))
        return {"Users": [basic(ctx.account, user) for user in found], **more}

    return await ctx.store.read(read)


@operation("UpdateUser", access=renames_user())
async def update_user(ctx: Context, request: UpdateUserRequestTypeDef) -> None:
    """Access keys, groups, policies and the password go on under the new name and path. docs: API_UpdateUser."""

    def update(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, request["UserName"])
        renamed = replace(user, name=request.get("NewUserName", user.name), path=request.get("NewPath", user.path))
        USERS.rename(tx, ctx.account, user, renamed)
        tx.set(renamed_key(ctx.account, user.id), USERS.arn(ctx.account, renamed).encode())
        for group in user.groups:
            tx.delete((*members_prefix(ctx.account, group), user.name.lower()))
            tx.set((*members_prefix(ctx.account, group), renamed.name.lower()), b"")
        for access_key in user.access_keys:
            key = credentials.find(tx, access_key)
            assert key is not None
            principal = dataclasses.replace(key.principal, arn=USERS.arn(ctx.account, renamed))
            credentials.write(tx, replace(key, principal=principal))

    await ctx.store.transact(update)


@operation("DeleteUser", access=on_user("DeleteUser"))
async def delete_user(ctx: Context, request: DeleteUserRequestTypeDef) -> None:
    """docs: API_DeleteUser."""

    def delete(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, request["UserName"])
        _require_bare(tx, ctx.account, user)
        boundaries.set_boundary(tx, ctx.account, USERS, user, "")
        USERS.delete(tx, ctx.account, user)
        tx.delete(renamed_key(ctx.account, user.id))
        tx.clear_range(uses.all_of(ctx.account, user.id))

    await ctx.store.transact(delete)


def _require_bare(tx: Reader, account: str, user: User) -> None:
    """A user that has anything cannot be deleted. Raises DeleteConflictException for the first of what it has."""
    for has, what in (
        (bool(user.access_keys), "delete access keys"),
        (tx.get(login_profile_key(account, user)) is not None, "delete login profile"),
        (any(mfa.devices_of(tx, account, user.id)), "delete MFA device"),
        (bool(user.groups), "remove users from group"),
    ):
        if has:
            raise DeleteConflictException(f"Cannot delete entity, must {what} first.")
    attachments.require_no_policies(user)
    if any(tx.scan(under(service_credentials_prefix(account, user)), limit=1)) or user_items.has_any(tx, account, user):
        raise DeleteConflictException("Cannot delete entity, must remove referenced objects first.")
