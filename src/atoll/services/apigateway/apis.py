"""REST APIs themselves. docs: API_CreateRestApi, API_GetRestApi, API_GetRestApis, API_UpdateRestApi, API_DeleteRestApi"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime import domains, serving
from atoll.api_runtime.rest_api import records
from atoll.api_runtime.usage_plans import Place, leave_plans
from atoll.kernel.context import Context
from atoll.kernel.service import Access, EachOf, operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import copies, deploy, models, store
from atoll.services.apigateway.access import access, patched
from atoll.services.apigateway.api_rules import (
    RULES,
    check,
    check_endpoint_patches,
    endpoint_of,
    members,
    policy_of,
    shown,
)
from atoll.services.apigateway.errors import BadRequestException
from atoll.services.apigateway.pages import page
from atoll.services.apigateway.patches import apply, patches
from atoll.services.apigateway.tag_rules import checked

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        CreateRestApiRequestTypeDef,
        DeleteRestApiRequestTypeDef,
        GetRestApiRequestTypeDef,
        GetRestApisRequestTypeDef,
        UpdateRestApiRequestTypeDef,
    )

_NOT_HONOURED = {
    "endpointConfiguration.vpcEndpointIds": "there are no VPC endpoints: a private API answers like any other",
    "endpointConfiguration.ipAddressType": "Atoll listens where `atoll up` was told to",
    "securityPolicy": "Atoll does not choose among versions of TLS",
    "endpointAccessMode": "Atoll does not choose among versions of TLS",
}


def _sets_policy(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [request] if request.get("policy") or patched(request, "/policy") else []


def policy_access(path: str, sets: EachOf = _sets_policy) -> Access:
    """Whoever sets an API's resource policy needs an action more; `sets` gives the request if it does."""
    found = access("PATCH" if "{" in path else "POST", path)[0]
    return Access("apigateway:UpdateRestApiPolicy", found.resource, _without_tags(found), each=sets)


def _without_tags(found: Access) -> dict[str, Any]:
    return {
        key: values
        for key, values in found.conditions.items()
        if key not in ("aws:RequestTag/${TagKey}", "aws:TagKeys")
    }


@operation(
    "CreateRestApi", access=[*access("POST", "/restapis"), policy_access("/restapis")], not_honoured=_NOT_HONOURED
)
async def create_rest_api(ctx: Context, request: CreateRestApiRequestTypeDef) -> dict[str, Any]:
    """Makes an API with a root resource and the models Empty and Error, or with all that `cloneFrom` has."""
    api_id, root = ctx.ids.lower(10), ctx.ids.lower(10)
    endpoint_type, ip_address_type, vpc_endpoints = endpoint_of(request)
    policy = await ctx.store.read(lambda tx: policy_of(tx, ctx, api_id, request.get("policy")))
    api = store.RestApi(
        id=api_id,
        name=request["name"],
        created=ctx.clock.now(),
        root=root,
        description=request.get("description"),
        version=request.get("version"),
        api_key_source=request.get("apiKeySource", "HEADER"),
        binary_media_types=tuple(request.get("binaryMediaTypes", ())),
        minimum_compression=request.get("minimumCompressionSize"),
        endpoint_type=endpoint_type,
        ip_address_type=ip_address_type,
        vpc_endpoints=vpc_endpoints,
        policy=policy,
        endpoint_disabled=request.get("disableExecuteApiEndpoint", False),
        security_policy=request.get("securityPolicy"),
        endpoint_access_mode=request.get("endpointAccessMode"),
        tags=checked(request.get("tags", {})),
    )
    check(api)
    if source := request.get("cloneFrom"):
        return await _answer(ctx, await copies.clone(ctx, source, api))
    defaults = models.defaults(ctx)

    def write(tx: Transaction) -> None:
        store.put_api(tx, ctx, api)
        store.put_resource(tx, ctx, api.id, records.Resource(root, "/"))
        for model in defaults:
            store.put(tx, ctx, api.id, model)
        deploy.publish(tx, ctx, api.id)

    await ctx.store.transact(write)
    return await _answer(ctx, api)


@operation("GetRestApi", access=access("GET", "/restapis/{restApiId}"))
async def get_rest_api(ctx: Context, request: GetRestApiRequestTypeDef) -> dict[str, Any]:
    """One API. Raises NotFoundException."""
    api = await ctx.store.read(lambda tx: store.api(tx, ctx, request["restApiId"]))
    return await _answer(ctx, api) | {"tags": api.tags}


@operation("GetRestApis", access=access("GET", "/restapis"))
async def get_rest_apis(ctx: Context, request: GetRestApisRequestTypeDef) -> dict[str, Any]:
    """A page of the account's APIs in this region, by id."""

    def read(tx: Reader) -> dict[str, Any]:
        def one(api: store.RestApi) -> dict[str, Any]:
            return members(shown(tx, ctx, api))

        return page(tx, request, store.parts(ctx, "v1.apis"), store.key(ctx, "v1.apis"), store.APIS, one)

    return await ctx.store.read(read)


@operation("UpdateRestApi", access=[*access("PATCH", "/restapis/{restApiId}"), policy_access("/restapis/{restApiId}")])
async def update_rest_api(ctx: Context, request: UpdateRestApiRequestTypeDef) -> dict[str, Any]:
    """Changes what the patches name. What answers requests changes with the next deployment."""
    operations = patches(request)
    check_endpoint_patches(operations)

    def write(tx: Transaction) -> store.RestApi:
        before = store.api(tx, ctx, request["restApiId"])
        api = apply(before, operations, RULES)
        if api.policy != before.policy:
            api = msgspec.structs.replace(api, policy=policy_of(tx, ctx, api.id, api.policy))
        check(api)
        store.put_api(tx, ctx, api)
        return api

    api = await ctx.store.transact(write)
    return await _answer(ctx, api) | {"tags": api.tags}


@operation("DeleteRestApi", access=access("DELETE", "/restapis/{restApiId}"))
async def delete_rest_api(ctx: Context, request: DeleteRestApiRequestTypeDef) -> None:
    """Removes an API with all that belongs to it; its address answers no more."""
    api_id = request["restApiId"]

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, api_id)
        mapped = sorted({domain.name for domain, _ in domains.mappings_of(tx, ctx.account, ctx.region, api_id)})
        if mapped:
            raise BadRequestException(
                f"Deleting RestApi {api_id} failed. Please remove all base path mappings related to the RestApi in your domains: "
                + ", ".join(mapped)
            )
        leave_plans(tx, Place(ctx.account, ctx.region), api_id)
        tx.delete(store.key(ctx, "v1.apis", api_id))
        tx.delete(serving.api_key(api_id))
        tx.clear_range(serving.snapshots(ctx.account, ctx.region, api_id))
        for kind in store.PARTS:
            tx.clear_range(store.parts(ctx, kind, api_id))

    await ctx.store.transact(write)


async def _answer(ctx: Context, api: store.RestApi) -> dict[str, Any]:
    return members(await ctx.store.read(lambda tx: shown(tx, ctx, api)))
