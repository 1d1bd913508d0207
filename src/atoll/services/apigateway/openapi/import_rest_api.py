"""ImportRestApi and PutRestApi: REST APIs made of OpenAPI documents, or changed by them. docs: API_ImportRestApi, API_PutRestApi"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec

from atoll.api_runtime import openapi
from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.turns import in_turns
from atoll.services.apigateway import api_rules, deploy, store
from atoll.services.apigateway.access import access, passes_roles
from atoll.services.apigateway.apis import policy_access
from atoll.services.apigateway.errors import BadRequestException
from atoll.services.apigateway.openapi.definition import EXTENSION, Definition, defining
from atoll.services.apigateway.openapi.store_definition import Ids, merge, needed, replace

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import ImportRestApiRequestTypeDef, PutRestApiRequestTypeDef

INVALID = "Invalid OpenAPI input."
_PASSES = passes_roles(lambda request: openapi.roles(request.get("body")))


def _sets_policy(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [request] if openapi.mentions(request.get("body"), f"{EXTENSION}policy") else []


_ALSO = [_PASSES, policy_access("/restapis", _sets_policy)]
_ALSO_PUT = [_PASSES, policy_access("/restapis/{restApiId}", _sets_policy)]


@operation("ImportRestApi", access=[*access("POST", "/restapis"), *_ALSO])
async def import_rest_api(ctx: Context, request: ImportRestApiRequestTypeDef) -> dict[str, Any]:
    """Makes an API of a document, with the document's models alone. Raises BadRequestException where it is none, or a part of it is
    not valid."""
    found = await _read(ctx, request)
    api_id, root = ctx.ids.lower(10), ctx.ids.lower(10)
    made = store.RestApi(api_id, found.name, ctx.clock.now(), root)
    api = await ctx.store.read(lambda tx: _settings(tx, ctx, made, found, request))
    drawn = [ctx.ids.lower(6) for _ in range(needed(found))]

    def write(tx: Transaction) -> None:
        store.put_api(tx, ctx, api)
        store.put_resource(tx, ctx, api.id, records.Resource(root, "/"))
        merge(tx, ctx, api, found, Ids(drawn))
        deploy.publish(tx, ctx, api.id)

    await ctx.store.transact(write)
    return await _members(ctx, api, found)


@operation("PutRestApi", access=[*access("PUT", "/restapis/{restApiId}"), *_ALSO_PUT])
async def put_rest_api(ctx: Context, request: PutRestApiRequestTypeDef) -> dict[str, Any]:
    """Puts a document in the place of an API (mode overwrite), or over it (merge). Live with the next deployment."""
    found = await _read(ctx, request)
    overwrites = request.get("mode", "merge") == "overwrite"
    drawn = [ctx.ids.lower(6) for _ in range(needed(found))]

    def write(tx: Transaction) -> store.RestApi:
        before = store.api(tx, ctx, request["restApiId"])
        if overwrites:
            replace(tx, ctx, before, found, Ids(drawn))
        else:
            merge(tx, ctx, before, found, Ids(drawn))
        api = _settings(tx, ctx, before, found, request, merges=not overwrites)
        store.put_api(tx, ctx, api)
        return api

    api = await ctx.store.transact(write)
    return await _members(ctx, api, found) | {"tags": api.tags}


async def _read(ctx: Context, request: Mapping[str, Any]) -> Definition:
    """What the request's document says. Raises BadRequestException, also for warnings where the request says so."""
    parameters = request.get("parameters") or {}
    basepath = parameters.get("basepath", "ignore")
    if basepath not in ("ignore", "prepend", "split"):
        raise BadRequestException(f"Invalid base path mode: {basepath}")
    try:
        document = await in_turns(ctx.clock, openapi.reading(request["body"]))
        documented = parameters.get("ignore") != "documentation"
        reading = defining(document, cast(openapi.BasePath, basepath), documented=documented)
        found = await in_turns(ctx.clock, reading)
    except openapi.InvalidDocument:
        raise BadRequestException(INVALID) from None
    if found.warnings and request.get("failOnWarnings"):
        raise BadRequestException("Warnings found during import:\n\t" + "\n\t".join(found.warnings))
    for name in ("security-policy", "endpoint-access-mode"):
        if f"{EXTENSION}{name}" in document.root:
            ctx.warn(f"{EXTENSION}{name}", "Atoll does not choose among versions of TLS")
    return found


def _settings(
    tx: Reader, ctx: Context, api: store.RestApi, found: Definition, request: Mapping[str, Any], *, merges: bool = False
) -> store.RestApi:
    """The API with the settings of the document. What it does not mention is as it was, but for binary media types: those are the
    document's alone unless it merges."""
    kinds = (request.get("parameters") or {}).get("endpointConfigurationTypes")
    types = [kinds] if kinds else found.endpoint.get("types")
    endpoint = {"types": types, "vpcEndpointIds": found.endpoint.get("vpcEndpointIds") or ()}
    kind, addresses, vpc_endpoints = api_rules.endpoint_of({"endpointConfiguration": endpoint if types else {}})
    given: dict[str, Any] = {
        "name": found.name or None,
        "description": found.description,
        "version": found.version,
        "binary_media_types": found.binary_media_types,
        "api_key_source": found.api_key_source,
        "minimum_compression": found.minimum_compression,
        "policy": api_rules.policy_of(tx, ctx, api.id, found.policy),
        "endpoint_disabled": found.endpoint_disabled,
        "security_policy": found.security_policy,
        "endpoint_access_mode": found.endpoint_access_mode,
    }
    if types:
        given |= {"endpoint_type": kind, "ip_address_type": addresses, "vpc_endpoints": vpc_endpoints}
    named = {field: value for field, value in given.items() if value is not None}
    if merges and found.binary_media_types:
        named["binary_media_types"] = tuple(dict.fromkeys((*api.binary_media_types, *found.binary_media_types)))
    elif not merges and found.binary_media_types is None:
        named["binary_media_types"] = ()
    changed = msgspec.structs.replace(api, **named)
    api_rules.check(changed)
    return changed


async def _members(ctx: Context, api: store.RestApi, found: Definition) -> dict[str, Any]:
    shown = await ctx.store.read(lambda tx: api_rules.shown(tx, ctx, api))
    return api_rules.members(shown) | {"warnings": found.warnings or None}
