"""HTTP and WebSocket APIs themselves.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime import domains, serving
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2 import deploy, quick_create, store
from atoll.services.apigatewayv2.access import access, pass_role
from atoll.services.apigatewayv2.api_rules import (
    check_addresses,
    check_key_selection,
    check_kind,
    check_name,
    check_protocol,
    check_selection,
)
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.pages import page
from atoll.services.apigatewayv2.quick_create import QuickCreate
from atoll.services.apigatewayv2.rules import cors_members, cors_of
from atoll.services.apigatewayv2.tag_rules import checked

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateApiRequestTypeDef,
        DeleteApiRequestTypeDef,
        DeleteCorsConfigurationRequestTypeDef,
        GetApiRequestTypeDef,
        GetApisRequestTypeDef,
        UpdateApiRequestTypeDef,
    )

_NOT_HONOURED = {"IpAddressType": "Atoll listens where `atoll up` was told to"}
_PASS_ROLE = pass_role("CredentialsArn")
_KINDS = (
    "authorizers", "integrations", "integrationresponses", "routes", "route-keys", "routeresponses", "models", "stages",
    "deployments",
)  # fmt: skip
_ENDPOINTS: Mapping[serving.Kind, str] = {"HTTP": "https", "WEBSOCKET": "wss"}


@operation("CreateApi", access=[*access("POST", "/apis"), _PASS_ROLE], not_honoured=_NOT_HONOURED)
async def create_api(ctx: Context, request: CreateApiRequestTypeDef) -> dict[str, Any]:
    """Makes an API; an HTTP API with Target also its integration, its route and its `$default` stage."""
    kind = check_protocol(request["ProtocolType"])
    check_kind(kind, request)
    _warn(ctx, kind, request)
    drawn = deploy.draw(ctx)
    quick = QuickCreate.from_request(ctx, request)
    api = store.Api(
        id=ctx.ids.lower(10),
        name=check_name(request["Name"]),
        kind=kind,
        created=drawn.now,
        description=request.get("Description"),
        version=request.get("Version"),
        cors=cors_of(request.get("CorsConfiguration", {})),
        endpoint_disabled=request.get("DisableExecuteApiEndpoint", False),
        ip_address_type=check_addresses(request.get("IpAddressType", "ipv4")),
        api_key_selection=check_key_selection(request.get("ApiKeySelectionExpression", "$request.header.x-api-key")),
        route_selection=check_selection(kind, request.get("RouteSelectionExpression")),
        schema_validation_disabled=request.get("DisableSchemaValidation") if kind == "WEBSOCKET" else None,
        tags=checked(request.get("Tags", {})),
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


@operation("UpdateApi", access=[*access("PATCH", "/apis/{ApiId}"), _PASS_ROLE], not_honoured=_NOT_HONOURED)
async def update_api(ctx: Context, request: UpdateApiRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names; of the CORS configuration too, and what quick create made."""
    kind = (await ctx.store.read(lambda tx: store.api(tx, ctx, request["ApiId"]))).kind
    check_kind(kind, request)
    _warn(ctx, kind, request)
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> store.Api:
        before = store.api(tx, ctx, request["ApiId"])
        conversions: store.Members = {
            "Name": ("name", check_name),
            "Description": ("description", str),
            "Version": ("version", str),
            "CorsConfiguration": ("cors", lambda given: cors_of(given, before.cors)),
            "DisableExecuteApiEndpoint": ("endpoint_disabled", bool),
            "IpAddressType": ("ip_address_type", check_addresses),
            "ApiKeySelectionExpression": ("api_key_selection", check_key_selection),
            "RouteSelectionExpression": ("route_selection", lambda given: check_selection(kind, given)),
        }
        if kind == "WEBSOCKET":
            conversions["DisableSchemaValidation"] = ("schema_validation_disabled", bool)
        api = store.changed(before, request, conversions)
        store.put_api(tx, ctx, api)
        quick_create.update(tx, ctx, api.id, request)
        deploy.after_change(tx, ctx, api.id, drawn)
        return api

    return members(ctx, await ctx.store.transact(write))


@operation("DeleteApi", access=access("DELETE", "/apis/{ApiId}"))
async def delete_api(ctx: Context, request: DeleteApiRequestTypeDef) -> None:
    """Removes an API with all that belongs to it; its address answers no more."""
    api_id = request["ApiId"]

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, api_id)
        if any(domains.mappings_of(tx, ctx.account, ctx.region, api_id)):
            raise BadRequestException(
                f"Deleting API {api_id} failed. Please remove all API mappings for the API from your custom domain names."
            )
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


def _warn(ctx: Context, kind: serving.Kind, request: Mapping[str, Any]) -> None:
    if kind == "HTTP" and request.get("DisableSchemaValidation"):
        ctx.warn("DisableSchemaValidation", "AWS has it for WebSocket APIs only")


def members(ctx: Context, api: store.Api) -> dict[str, Any]:
    """An API under the API's member names. Its endpoint is named as AWS names it: what Terraform and SAM show."""
    return {
        "ApiEndpoint": f"{_ENDPOINTS[api.kind]}://{api.id}.execute-api.{ctx.region}.amazonaws.com",
        "ApiId": api.id,
        "ApiKeySelectionExpression": api.api_key_selection,
        "CorsConfiguration": cors_members(api.cors) if api.cors else None,
        "CreatedDate": int(api.created),
        "Description": api.description,
        "DisableExecuteApiEndpoint": api.endpoint_disabled,
        "DisableSchemaValidation": api.schema_validation_disabled,
        "IpAddressType": api.ip_address_type,
        "Name": api.name,
        "ProtocolType": api.kind,
        "RouteSelectionExpression": api.route_selection,
        "Tags": api.tags,
        "Version": api.version,
    }
