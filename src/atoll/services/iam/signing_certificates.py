"""Signing certificates of users: Upload, List, Update, Delete. Nothing here verifies with them: they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam import paging
from atoll.services.iam.errors import (
    DuplicateCertificateException,
    LimitExceededException,
    MalformedCertificateException,
)
from atoll.services.iam.resources import on_user
from atoll.services.iam.store import USERS, User
from atoll.services.iam.user_items import CERTIFICATES, SigningCertificate
from atoll.services.iam.users import named_or_caller

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        DeleteSigningCertificateRequestTypeDef,
        ListSigningCertificatesRequestTypeDef,
        UpdateSigningCertificateRequestTypeDef,
        UploadSigningCertificateRequestTypeDef,
    )

MOST = 2


def _shown(user: User, certificate: SigningCertificate) -> dict[str, Any]:
    return {
        "UserName": user.name,
        "CertificateId": certificate.id,
        "CertificateBody": certificate.body,
        "Status": certificate.status,
        "UploadDate": certificate.created,
    }


@operation("UploadSigningCertificate", access=on_user("UploadSigningCertificate"))
async def upload_signing_certificate(ctx: Context, request: UploadSigningCertificateRequestTypeDef) -> dict[str, Any]:
    """docs: API_UploadSigningCertificate."""
    name, body = named_or_caller(ctx, request.get("UserName")), request["CertificateBody"]
    certificate = SigningCertificate(id=ctx.ids.upper(28), created=int(ctx.clock.now()), body=body.strip())

    def upload(tx: Transaction) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, name)
        _check(body)
        present = list(CERTIFICATES.all(tx, ctx.account, user))
        if any(one.body == certificate.body for one in present):
            raise DuplicateCertificateException("The certificate already exists.")
        if len(present) >= MOST:
            raise LimitExceededException(f"Cannot exceed quota for CertificatesPerUser: {MOST}")
        CERTIFICATES.put(tx, ctx.account, user, certificate)
        return _shown(user, certificate)

    return {"Certificate": await ctx.store.transact(upload)}


def _check(body: str) -> None:
    from cryptography import x509

    try:
        x509.load_pem_x509_certificate(body.encode())
    except (ValueError, TypeError, x509.InvalidVersion):
        raise MalformedCertificateException(f"Certificate {body} is malformed.") from None


@operation("ListSigningCertificates", access=on_user("ListSigningCertificates"))
async def list_signing_certificates(ctx: Context, request: ListSigningCertificatesRequestTypeDef) -> dict[str, Any]:
    """docs: API_ListSigningCertificates."""
    name = named_or_caller(ctx, request.get("UserName"))

    def read(tx: Reader) -> dict[str, Any]:
        user = USERS.get(tx, ctx.account, name)
        found, more = paging.page(request, paging.listed(list(CERTIFICATES.all(tx, ctx.account, user))))
        return {"Certificates": [_shown(user, one) for one in found], **more}

    return await ctx.store.read(read)


@operation("UpdateSigningCertificate", access=on_user("UpdateSigningCertificate"))
async def update_signing_certificate(ctx: Context, request: UpdateSigningCertificateRequestTypeDef) -> None:
    """docs: API_UpdateSigningCertificate."""
    name = named_or_caller(ctx, request.get("UserName"))

    def update(tx: Transaction) -> None:
        user = USERS.get(tx, ctx.account, name)
        certificate = CERTIFICATES.get(tx, ctx.account, user, request["CertificateId"])
        CERTIFICATES.put(tx, ctx.account, user, replace(certificate, status=request["Status"]))

    await ctx.store.transact(update)


@operation("DeleteSigningCertificate", access=on_user("DeleteSigningCertificate"))
async def delete_signing_certificate(ctx: Context, request: DeleteSigningCertificateRequestTypeDef) -> None:
    """docs: API_DeleteSigningCertificate."""
    name = named_or_caller(ctx, request.get("UserName"))

    def delete(tx: Transaction) -> None:
        CERTIFICATES.delete(tx, ctx.account, USERS.get(tx, ctx.account, name), request["CertificateId"])

    await ctx.store.transact(delete)
