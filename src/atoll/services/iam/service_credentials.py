"""Service-specific credentials: {Create,List,Reset,Update,Delete}ServiceSpecificCredential. They are user names and passwords for
CodeCommit and Keyspaces, which are not here: passwords are shown once and not kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.service import ValuesOf, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import paging
from atoll.services.iam.errors import LimitExceededException, NoSuchEntityException
from atoll.services.iam.resources import on_user, on_users
from atoll.services.iam.store import USERS, User, service_credentials_prefix
from atoll.services.iam.users import named_or_caller

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateServiceSpecificCredentialRequestTypeDef,
        DeleteServiceSpecificCredentialRequestTypeDef,
        ListServiceSpecificCredentialsRequestTypeDef,
        ResetServiceSpecificCredentialRequestTypeDef,
        UpdateServiceSpecificCredentialRequestTypeDef,
    )

SERVICES = ("cassandra.amazonaws.com", "codecommit.amazonaws.com")
BEDROCK = "bedrock.amazonaws.com"
MOST = 2
"""Credentials of one user for one service."""


class ServiceCredential(msgspec.Struct, frozen=True, omit_defaults=True):
    """A credential. `created` is in whole seconds."""

    id: str
    service: str
    login: str
    created: int
    active: bool = True


CREDENTIALS = Codec(ServiceCredential)


def _key(account: str, user: User, credential_id: str) -> Key:
    return (*service_credentials_prefix(account, user), credential_id)


def _of(tx: Reader, account: str, user: User, service: str | None) -> list[ServiceCredential]:
    """A user's credentials, the oldest first; of one service, if it is given."""
    found = (CREDENTIALS.decode(raw) for _, raw in tx.scan(under(service_credentials_prefix(account, user))))
    wanted = [one for one in found if service in (None, one.service)]
    return sorted(wanted, key=lambda one: (one.created, one.id))


def _get(tx: Reader, account: str, user: User, credential_id: str) -> ServiceCredential:
    raw = tx.get(_key(account, user, credential_id))
    if raw is None:
        raise NoSuchEntityException(f"No such credential {credential_id} exists")
    return CREDENTIALS.decode(raw)


def _put(tx: Transaction, account: str, user: User, credential: ServiceCredential) -> None:
    tx.set(_key(account, user, credential.id), CREDENTIALS.encode(credential))


def _shown(user: User, credential: ServiceCredential) -> dict[str, Any]:
    return {
        "CreateDate": credential.created,
        "ServiceName": credential.service,
        "ServiceUserName": credential.login,
        "ServiceSpecificCredentialId": credential.id,
        "UserName": user.name,
        "Status": "Active" if credential.active else "Inactive",
    }


def _service_given(_ctx: Context, request: Mapping[str, Any]) -> tuple[str, ...] | None:
    return (request["ServiceName"],) if request.get("ServiceName") else None


def _age_given(_ctx: Context, request: Mapping[str, Any]) -> tuple[str, ...] | None:
    return (str(request["CredentialAgeDays"]),) if request.get("CredentialAgeDays") else None


async def _service_of(ctx: Context, request: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The service of the credential that a request names."""
    name = request.get("UserName") or ctx.principal.arn.rpartition("/")[2]

    def read(tx: Reader) -> bytes | None:
        user = USERS.find(tx, ctx.account, name)
        return tx.get(_key(ctx.account, user, request.get("ServiceSpecificCredentialId", ""))) if user else None

    raw = await ctx.store.read(read)
    return (CREDENTIALS.decode(raw).service,) if raw else None


_NEW: dict[str, ValuesOf] = {
    "iam:ServiceSpecificCredentialServiceName": _service_given,
    "iam:ServiceSpecificCredentialAgeDays": _age_given,
}
_OLD: dict[str, ValuesOf] = {"iam:ServiceSpecificCredentialServiceName": _service_of}


@operation("CreateServiceSpecificCredential", access=on_user("CreateServiceSpecificCredential", _NEW))
async def create_service_specific_credential(
    ctx: Context, request: CreateServiceSpecificCredentialRequestTypeDef
) -> dict[str, Any]:
    """docs: API_CreateServiceSpecificCredential."""
    service, now = request["ServiceName"], int(ctx.clock.now())
    credential_id, password = ctx.ids.iam("ACCA"), _password(ctx)

    def create(tx: Transaction) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, request["UserName"])
        if service == BEDROCK or "CredentialAgeDays" in request:
            raise NotImplementedByAtoll("iam: API keys for Amazon Bedrock.")
        if service not in SERVICES:
            raise NoSuchEntityException(f"No such service {service} is supported for Service Specific Credentials")
        having = _of(tx, ctx.account, user, service)
        if len(having) >= MOST:
            raise LimitExceededException(f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {MOST}")
        login = next(login for login in _logins(user, ctx.account) if login not in {one.login for one in having})
        credential = ServiceCredential(credential_id, service, login, now)
        _put(tx, ctx.account, user, credential)
        return _shown(user, credential) | {"ServicePassword": password}

    return {"ServiceSpecificCredential": await ctx.store.transact(create)}


def _password(ctx: Context) -> str:
    """44 characters, as base 64 looks."""
    return ctx.ids.secret(43) + "="


def _logins(user: User, account: str) -> Iterator[str]:
    yield f"{user.name}-at-{account}"
    for number in range(1, MOST):
        yield f"{user.name}+{number}-at-{account}"


@operation("ListServiceSpecificCredentials", access=on_users("ListServiceSpecificCredentials"))
async def list_service_specific_credentials(
    ctx: Context, request: ListServiceSpecificCredentialsRequestTypeDef
) -> dict[str, Any]:
    """Of one user as AWS was seen to answer: without IsTruncated. docs: API_ListServiceSpecificCredentials."""
    everybody = request.get("AllUsers", False)
    name = "" if everybody else named_or_caller(ctx, request.get("UserName"))

    def read(tx: Reader) -> dict[str, Any]:
        users = (
            (user for _, user in paging.below(tx, ctx.account, USERS, "/")(""))
            if everybody
            else (USERS.get(tx, ctx.account, name),)
        )
        shown = [
            _shown(user, one) for user in users for one in _of(tx, ctx.account, user, request.get("ServiceName"))
        ]  # fmt: skip
        found, more = paging.page(request, paging.listed(shown))
        return {"ServiceSpecificCredentials": found, **(more if everybody or more["IsTruncated"] else {})}

    return await ctx.store.read(read)


@operation("UpdateServiceSpecificCredential", access=on_user("UpdateServiceSpecificCredential", _OLD))
async def update_service_specific_credential(
    ctx: Context, request: UpdateServiceSpecificCredentialRequestTypeDef
) -> None:
    """docs: API_UpdateServiceSpecificCredential."""
    name, active = named_or_caller(ctx, request.get("UserName")), request["Status"] == "Active"

    def update(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, name)
        credential = _get(tx, ctx.account, user, request["ServiceSpecificCredentialId"])
        _put(tx, ctx.account, user, replace(credential, active=active))

    await ctx.store.transact(update)


@operation("ResetServiceSpecificCredential", access=on_user("ResetServiceSpecificCredential", _OLD))
async def reset_service_specific_credential(
    ctx: Context, request: ResetServiceSpecificCredentialRequestTypeDef
) -> dict[str, Any]:
    """docs: API_ResetServiceSpecificCredential."""
    name, password = named_or_caller(ctx, request.get("UserName")), _password(ctx)

    def read(tx: Reader) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, name)
        credential = _get(tx, ctx.account, user, request["ServiceSpecificCredentialId"])
        return _shown(user, credential) | {"ServicePassword": password}

    return {"ServiceSpecificCredential": await ctx.store.read(read)}


@operation("DeleteServiceSpecificCredential", access=on_user("DeleteServiceSpecificCredential", _OLD))
async def delete_service_specific_credential(
    ctx: Context, request: DeleteServiceSpecificCredentialRequestTypeDef
) -> None:
    """docs: API_DeleteServiceSpecificCredential."""
    name, credential_id = named_or_caller(ctx, request.get("UserName")), request["ServiceSpecificCredentialId"]

    def delete(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, name)
        _get(tx, ctx.account, user, credential_id)
        tx.delete(_key(ctx.account, user, credential_id))

    await ctx.store.transact(delete)
