"""Server certificates: Upload, Get, List, Update, Delete, and their tags. Nothing here serves TLS with them: the private key is checked to
be the certificate's and not kept, for AWS gives it back to nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.records import Codec
from atoll.kernel.service import Access, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.iam import belongings, paging, tagging
from atoll.services.iam.errors import (
    EntityAlreadyExistsException,
    KeyPairMismatchException,
    LimitExceededException,
    MalformedCertificateException,
)
from atoll.services.iam.resources import renamed

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import (
        DeleteServerCertificateRequestTypeDef,
        GetServerCertificateRequestTypeDef,
        ListServerCertificatesRequestTypeDef,
        ListServerCertificateTagsRequestTypeDef,
        TagServerCertificateRequestTypeDef,
        UntagServerCertificateRequestTypeDef,
        UpdateServerCertificateRequestTypeDef,
        UploadServerCertificateRequestTypeDef,
    )


MOST = 20
"""Certificates of an account. docs: "IAM and AWS STS quotas"."""


class ServerCertificate(belongings.Thing, frozen=True, omit_defaults=True, kw_only=True):
    """A certificate and its chain, as PEM. Times are in whole seconds."""

    name: str
    path: str
    id: str
    uploaded: int
    expires: int
    body: str
    chain: str | None = None


CERTIFICATES = belongings.Kind(
    "server-certificates", Codec(ServerCertificate), "The Server Certificate with name {} cannot be found."
)


def _arn(account: str, path: str, name: str) -> str:
    return f"arn:aws:iam::{account}:server-certificate{path}{name}"


def _new(ctx: Context, request: Any) -> str:
    return _arn(ctx.account, request.get("Path") or "/", request.get("ServerCertificateName", ""))


def _named(_ctx: Context, request: Any) -> str:
    return str(request.get("ServerCertificateName", ""))


async def _existing(ctx: Context, request: Any) -> str:
    name = _named(ctx, request)
    found = await ctx.store.read(lambda tx: CERTIFICATES.find(tx, ctx.account, name))
    return _arn(ctx.account, found.path if found else "/", name)


_renamed = renamed(_existing, "server-certificate/", "ServerCertificateName")


_tags = belongings.tags_of(CERTIFICATES, _named)


def _require_free(tx: Reader, ctx: Context, name: str) -> None:
    if CERTIFICATES.find(tx, ctx.account, name) is not None:
        raise EntityAlreadyExistsException(f"The Server Certificate with name {name} already exists.")


def _metadata(account: str, certificate: ServerCertificate) -> dict[str, Any]:
    return {
        "Path": certificate.path,
        "ServerCertificateName": certificate.name,
        "ServerCertificateId": certificate.id,
        "Arn": _arn(account, certificate.path, certificate.name),
        "UploadDate": certificate.uploaded,
        "Expiration": certificate.expires,
    }


def _expiry(body: str, private_key: str, chain: str | None) -> int:
    """When the certificate expires, in seconds. Raises MalformedCertificateException, KeyPairMismatchException."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        certificate = x509.load_pem_x509_certificate(body.encode())
        public, expires = certificate.public_key(), int(certificate.not_valid_after_utc.timestamp())
        if chain is not None:
            x509.load_pem_x509_certificates(chain.encode())
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm):
        raise MalformedCertificateException(
            "Unable to parse certificate. Please ensure the certificate is in PEM format."
        ) from None
    try:
        key = load_pem_private_key(private_key.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise MalformedCertificateException("Private Key is not valid.") from None
    if key.public_key() != public:
        raise KeyPairMismatchException("Private key doesn't match the certificate.")
    return expires


@operation(
    "UploadServerCertificate",
    access=belongings.makes("UploadServerCertificate", "TagServerCertificate", _new),
)
async def upload_server_certificate(ctx: Context, request: UploadServerCertificateRequestTypeDef) -> dict[str, Any]:
    """docs: API_UploadServerCertificate."""
    name, body, chain = request["ServerCertificateName"], request["CertificateBody"], request.get("CertificateChain")
    certificate = ServerCertificate(
        name=name, path=request.get("Path", "/"), id=ctx.ids.iam("ASCA"), uploaded=int(ctx.clock.now()),
        expires=await asyncio.to_thread(_expiry, body, request["PrivateKey"], chain),
        body=body.strip(), chain=chain.strip() if chain else None, tags=belongings.new_tags(request.get("Tags", ())),
    )  # fmt: skip

    def upload(tx: Transaction) -> None:
        _require_free(tx, ctx, name)
        if sum(1 for _ in CERTIFICATES.all(tx, ctx.account)) >= MOST:
            raise LimitExceededException(f"Cannot exceed quota for ServerCertificatesPerAccount: {MOST}")
        CERTIFICATES.put(tx, ctx.account, name, certificate)

    await ctx.store.transact(upload)
    tags = {"Tags": tagging.shown(certificate.tags)} if certificate.tags else {}
    return {"ServerCertificateMetadata": _metadata(ctx.account, certificate), **tags}


@operation("GetServerCertificate", access=belongings.on("GetServerCertificate", _existing, _tags))
async def get_server_certificate(ctx: Context, request: GetServerCertificateRequestTypeDef) -> dict[str, Any]:
    """docs: API_GetServerCertificate."""
    certificate = await ctx.store.read(lambda tx: CERTIFICATES.get(tx, ctx.account, request["ServerCertificateName"]))
    return {
        "ServerCertificate": {
            "ServerCertificateMetadata": _metadata(ctx.account, certificate),
            "CertificateBody": certificate.body,
            "CertificateChain": certificate.chain,
            "Tags": tagging.shown(certificate.tags),
        }
    }


@operation("ListServerCertificates", access=[Access("iam:ListServerCertificates")])
async def list_server_certificates(ctx: Context, request: ListServerCertificatesRequestTypeDef) -> dict[str, Any]:
    """By name. docs: API_ListServerCertificates."""
    prefix = request.get("PathPrefix", "/")

    def read(tx: Reader) -> dict[str, Any]:
        stored = paging.stored(tx, CERTIFICATES.prefix(ctx.account))

        def below(position: str) -> Iterator[tuple[str, ServerCertificate]]:
            for name, raw in stored(position):
                certificate = CERTIFICATES.codec.decode(raw)
                if certificate.path.startswith(prefix):
                    yield name, certificate

        found, more = paging.page(request, below)
        return {"ServerCertificateMetadataList": [_metadata(ctx.account, one) for one in found], **more}

    return await ctx.store.read(read)


@operation("UpdateServerCertificate", access=belongings.on("UpdateServerCertificate", _renamed, _tags))
async def update_server_certificate(ctx: Context, request: UpdateServerCertificateRequestTypeDef) -> None:
    """Another name or path. docs: API_UpdateServerCertificate."""
    name = request["ServerCertificateName"]
    new_name = request.get("NewServerCertificateName", name)

    def update(tx: Transaction) -> None:
        certificate = CERTIFICATES.get(tx, ctx.account, name)
        if new_name != name:
            _require_free(tx, ctx, new_name)
            CERTIFICATES.delete(tx, ctx.account, name)
        moved = replace(certificate, name=new_name, path=request.get("NewPath", certificate.path))
        CERTIFICATES.put(tx, ctx.account, new_name, moved)

    await ctx.store.transact(update)


@operation("DeleteServerCertificate", access=belongings.on("DeleteServerCertificate", _existing, _tags))
async def delete_server_certificate(ctx: Context, request: DeleteServerCertificateRequestTypeDef) -> None:
    """docs: API_DeleteServerCertificate."""
    name = request["ServerCertificateName"]

    def delete(tx: Transaction) -> None:
        CERTIFICATES.get(tx, ctx.account, name)
        CERTIFICATES.delete(tx, ctx.account, name)

    await ctx.store.transact(delete)


@operation("TagServerCertificate", access=belongings.on("TagServerCertificate", _existing, _tags, adds_tags()))
async def tag_server_certificate(ctx: Context, request: TagServerCertificateRequestTypeDef) -> None:
    """docs: API_TagServerCertificate."""
    given = request["Tags"]
    await belongings.retag(ctx, CERTIFICATES, _named(ctx, request), lambda tags: belongings.with_tags(tags, given))


@operation("UntagServerCertificate", access=belongings.on("UntagServerCertificate", _existing, _tags, removes_tags()))
async def untag_server_certificate(ctx: Context, request: UntagServerCertificateRequestTypeDef) -> None:
    """docs: API_UntagServerCertificate."""
    keys = request["TagKeys"]
    await belongings.retag(ctx, CERTIFICATES, _named(ctx, request), lambda tags: belongings.without_tags(tags, keys))


@operation("ListServerCertificateTags", access=belongings.on("ListServerCertificateTags", _existing, _tags))
async def list_server_certificate_tags(
    ctx: Context, request: ListServerCertificateTagsRequestTypeDef
) -> dict[str, Any]:
    """docs: API_ListServerCertificateTags."""
    certificate = await ctx.store.read(lambda tx: CERTIFICATES.get(tx, ctx.account, request["ServerCertificateName"]))
    return belongings.tag_page(request, certificate.tags)
