"""Access keys of users: CreateAccessKey, ListAccessKeys, GetAccessKeyLastUsed, UpdateAccessKey, DeleteAccessKey.

The keys themselves are records of `auth.credentials`, where every request finds them; a user lists the ids of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.auth import credentials
from atoll.auth.credentials import AccessKey
from atoll.kernel.context import Context, Principal
from atoll.kernel.errors import AccessDenied, NotImplementedByAtoll
from atoll.kernel.service import Access, ValuesOf, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import paging, uses
from atoll.services.iam.errors import InvalidInputException, LimitExceededException, NoSuchEntityException
from atoll.services.iam.resources import on_user
from atoll.services.iam.store import USERS, User
from atoll.services.iam.users import named_or_caller

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateAccessKeyRequestTypeDef,
        DeleteAccessKeyRequestTypeDef,
        GetAccessKeyLastUsedRequestTypeDef,
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


async def _owner_of(ctx: Context, request: Mapping[str, Any]) -> str:
    """The user whose an access key is."""
    found = await ctx.store.read(lambda tx: credentials.find(tx, request.get("AccessKeyId", "")))
    own = found is not None and found.principal.account == ctx.account
    return found.principal.arn if found and own else f"arn:aws:iam::{ctx.account}:user/"


async def _owners_tags(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, str] | None:
    name = (await _owner_of(ctx, request)).rpartition("/")[2]
    user = await ctx.store.read(lambda tx: USERS.find(tx, ctx.account, name))
    return user.tags if user else None


_TAGS: dict[str, ValuesOf] = {"aws:ResourceTag/${TagKey}": _owners_tags, "iam:ResourceTag/${TagKey}": _owners_tags}


@operation("GetAccessKeyLastUsed", access=[Access("iam:GetAccessKeyLastUsed", resource=_owner_of, conditions=_TAGS)])
async def get_access_key_last_used(ctx: Context, request: GetAccessKeyLastUsedRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetAccessKeyLastUsed, AccessKeyLastUsed."""
    access_key = request["AccessKeyId"]

    def read(tx: Reader) -> dict[str, Any]:
        key = credentials.find(tx, access_key)
        if key is None or key.principal.kind != "user" or key.principal.account != ctx.account or not key.secret:
            who = f"User: {ctx.principal.arn} is not authorized to perform: iam:GetAccessKeyLastUsed"
            raise AccessDenied(f"{who} on resource: access key {access_key}")
        last = uses.of_key(tx, ctx.account, access_key)
        shown = {
            "LastUsedDate": last.time if last else None,
            "ServiceName": last.service if last else "N/A",
            "Region": last.region if last else "N/A",
        }
        return {"UserName": key.principal.arn.rpartition("/")[2], "AccessKeyLastUsed": shown}

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
        tx.delete(uses.key_use(ctx.account, access_key))
        kept = tuple(key for key in user.access_keys if key != access_key)
        USERS.put(tx, ctx.account, replace(user, access_keys=kept))

    await ctx.store.transact(delete)
