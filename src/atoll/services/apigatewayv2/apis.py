"""HTTP APIs themselves. WebSocket APIs are refused.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime import serving
from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2 import deploy, store
from atoll.services.apigatewayv2.access import access
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.pages import page
from atoll.services.apigatewayv2.quick_create import QuickCreate
from atoll.services.apigatewayv2.rules import cors_members, cors_of

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateApiRequestTypeDef,
        DeleteApiRequestTypeDef,
        DeleteCorsConfigurationRequestTypeDef,
        GetApiRequestTypeDef,
        GetApisRequestTypeDef,
        UpdateApiRequestTypeDef,
    )

_SELECTION = "$request.method $request.path"
_NOT_HONOURED = {
    "IpAddressType": "Atoll listens where `atoll up` was told to",
    "DisableSchemaValidation": "AWS has it for WebSocket APIs only",
}
_KINDS = ("integrations", "routes", "route-keys", "stages", "deployments")


@operation("CreateApi", access=access("POST", "/apis"), not_honoured=_NOT_HONOURED)
async def create_api(ctx: Context, request: CreateApiRequestTypeDef) -> dict[str, Any]:
    """Makes an HTTP API; with Target also its integration, its route and its `$default` stage."""
    if request["ProtocolType"] != "HTTP":
        raise NotImplementedByAtoll(f"apigatewayv2: {request['ProtocolType']} APIs are not implemented")
    _check_selection(request.get("RouteSelectionExpression"))
    drawn = deploy.draw(ctx)
    quick = QuickCreate.from_request(ctx, request)
    api = store.Api(
        id=ctx.ids.lower(10),
        name=_name(request["Name"]),
        created=drawn.now,
        description=request.get("Description"),
        version=request.get("Version"),
        cors=cors_of(request.get("CorsConfiguration", {})),
        endpoint_disabled=request.get("DisableExecuteApiEndpoint", False),
        ip_address_type=request.get("IpAddressType", "ipv4"),
        api_key_selection=request.get("ApiKeySelectionExpression", "$request.header.x-api-key"),
        tags=dict(request.get("Tags", {})),
    )

    def write(tx: Transaction) -> None:
        store.put_api(tx, ctx, api)
        if quick:
            quick.write(tx, ctx, api.id, drawn.now)
        deploy.after_change(tx, ctx, api.id, drawn)

    await ctx.store.transact(write)
    return members(ctx, api) | {"Tags": api.tags or None}  # the later answers show that there are none


@operation("GetApi", access=access("GET", "/apis/{ApiId}"))
async def get_api(ctx: Context, request: GetApiRequestTypeDef) -> dict[str, Any]:
    """One API. Raises NotFoundException."""
    return members(ctx, await ctx.store.read(lambda tx: store.api(tx, ctx, request["ApiId"])))


@operation("GetApis", access=access("GET", "/apis"))
async def get_apis(ctx: Context, request: GetApisRequestTypeDef) -> dict[str, Any]:
    """A page of the account's APIs in this region, by id."""

    def read(tx: Reader) -> dict[str, Any]:
        prefix = store.key(ctx, "v2.apis")
        return page(tx, request, store.apis(ctx), prefix, store.APIS, lambda api: members(ctx, api))

    return await ctx.store.read(read)


@operation("UpdateApi", access=access("PATCH", "/apis/{ApiId}"), not_honoured=_NOT_HONOURED)
async def update_api(ctx: Context, request: UpdateApiRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names; of the CORS configuration too."""
    if request.get("Target") or request.get("RouteKey") or request.get("CredentialsArn"):
        raise NotImplementedByAtoll("apigatewayv2: UpdateApi of a quick create's Target, RouteKey or CredentialsArn")
    _check_selection(request.get("RouteSelectionExpression"))
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> store.Api:
        before = store.api(tx, ctx, request["ApiId"])
        api = store.changed(
            before,
            request,
            {
                "Name": ("name", _name),
                "Description": ("description", str),
                "Version": ("version", str),
                "CorsConfiguration": ("cors", lambda given: cors_of(given, before.cors)),
                "DisableExecuteApiEndpoint": ("endpoint_disabled", bool),
                "IpAddressType": ("ip_address_type", str),
                "ApiKeySelectionExpression": ("api_key_selection", str),
            },
        )
        store.put_api(tx, ctx, api)
        deploy.after_change(tx, ctx, api.id, drawn)
        return api

    return members(ctx, await ctx.store.transact(write))


@operation("DeleteApi", access=access("DELETE", "/apis/{ApiId}"))
async def delete_api(ctx: Context, request: DeleteApiRequestTypeDef) -> None:
    """Removes an API with all that belongs to it; its address answers no more."""
    api_id = request["ApiId"]

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, api_id)
        tx.delete(store.key(ctx, "v2.apis", api_id))
        tx.delete(serving.api_key(api_id))
        tx.clear_range(serving.snapshots(ctx.account, ctx.region, api_id))
        for kind in _KINDS:
            tx.clear_range(store.parts(ctx, f"v2.{kind}", api_id))

    await ctx.store.transact(write)


@operation("DeleteCorsConfiguration", access=access("DELETE", "/apis/{ApiId}/cors"))
async def delete_cors_configuration(ctx: Context, request: DeleteCorsConfigurationRequestTypeDef) -> None:
    """Takes the CORS configuration away: integrations answer CORS themselves again."""
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        api = store.api(tx, ctx, request["ApiId"])
        store.put_api(tx, ctx, msgspec.structs.replace(api, cors=None))
        deploy.after_change(tx, ctx, api.id, drawn)

    await ctx.store.transact(write)


def _name(name: str) -> str:
    if not 1 <= len(name) <= 128:
        raise BadRequestException("Invalid API name specified")
    return name


def _check_selection(expression: str | None) -> None:
    if expression is not None and expression not in (_SELECTION, "${request.method} ${request.path}"):
        raise BadRequestException(f"Only {_SELECTION} is supported as the routeSelectionExpression of HTTP APIs")


def members(ctx: Context, api: store.Api) -> dict[str, Any]:
    """An API under the API's member names. Its endpoint is named as AWS names it: what Terraform and SAM show."""
    return {
        "ApiEndpoint": f"https://{api.id}.execute-api.{ctx.region}.amazonaws.com",
        "ApiId": api.id,
        "ApiKeySelectionExpression": api.api_key_selection,
        "CorsConfiguration": cors_members(api.cors) if api.cors else None,
        "CreatedDate": int(api.created),
        "Description": api.description,
        "DisableExecuteApiEndpoint": api.endpoint_disabled,
        "IpAddressType": api.ip_address_type,
        "Name": api.name,
        "ProtocolType": "HTTP",
        "RouteSelectionExpression": api.route_selection,
        "Tags": api.tags,
        "Version": api.version,
    }
