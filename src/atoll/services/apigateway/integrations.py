"""Integrations of methods. docs: API_PutIntegration, API_GetIntegration, API_UpdateIntegration, API_DeleteIntegration"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import integration_rules, methods, shapes, store
from atoll.services.apigateway.access import access, passes_role
from atoll.services.apigateway.errors import BadRequestException, NotFoundException
from atoll.services.apigateway.patches import (
    Patch,
    Rules,
    apply,
    clear,
    drop_entry,
    drop_item,
    flag,
    patches,
    put,
    put_entry,
    put_item,
    whole,
)

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import (
        DeleteIntegrationRequestTypeDef,
        GetIntegrationRequestTypeDef,
        PutIntegrationRequestTypeDef,
        UpdateIntegrationRequestTypeDef,
    )

INTEGRATION = f"{methods.METHOD}/integration"
_PASSES = passes_role("credentials", "/credentials")


@operation("PutIntegration", access=[*access("PUT", INTEGRATION), _PASSES])
async def put_integration(ctx: Context, request: PutIntegrationRequestTypeDef) -> dict[str, Any]:
    """Says what stands behind a method, in the place of what stood there. Its function or service is not asked for."""
    integration = _from(ctx, request)

    def write(tx: Transaction) -> None:
        resource, method = store.method(tx, ctx, request)
        _store(tx, ctx, request["restApiId"], resource, method, integration)

    await ctx.store.transact(write)
    return shapes.integration(integration)


@operation("GetIntegration", access=access("GET", INTEGRATION))
async def get_integration(ctx: Context, request: GetIntegrationRequestTypeDef) -> dict[str, Any]:
    """A method's integration. Raises NotFoundException."""
    return shapes.integration(await ctx.store.read(lambda tx: found(tx, ctx, request)[2]))


@operation("UpdateIntegration", access=[*access("PATCH", INTEGRATION), _PASSES])
async def update_integration(ctx: Context, request: UpdateIntegrationRequestTypeDef) -> dict[str, Any]:
    """Changes what the patches name."""
    operations = patches(request)

    def write(tx: Transaction) -> records.Integration:
        resource, method, before = found(tx, ctx, request)
        integration = apply(before, operations, RULES)
        _store(tx, ctx, request["restApiId"], resource, method, integration)
        return integration

    return shapes.integration(await ctx.store.transact(write))


@operation("DeleteIntegration", access=access("DELETE", INTEGRATION))
async def delete_integration(ctx: Context, request: DeleteIntegrationRequestTypeDef) -> None:
    """Removes a method's integration with its responses."""

    def write(tx: Transaction) -> None:
        resource, method, _ = found(tx, ctx, request)
        store.put_method(tx, ctx, request["restApiId"], resource, msgspec.structs.replace(method, integration=None))

    await ctx.store.transact(write)


def found(tx: Reader, ctx: Context, request: Any) -> tuple[records.Resource, records.Method, records.Integration]:
    """The integration that a request names, with its method and resource. Raises NotFoundException."""
    resource, method = store.method(tx, ctx, request)
    if method.integration is None:
        raise NotFoundException("Invalid Integration identifier specified")
    return resource, method, method.integration


def _from(ctx: Context, request: PutIntegrationRequestTypeDef) -> records.Integration:
    kind = request["type"]
    if request.get("responseTransferMode", "BUFFERED") != "BUFFERED":
        raise NotImplementedByAtoll("apigateway: responseTransferMode STREAM is not implemented")
    if request.get("integrationTarget"):
        raise NotImplementedByAtoll("apigateway: integrationTarget is not implemented: there are no VPCs here")
    insecure = request.get("tlsConfig", {}).get("insecureSkipVerification")
    return records.Integration(
        kind=kind,
        method=_method(ctx, request),
        uri=request.get("uri"),
        connection_type=request.get("connectionType") or ("INTERNET" if kind in ("HTTP", "HTTP_PROXY") else None),
        connection_id=request.get("connectionId"),
        credentials=request.get("credentials"),
        parameters=dict(request.get("requestParameters", {})),
        templates=dict(request.get("requestTemplates", {})),
        passthrough=integration_rules.one_of(
            "passthroughBehavior", request.get("passthroughBehavior", "WHEN_NO_MATCH"), integration_rules.PASSTHROUGH
        ),
        content_handling=request.get("contentHandling"),
        timeout=request.get("timeoutInMillis", integration_rules.LONGEST),
        cache_namespace=request.get("cacheNamespace") or request["resourceId"],
        cache_keys=tuple(request.get("cacheKeyParameters", ())),
        tls_insecure=insecure,
    )


def _method(ctx: Context, request: Mapping[str, Any]) -> str | None:
    """With which method the backend is called. AWS wants to be told; Lambda knows POST alone, so that it can be guessed."""
    given: str | None = request.get("integrationHttpMethod")
    if given is None and request["type"] == "AWS_PROXY":
        try:
            ctx.warn("integrationHttpMethod", "AWS refuses an AWS_PROXY integration without it; taken as POST")
        except NotImplementedByAtoll:
            raise BadRequestException("Enumeration value for HttpMethod must be non-empty") from None
        return "POST"
    return given


def _store(
    tx: Transaction,
    ctx: Context,
    api_id: str,
    resource: records.Resource,
    method: records.Method,
    integration: records.Integration,
) -> None:
    integration_rules.check(integration, method)
    store.put_method(tx, ctx, api_id, resource, msgspec.structs.replace(method, integration=integration))


def _one_of(field: str, member: str, options: tuple[str, ...]) -> Any:
    return put(field, lambda value: integration_rules.one_of(member, value, options) if value else None)


def _templates(integration: records.Integration, patch: Patch) -> records.Integration:
    """A template of a content type."""
    return msgspec.structs.replace(integration, templates={**integration.templates, patch.name: patch.value or ""})


_TLS = put("tls_insecure", flag)
RULES: Rules[records.Integration] = {
    "add": {
        "/requestParameters/{name}": put_entry("parameters"),
        "/requestTemplates/{contentType}": _templates,
        "/cacheKeyParameters/{name}": put_item("cache_keys"),
        "/tlsConfig/insecureSkipVerification": _TLS,
    },
    "remove": {
        "/requestParameters/{name}": drop_entry("parameters"),
        "/requestTemplates/{contentType}": drop_entry("templates", "Invalid content type specified"),
        "/cacheKeyParameters/{name}": drop_item("cache_keys"),
        "/credentials": clear("credentials"),
        "/contentHandling": clear("content_handling"),
        "/tlsConfig": clear("tls_insecure"),
    },
    "replace": {
        "/httpMethod": put("method"),
        "/uri": put("uri"),
        "/credentials": put("credentials", lambda value: value or None),
        "/timeoutInMillis": put("timeout", whole),
        "/passthroughBehavior": _one_of("passthrough", "passthroughBehavior", integration_rules.PASSTHROUGH),
        "/contentHandling": _one_of("content_handling", "contentHandling", integration_rules.CONTENT_HANDLING),
        "/connectionType": put("connection_type", lambda value: value or None),
        "/connectionId": put("connection_id", lambda value: value or None),
        "/cacheNamespace": put("cache_namespace", lambda value: value or ""),
        "/requestParameters/{name}": put_entry("parameters"),
        "/requestTemplates/{contentType}": _templates,
        "/tlsConfig/insecureSkipVerification": _TLS,
    },
}
