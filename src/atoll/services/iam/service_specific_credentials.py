"""Credentials of users for single services: Create, List, Update, Reset, Delete. The services that take them are not in this region."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.keys import under
from atoll.kernel.service import ValuesOf, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import paging
from atoll.services.iam.errors import LimitExceededException, ServiceNotSupportedException
from atoll.services.iam.resources import on_user
from atoll.services.iam.store import USERS, User
from atoll.services.iam.user_items import SERVICE_CREDENTIALS, ServiceCredential
from atoll.services.iam.users import named_or_caller

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        CreateServiceSpecificCredentialRequestTypeDef,
        DeleteServiceSpecificCredentialRequestTypeDef,
        ListServiceSpecificCredentialsRequestTypeDef,
        ResetServiceSpecificCredentialRequestTypeDef,
        UpdateServiceSpecificCredentialRequestTypeDef,
    )

MOST = 2
PASSWORD_LENGTH = 44
SERVICES = ("cassandra.amazonaws.com", "codecommit.amazonaws.com")
API_KEYS = ("bedrock.amazonaws.com", "logs.amazonaws.com")


async def _service(ctx: Context, request: Any) -> Sequence[str] | None:
    """The service that the request names, or whose credential it names."""
    given = request.get("ServiceName")
    if given:
        return [given]

    def find(tx: Reader) -> list[str]:
        name = request.get("UserName") or ctx.principal.arn.rpartition("/")[2]
        user = USERS.find(tx, ctx.account, name)
        every = SERVICE_CREDENTIALS.all(tx, ctx.account, user) if user else ()
        return [one.service for one in every if one.id == request.get("ServiceSpecificCredentialId")]

    return await ctx.store.read(find) or None


_OF: dict[str, ValuesOf] = {"iam:ServiceSpecificCredentialServiceName": _service}
_AGE: dict[str, ValuesOf] = {
    "iam:ServiceSpecificCredentialAgeDays": lambda _ctx, request: (
        [str(request["CredentialAgeDays"])] if "CredentialAgeDays" in request else None
    )
}


def _shown(user: User, credential: ServiceCredential) -> dict[str, Any]:
    return {
        "UserName": user.name,
        "Status": credential.status,
        "ServiceUserName": credential.name,
        "CreateDate": credential.created,
        "ServiceSpecificCredentialId": credential.id,
        "ServiceName": credential.service,
    }


@operation("CreateServiceSpecificCredential", access=on_user("CreateServiceSpecificCredential", {**_OF, **_AGE}))
async def create_service_specific_credential(
    ctx: Context, request: CreateServiceSpecificCredentialRequestTypeDef
) -> dict[str, Any]:
    """docs: API_CreateServiceSpecificCredential. The password is shown here and never again."""
    service, password = request["ServiceName"], ctx.ids.secret(PASSWORD_LENGTH - 1) + "="
    credential_id, now = ctx.ids.iam("ACCA"), int(ctx.clock.now())

    def create(tx: Transaction) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, request["UserName"])
        if service in API_KEYS:
            raise NotImplementedByAtoll(f"iam: long-term API keys ({service}).")
        if service not in SERVICES:
            raise ServiceNotSupportedException(
                f"No such service {service} is supported for Service Specific Credentials"
            )
        present = [one for one in SERVICE_CREDENTIALS.all(tx, ctx.account, user) if one.service == service]
        if len(present) >= MOST:
            raise LimitExceededException(f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {MOST}")
        taken = {one.name for one in present}
        names = (f"{user.name}{more}-at-{ctx.account}" for more in ("", "+1"))
        credential = ServiceCredential(
            id=credential_id, created=now, service=service, name=next(name for name in names if name not in taken)
        )
        SERVICE_CREDENTIALS.put(tx, ctx.account, user, credential)
        return {**_shown(user, credential), "ServicePassword": password}

    return {"ServiceSpecificCredential": await ctx.store.transact(create)}


@operation("ListServiceSpecificCredentials", access=on_user("ListServiceSpecificCredentials"))
async def list_service_specific_credentials(
    ctx: Context, request: ListServiceSpecificCredentialsRequestTypeDef
) -> dict[str, Any]:
    """docs: API_ListServiceSpecificCredentials."""
    service = request.get("ServiceName")

    def read(tx: Reader) -> dict[str, Any]:
        if request.get("AllUsers"):
            users = [USERS.codec.decode(raw) for _, raw in tx.scan(under(USERS.prefix(ctx.account)))]
        else:
            users = [USERS.get(tx, ctx.account, named_or_caller(ctx, request.get("UserName")))]
        every = [
            (user, one)
            for user in users
            for one in SERVICE_CREDENTIALS.all(tx, ctx.account, user)
            if service in (None, one.service)
        ]
        if "MaxItems" not in request and "Marker" not in request:
            return {"ServiceSpecificCredentials": [_shown(*one) for one in every]}
        found, more = paging.page(request, paging.listed(every))
        return {"ServiceSpecificCredentials": [_shown(*one) for one in found], **more}

    return await ctx.store.read(read)


@operation("UpdateServiceSpecificCredential", access=on_user("UpdateServiceSpecificCredential", _OF))
async def update_service_specific_credential(
    ctx: Context, request: UpdateServiceSpecificCredentialRequestTypeDef
) -> None:
    """docs: API_UpdateServiceSpecificCredential."""
    name = named_or_caller(ctx, request.get("UserName"))

    def update(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, name)
        credential = SERVICE_CREDENTIALS.get(tx, ctx.account, user, request["ServiceSpecificCredentialId"])
        SERVICE_CREDENTIALS.put(tx, ctx.account, user, replace(credential, status=request["Status"]))

    await ctx.store.transact(update)


@operation("ResetServiceSpecificCredential", access=on_user("ResetServiceSpecificCredential", _OF))
async def reset_service_specific_credential(
    ctx: Context, request: ResetServiceSpecificCredentialRequestTypeDef
) -> dict[str, Any]:
    """A new password. docs: API_ResetServiceSpecificCredential."""
    name = named_or_caller(ctx, request.get("UserName"))

    def read(tx: Reader) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, name)
        return _shown(user, SERVICE_CREDENTIALS.get(tx, ctx.account, user, request["ServiceSpecificCredentialId"]))

    shown = await ctx.store.read(read)
    return {"ServiceSpecificCredential": {**shown, "ServicePassword": ctx.ids.secret(PASSWORD_LENGTH - 1) + "="}}


@operation("DeleteServiceSpecificCredential", access=on_user("DeleteServiceSpecificCredential", _OF))
async def delete_service_specific_credential(
    ctx: Context, request: DeleteServiceSpecificCredentialRequestTypeDef
) -> None:
    """docs: API_DeleteServiceSpecificCredential."""
    name = named_or_caller(ctx, request.get("UserName"))

    def delete(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, name)
        SERVICE_CREDENTIALS.delete(tx, ctx.account, user, request["ServiceSpecificCredentialId"])

    await ctx.store.transact(delete)
