"""Client certificates. docs: API_GenerateClientCertificate and its kin"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from atoll.api_runtime.client_certificates import CERTIFICATES, ClientCertificate, place
from atoll.kernel.context import Context
from atoll.kernel.keys import under
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.apigateway import certificate_records as records
from atoll.services.apigateway.access import access
from atoll.services.apigateway.pages import page
from atoll.services.apigateway.patches import Rules, apply, patches, put
from atoll.services.apigateway.resource_tags import OF_CERTIFICATE
from atoll.services.apigateway.tag_rules import checked

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        DeleteClientCertificateRequestTypeDef,
        GenerateClientCertificateRequestTypeDef,
        GetClientCertificateRequestTypeDef,
        GetClientCertificatesRequestTypeDef,
        UpdateClientCertificateRequestTypeDef,
    )

VALID = 365 * 86_400
"""Seconds."""
_ONE = "/clientcertificates/{clientCertificateId}"


@operation("GenerateClientCertificate", access=access("POST", "/clientcertificates", adds_tags("tags")))
async def generate_client_certificate(ctx: Context, request: GenerateClientCertificateRequestTypeDef) -> dict[str, Any]:
    """Makes a self-signed certificate that is valid for a year."""
    now = ctx.clock.now()
    made = await asyncio.to_thread(records.make, now, now + VALID)
    tags, description = checked(request.get("tags", {})), request.get("description")
    certificate = ClientCertificate(ctx.ids.lower(6), made.pem, made.key, now, now + VALID, description, tags)
    await ctx.store.transact(lambda tx: records.put_certificate(tx, ctx, certificate))
    return members(certificate) | {"tags": tags or None}  # the later answers show that there are none


@operation("GetClientCertificate", access=access("GET", _ONE, OF_CERTIFICATE))
async def get_client_certificate(ctx: Context, request: GetClientCertificateRequestTypeDef) -> dict[str, Any]:
    """A certificate; never its private key."""
    found = await ctx.store.read(lambda tx: records.certificate(tx, ctx, request["clientCertificateId"]))
    return members(found)


@operation("GetClientCertificates", access=access("GET", "/clientcertificates"))
async def get_client_certificates(ctx: Context, request: GetClientCertificatesRequestTypeDef) -> dict[str, Any]:
    """A page of the certificates, by id."""

    def read(tx: Reader) -> dict[str, Any]:
        prefix = place(ctx)
        return page(tx, request, under(prefix), prefix, CERTIFICATES, members)

    return await ctx.store.read(read)


@operation("UpdateClientCertificate", access=access("PATCH", _ONE, OF_CERTIFICATE))
async def update_client_certificate(ctx: Context, request: UpdateClientCertificateRequestTypeDef) -> dict[str, Any]:
    """Changes a certificate's description."""
    changes = patches(request)

    def write(tx: Transaction) -> ClientCertificate:
        found = apply(records.certificate(tx, ctx, request["clientCertificateId"]), changes, _RULES)
        records.put_certificate(tx, ctx, found)
        return found

    return members(await ctx.store.transact(write))


@operation("DeleteClientCertificate", access=access("DELETE", _ONE, OF_CERTIFICATE))
async def delete_client_certificate(ctx: Context, request: DeleteClientCertificateRequestTypeDef) -> None:
    """Removes a certificate."""

    def write(tx: Transaction) -> None:
        tx.delete(place(ctx, records.certificate(tx, ctx, request["clientCertificateId"]).id))

    await ctx.store.transact(write)


_RULES: Rules[ClientCertificate] = {"replace": {"/description": put("description")}}


def members(certificate: ClientCertificate) -> dict[str, Any]:
    """A certificate under the API's member names."""
    return {
        "clientCertificateId": certificate.id,
        "description": certificate.description,
        "pemEncodedCertificate": certificate.pem,
        "createdDate": int(certificate.created),
        "expirationDate": int(certificate.expires),
        "tags": certificate.tags,
    }
