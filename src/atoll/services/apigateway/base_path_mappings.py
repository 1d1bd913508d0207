"""Which API stands behind a base path of a custom domain name. docs: API_CreateBasePathMapping and its kin"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.api_runtime import domains, serving
from atoll.api_runtime.domains import Domain, Mapping
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import domain_records
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, ConflictException, NotFoundException
from atoll.services.apigateway.pages import position_after, size_of, starts_after
from atoll.services.apigateway.patches import patches, unsupported
from atoll.services.apigateway.resource_tags import OF_DOMAIN_NAME

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateBasePathMappingRequestTypeDef,
        DeleteBasePathMappingRequestTypeDef,
        GetBasePathMappingRequestTypeDef,
        GetBasePathMappingsRequestTypeDef,
        UpdateBasePathMappingRequestTypeDef,
    )

NONE = "(none)"
"""How the API writes the empty base path."""
_ALL = "/domainnames/{domainName}/basepathmappings"
_ONE = _ALL + "/{basePath}"
_PATHS = "/basePath, /restapiId, /stage"


@operation("CreateBasePathMapping", access=access("POST", _ALL, OF_DOMAIN_NAME))
async def create_base_path_mapping(ctx: Context, request: CreateBasePathMappingRequestTypeDef) -> dict[str, Any]:
    """Maps a base path to an API's stage; without a stage callers name one behind it."""
    domain_records.refuse_private(request)
    base = _base(request.get("basePath"))
    mapping = Mapping(ctx.ids.lower(6), request["restApiId"], _stage(request.get("stage")))

    def write(tx: Transaction) -> None:
        domain = domain_records.domain(tx, ctx, request["domainName"])
        _check_free(domain, base)
        _check_target(tx, ctx, mapping)
        domain_records.put_mapping(tx, domain, base, mapping)

    await ctx.store.transact(write)
    return members(base, mapping)


@operation("GetBasePathMapping", access=access("GET", _ONE, OF_DOMAIN_NAME))
async def get_base_path_mapping(ctx: Context, request: GetBasePathMappingRequestTypeDef) -> dict[str, Any]:
    """What a base path is mapped to; `(none)` stands for the empty one."""
    domain_records.refuse_private(request)
    _, base, mapping = await ctx.store.read(lambda tx: _found(tx, ctx, request["domainName"], request["basePath"]))
    return members(base, mapping)


@operation("GetBasePathMappings", access=access("GET", _ALL, OF_DOMAIN_NAME))
async def get_base_path_mappings(ctx: Context, request: GetBasePathMappingsRequestTypeDef) -> dict[str, Any]:
    """A page of a domain name's mappings, by base path."""
    domain_records.refuse_private(request)
    domain = await ctx.store.read(lambda tx: domain_records.domain(tx, ctx, request["domainName"]))
    after, size = starts_after(request), size_of(request)
    bases = [base for base in sorted(domain.mappings) if after is None or f"/{base}" > after]
    more = len(bases) > size
    return {
        "items": [members(base, domain.mappings[base]) for base in bases[:size]],
        "position": position_after("/" + bases[size - 1]) if more else None,
    }


@operation("UpdateBasePathMapping", access=access("PATCH", _ONE, OF_DOMAIN_NAME))
async def update_base_path_mapping(ctx: Context, request: UpdateBasePathMappingRequestTypeDef) -> dict[str, Any]:
    """Maps a base path to something else, or gives the mapping another base path."""
    domain_records.refuse_private(request)
    given = _given(request)

    def write(tx: Transaction) -> tuple[str, Mapping]:
        domain, old, mapping = _found(tx, ctx, request["domainName"], request["basePath"])
        base = _base(given["basePath"]) if "basePath" in given else old
        stage = _stage(given["stage"]) if "stage" in given else mapping.stage
        mapping = Mapping(mapping.id, given.get("restapiId") or mapping.api, stage)
        if base != old:
            _check_free(domain, base)
            domain_records.put_mapping(tx, domain, old, None)
            domain = domain_records.domain(tx, ctx, domain.name)
        _check_target(tx, ctx, mapping)
        domain_records.put_mapping(tx, domain, base, mapping)
        return base, mapping

    return members(*await ctx.store.transact(write))


@operation("DeleteBasePathMapping", access=access("DELETE", _ONE, OF_DOMAIN_NAME))
async def delete_base_path_mapping(ctx: Context, request: DeleteBasePathMappingRequestTypeDef) -> None:
    """Takes a mapping away."""
    domain_records.refuse_private(request)

    def write(tx: Transaction) -> None:
        domain, base, _ = _found(tx, ctx, request["domainName"], request["basePath"])
        domain_records.put_mapping(tx, domain, base, None)

    await ctx.store.transact(write)


def _found(tx: Reader, ctx: Context, name: str, base: str) -> tuple[Domain, str, Mapping]:
    domain = domain_records.domain(tx, ctx, name)
    base = "" if base == NONE else base
    if base not in domain.mappings:
        raise NotFoundException(domain_records.NO_MAPPING)
    return domain, base, domain.mappings[base]


def _given(request: UpdateBasePathMappingRequestTypeDef) -> dict[str, str | None]:
    """What the patches set. Raises BadRequestException for what a mapping does not have."""
    found: dict[str, str | None] = {}
    for patch in patches(request):
        if patch.op != "replace":
            raise unsupported(patch)
        name = {"restApiId": "restapiId"}.get(patch.path[0], patch.path[0])
        if len(patch.path) != 1 or f"/{name}" not in _PATHS.split(", "):
            raise BadRequestException(
                f"Invalid patch path  '{patch.text}' specified for op 'replace'. Must be one of: [{_PATHS}]"
            )
        found[name] = patch.value
    return found


def _base(base: str | None) -> str:
    """A base path as it is kept: empty for `(none)`. Raises BadRequestException."""
    if not base or base == NONE:
        return ""
    if "/" in base:
        raise BadRequestException(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. "
            "To create a multi-level base path mapping, use API Gateway V2."
        )
    if not domains.is_base(base):
        raise BadRequestException("A base path may only contain letters, numbers and one of $-_.+!*'()")
    return base


def _stage(stage: str | None) -> str | None:
    return None if stage in (None, "", NONE) else stage


def _check_free(domain: Domain, base: str) -> None:
    if base in domain.mappings:
        raise ConflictException("Base path already exists for this domain name")


def _check_target(tx: Reader, ctx: Context, mapping: Mapping) -> None:
    raw = tx.get(serving.api_key(mapping.api))
    api = None if raw is None else serving.APIS.decode(raw)
    if api is None or api.kind != "REST" or (api.account, api.region) != (ctx.account, ctx.region):
        raise BadRequestException("Invalid REST API identifier specified")
    if mapping.stage is not None and mapping.stage not in api.stages:
        raise BadRequestException("Invalid stage identifier specified")


def members(base: str, mapping: Mapping) -> dict[str, Any]:
    """A mapping under the API's member names."""
    return {"basePath": base or NONE, "restApiId": mapping.api, "stage": mapping.stage}
