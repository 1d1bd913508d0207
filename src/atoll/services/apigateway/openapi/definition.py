"""What an OpenAPI document says of a REST API. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import msgspec

from atoll.api_runtime import openapi
from atoll.api_runtime.openapi import Document, Operation, mapping
from atoll.api_runtime.rest_api import records
from atoll.kernel.turns import at_once
from atoll.services.apigateway.openapi import documentation, integrations
from atoll.services.apigateway.openapi.security import Scheme, guard_of, needs_key, schemes

EXTENSION = "x-amazon-apigateway-"
JSON = "application/json"
_PLACES = {"query": "querystring", "header": "header", "path": "path"}


class Definition(msgspec.Struct):
    """A REST API as a document describes it. What it does not mention is None or empty.

    `methods` are by path and method; their `guard.authorizer` and `validator` are names. `models` are JSON schemas as text by name,
    `validators` (body, parameters) by name, `authorizers` by name as the document has them, `gateway_responses` by kind, `documentation` by
    location, None where it is to be ignored.
    """

    name: str
    description: str | None
    version: str | None
    methods: dict[str, dict[str, records.Method]]
    models: dict[str, tuple[str, str | None]]
    validators: dict[str, tuple[bool, bool]]
    authorizers: dict[str, Scheme]
    gateway_responses: dict[str, records.GatewayResponse]
    binary_media_types: tuple[str, ...] | None = None
    api_key_source: str | None = None
    minimum_compression: int | None = None
    policy: str | None = None
    endpoint_disabled: bool | None = None
    endpoint: Mapping[str, Any] = {}
    security_policy: str | None = None
    endpoint_access_mode: str | None = None
    documentation: list[documentation.Found] | None = None
    warnings: list[str] = []


def definition(document: Document, basepath: openapi.BasePath, *, documented: bool = True) -> Definition:
    """The definition, with its documentation if `documented`. Raises InvalidDocument, and BadRequestException for wrong documentation;
    what can be left out is left out, and said in its warnings."""
    return at_once(defining(document, basepath, documented=documented))


def defining(
    document: Document, basepath: openapi.BasePath, *, documented: bool = True
) -> Generator[None, None, Definition]:
    """As `definition`, with rests."""
    root = document.root
    warnings: list[str] = []
    found, security = schemes(document), root.get("security")
    models = {name: _model(schema) for name, schema in document.section("definitions", "schemas").items()}
    methods: dict[str, dict[str, records.Method]] = {}
    for operation in document.operations(basepath):
        method = _method(document, operation, found, models, security, warnings)
        methods.setdefault(operation.path, {})[operation.method] = method
        yield
    info = document.info
    policy = root.get(f"{EXTENSION}policy")
    return Definition(
        name=str(info.get("title") or ""),
        description=_text(info.get("description")),
        version=_text(info.get("version")),
        methods=methods,
        models=models,
        validators={
            name: (bool(mapping(one).get("validateRequestBody")), bool(mapping(one).get("validateRequestParameters")))
            for name, one in mapping(root.get(f"{EXTENSION}request-validators")).items()
        },
        authorizers={name: scheme for name, scheme in found.items() if scheme.authorizer is not None},
        gateway_responses=_gateway_responses(mapping(root.get(f"{EXTENSION}gateway-responses"))),
        binary_media_types=_texts(root.get(f"{EXTENSION}binary-media-types")),
        api_key_source=_text(root.get(f"{EXTENSION}api-key-source")),
        minimum_compression=_number(root.get(f"{EXTENSION}minimum-compression-size")),
        policy=None if policy is None else msgspec.json.encode(policy).decode(),
        endpoint_disabled=_endpoint(root).get("disableExecuteApiEndpoint"),
        endpoint=_endpoint(root),
        security_policy=_text(root.get(f"{EXTENSION}security-policy")),
        endpoint_access_mode=_text(root.get(f"{EXTENSION}endpoint-access-mode")),
        documentation=documentation.read(root) if documented else None,
        warnings=warnings,
    )


def _endpoint(root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The endpoint configuration: at the top, or (OpenAPI 3) with a server."""
    extension = f"{EXTENSION}endpoint-configuration"
    servers = root.get("servers")
    of_servers = [mapping(server).get(extension) for server in servers] if isinstance(servers, list) else []
    return mapping(next((one for one in (root.get(extension), *of_servers) if one is not None), None))


def _model(schema: Any) -> tuple[str, str | None]:
    """A schema as text, its references to others of the document as API Gateway writes them, and its description."""
    text = msgspec.json.encode(schema).decode()
    return text, _text(mapping(schema).get("description"))


def _method(
    document: Document,
    operation: Operation,
    found: Mapping[str, Scheme],
    models: dict[str, tuple[str, str | None]],
    security: Any,
    warnings: list[str],
) -> records.Method:
    members, root = operation.members, document.root
    guard = guard_of(members, found, security)
    parameters = {
        f"method.request.{_PLACES[parameter['in']]}.{parameter['name']}": bool(parameter.get("required"))
        for parameter in operation.parameters
        if parameter.get("in") in _PLACES and isinstance(parameter.get("name"), str)
    }
    integration = members.get(f"{EXTENSION}integration")
    return records.Method(
        name=operation.method,
        guard=guard,
        api_key_required=needs_key(members, found, security),
        operation_name=_text(members.get("operationId")),
        parameters=parameters,
        models=_body_models(document, operation, models, warnings),
        validator=_text(members.get(f"{EXTENSION}request-validator", root.get(f"{EXTENSION}request-validator"))),
        responses=_responses(document, operation, models, warnings),
        integration=None if integration is None else integrations.read(mapping(document.resolve(integration))),
    )


def _body_models(
    document: Document, operation: Operation, models: dict[str, tuple[str, str | None]], warnings: list[str]
) -> dict[str, str]:
    """The model names of the request body, by content type."""
    if document.is_3:
        body = mapping(document.resolve(operation.members.get("requestBody")))
        return _content(operation, mapping(body.get("content")), models, warnings)
    schema = next((one.get("schema") for one in operation.parameters if one.get("in") == "body"), None)
    if schema is None:
        return {}
    kinds = operation.members.get("consumes", document.root.get("consumes")) or [JSON]
    name = _model_name(operation, schema, models, warnings)
    return {str(kind): name for kind in kinds} if name else {}


def _responses(
    document: Document, operation: Operation, models: dict[str, tuple[str, str | None]], warnings: list[str]
) -> dict[str, records.MethodResponse]:
    """The method's responses by status code. `default` has none and is left out."""
    responses: dict[str, records.MethodResponse] = {}
    for status, given in mapping(operation.members.get("responses")).items():
        if not (status.isascii() and status.isdigit()):
            continue
        response = mapping(document.resolve(given))
        if document.is_3:
            content = _content(operation, mapping(response.get("content")), models, warnings)
        elif response.get("schema") is not None:
            kinds = operation.members.get("produces", document.root.get("produces")) or [JSON]
            name = _model_name(operation, response["schema"], models, warnings)
            content = {str(kind): name for kind in kinds} if name else {}
        else:
            content = {}
        headers = {f"method.response.header.{name}": False for name in mapping(response.get("headers"))}
        responses[status] = records.MethodResponse(status, headers, content)
    return responses


def _content(
    operation: Operation, content: Mapping[str, Any], models: dict[str, tuple[str, str | None]], warnings: list[str]
) -> dict[str, str]:
    named = {
        kind: _model_name(operation, mapping(media).get("schema"), models, warnings) for kind, media in content.items()
    }
    return {kind: name for kind, name in named.items() if name}


def _model_name(
    operation: Operation, schema: Any, models: dict[str, tuple[str, str | None]], warnings: list[str]
) -> str | None:
    """The model that a schema refers to. One that stands in place becomes a model of its own, named by its place."""
    reference = mapping(schema).get("$ref")
    if isinstance(reference, str):
        name = reference.rsplit("/", 1)[-1]
        if name in models:
            return name
        warnings.append(
            f"Unable to find model '{name}' for method '{operation.method}' on resource '{operation.path}'. Ignoring."
        )
        return None
    if not mapping(schema):
        return None
    words = "".join(filter(str.isalnum, f"{operation.method}{operation.path}".title()))
    name, number = f"{words}Model", 1
    while name in models:
        name, number = f"{words}Model{number}", number + 1
    models[name] = _model(schema)
    return name


def _gateway_responses(given: Mapping[str, Any]) -> dict[str, records.GatewayResponse]:
    return {
        kind: records.GatewayResponse(
            kind,
            _text(mapping(one).get("statusCode")),
            {name: str(value) for name, value in mapping(mapping(one).get("responseParameters")).items()},
            {name: str(value) for name, value in mapping(mapping(one).get("responseTemplates")).items()},
        )
        for kind, one in given.items()
    }


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _texts(value: Any) -> tuple[str, ...] | None:
    return tuple(map(str, value)) if isinstance(value, list) else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
