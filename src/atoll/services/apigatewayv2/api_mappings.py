"""Which API stands behind a base path (a mapping key, of one or more segments) of a custom domain name.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/domainnames-domainname-apimappings.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime import domains, serving
from atoll.api_runtime.domains import Domain, Mapping
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2.domain_access import domain, domain_access
from atoll.services.apigatewayv2.errors import BadRequestException, ConflictException, NotFoundException
from atoll.services.apigatewayv2.pages import names_page

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateApiMappingRequestTypeDef,
        DeleteApiMappingRequestTypeDef,
        GetApiMappingRequestTypeDef,
        GetApiMappingsRequestTypeDef,
        UpdateApiMappingRequestTypeDef,
    )

_ALL = "/domainnames/{DomainName}/apimappings"
_ONE = _ALL + "/{ApiMappingId}"


@operation("CreateApiMapping", access=domain_access("POST", _ALL))
async def create_api_mapping(ctx: Context, request: CreateApiMappingRequestTypeDef) -> dict[str, Any]:
    """Maps a key, or the whole domain name, to an API's stage."""
    key = request.get("ApiMappingKey") or ""
    mapping = Mapping(ctx.ids.lower(6), request["ApiId"], request["Stage"])

    def write(tx: Transaction) -> None:
        _put(tx, ctx, domain(tx, ctx, request["DomainName"]), key, mapping)

    await ctx.store.transact(write)
    return members(key, mapping)


@operation("GetApiMapping", access=domain_access("GET", _ONE))
async def get_api_mapping(ctx: Context, request: GetApiMappingRequestTypeDef) -> dict[str, Any]:
    """A mapping, by its id."""
    found = await ctx.store.read(lambda tx: domain(tx, ctx, request["DomainName"]))
    return members(*_found(found, request["ApiMappingId"]))


@operation("GetApiMappings", access=domain_access("GET", _ALL))
async def get_api_mappings(ctx: Context, request: GetApiMappingsRequestTypeDef) -> dict[str, Any]:
    """A page of a domain name's mappings, by key."""
    found = await ctx.store.read(lambda tx: domain(tx, ctx, request["DomainName"]))
    paths = ["/" + key for key in sorted(found.mappings)]
    return names_page(request, paths, lambda path: members(path[1:], found.mappings[path[1:]]))


@operation("UpdateApiMapping", access=domain_access("PATCH", _ONE))
async def update_api_mapping(ctx: Context, request: UpdateApiMappingRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names."""

    def write(tx: Transaction) -> tuple[str, Mapping]:
        found = domain(tx, ctx, request["DomainName"])
        old, before = _found(found, request["ApiMappingId"])
        key = request.get("ApiMappingKey", old)
        mapping = Mapping(before.id, request["ApiId"], request.get("Stage", before.stage))
        _put(tx, ctx, _without(found, old), key, mapping)
        return key, mapping

    return members(*await ctx.store.transact(write))


@operation("DeleteApiMapping", access=domain_access("DELETE", _ONE))
async def delete_api_mapping(ctx: Context, request: DeleteApiMappingRequestTypeDef) -> None:
    """Takes a mapping away."""

    def write(tx: Transaction) -> None:
        found = domain(tx, ctx, request["DomainName"])
        domains.put(tx, _without(found, _found(found, request["ApiMappingId"])[0]))

    await ctx.store.transact(write)


def _found(found: Domain, mapping_id: str) -> tuple[str, Mapping]:
    for key, mapping in found.mappings.items():
        if mapping.id == mapping_id:
            return key, mapping
    raise NotFoundException("Invalid API mapping identifier specified")


def _without(found: Domain, key: str) -> Domain:
    return msgspec.structs.replace(
        found, mappings={other: one for other, one in found.mappings.items() if other != key}
    )


def _put(tx: Transaction, ctx: Context, found: Domain, key: str, mapping: Mapping) -> None:
    """Stores a mapping. Raises BadRequestException, ConflictException, NotFoundException for one that cannot be."""
    if key and not domains.is_base(key):
        raise BadRequestException("An ApiMapping key may contain only letters, numbers and one of $-_.+!*'()")
    _check_domain(found)
    if key in found.mappings:
        raise ConflictException("ApiMapping key already exists for this domain name")
    kind = _kind(tx, ctx, mapping)
    for other in found.mappings.values():
        raw = tx.get(serving.api_key(other.api))
        if raw is not None and (serving.APIS.decode(raw).kind == "WEBSOCKET") != (kind == "WEBSOCKET"):
            raise BadRequestException("A domain name cannot be mapped to WebSocket APIs and to others")
    domains.put(tx, msgspec.structs.replace(found, mappings={**found.mappings, key: mapping}))


def _check_domain(found: Domain) -> None:
    if found.endpoint != "REGIONAL":
        raise BadRequestException(
            "Only REGIONAL domain names can be managed through the API Gateway V2 API. For EDGE domain names, please use the "
            "API Gateway V1 API. Also note that only REST APIs can be attached to EDGE domain names."
        )
    if found.security_policy == "TLS_1_0":
        raise BadRequestException(
            "Only REGIONAL domain names with a security policy of TLS 1.2 can be managed through the API Gateway V2 API. For "
            "TLS 1.0 domain names, please use the API Gateway V1 API to upgrade your security policy to TLS 1.2. Currently, only "
            "REST APIs can be attached to a domain name with a security policy of TLS 1.0."
        )


def _kind(tx: Reader, ctx: Context, mapping: Mapping) -> serving.Kind:
    raw = tx.get(serving.api_key(mapping.api))
    api = None if raw is None else serving.APIS.decode(raw)
    if api is None or (api.account, api.region) != (ctx.account, ctx.region):
        raise NotFoundException(f"Invalid API identifier specified {ctx.account}:{mapping.api}")
    if mapping.stage not in api.stages:
        raise BadRequestException("Invalid stage identifier specified")
    return api.kind


def members(key: str, mapping: Mapping) -> dict[str, Any]:
    """A mapping under the API's member names."""
    return {
        "ApiId": mapping.api,
        "ApiMappingId": mapping.id,
        "ApiMappingKey": key or None,
        "Stage": mapping.stage,
    }
