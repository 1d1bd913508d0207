"""Integrations of an API: what stands behind its routes.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-integrations.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.apigatewayv2 import deploy, store
from atoll.services.apigatewayv2.access import access, pass_role
from atoll.services.apigatewayv2.errors import BadRequestException, ConflictException
from atoll.services.apigatewayv2.integration_rules import TIMEOUTS, asked, is_function, warn
from atoll.services.apigatewayv2.pages import listed

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.type_defs import (
        CreateIntegrationRequestTypeDef,
        DeleteIntegrationRequestTypeDef,
        GetIntegrationRequestTypeDef,
        GetIntegrationsRequestTypeDef,
        UpdateIntegrationRequestTypeDef,
    )

_ONE = "/apis/{ApiId}/integrations/{IntegrationId}"
_PASS_ROLE = pass_role("CredentialsArn")


@operation("CreateIntegration", access=[*access("POST", "/apis/{ApiId}/integrations"), _PASS_ROLE])
async def create_integration(ctx: Context, request: CreateIntegrationRequestTypeDef) -> dict[str, Any]:
    """Adds an integration. Its URI is checked for its form only: AWS does not ask whether the function is there."""
    api = await ctx.store.read(lambda tx: store.api(tx, ctx, request["ApiId"]))
    kind = request["IntegrationType"]
    if api.kind == "HTTP" and kind == "AWS_PROXY" and "PayloadFormatVersion" not in request:
        raise BadRequestException("PayloadFormatVersion is a required parameter for integration")
    new = store.Integration(
        ctx.ids.lower(7),
        payload_format="1.0",
        timeout=TIMEOUTS[api.kind],
        kind=kind,
        passthrough="WHEN_NO_MATCH" if api.kind == "WEBSOCKET" else None,
    )
    warn(ctx, api.kind, request)
    integration, drawn = asked(ctx, api.kind, new, request), deploy.draw(ctx)

    def write(tx: Transaction) -> None:
        store.api(tx, ctx, api.id)
        store.put(tx, ctx, api.id, integration)
        deploy.after_change(tx, ctx, api.id, drawn)

    await ctx.store.transact(write)
    return members(api, integration)


@operation("GetIntegration", access=access("GET", _ONE))
async def get_integration(ctx: Context, request: GetIntegrationRequestTypeDef) -> dict[str, Any]:
    """One integration. Raises NotFoundException."""
    api_id = request["ApiId"]
    return await ctx.store.read(
        lambda tx: members(store.api(tx, ctx, api_id), store.integration(tx, ctx, api_id, request["IntegrationId"]))
    )


@operation("GetIntegrations", access=access("GET", "/apis/{ApiId}/integrations"))
async def get_integrations(ctx: Context, request: GetIntegrationsRequestTypeDef) -> dict[str, Any]:
    """A page of an API's integrations, by id."""
    api = await ctx.store.read(lambda tx: store.api(tx, ctx, request["ApiId"]))
    return await listed(ctx, request, store.INTEGRATIONS, "v2.integrations", lambda one: members(api, one))


@operation("UpdateIntegration", access=[*access("PATCH", _ONE), _PASS_ROLE])
async def update_integration(ctx: Context, request: UpdateIntegrationRequestTypeDef) -> dict[str, Any]:
    """Changes the members that the request names; a parameter given as "" goes."""
    api = await ctx.store.read(lambda tx: store.api(tx, ctx, request["ApiId"]))
    warn(ctx, api.kind, request)
    drawn = deploy.draw(ctx)

    def write(tx: Transaction) -> dict[str, Any]:
        before = store.integration(tx, ctx, api.id, request["IntegrationId"])
        start = store.changed(before, request, {"IntegrationType": ("kind", str)})
        integration = asked(ctx, api.kind, start, request)
        store.put(tx, ctx, api.id, integration)
        deploy.after_change(tx, ctx, api.id, drawn)
        return members(api, integration)

    return await ctx.store.transact(write)


@operation("DeleteIntegration", access=access("DELETE", _ONE))
async def delete_integration(ctx: Context, request: DeleteIntegrationRequestTypeDef) -> None:
    """Removes an integration with its responses. Raises ConflictException while a route has it as its target."""
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
        store.delete(tx, ctx, store.Integration, api_id, integration_id)
        tx.clear_range(store.parts(ctx, store.kind_of(store.IntegrationResponse), api_id, integration_id))
        deploy.after_change(tx, ctx, api_id, drawn)

    await ctx.store.transact(write)


def members(api: store.Api, integration: store.Integration) -> dict[str, Any]:
    """An integration under the API's member names."""
    function, websocket = is_function(integration), api.kind == "WEBSOCKET"
    selection = "${integration.response.body.errorMessage}" if function else "${integration.response.statuscode}"
    return {
        "ApiGatewayManaged": integration.managed or None,
        "ConnectionType": integration.connection_type,
        "ContentHandlingStrategy": integration.content_handling,
        "CredentialsArn": integration.credentials,
        "Description": integration.description,
        "IntegrationId": integration.id,
        "IntegrationMethod": integration.method or ("POST" if function else None),  # how Lambda is called
        "IntegrationResponseSelectionExpression": selection if websocket else None,
        "IntegrationSubtype": integration.subtype,
        "IntegrationType": integration.kind,
        "IntegrationUri": integration.uri,
        "PassthroughBehavior": integration.passthrough,
        "PayloadFormatVersion": integration.payload_format,
        "RequestParameters": integration.request_parameters or None,
        "RequestTemplates": integration.request_templates or None,
        "ResponseParameters": integration.response_parameters or None,
        "TemplateSelectionExpression": integration.template_selection,
        "TimeoutInMillis": integration.timeout,
        "TlsConfig": {"ServerNameToVerify": integration.tls_server_name} if integration.tls_server_name else None,
    }
