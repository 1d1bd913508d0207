"""An HTTP API as an OpenAPI 3 document. Pure; works on the members that Get… operations answer.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-export.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from atoll.api_runtime.match import DEFAULT
from atoll.api_runtime.openapi import ANY_METHOD, mapping
from atoll.services.apigatewayv2.openapi.definition import EXTENSION, authorizer_of, cors_of, extension_of

Members = Mapping[str, Any]
_VARIABLE = re.compile(r"\{([^{}+]+)\+?\}")


def export(
    api: Members,
    stage: str | None,
    routes: Iterable[Members],
    integrations: Mapping[str, Members],
    authorizers: Mapping[str, Members],
    *,
    extensions: bool,
) -> dict[str, Any]:
    """The document. `integrations` and `authorizers` are by id; without `extensions` AWS's own members are left out."""
    info = {"title": api["Name"], "description": api.get("Description"), "version": api.get("Version")}
    document: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": {name: value for name, value in info.items() if value is not None},
        "servers": [_server(api, stage)],
    }
    tags = [
        {"name": name, "x-amazon-apigateway-tag-value": value}
        for name, value in sorted(mapping(api.get("Tags")).items())
    ]
    if tags and extensions:
        document["tags"] = tags
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(routes, key=lambda route: str(route["RouteKey"]).partition(" ")[::-1]):
        path, method = _place(route["RouteKey"])
        if method == ANY_METHOD and not extensions:
            continue
        paths.setdefault(path, {})[method] = _operation(route, path, integrations, authorizers, extensions=extensions)
    document["paths"] = paths
    named = {str(one["Name"]): one for one in authorizers.values()}
    schemes = {name: _scheme(named[name], extensions=extensions) for name in sorted(named)}
    if schemes:
        document["components"] = {"securitySchemes": schemes}
    if extensions:
        if api.get("CorsConfiguration"):
            document[f"{EXTENSION}cors"] = cors_of(api["CorsConfiguration"])
        document[f"{EXTENSION}importexport-version"] = "1.0"
    return document


def _server(api: Members, stage: str | None) -> dict[str, Any]:
    if stage is None or stage == DEFAULT:
        return {"url": api["ApiEndpoint"]}
    return {"url": f"{api['ApiEndpoint']}/{{basePath}}", "variables": {"basePath": {"default": stage}}}


def _place(route_key: str) -> tuple[str, str]:
    """The path and the member of its path item that a route stands at."""
    if route_key == DEFAULT:
        return f"/{DEFAULT}", ANY_METHOD
    method, _, path = route_key.partition(" ")
    return path, ANY_METHOD if method == "ANY" else method.lower()


def _operation(
    route: Members,
    path: str,
    integrations: Mapping[str, Members],
    authorizers: Mapping[str, Members],
    *,
    extensions: bool,
) -> dict[str, Any]:
    operation: dict[str, Any] = {}
    if route.get("OperationName"):
        operation["operationId"] = route["OperationName"]
    if names := _VARIABLE.findall(path):
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    operation["responses"] = {"default": {"description": f"Default response for {route['RouteKey']}"}}
    if authorizer := authorizers.get(str(route.get("AuthorizerId"))):
        operation["security"] = [{authorizer["Name"]: list(route.get("AuthorizationScopes") or ())}]
    if not extensions:
        return operation
    if route.get("AuthorizationType") == "AWS_IAM":
        operation[f"{EXTENSION}auth"] = {"type": "AWS_IAM"}
    if route["RouteKey"] == DEFAULT:
        operation["isDefaultRoute"] = True
    integration = integrations.get(str(route.get("Target") or "").removeprefix("integrations/"))
    if integration is not None:
        operation[f"{EXTENSION}integration"] = extension_of(integration)
    return operation


def _scheme(authorizer: Members, *, extensions: bool) -> dict[str, Any]:
    scheme = (
        {"type": "oauth2"}
        if authorizer["AuthorizerType"] == "JWT"
        else {"type": "apiKey", "name": "Unused", "in": "header"}
    )
    return {**scheme, f"{EXTENSION}authorizer": authorizer_of(authorizer)} if extensions else scheme
