"""Methods, integrations and their responses under AWS's member names. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from atoll.api_runtime.rest_api import records

NULL = msgspec.Raw(b"null")
"""An entry of a map that AWS shows without a value, where a plain None would leave the entry out."""


def method(method: records.Method) -> dict[str, Any]:
    """A method with all that belongs to it."""
    return {
        "httpMethod": method.name,
        "authorizationType": method.guard.kind,
        "authorizerId": method.guard.authorizer,
        "apiKeyRequired": method.api_key_required,
        "requestValidatorId": method.validator,
        "operationName": method.operation_name,
        "requestParameters": method.parameters or None,
        "requestModels": method.models or None,
        "methodResponses": {status: method_response(one) for status, one in method.responses.items()} or None,
        "methodIntegration": None if method.integration is None else integration(method.integration),
        "authorizationScopes": method.guard.scopes or None,
    }


def method_response(response: records.MethodResponse) -> dict[str, Any]:
    """An answer that a method may give."""
    return {
        "statusCode": response.status,
        "responseParameters": _given(response.parameters, "responseParameters", response.empty),
        "responseModels": _given(response.models, "responseModels", response.empty),
    }


def integration(integration: records.Integration) -> dict[str, Any]:
    """An integration with its responses."""
    responses = {status: integration_response(one) for status, one in integration.responses.items()}
    insecure = integration.tls_insecure
    return {
        "type": integration.kind,
        "httpMethod": integration.method,
        "uri": integration.uri,
        "connectionType": integration.connection_type,
        "connectionId": integration.connection_id,
        "credentials": integration.credentials,
        "requestParameters": integration.parameters or None,
        "requestTemplates": integration.templates or None,
        "passthroughBehavior": integration.passthrough,
        "contentHandling": integration.content_handling,
        "timeoutInMillis": integration.timeout,
        "cacheNamespace": integration.cache_namespace,
        "cacheKeyParameters": integration.cache_keys,
        "integrationResponses": responses or None,
        "tlsConfig": None if insecure is None else {"insecureSkipVerification": insecure},
    }


def integration_response(response: records.IntegrationResponse) -> dict[str, Any]:
    """How one kind of answer of the backend becomes one of the method. A template that is none is shown as null."""
    templates = {name: NULL if template is None else template for name, template in response.templates.items()}
    return {
        "statusCode": response.status,
        "selectionPattern": response.selection,
        "responseParameters": _given(response.parameters, "responseParameters", response.empty),
        "responseTemplates": _given(templates, "responseTemplates", response.empty),
        "contentHandling": response.content_handling,
    }


def empty(request: Mapping[str, Any]) -> tuple[str, ...]:
    """The maps that a response's request gives without entries."""
    return tuple(
        name for name in ("responseParameters", "responseModels", "responseTemplates") if request.get(name) == {}
    )


def _given(entries: Mapping[str, Any], name: str, empty: Sequence[str]) -> Mapping[str, Any] | None:
    """A map that is not there at all unless it was given."""
    return entries if entries or name in empty else None
