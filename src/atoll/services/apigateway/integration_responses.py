"""Responses of integrations.

docs: API_PutIntegrationResponse, API_GetIntegrationResponse, API_UpdateIntegrationResponse, API_DeleteIntegrationResponse
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import integration_rules, integrations, mapping, shapes, store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import NotFoundException
from atoll.services.apigateway.method_responses import MISSING, check_status
from atoll.services.apigateway.patches import Rules, apply, clear, drop_entry, patches, put, put_entry

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        DeleteIntegrationResponseRequestTypeDef,
        GetIntegrationResponseRequestTypeDef,
        PutIntegrationResponseRequestTypeDef,
        UpdateIntegrationResponseRequestTypeDef,
    )

RESPONSE = f"{integrations.INTEGRATION}/responses/{{statusCode}}"


@operation("PutIntegrationResponse", access=access("PUT", RESPONSE))
async def put_integration_response(ctx: Context, request: PutIntegrationResponseRequestTypeDef) -> dict[str, Any]:
    """Says how answers of the backend become this answer of the method, which must be there; replaces what was said."""
    response = records.IntegrationResponse(
        check_status(request["statusCode"]),
        request.get("selectionPattern"),
        dict(request.get("responseParameters", {})),
        {content_type: text or None for content_type, text in request.get("responseTemplates", {}).items()},
        request.get("contentHandling"),
        shapes.empty(request),
    )

    def write(tx: Transaction) -> None:
        resource, method, integration = integrations.found(tx, ctx, request)
        _store(tx, ctx, request["restApiId"], resource, method, integration, response)

    await ctx.store.transact(write)
    return shapes.integration_response(response)


@operation("GetIntegrationResponse", access=access("GET", RESPONSE))
async def get_integration_response(ctx: Context, request: GetIntegrationResponseRequestTypeDef) -> dict[str, Any]:
    """One of them. Raises NotFoundException."""
    return shapes.integration_response(await ctx.store.read(lambda tx: _found(tx, ctx, request)[3]))


@operation("UpdateIntegrationResponse", access=access("PATCH", RESPONSE))
async def update_integration_response(ctx: Context, request: UpdateIntegrationResponseRequestTypeDef) -> dict[str, Any]:
    """Changes what the patches name."""
    operations = patches(request)

    def write(tx: Transaction) -> records.IntegrationResponse:
        resource, method, integration, before = _found(tx, ctx, request)
        response = apply(before, operations, RULES)
        _store(tx, ctx, request["restApiId"], resource, method, integration, response)
        return response

    return shapes.integration_response(await ctx.store.transact(write))


@operation("DeleteIntegrationResponse", access=access("DELETE", RESPONSE))
async def delete_integration_response(ctx: Context, request: DeleteIntegrationResponseRequestTypeDef) -> None:
    """Removes one of them."""

    def write(tx: Transaction) -> None:
        resource, method, integration, response = _found(tx, ctx, request)
        kept = {status: one for status, one in integration.responses.items() if status != response.status}
        _put(tx, ctx, request["restApiId"], resource, method, msgspec.structs.replace(integration, responses=kept))

    await ctx.store.transact(write)


def _found(
    tx: Reader, ctx: Context, request: Any
) -> tuple[records.Resource, records.Method, records.Integration, records.IntegrationResponse]:
    resource, method, integration = integrations.found(tx, ctx, request)
    if request["statusCode"] not in integration.responses:
        raise NotFoundException(MISSING)
    return resource, method, integration, integration.responses[request["statusCode"]]


def _store(
    tx: Transaction,
    ctx: Context,
    api_id: str,
    resource: records.Resource,
    method: records.Method,
    integration: records.Integration,
    response: records.IntegrationResponse,
) -> None:
    mapping.check_integration_response(response.parameters, method.responses.get(response.status))
    mapping.check_content_types(response.templates)
    responses = {**integration.responses, response.status: response}
    _put(tx, ctx, api_id, resource, method, msgspec.structs.replace(integration, responses=responses))


def _put(
    tx: Transaction,
    ctx: Context,
    api_id: str,
    resource: records.Resource,
    method: records.Method,
    integration: records.Integration,
) -> None:
    store.put_method(tx, ctx, api_id, resource, msgspec.structs.replace(method, integration=integration))


def _content_handling(value: str | None) -> Any:
    return integration_rules.one_of("contentHandling", value, integration_rules.CONTENT_HANDLING) if value else None


_PUT = {
    "/responseParameters/{name}": put_entry("parameters"),
    "/responseTemplates/{contentType}": put_entry("templates", lambda value: value or None),
}
RULES: Rules[records.IntegrationResponse] = {
    "add": {**_PUT, "/contentHandling": put("content_handling", _content_handling)},
    "remove": {
        "/responseParameters/{name}": drop_entry("parameters"),
        "/responseTemplates/{contentType}": drop_entry("templates", "Invalid content type specified"),
        "/selectionPattern": clear("selection"),
        "/contentHandling": clear("content_handling"),
    },
    "replace": {
        **_PUT,
        "/selectionPattern": put("selection"),
        "/contentHandling": put("content_handling", _content_handling),
    },
}
