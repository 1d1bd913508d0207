"""A deployed REST API as an OpenAPI document. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-export-api.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.openapi import ANY_METHOD
from atoll.api_runtime.rest_api import records
from atoll.services.apigateway.openapi import integrations

EXTENSION = "x-amazon-apigateway-"
_PLACES = {"querystring": "query", "header": "header", "path": "path"}
_ORDER = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "ANY")
_ORDER_3 = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "ANY")
"""The order in which the libraries for Swagger 2 and OpenAPI 3, which AWS uses, write a path's methods."""
_REFERENCE = re.compile(r'"\$ref"\s*:\s*"https://apigateway\.amazonaws\.com/restapis/\w+/models/(\w+)"')
KEY_SCHEME, SIGV4_SCHEME = "api_key", "sigv4"


class Wanted(NamedTuple):
    """What an export holds beside the API itself: `integrations` all of AWS's extensions, `authorizers` and `documentation` those
    alone."""

    is_3: bool
    integrations: bool = False
    authorizers: bool = False
    documentation: bool = False


class Place(NamedTuple):
    """Where the API answers, since when this is its version, and what its owner says of it."""

    host: str
    stage: str
    version: str
    description: str | None = None


def export(
    snapshot: records.Snapshot, place: Place, wanted: Wanted, authorizers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The document, members in AWS's order. `authorizers` are `x-amazon-apigateway-authorizer` values by id, with their names in
    `snapshot.authorizers`."""
    described = {"description": place.description} if place.description else {}
    if wanted.is_3:
        info = {"title": snapshot.name, **described, "version": place.version}
        document: dict[str, Any] = {"openapi": "3.0.1", "info": info, "servers": [_server(place)]}
    else:
        info = {**described, "version": place.version, "title": snapshot.name}
        document = {
            "swagger": "2.0",
            "info": info,
            "host": place.host,
            "basePath": f"/{place.stage}",
            "schemes": ["https"],
        }
    document["paths"] = {
        resource.path: _path(snapshot, resource, wanted) for resource in _sorted(snapshot.resources) if resource.methods
    }
    place_of_models = "#/components/schemas/" if wanted.is_3 else "#/definitions/"
    schemas = {name: _schema(model, place_of_models) for name, model in sorted(_used_models(snapshot).items())}
    security = _schemes(snapshot, wanted, authorizers)
    if wanted.is_3:
        components = {"schemas": schemas, "securitySchemes": security}
        document["components"] = {name: value for name, value in components.items() if value}
    else:
        document |= {"securityDefinitions": security} if security else {}
        document |= {"definitions": schemas} if schemas else {}
    return document | (_extensions(snapshot) if wanted.integrations else {})


def _server(place: Place) -> dict[str, Any]:
    return {"url": f"https://{place.host}/{{basePath}}", "variables": {"basePath": {"default": f"/{place.stage}"}}}


def _sorted(resources: Collection[records.Resource]) -> list[records.Resource]:
    return sorted(resources, key=lambda resource: resource.path)


def _path(snapshot: records.Snapshot, resource: records.Resource, wanted: Wanted) -> dict[str, Any]:
    order = _ORDER_3 if wanted.is_3 else _ORDER
    return {
        ANY_METHOD if name == "ANY" else name.lower(): _operation(snapshot, resource.methods[name], wanted)
        for name in sorted(resource.methods, key=order.index)
    }


def _operation(snapshot: records.Snapshot, method: records.Method, wanted: Wanted) -> dict[str, Any]:
    operation: dict[str, Any] = {}
    if method.operation_name:
        operation["operationId"] = method.operation_name
    if not wanted.is_3:
        operation |= _kinds(method)
    parameters = [_parameter(name, required, wanted) for name, required in method.parameters.items()]
    if method.models and not wanted.is_3:
        name = next(iter(method.models.values()))
        schema = {"$ref": f"#/definitions/{name}"}
        parameters.append({"in": "body", "name": name, "required": True, "schema": schema})
    if parameters:
        operation["parameters"] = parameters
    if method.models and wanted.is_3:
        operation["requestBody"] = {"content": _content(method.models), "required": True}
    operation["responses"] = {
        status: _response(response, wanted) for status, response in sorted(method.responses.items())
    }
    if security := _security(snapshot, method):
        operation["security"] = security
    if wanted.integrations:
        if method.validator in snapshot.validators:
            operation[f"{EXTENSION}request-validator"] = snapshot.validators[method.validator].name
        if method.integration is not None:
            operation[f"{EXTENSION}integration"] = integrations.write(method.integration)
    return operation


def _kinds(method: records.Method) -> dict[str, Any]:
    """Media types: those of models, and those that the integration has templates for."""
    integration = method.integration
    consumed, produced = set(method.models), {kind for one in method.responses.values() for kind in one.models}
    if integration is not None:
        consumed |= set(integration.templates)
        produced |= {kind for one in integration.responses.values() for kind in one.templates}
    kinds = {"consumes": sorted(consumed), "produces": sorted(produced)}
    return {name: types for name, types in kinds.items() if types}


def _parameter(name: str, required: bool, wanted: Wanted) -> dict[str, Any]:
    place, _, own = name.removeprefix("method.request.").partition(".")
    parameter = {"name": own, "in": _PLACES.get(place, place), "required": required or place == "path"}
    return parameter | ({"schema": {"type": "string"}} if wanted.is_3 else {"type": "string"})


def _content(models: Mapping[str, str]) -> dict[str, Any]:
    return {kind: {"schema": {"$ref": f"#/components/schemas/{name}"}} for kind, name in sorted(models.items())}


def _response(response: records.MethodResponse, wanted: Wanted) -> dict[str, Any]:
    members: dict[str, Any] = {"description": f"{response.status} response"}
    kind = {"schema": {"type": "string"}} if wanted.is_3 else {"type": "string"}
    headers = {name.removeprefix("method.response.header."): kind for name in sorted(response.parameters)}
    if response.models and not wanted.is_3:
        members["schema"] = {"$ref": f"#/definitions/{next(iter(response.models.values()))}"}
    if headers:
        members["headers"] = headers
    if wanted.is_3:
        members["content"] = _content(response.models)
    return members


def _security(snapshot: records.Snapshot, method: records.Method) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if method.guard.kind == "AWS_IAM":
        found.append({SIGV4_SCHEME: []})
    elif method.guard.authorizer in snapshot.authorizers:
        found.append({snapshot.authorizers[method.guard.authorizer].name: list(method.guard.scopes)})
    if method.api_key_required:
        found.append({KEY_SCHEME: []})
    return found


def _schemes(
    snapshot: records.Snapshot, wanted: Wanted, authorizers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    methods = [method for resource in snapshot.resources for method in resource.methods.values()]
    found: dict[str, Any] = {}
    if any(method.api_key_required for method in methods):
        found[KEY_SCHEME] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    if any(method.guard.kind == "AWS_IAM" for method in methods):
        found[SIGV4_SCHEME] = _key_scheme("Authorization", "awsSigv4")
    for authorizer_id, authorizer in snapshot.authorizers.items():
        scheme = _key_scheme(_header(authorizer), _auth_type(authorizer))
        if wanted.integrations or wanted.authorizers:
            scheme[f"{EXTENSION}authorizer"] = dict(authorizers.get(authorizer_id, {}))
        found[authorizer.name] = scheme
    return found


def _key_scheme(header: str, auth_type: str) -> dict[str, Any]:
    return {"type": "apiKey", "name": header, "in": "header", f"{EXTENSION}authtype": auth_type}


def _header(authorizer: serving.Authorizer) -> str:
    """The header of the first identity source; AWS writes Unused where there is none."""
    source = authorizer.identity[0] if authorizer.identity else ""
    prefix = "method.request.header."
    return source.removeprefix(prefix) if source.startswith(prefix) and authorizer.kind != "REQUEST" else "Unused"


def _auth_type(authorizer: serving.Authorizer) -> str:
    return "cognito_user_pools" if authorizer.kind == "COGNITO_USER_POOLS" else "custom"


def _schema(model: records.Model, place: str) -> Any:
    """A model's schema, its references to others as those of the document."""
    return msgspec.json.decode(_REFERENCE.sub(rf'"$ref":"{place}\1"', model.schema)) if model.schema else {}


def _used_models(snapshot: records.Snapshot) -> dict[str, records.Model]:
    """Those that methods name, and those that these refer to."""
    methods = [method for resource in snapshot.resources for method in resource.methods.values()]
    left = {name for method in methods for name in method.models.values()}
    left |= {name for method in methods for response in method.responses.values() for name in response.models.values()}
    used: dict[str, records.Model] = {}
    while left:
        name = left.pop()
        if name in snapshot.models and name not in used:
            used[name] = snapshot.models[name]
            left |= {found[1] for found in _REFERENCE.finditer(used[name].schema or "")}
    return used


def _extensions(snapshot: records.Snapshot) -> dict[str, Any]:
    validators = {
        one.name: {"validateRequestParameters": one.parameters, "validateRequestBody": one.body}
        for one in sorted(snapshot.validators.values(), key=lambda one: one.name)
    }
    responses = {kind: _gateway_response(one) for kind, one in sorted(snapshot.gateway_responses.items())}
    members: dict[str, Any] = {
        f"{EXTENSION}gateway-responses": responses,
        f"{EXTENSION}request-validators": validators,
        f"{EXTENSION}policy": msgspec.json.decode(snapshot.policy) if snapshot.policy else None,
        f"{EXTENSION}binary-media-types": list(snapshot.binary_media_types),
        f"{EXTENSION}minimum-compression-size": snapshot.minimum_compression,
        f"{EXTENSION}api-key-source": "AUTHORIZER" if snapshot.api_key_source == "AUTHORIZER" else None,
    }
    return {name: value for name, value in members.items() if value not in (None, {}, [])}


def _gateway_response(response: records.GatewayResponse) -> dict[str, Any]:
    members: dict[str, Any] = {
        "statusCode": response.status,
        "responseParameters": dict(response.parameters),
        "responseTemplates": dict(response.templates),
    }
    return {name: value for name, value in members.items() if value}
