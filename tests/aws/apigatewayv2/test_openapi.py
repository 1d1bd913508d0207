"""HTTP APIs made of OpenAPI documents, replaced by them, and exported as them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml


def integration(function: str, **members: Any) -> dict[str, Any]:
    return {
        "type": "AWS_PROXY",
        "httpMethod": "POST",
        "uri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations",
        "payloadFormatVersion": "2.0",
        **members,
    }


def document(paths: dict[str, Any], **members: Any) -> str:
    return json.dumps({"openapi": "3.0.1", "info": {"title": "pets", "version": "1.0"}, "paths": paths, **members})


def keys(api: Any, api_id: str) -> list[str]:
    return sorted(route["RouteKey"] for route in api.get_routes(ApiId=api_id)["Items"])


def test_import_makes_an_api_that_answers(api: Any, function: str, allow: Callable[[str], None], call: Any) -> None:
    method = {"x-amazon-apigateway-integration": integration(function)}
    made = api.import_api(
        Body=document(
            {
                "/pets/{id}": {"get": method},
                "/$default": {"x-amazon-apigateway-any-method": {"isDefaultRoute": True, **method}},
            },
            tags=[{"name": "team", "x-amazon-apigateway-tag-value": "animals"}],
            **{"x-amazon-apigateway-cors": {"allowOrigins": ["https://x.example"], "maxAge": 5}},
        )
    )
    assert (made["Name"], made["Version"], made["ProtocolType"]) == ("pets", "1.0", "HTTP")
    assert made["Tags"] == {"team": "animals"}
    assert made["CorsConfiguration"] == {"AllowOrigins": ["https://x.example"], "MaxAge": 5}
    assert keys(api, made["ApiId"]) == ["$default", "GET /pets/{id}"]
    assert len(api.get_integrations(ApiId=made["ApiId"])["Items"]) == 1
    api.create_stage(ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)
    allow(f"{made['ApiId']}/*/*")
    assert call(made["ApiId"], "/pets/7").json()["pathParameters"] == {"id": "7"}
    assert call(made["ApiId"], "/elsewhere").json()["routeKey"] == "$default"


def test_reimport_replaces_routes_and_deploys(api: Any, function: str, allow: Callable[[str], None], call: Any) -> None:
    method = {"x-amazon-apigateway-integration": integration(function)}
    made = api.import_api(Body=document({"/a": {"get": method}}))["ApiId"]
    api.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    allow(f"{made}/*/*")
    assert call.status(made, "/a") == 200
    again = api.reimport_api(ApiId=made, Body=document({"/b": {"get": method}}))
    assert again["ApiId"] == made
    assert keys(api, made) == ["GET /b"]
    assert (call.status(made, "/a"), call.status(made, "/b")) == (404, 200)


def test_import_with_authorizers(api: Any, account: str) -> None:
    function = f"arn:aws:lambda:us-east-1:{account}:function:f"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    schemes = {
        "jwt": {
            "type": "oauth2",
            "x-amazon-apigateway-authorizer": {
                "type": "jwt",
                "identitySource": "$request.header.Authorization",
                "jwtConfiguration": {"issuer": "https://issuer.example", "audience": ["a"]},
            },
        },
        "mine": {
            "type": "apiKey",
            "in": "header",
            "name": "x-token",
            "x-amazon-apigateway-authorizer": {
                "type": "request",
                "identitySource": "$request.header.x-token",
                "authorizerUri": uri,
                "authorizerPayloadFormatVersion": "2.0",
                "authorizerResultTtlInSeconds": 60,
                "enableSimpleResponses": True,
            },
        },
    }
    method = {"x-amazon-apigateway-integration": integration(function)}
    made = api.import_api(
        Body=document(
            {
                "/jwt": {"get": {**method, "security": [{"jwt": ["read", "write"]}]}},
                "/mine": {"get": {**method, "security": [{"mine": []}]}},
                "/iam": {"get": {**method, "x-amazon-apigateway-auth": {"type": "AWS_IAM"}}},
            },
            components={"securitySchemes": schemes},
        )
    )["ApiId"]
    routes = {route["RouteKey"]: route for route in api.get_routes(ApiId=made)["Items"]}
    named = {one["Name"]: one["AuthorizerId"] for one in api.get_authorizers(ApiId=made)["Items"]}
    assert routes["GET /jwt"]["AuthorizationType"] == "JWT"
    assert routes["GET /jwt"]["AuthorizerId"] == named["jwt"]
    assert routes["GET /jwt"]["AuthorizationScopes"] == ["read", "write"]
    assert (routes["GET /mine"]["AuthorizationType"], routes["GET /mine"]["AuthorizerId"]) == ("CUSTOM", named["mine"])
    assert routes["GET /iam"]["AuthorizationType"] == "AWS_IAM"


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '{"swagger": "2.0", "info": {"title": "x"}, "paths": {}}',
        document(
            {"/a": {"get": {"x-amazon-apigateway-integration": {"type": "AWS_PROXY", "timeoutInMillis": "soon"}}}}
        ),
        document({"/a": {"get": {"x-amazon-apigateway-integration": {"type": "MOCK"}}}}),
        document({"a b": {"get": {}}}),
    ],
)
def test_what_cannot_be_imported_changes_nothing(api: Any, body: str, account: str, aws_error: Any) -> None:
    method = {"x-amazon-apigateway-integration": integration(f"arn:aws:lambda:us-east-1:{account}:function:f")}
    made = api.import_api(Body=document({"/a": {"get": method}}))["ApiId"]
    assert aws_error(lambda: api.import_api(Body=body))[0] == "BadRequestException"
    assert aws_error(lambda: api.reimport_api(ApiId=made, Body=body))[0] == "BadRequestException"
    assert keys(api, made) == ["GET /a"]


def test_warnings_are_said_or_fail(api: Any, account: str, aws_error: Any) -> None:
    body = document({"/a": {"get": {"security": [{"nobody": []}]}}})
    warning = "Unable to find authorizer 'nobody' of route 'GET /a'. Ignoring."
    assert api.import_api(Body=body)["Warnings"] == [warning]
    assert aws_error(lambda: api.import_api(Body=body, FailOnWarnings=True))[:2] == (
        "BadRequestException",
        f"Warnings found during import: {warning}",
    )


def test_export_of_the_api_and_of_a_stage(api: Any, account: str) -> None:
    """A stage is exported as it was deployed, whatever the API has become meanwhile."""
    method = {"x-amazon-apigateway-integration": integration(f"arn:aws:lambda:us-east-1:{account}:function:f")}
    made = api.import_api(Body=document({"/a/{id}": {"get": method}}))["ApiId"]
    api.create_stage(ApiId=made, StageName="dev")
    api.create_deployment(ApiId=made, StageName="dev")
    api.reimport_api(ApiId=made, Body=document({"/b": {"get": method}}))

    def export(**options: Any) -> Any:
        body = api.export_api(ApiId=made, Specification="OAS30", **options)["body"].read()
        return yaml.safe_load(body)

    assert list(export(OutputType="JSON")["paths"]) == ["/b"]
    deployed = export(OutputType="YAML", StageName="dev")
    assert list(deployed["paths"]) == ["/a/{id}"]
    assert deployed["servers"][0]["variables"] == {"basePath": {"default": "dev"}}
    assert deployed["x-amazon-apigateway-importexport-version"] == "1.0"
    operation = deployed["paths"]["/a/{id}"]["get"]
    assert operation["parameters"] == [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    assert operation["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    bare = export(OutputType="JSON", StageName="dev", IncludeExtensions=False)
    assert "x-amazon-apigateway-integration" not in bare["paths"]["/a/{id}"]["get"]


def test_an_export_imported_again_is_exported_the_same(api: Any, account: str) -> None:
    function = f"arn:aws:lambda:us-east-1:{account}:function:f"
    body = {"x-amazon-apigateway-integration": integration(function)}
    paths = {path: {"get": body, "x-amazon-apigateway-any-method": body} for path in ("/b/{id}", "/a", "/c/{d+}", "/")}
    invoke = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    said = {"type": "request", "authorizerUri": invoke, "authorizerPayloadFormatVersion": "2.0"}
    scheme = {"type": "apiKey", "name": "Unused", "in": "header", "x-amazon-apigateway-authorizer": said}
    schemes = {f"s{place}": scheme for place in range(6)}

    def exported(document: str) -> tuple[str, str]:
        made = api.import_api(Body=document)["ApiId"]
        text = api.export_api(ApiId=made, Specification="OAS30", OutputType="YAML")["body"].read().decode()
        return text, text.replace(made, "API")

    first, named = exported(document(paths, components={"securitySchemes": schemes}))
    assert exported(first)[1] == named


def test_whoever_imports_must_pass_the_roles_on(
    region: Any, client: Callable[..., Any], account: str, aws_error: Any
) -> None:
    role = f"arn:aws:iam::{account}:role/caller"
    function = f"arn:aws:lambda:us-east-1:{account}:function:f"
    iam = client("iam")
    iam.create_user(UserName="importer")
    policy = {"Effect": "Allow", "Action": "apigateway:*", "Resource": "*"}
    iam.put_user_policy(
        UserName="importer",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
    )
    key = iam.create_access_key(UserName="importer")["AccessKey"]
    restricted = region.client("apigatewayv2", key["AccessKeyId"], key["SecretAccessKey"])
    body = document({"/a": {"get": {"x-amazon-apigateway-integration": integration(function, credentials=role)}}})
    code, message, _ = aws_error(lambda: restricted.import_api(Body=body))
    assert code == "AccessDeniedException"
    assert f"iam:PassRole on resource: {role}" in message
