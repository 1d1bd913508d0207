"""What an OpenAPI 3 document says of an HTTP API, as the requests that would make it. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, NamedTuple, TypedDict

import msgspec

from atoll.api_runtime import openapi
from atoll.api_runtime.match import DEFAULT
from atoll.api_runtime.openapi import Document, InvalidDocument, Operation, mapping
from atoll.kernel.turns import at_once

EXTENSION = "x-amazon-apigateway-"
_INTEGRATION = {
    "type": "IntegrationType",
    "httpMethod": "IntegrationMethod",
    "uri": "IntegrationUri",
    "payloadFormatVersion": "PayloadFormatVersion",
    "connectionType": "ConnectionType",
    "connectionId": "ConnectionId",
    "credentials": "CredentialsArn",
    "description": "Description",
    "integrationSubtype": "IntegrationSubtype",
    "timeoutInMillis": "TimeoutInMillis",
    "requestParameters": "RequestParameters",
}
_CORS = {
    "allowOrigins": "AllowOrigins",
    "allowCredentials": "AllowCredentials",
    "exposeHeaders": "ExposeHeaders",
    "maxAge": "MaxAge",
    "allowMethods": "AllowMethods",
    "allowHeaders": "AllowHeaders",
}
_KINDS = {"jwt": "JWT", "request": "CUSTOM"}


class _Jwt(TypedDict, total=False):
    Issuer: str
    Audience: list[str]


class _Authorizer(TypedDict, total=False):
    Name: str
    AuthorizerType: str
    IdentitySource: list[str]
    JwtConfiguration: _Jwt
    AuthorizerUri: str
    AuthorizerCredentialsArn: str
    AuthorizerPayloadFormatVersion: str
    AuthorizerResultTtlInSeconds: int
    EnableSimpleResponses: bool


class _Tls(TypedDict, total=False):
    ServerNameToVerify: str


class _Integration(TypedDict, total=False):
    IntegrationType: str
    IntegrationMethod: str
    IntegrationUri: str
    PayloadFormatVersion: str
    ConnectionType: str
    ConnectionId: str
    CredentialsArn: str
    Description: str
    IntegrationSubtype: str
    TimeoutInMillis: int
    RequestParameters: dict[str, str]
    ResponseParameters: dict[str, dict[str, str]]
    TlsConfig: _Tls


class _Cors(TypedDict, total=False):
    AllowOrigins: list[str]
    AllowCredentials: bool
    ExposeHeaders: list[str]
    MaxAge: int
    AllowMethods: list[str]
    AllowHeaders: list[str]


def _checked(members: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    """The members, if they are of the types that requests have. Raises InvalidDocument."""
    try:
        return dict(msgspec.convert(dict(members), kind, strict=False))
    except msgspec.ValidationError as error:
        raise InvalidDocument(str(error)) from error


class Route(NamedTuple):
    """A route: CreateRoute's members without ids, CreateIntegration's members (None without an integration), and the name of its
    authorizer (None without one)."""

    members: dict[str, Any]
    integration: dict[str, Any] | None
    authorizer: str | None


class Definition(NamedTuple):
    """`api` are CreateApi's members, `authorizers` CreateAuthorizer's by name."""

    api: dict[str, Any]
    authorizers: dict[str, dict[str, Any]]
    routes: list[Route]
    warnings: list[str]


def definition(document: Document, basepath: openapi.BasePath) -> Definition:
    """The definition. Raises InvalidDocument."""
    return at_once(defining(document, basepath))


def defining(document: Document, basepath: openapi.BasePath) -> Generator[None, None, Definition]:
    """As `definition`, with rests."""
    if not document.is_3:
        raise InvalidDocument("HTTP APIs are imported from OpenAPI 3")
    warnings: list[str] = []
    schemes = document.section("", "securitySchemes")
    authorizers = {
        name: _authorizer(name, scheme)
        for name, scheme in schemes.items()
        if f"{EXTENSION}authorizer" in mapping(scheme)
    }
    routes = []
    for one in document.operations(basepath):
        routes.append(_route(document, one, authorizers, warnings))
        yield
    return Definition(_api(document), authorizers, routes, warnings)


def _api(document: Document) -> dict[str, Any]:
    info, root = document.info, document.root
    cors = mapping(root.get(f"{EXTENSION}cors"))
    tags = {
        str(mapping(tag).get("name")): str(mapping(tag)["x-amazon-apigateway-tag-value"])
        for tag in (root.get("tags") if isinstance(root.get("tags"), list) else None) or ()
        if "x-amazon-apigateway-tag-value" in mapping(tag)
    }
    members: dict[str, Any] = {
        "Name": str(info.get("title") or ""),
        "Description": None if info.get("description") is None else str(info["description"]),
        "Version": None if info.get("version") is None else str(info["version"]),
        "CorsConfiguration": _checked({name: cors[given] for given, name in _CORS.items() if given in cors}, _Cors)
        or None,
        "DisableExecuteApiEndpoint": mapping(root.get(f"{EXTENSION}endpoint-configuration")).get(
            "disableExecuteApiEndpoint"
        )
        is True
        or None,
        "Tags": tags or None,
    }
    return {name: value for name, value in members.items() if value is not None}


def _authorizer(name: str, scheme: Mapping[str, Any]) -> dict[str, Any]:
    given = mapping(scheme[f"{EXTENSION}authorizer"])
    kind = str(given.get("type") or "").lower()
    jwt = mapping(given.get("jwtConfiguration"))
    source = given.get("identitySource")
    members: dict[str, Any] = {
        "Name": name,
        "AuthorizerType": kind.upper(),
        "IdentitySource": source.replace(" ", "").split(",") if isinstance(source, str) else source,
        "JwtConfiguration": {"Issuer": jwt.get("issuer", ""), "Audience": jwt.get("audience", [])} if jwt else None,
        "AuthorizerUri": given.get("authorizerUri"),
        "AuthorizerCredentialsArn": given.get("authorizerCredentials"),
        "AuthorizerPayloadFormatVersion": given.get("authorizerPayloadFormatVersion"),
        "AuthorizerResultTtlInSeconds": given.get("authorizerResultTtlInSeconds"),
        "EnableSimpleResponses": given.get("enableSimpleResponses"),
    }
    return _checked({member: value for member, value in members.items() if value is not None}, _Authorizer)


def _route(
    document: Document, operation: Operation, authorizers: Mapping[str, Mapping[str, Any]], warnings: list[str]
) -> Route:
    is_default = operation.members.get("isDefaultRoute") is True or operation.path == f"/{DEFAULT}"
    members: dict[str, Any] = {"RouteKey": DEFAULT if is_default else f"{operation.method} {operation.path}"}
    if operation.members.get("operationId"):
        members["OperationName"] = str(operation.members["operationId"])
    authorizer = None
    for name, scopes in _security(document, operation):
        if name in authorizers:
            authorizer = name
            members["AuthorizationType"] = _KINDS.get(str(authorizers[name]["AuthorizerType"]).lower(), "CUSTOM")
            if scopes:
                members["AuthorizationScopes"] = scopes
            break
        scheme = mapping(document.section("", "securitySchemes").get(name))
        if scheme.get(f"{EXTENSION}authtype") == "awsSigv4":
            members["AuthorizationType"] = "AWS_IAM"
            break
        warnings.append(f"Unable to find authorizer '{name}' of route '{members['RouteKey']}'. Ignoring.")
    if mapping(operation.members.get(f"{EXTENSION}auth")).get("type") == "AWS_IAM":
        members["AuthorizationType"] = "AWS_IAM"
    given = document.resolve(operation.members.get(f"{EXTENSION}integration"))
    return Route(members, None if given is None else _integration(mapping(given)), authorizer)


def _security(document: Document, operation: Operation) -> list[tuple[str, list[str]]]:
    given = operation.members.get("security", document.root.get("security"))
    if not isinstance(given, list):
        return []
    return [
        (name, [str(scope) for scope in scopes] if isinstance(scopes, list) else [])
        for one in given
        for name, scopes in mapping(one).items()
    ]


def _integration(given: Mapping[str, Any]) -> dict[str, Any]:
    members = {name: given[member] for member, name in _INTEGRATION.items() if given.get(member) is not None}
    members["IntegrationType"] = str(members.get("IntegrationType", "")).upper()
    if "PayloadFormatVersion" in members:
        members["PayloadFormatVersion"] = str(members["PayloadFormatVersion"])
    if responses := mapping(given.get("responseParameters")):
        members["ResponseParameters"] = {status: dict(mapping(one)) for status, one in responses.items()}
    if name := mapping(given.get("tlsConfig")).get("serverNameToVerify"):
        members["TlsConfig"] = {"ServerNameToVerify": name}
    return _checked(members, _Integration)


def extension_of(integration: Mapping[str, Any]) -> dict[str, Any]:
    """`x-amazon-apigateway-integration` of an integration's members: what `definition` reads."""
    members = {member: integration[name] for member, name in _INTEGRATION.items() if integration.get(name) is not None}
    members["type"] = str(members["type"]).lower()
    if integration.get("ResponseParameters"):
        members["responseParameters"] = integration["ResponseParameters"]
    if name := mapping(integration.get("TlsConfig")).get("ServerNameToVerify"):
        members["tlsConfig"] = {"serverNameToVerify": name}
    return members


def cors_of(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """`x-amazon-apigateway-cors` of an API's CorsConfiguration."""
    return {given: configuration[name] for given, name in _CORS.items() if configuration.get(name) is not None}


def authorizer_of(authorizer: Mapping[str, Any]) -> dict[str, Any]:
    """`x-amazon-apigateway-authorizer` of an authorizer's members."""
    jwt = mapping(authorizer.get("JwtConfiguration"))
    members: dict[str, Any] = {
        "identitySource": ",".join(authorizer.get("IdentitySource") or ()) or None,
        "authorizerUri": authorizer.get("AuthorizerUri"),
        "authorizerCredentials": authorizer.get("AuthorizerCredentialsArn"),
        "authorizerPayloadFormatVersion": authorizer.get("AuthorizerPayloadFormatVersion"),
        "authorizerResultTtlInSeconds": authorizer.get("AuthorizerResultTtlInSeconds"),
        "enableSimpleResponses": authorizer.get("EnableSimpleResponses"),
        "type": str(authorizer["AuthorizerType"]).lower(),
        "jwtConfiguration": {"audience": jwt.get("Audience"), "issuer": jwt.get("Issuer")} if jwt else None,
    }
    return {name: value for name, value in members.items() if value is not None}
