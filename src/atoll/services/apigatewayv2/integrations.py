"""Integrations of an HTTP API: what stands behind its routes. Lambda proxies with payload format 1.0 or 2.0.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigatewayv2 import deploy, store
from atoll.services.apigatewayv2.access import access
from atoll.services.apigatewayv2.errors import BadRequestException, ConflictException
from atoll.services.apigatewayv2.pages import page
from atoll.services.apigatewayv2.rules import function_of

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateIntegrationRequestTypeDef,
        DeleteIntegrationRequestTypeDef,
        GetIntegrationRequestTypeDef,
        GetIntegrationsRequestTypeDef,
        UpdateIntegrationRequestTypeDef,
    )

_REFUSED = {
    "CredentialsArn": "calling a function with a role's credentials",
    "IntegrationSubtype": "AWS service integrations",
    "ConnectionId": "VPC links",
    "RequestParameters": "request parameter mapping",
    "ResponseParameters": "response parameter mapping",
    "TlsConfig": "TLS to the integration",
}
_NOT_HONOURED = {
    "ContentHandlingStrategy": "AWS has it for WebSocket APIs only",
    "RequestTemplates": "AWS has it for WebSocket APIs only",
    "TemplateSelectionExpression": "AWS has it for WebSocket APIs only",
}


@operation("CreateIntegration", access=access("POST", "/apis/{ApiId}/integrations"), not_honoured=_NOT_HONOURED)
async def create_integration(ctx: Context, request: CreateIntegrationRequestTypeDef) -> dict[str, Any]:
    """Adds an integration. Its URI is checked for its form only: AWS does not ask whether the function is there."""
    _check(request)
    if "PayloadFormatVersion" not in request:
        raise BadRequestException("PayloadFormatVersion is a required parameter for integration")
    if not request.get("IntegrationUri"):
        raise BadRequestException("IntegrationUri is a required parameter for integration")
    integration = store.Integration(
        id=ctx.ids.lower(7),
        uri=request["IntegrationUri"],
        payload_format=_payload_format(request["PayloadFormatVersion"]),
        method=request.get("IntegrationMethod"),
        description=request.get("Description"),
        timeout=request.get("TimeoutInMillis", 30_000),
    )
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, request["ApiId"])
        store.put(tx, ctx, request["ApiId"], integration)
        deploy.after_change(tx, ctx, request["ApiId"], drawn)

    await ctx.store.transact(write)
    return members(integration)


@operation("GetIntegration", access=access("GET", "/apis/{ApiId}/integrations/{IntegrationId}"))
async def get_integration(ctx: Context, request: GetIntegrationRequestTypeDef) -> dict[str, Any]:
    """One integration. Raises NotFoundException."""
    found = await ctx.store.read(lambda tx: store.integration(tx, ctx, request["ApiId"], request["IntegrationId"]))
    return members(found)


@operation("GetIntegrations", access=access("GET", "/apis/{ApiId}/integrations"))
async def get_integrations(ctx: Context, request: GetIntegrationsRequestTypeDef) -> dict[str, Any]:
    """A page of an API's integrations, by id."""
    api_id = request["ApiId"]

    def read(tx: Reader) -> dict[str, Any]:
        store.api(tx, ctx, api_id)
        prefix = store.key(ctx, "v2.integrations", api_id)
        span = store.parts(ctx, "v2.integrations", api_id)
        return page(tx, request, span, prefix, store.INTEGRATIONS, members)

    return await ctx.store.read(read)


@operation(
    "UpdateIntegration",
    access=access("PATCH", "/apis/{ApiId}/integrations/{IntegrationId}"),
    not_honoured=_NOT_HONOURED,
)
async def update_integration(ctx: Context, request: UpdateIntegrationRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names."""
    _check(request)
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> store.Integration:
        integration = store.integration(tx, ctx, request["ApiId"], request["IntegrationId"])
        integration = store.changed(
            integration,
            request,
            {
                "IntegrationUri": ("uri", str),
                "PayloadFormatVersion": ("payload_format", _payload_format),
                "IntegrationMethod": ("method", str),
                "Description": ("description", str),
                "TimeoutInMillis": ("timeout", int),
            },
        )
        store.put(tx, ctx, request["ApiId"], integration)
        deploy.after_change(tx, ctx, request["ApiId"], drawn)
        return integration

    return members(await ctx.store.transact(write))


@operation("DeleteIntegration", access=access("DELETE", "/apis/{ApiId}/integrations/{IntegrationId}"))
async def delete_integration(ctx: Context, request: DeleteIntegrationRequestTypeDef) -> None:
    """Removes an integration. Raises ConflictException while a route has it as its target."""
    api_id, integration_id = request["ApiId"], request["IntegrationId"]
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        store.integration(tx, ctx, api_id, integration_id)
        target = f"integrations/{integration_id}"
        users = [route.id for route in store.routes(tx, ctx, api_id) if route.target == target]
        if users:
            raise ConflictException(
                "Cannot delete Integration because it is referenced by the following Routes with Ids: "
                f"[{', '.join(users)}]"
            )
        tx.delete(store.key(ctx, "v2.integrations", api_id, integration_id))
        deploy.after_change(tx, ctx, api_id, drawn)

    await ctx.store.transact(write)


def _check(request: Mapping[str, Any]) -> None:
    """Refuses what Atoll cannot do, and what AWS does not accept, in a new integration or a changed one."""
    kind = request.get("IntegrationType", "AWS_PROXY")
    if kind == "HTTP_PROXY":
        raise NotImplementedByAtoll("apigatewayv2: HTTP_PROXY integrations are not implemented")
    if kind != "AWS_PROXY":
        raise BadRequestException(f"Integration type {kind} is not supported for HTTP APIs")
    if request.get("ConnectionType", "INTERNET") != "INTERNET":
        raise NotImplementedByAtoll("apigatewayv2: VPC links are not implemented")
    for member, what in _REFUSED.items():
        if request.get(member):
            raise NotImplementedByAtoll(f"apigatewayv2: {what} ({member}) is not implemented")
    if request.get("IntegrationUri"):
        function_of(request["IntegrationUri"])


def _payload_format(version: str) -> Literal["1.0", "2.0"]:
    if version == "1.0":
        return "1.0"
    if version == "2.0":
        return "2.0"
    raise BadRequestException(f"PayloadFormatVersion {version} is not supported")


def members(integration: store.Integration) -> dict[str, Any]:
    """An integration under the API's member names."""
    return {
        "ApiGatewayManaged": integration.managed or None,
        "ConnectionType": integration.connection_type,
        "Description": integration.description,
        "IntegrationId": integration.id,
        "IntegrationMethod": integration.method or "POST",  # how Lambda is called
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": integration.uri,
        "PayloadFormatVersion": integration.payload_format,
        "TimeoutInMillis": integration.timeout,
    }
