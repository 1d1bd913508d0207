"""`x-amazon-apigateway-integration`: read from a document, and written into one. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.api_runtime.openapi import InvalidDocument, mapping
from atoll.api_runtime.rest_api import records

_MEMBERS = {
    "type": "kind",
    "httpMethod": "method",
    "uri": "uri",
    "connectionType": "connection_type",
    "connectionId": "connection_id",
    "credentials": "credentials",
    "passthroughBehavior": "passthrough",
    "contentHandling": "content_handling",
    "timeoutInMillis": "timeout",
    "cacheNamespace": "cache_namespace",
}


def read(given: Mapping[str, Any]) -> records.Integration:
    """The integration. Raises InvalidDocument where the values are of no such kind."""
    members: dict[str, Any] = {field: given[name] for name, field in _MEMBERS.items() if given.get(name) is not None}
    for field in ("kind", "passthrough", "content_handling"):
        if isinstance(members.get(field), str):
            members[field] = members[field].upper()
    if members.get("kind") in ("HTTP", "HTTP_PROXY"):
        members.setdefault("connection_type", "INTERNET")
    members["parameters"] = texts(given.get("requestParameters"))
    members["templates"] = texts(given.get("requestTemplates"))
    members["cache_keys"] = list(given.get("cacheKeyParameters") or ())
    members["tls_insecure"] = mapping(given.get("tlsConfig")).get("insecureSkipVerification")
    members["responses"] = _responses(mapping(given.get("responses")))
    try:
        return msgspec.convert(members, records.Integration)
    except msgspec.ValidationError as error:
        raise InvalidDocument(f"x-amazon-apigateway-integration: {error}") from error


def _responses(given: Mapping[str, Any]) -> dict[str, Any]:
    """By status code, as API Gateway keeps them; in the document they are by pattern, `default` for none."""
    responses = {}
    for pattern, one in given.items():
        status = str(mapping(one).get("statusCode") or "200")
        responses[status] = {
            "status": status,
            "selection": None if pattern == "default" else pattern,
            "parameters": texts(mapping(one).get("responseParameters")),
            "templates": texts(mapping(one).get("responseTemplates")),
            "content_handling": mapping(one).get("contentHandling"),
        }
    return responses


def texts(given: Any) -> dict[str, str]:
    """Templates and parameters: text, or JSON that stands for its text."""
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in mapping(given).items()
        if value is not None
    }


def write(integration: records.Integration) -> dict[str, Any]:
    """The extension that `read` makes the integration of."""
    members: dict[str, Any] = {
        name: getattr(integration, field)
        for name, field in _MEMBERS.items()
        if name != "cacheNamespace" and getattr(integration, field) not in (None, "")
    }
    members["type"] = integration.kind.lower()
    if integration.connection_type == "INTERNET":
        del members["connectionType"]
    members["passthroughBehavior"] = integration.passthrough.lower()
    if integration.timeout == records.Integration(integration.kind).timeout:
        del members["timeoutInMillis"]
    members["requestParameters"] = dict(integration.parameters) or None
    members["requestTemplates"] = dict(integration.templates) or None
    members["cacheKeyParameters"] = list(integration.cache_keys) or None
    members["responses"] = {
        response.selection or "default": _response(response) for response in integration.responses.values()
    } or None
    return {name: value for name, value in members.items() if value is not None}


def _response(response: records.IntegrationResponse) -> dict[str, Any]:
    members = {
        "statusCode": response.status,
        "responseParameters": dict(response.parameters) or None,
        "responseTemplates": dict(response.templates) or None,
        "contentHandling": response.content_handling,
    }
    return {name: value for name, value in members.items() if value is not None}
