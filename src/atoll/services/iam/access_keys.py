"""Access keys of users: CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey.

The keys themselves are records of `auth.credentials`, where every request finds them; a user lists the ids of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.auth import credentials
from atoll.auth.credentials import AccessKey
from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import paging
from atoll.services.iam.errors import InvalidInputException, LimitExceededException, NoSuchEntityException
from atoll.services.iam.resources import on_user
from atoll.services.iam.store import USERS, User
from atoll.services.iam.users import named_or_caller

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateAccessKeyRequestTypeDef,
        DeleteAccessKeyRequestTypeDef,
        ListAccessKeysRequestTypeDef,
        UpdateAccessKeyRequestTypeDef,
    )

MOST = 2


def _owner(ctx: Context, name: str | None) -> str:
    if name is None and ctx.principal.kind == "root":
        raise NotImplementedByAtoll("iam: access keys of the account's root. Name a user.")
    return named_or_caller(ctx, name)


def _shown(user: User, key: AccessKey) -> dict[str, Any]:
    return {
        "UserName": user.name,
        "AccessKeyId": key.principal.access_key,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": key.created,
    }


def _owned(tx: Reader, user: User, access_key: str) -> AccessKey:
    key = credentials.find(tx, access_key) if access_key in user.access_keys else None
    if key is None:
        raise NoSuchEntityException(f"The Access Key with id {access_key} cannot be found.")
    return key


@operation("CreateAccessKey", access=on_user("CreateAccessKey"))
async def create_access_key(ctx: Context, request: CreateAccessKeyRequestTypeDef) -> dict[str, Any]:
    """docs: API_CreateAccessKey."""
    name, now = _owner(ctx, request.get("UserName")), int(ctx.clock.now())
    access_key, secret = ctx.ids.iam("AKIA"), ctx.ids.secret()

    def create(tx: Transaction) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, name)
        if len(user.access_keys) >= MOST:
            raise LimitExceededException(f"Cannot exceed quota for AccessKeysPerUser: {MOST}")
        principal = Principal("user", ctx.account, USERS.arn(ctx.account, user), user.id, access_key)
        key = AccessKey(secret=secret, principal=principal, created=now)
        credentials.write(tx, key)
        USERS.put(tx, ctx.account, replace(user, access_keys=(*user.access_keys, access_key)))
        return _shown(user, key) | {"SecretAccessKey": secret}

    return {"AccessKey": await ctx.store.transact(create)}


@operation("ListAccessKeys", access=on_user("ListAccessKeys"))
async def list_access_keys(ctx: Context, request: ListAccessKeysRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListAccessKeys."""
    name = _owner(ctx, request.get("UserName"))

    def read(tx: Reader) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, name)
        found, more = paging.page(request, paging.listed(user.access_keys))
        return {"AccessKeyMetadata": [_shown(user, _owned(tx, user, key)) for key in found], **more}

    return await ctx.store.read(read)


@operation("UpdateAccessKey", access=on_user("UpdateAccessKey"))
async def update_access_key(ctx: Context, request: UpdateAccessKeyRequestTypeDef) -> None:
    """docs: API_UpdateAccessKey."""
    name, status = _owner(ctx, request.get("UserName")), request["Status"]
    if status not in ("Active", "Inactive"):
        raise InvalidInputException(f"{status} is not a valid status.")

    def update(tx: Transaction) -> None:
        key = _owned(tx, USERS.get(tx, ctx.account, name), request["AccessKeyId"])
        credentials.write(tx, replace(key, active=status == "Active"))

    await ctx.store.transact(update)


@operation("DeleteAccessKey", access=on_user("DeleteAccessKey"))
async def delete_access_key(ctx: Context, request: DeleteAccessKeyRequestTypeDef) -> None:
    """docs: API_DeleteAccessKey."""
    name, access_key = _owner(ctx, request.get("UserName")), request["AccessKeyId"]

    def delete(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, name)
        _owned(tx, user, access_key)
        credentials.retire(tx, access_key)
        kept = tuple(key for key in user.access_keys if key != access_key)
        USERS.put(tx, ctx.account, replace(user, access_keys=kept))

    await ctx.store.transact(delete)
