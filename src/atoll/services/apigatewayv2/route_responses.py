"""Responses of a WebSocket API's routes: with one, what the integration answers goes back to the client.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes-routeid-routeresponses.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.api_runtime.match import DEFAULT
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.apigatewayv2 import deploy, store
from atoll.services.apigatewayv2.access import access
from atoll.services.apigatewayv2.errors import BadRequestException, ConflictException
from atoll.services.apigatewayv2.pages import listed
from atoll.services.apigatewayv2.route_rules import required
from atoll.services.apigatewayv2.routes import check_models

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateRouteResponseRequestTypeDef,
        DeleteRouteResponseRequestTypeDef,
        GetRouteResponseRequestTypeDef,
        GetRouteResponsesRequestTypeDef,
        UpdateRouteResponseRequestTypeDef,
    )

_ALL = "/apis/{ApiId}/routes/{RouteId}/routeresponses"
_ONE = _ALL + "/{RouteResponseId}"
_NOT_HONOURED = dict.fromkeys(
    ("ResponseModels", "ModelSelectionExpression", "ResponseParameters"),
    "answers are sent as they are, and not checked",
)
_CONVERSIONS: store.Members = {
    "RouteResponseKey": ("key", lambda key: _key(key)),
    "ResponseModels": ("models", dict),
    "ResponseParameters": ("parameters", required),
    "ModelSelectionExpression": ("model_selection", lambda given: given or None),
}


@operation("CreateRouteResponse", access=access("POST", _ALL), not_honoured=_NOT_HONOURED)
async def create_route_response(ctx: Context, request: CreateRouteResponseRequestTypeDef) -> dict[str, Any]:
    """Adds the response. Raises BadRequestException for an HTTP API or another key than $default, ConflictException for a second."""
    api_id, route_id, response_id = request["ApiId"], request["RouteId"], ctx.ids.lower(7)
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> store.RouteResponse:
        if store.api(tx, ctx, api_id).kind == "HTTP":
            raise BadRequestException("RouteResponses are currently not supported for this API protocol type.")
        store.route(tx, ctx, api_id, route_id)
        response = store.changed(store.RouteResponse(response_id, ""), request, _CONVERSIONS)
        if any(store.every(tx, ctx, store.RouteResponse, api_id, route_id)):
            raise ConflictException(f"RouteResponse with key {response.key} already exists for this Route")
        _put(tx, ctx, api_id, route_id, response)
        deploy.after_change(tx, ctx, api_id, drawn)
        return response

    return members(await ctx.store.transact(write))


@operation("GetRouteResponse", access=access("GET", _ONE))
async def get_route_response(ctx: Context, request: GetRouteResponseRequestTypeDef) -> dict[str, Any]:
    """One response. Raises NotFoundException."""
    way = (request["ApiId"], request["RouteId"], request["RouteResponseId"])
    return members(await ctx.store.read(lambda tx: store.route_response(tx, ctx, *way)))


@operation("GetRouteResponses", access=access("GET", _ALL))
async def get_route_responses(ctx: Context, request: GetRouteResponsesRequestTypeDef) -> dict[str, Any]:
    """A page of a route's responses, by id."""
    route_id = request["RouteId"]
    await ctx.store.read(lambda tx: store.route(tx, ctx, request["ApiId"], route_id))
    return await listed(ctx, request, store.ROUTE_RESPONSES, "v2.routeresponses", members, route_id)


@operation("UpdateRouteResponse", access=access("PATCH", _ONE), not_honoured=_NOT_HONOURED)
async def update_route_response(ctx: Context, request: UpdateRouteResponseRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names."""
    api_id, route_id, drawn = request["ApiId"], request["RouteId"], deploy.draw(ctx)

    def write(tx: Transaction) -> store.RouteResponse:
        before = store.route_response(tx, ctx, api_id, route_id, request["RouteResponseId"])
        response = store.changed(before, request, _CONVERSIONS)
        _put(tx, ctx, api_id, route_id, response)
        deploy.after_change(tx, ctx, api_id, drawn)
        return response

    return members(await ctx.store.transact(write))


@operation("DeleteRouteResponse", access=access("DELETE", _ONE))
async def delete_route_response(ctx: Context, request: DeleteRouteResponseRequestTypeDef) -> None:
    """Removes a response."""
    way = (request["ApiId"], request["RouteId"], request["RouteResponseId"])
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        store.route_response(tx, ctx, *way)
        store.delete(tx, ctx, store.RouteResponse, *way)
        deploy.after_change(tx, ctx, way[0], drawn)

    await ctx.store.transact(write)


def _put(tx: Transaction, ctx: Context, api_id: str, route_id: str, response: store.RouteResponse) -> None:
    check_models(tx, ctx, api_id, response.models.values())
    store.put(tx, ctx, api_id, response, route_id)


def _key(key: str) -> str:
    if key != DEFAULT:
        raise BadRequestException("Currently, only $default is supported as a RouteResponseKey.")
    return key


def members(response: store.RouteResponse) -> dict[str, Any]:
    """A response under the API's member names."""
    parameters = {name: {"Required": required} for name, required in response.parameters.items()}
    return {
        "ModelSelectionExpression": response.model_selection,
        "ResponseModels": response.models or None,
        "ResponseParameters": parameters or None,
        "RouteResponseId": response.id,
        "RouteResponseKey": response.key,
    }
