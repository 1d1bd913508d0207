"""Routes of an API: which requests go to which integration, and what they ask of their caller.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2 import deploy, store
from atoll.services.apigatewayv2.access import access
from atoll.services.apigatewayv2.errors import BadRequestException, ConflictException, NotFoundException
from atoll.services.apigatewayv2.pages import listed
from atoll.services.apigatewayv2.route_rules import asked, check_authorizer, warn
from atoll.services.apigatewayv2.rules import integration_of

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateRouteRequestTypeDef,
        DeleteRouteRequestParameterRequestTypeDef,
        DeleteRouteRequestTypeDef,
        GetRouteRequestTypeDef,
        GetRoutesRequestTypeDef,
        UpdateRouteRequestTypeDef,
    )

_ONE = "/apis/{ApiId}/routes/{RouteId}"


@operation("CreateRoute", access=access("POST", "/apis/{ApiId}/routes"))
async def create_route(ctx: Context, request: CreateRouteRequestTypeDef) -> dict[str, Any]:
    """Adds a route. Raises BadRequestException for what it asks, ConflictException for a key that is there."""
    api = await ctx.store.read(lambda tx: store.api(tx, ctx, request["ApiId"]))
    warn(ctx, api.kind, request)
    route = asked(api.kind, store.Route(ctx.ids.lower(7), ""), request)
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, api.id)
        put(tx, ctx, api.id, route)
        deploy.after_change(tx, ctx, api.id, drawn)

    await ctx.store.transact(write)
    return members(route)


@operation("GetRoute", access=access("GET", _ONE))
async def get_route(ctx: Context, request: GetRouteRequestTypeDef) -> dict[str, Any]:
    """One route. Raises NotFoundException."""
    return members(await ctx.store.read(lambda tx: store.route(tx, ctx, request["ApiId"], request["RouteId"])))


@operation("GetRoutes", access=access("GET", "/apis/{ApiId}/routes"))
async def get_routes(ctx: Context, request: GetRoutesRequestTypeDef) -> dict[str, Any]:
    """A page of an API's routes, by id."""
    return await listed(ctx, request, store.ROUTES, "v2.routes", members)


@operation("UpdateRoute", access=access("PATCH", _ONE))
async def update_route(ctx: Context, request: UpdateRouteRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names; the key too."""
    api = await ctx.store.read(lambda tx: store.api(tx, ctx, request["ApiId"]))
    warn(ctx, api.kind, request)
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> store.Route:
        before = store.route(tx, ctx, api.id, request["RouteId"])
        route = asked(api.kind, before, request)
        if before.managed and route.key != before.key:
            raise BadRequestException(f"Route key {before.key} is managed by quick create: use UpdateApi")
        tx.delete(_by_key(ctx, api.id, before.key))
        put(tx, ctx, api.id, route)
        deploy.after_change(tx, ctx, api.id, drawn)
        return route

    return members(await ctx.store.transact(write))


@operation("DeleteRoute", access=access("DELETE", _ONE))
async def delete_route(ctx: Context, request: DeleteRouteRequestTypeDef) -> None:
    """Removes a route with its responses; its integration stays."""
    api_id, drawn = request["ApiId"], deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        route = store.route(tx, ctx, api_id, request["RouteId"])
        tx.delete(_by_key(ctx, api_id, route.key))
        store.delete(tx, ctx, store.Route, api_id, route.id)
        tx.clear_range(store.parts(ctx, store.kind_of(store.RouteResponse), api_id, route.id))
        deploy.after_change(tx, ctx, api_id, drawn)

    await ctx.store.transact(write)


@operation("DeleteRouteRequestParameter", access=access("DELETE", _ONE + "/requestparameters/{RequestParameterKey}"))
async def delete_route_request_parameter(ctx: Context, request: DeleteRouteRequestParameterRequestTypeDef) -> None:
    """Takes one of a WebSocket route's request parameters away. Raises NotFoundException."""
    api_id, key, drawn = request["ApiId"], request["RequestParameterKey"], deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        route = store.route(tx, ctx, api_id, request["RouteId"])
        if key not in route.request_parameters:
            raise NotFoundException("Invalid RequestParameter identifier specified")
        kept = {name: required for name, required in route.request_parameters.items() if name != key}
        store.put(tx, ctx, api_id, msgspec.structs.replace(route, request_parameters=kept))
        deploy.after_change(tx, ctx, api_id, drawn)

    await ctx.store.transact(write)


def put(tx: Transaction, ctx: Context, api_id: str, route: store.Route) -> None:
    """Stores a route under its id and its key. Raises ConflictException, NotFoundException for its integration, BadRequestException
    for its authorizer and models."""
    if tx.get(_by_key(ctx, api_id, route.key)) is not None:
        raise ConflictException(f"Route with key {route.key} already exists for this API")
    if route.target is not None:
        store.integration(tx, ctx, api_id, integration_of(route.target))
    known = store.every(tx, ctx, store.Authorizer, api_id) if route.authorizer else ()
    check_authorizer(route, {one.id: one for one in known})
    check_models(tx, ctx, api_id, route.request_models.values())
    tx.set(_by_key(ctx, api_id, route.key), route.id.encode())
    store.put(tx, ctx, api_id, route)


def check_models(tx: Reader, ctx: Context, api_id: str, names: Collection[str]) -> None:
    """Raises BadRequestException for a name that no model of the API has."""
    known = {model.name for model in store.every(tx, ctx, store.Model, api_id)} if names else set()
    for name in names:
        if name not in known:
            raise BadRequestException(f"Invalid model identifier specified: {name}")


def exists(tx: Reader, ctx: Context, api_id: str, route_key: str) -> bool:
    """Whether the API has a route of this key."""
    return tx.get(_by_key(ctx, api_id, route_key)) is not None


def rekeyed(tx: Transaction, ctx: Context, api_id: str, route: store.Route, key: str) -> None:
    """Gives a route another key."""
    tx.delete(_by_key(ctx, api_id, route.key))
    put(tx, ctx, api_id, msgspec.structs.replace(route, key=key))


def _by_key(ctx: Context, api_id: str, route_key: str) -> tuple[Any, ...]:
    return store.key(ctx, "v2.route-keys", api_id, route_key)


def members(route: store.Route) -> dict[str, Any]:
    """A route under the API's member names."""
    parameters = {name: {"Required": required} for name, required in route.request_parameters.items()}
    return {
        "ApiGatewayManaged": route.managed or None,
        "ApiKeyRequired": route.api_key_required,
        "AuthorizationScopes": route.scopes or None,
        "AuthorizationType": route.authorization,
        "AuthorizerId": route.authorizer,
        "ModelSelectionExpression": route.model_selection,
        "OperationName": route.operation_name,
        "RequestModels": route.request_models or None,
        "RequestParameters": parameters or None,
        "RouteId": route.id,
        "RouteKey": route.key,
        "RouteResponseSelectionExpression": route.response_selection,
        "Target": route.target,
    }
