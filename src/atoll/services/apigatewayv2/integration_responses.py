"""Responses of a WebSocket API's integrations: what becomes of what a backend answers.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations-integrationid-integrationresponses.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from atoll.api_runtime.match import DEFAULT
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.apigatewayv2 import deploy, store
from atoll.services.apigatewayv2.access import access
from atoll.services.apigatewayv2.errors import BadRequestException, ConflictException
from atoll.services.apigatewayv2.integration_rules import content_handling
from atoll.services.apigatewayv2.mappings import check_websocket_response
from atoll.services.apigatewayv2.pages import listed

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateIntegrationResponseRequestTypeDef,
        DeleteIntegrationResponseRequestTypeDef,
        GetIntegrationResponseRequestTypeDef,
        GetIntegrationResponsesRequestTypeDef,
        UpdateIntegrationResponseRequestTypeDef,
    )

_ALL = "/apis/{ApiId}/integrations/{IntegrationId}/integrationresponses"
_ONE = _ALL + "/{IntegrationResponseId}"
_CONVERSIONS: store.Members = {
    "IntegrationResponseKey": ("key", lambda key: _key(key)),
    "ResponseParameters": ("parameters", dict),
    "ResponseTemplates": ("templates", dict),
    "TemplateSelectionExpression": ("template_selection", lambda given: given or None),
    "ContentHandlingStrategy": ("content_handling", content_handling),
}


@operation("CreateIntegrationResponse", access=access("POST", _ALL))
async def create_integration_response(ctx: Context, request: CreateIntegrationResponseRequestTypeDef) -> dict[str, Any]:
    """Adds a response. Raises BadRequestException for an HTTP API, ConflictException for a key that is there."""
    api_id, integration_id, response_id = request["ApiId"], request["IntegrationId"], ctx.ids.lower(7)
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> store.IntegrationResponse:
        if store.api(tx, ctx, api_id).kind == "HTTP":
            raise BadRequestException("IntegrationResponses are currently not supported for this API protocol type.")
        store.integration(tx, ctx, api_id, integration_id)
        response = store.changed(store.IntegrationResponse(response_id, ""), request, _CONVERSIONS)
        _put(tx, ctx, api_id, integration_id, response)
        deploy.after_change(tx, ctx, api_id, drawn)
        return response

    return members(await ctx.store.transact(write))


@operation("GetIntegrationResponse", access=access("GET", _ONE))
async def get_integration_response(ctx: Context, request: GetIntegrationResponseRequestTypeDef) -> dict[str, Any]:
    """One response. Raises NotFoundException."""
    way = (request["ApiId"], request["IntegrationId"], request["IntegrationResponseId"])
    return members(await ctx.store.read(lambda tx: store.integration_response(tx, ctx, *way)))


@operation("GetIntegrationResponses", access=access("GET", _ALL))
async def get_integration_responses(ctx: Context, request: GetIntegrationResponsesRequestTypeDef) -> dict[str, Any]:
    """A page of an integration's responses, by id."""
    integration_id = request["IntegrationId"]
    await ctx.store.read(lambda tx: store.integration(tx, ctx, request["ApiId"], integration_id))
    return await listed(ctx, request, store.INTEGRATION_RESPONSES, "v2.integrationresponses", members, integration_id)


@operation("UpdateIntegrationResponse", access=access("PATCH", _ONE))
async def update_integration_response(ctx: Context, request: UpdateIntegrationResponseRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names."""
    api_id, integration_id, drawn = request["ApiId"], request["IntegrationId"], deploy.draw(ctx)

    def write(tx: Transaction) -> store.IntegrationResponse:
        before = store.integration_response(tx, ctx, api_id, integration_id, request["IntegrationResponseId"])
        response = store.changed(before, request, _CONVERSIONS)
        _put(tx, ctx, api_id, integration_id, response)
        deploy.after_change(tx, ctx, api_id, drawn)
        return response

    return members(await ctx.store.transact(write))


@operation("DeleteIntegrationResponse", access=access("DELETE", _ONE))
async def delete_integration_response(ctx: Context, request: DeleteIntegrationResponseRequestTypeDef) -> None:
    """Removes a response."""
    way = (request["ApiId"], request["IntegrationId"], request["IntegrationResponseId"])
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        store.integration_response(tx, ctx, *way)
        store.delete(tx, ctx, store.IntegrationResponse, *way)
        deploy.after_change(tx, ctx, way[0], drawn)

    await ctx.store.transact(write)


def _put(tx: Transaction, ctx: Context, api_id: str, integration_id: str, response: store.IntegrationResponse) -> None:
    check_websocket_response(response.parameters)
    others = store.every(tx, ctx, store.IntegrationResponse, api_id, integration_id)
    if any(other.key == response.key and other.id != response.id for other in others):
        raise ConflictException(f"IntegrationResponse with key {response.key} already exists for this Integration")
    store.put(tx, ctx, api_id, response, integration_id)


def _key(key: str) -> str:
    """`$default`, or a regular expression between slashes."""
    try:
        valid = key == DEFAULT or (len(key) > 2 and key[0] == key[-1] == "/" and re.compile(key[1:-1]) is not None)
    except (re.error, RecursionError, OverflowError):
        valid = False
    if not valid:
        raise BadRequestException(f"Invalid integration response key specified: {key}")
    return key


def members(response: store.IntegrationResponse) -> dict[str, Any]:
    """A response under the API's member names."""
    return {
        "ContentHandlingStrategy": response.content_handling,
        "IntegrationResponseId": response.id,
        "IntegrationResponseKey": response.key,
        "ResponseParameters": response.parameters or None,
        "ResponseTemplates": response.templates or None,
        "TemplateSelectionExpression": response.template_selection,
    }
