"""Routes of an HTTP API: which method and path goes to which integration. No authorizers yet: a route that asks for one is refused.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2 import deploy, store
from atoll.services.apigatewayv2.access import access
from atoll.services.apigatewayv2.errors import BadRequestException, ConflictException
from atoll.services.apigatewayv2.pages import page
from atoll.services.apigatewayv2.rules import check_route_key, integration_of

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateRouteRequestTypeDef,
        DeleteRouteRequestTypeDef,
        GetRouteRequestTypeDef,
        GetRoutesRequestTypeDef,
        UpdateRouteRequestTypeDef,
    )

_NOT_HONOURED = {
    "ModelSelectionExpression": "AWS has it for WebSocket APIs only",
    "RequestModels": "AWS has it for WebSocket APIs only",
    "RequestParameters": "AWS has it for WebSocket APIs only",
    "RouteResponseSelectionExpression": "AWS has it for WebSocket APIs only",
}


@operation("CreateRoute", access=access("POST", "/apis/{ApiId}/routes"), not_honoured=_NOT_HONOURED)
async def create_route(ctx: Context, request: CreateRouteRequestTypeDef) -> dict[str, Any]:
    """Adds a route. Raises BadRequestException for its key or target, ConflictException for a key that is there."""
    _check(request)
    route = store.Route(
        id=ctx.ids.lower(7),
        key=check_route_key(request["RouteKey"]),
        target=request.get("Target"),
        operation_name=request.get("OperationName"),
    )
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, request["ApiId"])
        put(tx, ctx, request["ApiId"], route)
        deploy.after_change(tx, ctx, request["ApiId"], drawn)

    await ctx.store.transact(write)
    return members(route)


@operation("GetRoute", access=access("GET", "/apis/{ApiId}/routes/{RouteId}"))
async def get_route(ctx: Context, request: GetRouteRequestTypeDef) -> dict[str, Any]:
    """One route. Raises NotFoundException."""
    return members(await ctx.store.read(lambda tx: store.route(tx, ctx, request["ApiId"], request["RouteId"])))


@operation("GetRoutes", access=access("GET", "/apis/{ApiId}/routes"))
async def get_routes(ctx: Context, request: GetRoutesRequestTypeDef) -> dict[str, Any]:
    """A page of an API's routes, by id."""
    api_id = request["ApiId"]

    def read(tx: Reader) -> dict[str, Any]:
        store.api(tx, ctx, api_id)
        prefix = store.key(ctx, "v2.routes", api_id)
        return page(tx, request, store.parts(ctx, "v2.routes", api_id), prefix, store.ROUTES, members)

    return await ctx.store.read(read)


@operation("UpdateRoute", access=access("PATCH", "/apis/{ApiId}/routes/{RouteId}"), not_honoured=_NOT_HONOURED)
async def update_route(ctx: Context, request: UpdateRouteRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names; the key too."""
    _check(request)
    api_id = request["ApiId"]
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> store.Route:
        before = store.route(tx, ctx, api_id, request["RouteId"])
        route = store.changed(
            before,
            request,
            {
                "RouteKey": ("key", check_route_key),
                "Target": ("target", str),
                "OperationName": ("operation_name", str),
            },
        )
        tx.delete(_by_key(ctx, api_id, before.key))
        put(tx, ctx, api_id, route)
        deploy.after_change(tx, ctx, api_id, drawn)
        return route

    return members(await ctx.store.transact(write))


@operation("DeleteRoute", access=access("DELETE", "/apis/{ApiId}/routes/{RouteId}"))
async def delete_route(ctx: Context, request: DeleteRouteRequestTypeDef) -> None:
    """Removes a route; its integration stays."""
    api_id = request["ApiId"]
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        route = store.route(tx, ctx, api_id, request["RouteId"])
        tx.delete(_by_key(ctx, api_id, route.key))
        tx.delete(store.key(ctx, "v2.routes", api_id, route.id))
        deploy.after_change(tx, ctx, api_id, drawn)

    await ctx.store.transact(write)


def put(tx: Transaction, ctx: Context, api_id: str, route: store.Route) -> None:
    """Stores a route under its id and its key. Raises ConflictException, NotFoundException for its integration."""
    if tx.get(_by_key(ctx, api_id, route.key)) is not None:
        raise ConflictException(f"Route with key {route.key} already exists for this API")
    if route.target is not None:
        store.integration(tx, ctx, api_id, integration_of(route.target))
    tx.set(_by_key(ctx, api_id, route.key), route.id.encode())
    store.put(tx, ctx, api_id, route)


def exists(tx: Reader, ctx: Context, api_id: str, route_key: str) -> bool:
    """Whether the API has a route of this key."""
    return tx.get(_by_key(ctx, api_id, route_key)) is not None


def _by_key(ctx: Context, api_id: str, route_key: str) -> tuple[Any, ...]:
    return store.key(ctx, "v2.route-keys", api_id, route_key)


def _check(request: Mapping[str, Any]) -> None:
    """Never lets a route in that would stand open where its owner asked for a guard."""
    kind = request.get("AuthorizationType", "NONE")
    if kind != "NONE":
        raise NotImplementedByAtoll(f"apigatewayv2: routes with AuthorizationType {kind} are not implemented")
    if request.get("AuthorizerId") or request.get("AuthorizationScopes"):
        raise NotImplementedByAtoll("apigatewayv2: authorizers are not implemented")
    if request.get("ApiKeyRequired"):
        raise BadRequestException("API Keys are not currently supported for HTTP Apis")


def members(route: store.Route) -> dict[str, Any]:
    """A route under the API's member names."""
    return {
        "ApiGatewayManaged": route.managed or None,
        "ApiKeyRequired": False,
        "AuthorizationType": "NONE",
        "OperationName": route.operation_name,
        "RouteId": route.id,
        "RouteKey": route.key,
        "Target": route.target,
    }
