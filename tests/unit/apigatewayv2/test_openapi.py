"""OpenAPI documents of HTTP APIs: what an import reads, and what an export writes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from atoll.api_runtime import openapi
from atoll.services.apigatewayv2.openapi.definition import Route, definition
from atoll.services.apigatewayv2.openapi.export import export

DOCUMENT = """
openapi: "3.0.1"
info: {title: pets, version: 1, description: about pets}
tags: [{name: team, x-amazon-apigateway-tag-value: animals}]
x-amazon-apigateway-cors: {allowOrigins: ["https://x.example"], maxAge: 5}
components:
  securitySchemes:
    jwt:
      type: oauth2
      x-amazon-apigateway-authorizer:
        type: jwt
        identitySource: "$request.header.Authorization"
        jwtConfiguration: {issuer: "https://i.example", audience: [a]}
  x-amazon-apigateway-integrations:
    mine: {type: AWS_PROXY, uri: "arn:aws:lambda:us-east-1:123456789012:function:f", payloadFormatVersion: "2.0", httpMethod: POST}
paths:
  /pets/{id}:
    get:
      operationId: getPet
      security: [{jwt: [read]}]
      x-amazon-apigateway-integration: {$ref: "#/components/x-amazon-apigateway-integrations/mine"}
  /$default:
    x-amazon-apigateway-any-method:
      isDefaultRoute: true
      x-amazon-apigateway-integration: {type: http_proxy, uri: "https://x.example", httpMethod: ANY, payloadFormatVersion: "1.0"}
"""


def read(text: str = DOCUMENT) -> Any:
    return definition(openapi.read(text.encode()), "ignore")


def test_the_api_of_a_document() -> None:
    assert read().api == {
        "Name": "pets",
        "Description": "about pets",
        "Version": "1",
        "CorsConfiguration": {"AllowOrigins": ["https://x.example"], "MaxAge": 5},
        "Tags": {"team": "animals"},
    }
    assert read().authorizers == {
        "jwt": {
            "Name": "jwt",
            "AuthorizerType": "JWT",
            "IdentitySource": ["$request.header.Authorization"],
            "JwtConfiguration": {"Issuer": "https://i.example", "Audience": ["a"]},
        }
    }


def test_the_routes_of_a_document() -> None:
    guarded, default = read().routes
    assert guarded == Route(
        {
            "RouteKey": "GET /pets/{id}",
            "OperationName": "getPet",
            "AuthorizationType": "JWT",
            "AuthorizationScopes": ["read"],
        },
        {
            "IntegrationType": "AWS_PROXY",
            "IntegrationMethod": "POST",
            "IntegrationUri": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "PayloadFormatVersion": "2.0",
        },
        "jwt",
    )
    assert default.members == {"RouteKey": "$default"}


def test_an_authorizer_that_is_not_there_is_a_warning() -> None:
    found = read(DOCUMENT.replace("[{jwt: [read]}]", "[{nobody: []}]"))
    assert found.warnings == ["Unable to find authorizer 'nobody' of route 'GET /pets/{id}'. Ignoring."]


def test_swagger_is_refused() -> None:
    with pytest.raises(openapi.InvalidDocument):
        read('{"swagger": "2.0", "info": {}, "paths": {}}')


@pytest.mark.parametrize("text", [b'{"openapi": "3.0.1", "\xff": 1}', b"\xff", b"[" * 100_000])
def test_what_cannot_be_read_is_no_document(text: bytes) -> None:
    with pytest.raises(openapi.InvalidDocument):
        openapi.read(text)
    assert openapi.roles(text) == []


def test_what_is_exported_is_imported_again() -> None:
    found = read()
    api = {**found.api, "ApiEndpoint": "https://id.execute-api.us-east-1.amazonaws.com"}
    routes = [
        {**route.members, "Target": f"integrations/i{n}", "AuthorizerId": route.authorizer}
        for n, route in enumerate(found.routes)
    ]
    integrations = {f"i{n}": route.integration for n, route in enumerate(found.routes)}
    document = export(api, "prod", routes, integrations, found.authorizers, extensions=True)
    assert document["servers"][0]["variables"] == {"basePath": {"default": "prod"}}
    again = read(json.dumps(document))
    assert again.api == found.api
    assert again.authorizers == found.authorizers
    assert sorted(again.routes, key=str) == sorted(found.routes, key=str)


ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"openapi": "3.0.1", "x": {{"credentials": "{ROLE}"}}}}',
        f'{{"openapi": "3.0.1", "x": {{"\\u0063redentials": "{ROLE}"}}}}',
        f'{{"openapi": "3.0.1", "x": {{"authorizerC\\u0072edentials": "{ROLE}"}}}}',
        f'openapi: 3.0.1\nx: {{credentials: "{ROLE}"}}',
        f'openapi: 3.0.1\nx: {{"\\x63redentials": "{ROLE}"}}',
        f'openapi: 3.0.1\nx: {{"\\U00000063redentials": "{ROLE}"}}',
        f'openapi: 3.0.1\nx:\n  ? "creden\\\n    tials"\n  : "{ROLE}"',
        f'openapi: 3.0.1\nx:\n  ? "creden\\\u2028tials"\n  : "{ROLE}"',
    ],
)
def test_roles_are_found_however_their_names_are_written(text: str) -> None:
    assert openapi.roles(text.encode()) == [ROLE]


def test_a_member_is_found_however_its_name_is_written() -> None:
    assert openapi.mentions(b'{"openapi": "3.0.1", "x-policy": 1}', "x-policy")
    assert openapi.mentions(b'{"openapi": "3.0.1", "x-\\u0070olicy": 1}', "x-policy")
    assert openapi.mentions(b'openapi: 3.0.1\n"\\x78-policy": 1', "x-policy")
    assert not openapi.mentions(b'{"openapi": "3.0.1", "y": {"x-policy": 1}}', "x-policy")
    assert not openapi.mentions(b'{"openapi": "3.0.1", "y": "\\u0070"}', "x-policy")


def test_a_document_of_too_many_values_is_refused_wherever_they_lie() -> None:
    most = openapi.MOST_VALUES
    for document in ([0] * most, {"paths": {"/": {"get": [0] * most}}}, {"x": [[0] * (most // 2)] * 2}):
        with pytest.raises(openapi.InvalidDocument, match="too large"):
            openapi.parsed(json.dumps(document).encode())
    deep: Any = 0
    for _ in range(openapi.DEEPEST + 1):
        deep = {"a": deep}
    with pytest.raises(openapi.InvalidDocument, match="too large"):
        openapi.parsed(json.dumps(deep).encode())
    assert openapi.parsed(json.dumps(deep["a"]).encode()) == deep["a"]
