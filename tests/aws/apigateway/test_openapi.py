"""REST APIs made of OpenAPI documents, changed by them, and exported as them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

MOCK = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": '{"pet": 1}'}}},
}
METHOD = {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": MOCK}


def document(paths: dict[str, Any], **members: Any) -> bytes:
    """An OpenAPI 3 document."""
    whole = {"openapi": "3.0.1", "info": {"title": "pets", "version": "1.0"}, "paths": paths, **members}
    return json.dumps(whole).encode()


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    """The API Gateway v1 client."""
    return client("apigateway")


def paths_of(api: Any, api_id: str) -> dict[str, list[str]]:
    items = api.get_resources(restApiId=api_id)["items"]
    return {one["path"]: sorted(one.get("resourceMethods", {})) for one in items}


def test_import_makes_an_api_that_answers(api: Any, region: Any) -> None:
    made = api.import_rest_api(
        body=document({"/pets/{id}": {"get": METHOD}}, **{"x-amazon-apigateway-binary-media-types": ["image/png"]}),
        parameters={"endpointConfigurationTypes": "REGIONAL"},
    )
    assert made["name"] == "pets"
    assert made["version"] == "1.0"
    assert made["binaryMediaTypes"] == ["image/png"]
    assert made["endpointConfiguration"] == {"types": ["REGIONAL"], "ipAddressType": "ipv4"}
    assert paths_of(api, made["id"]) == {"/": [], "/pets": [], "/pets/{id}": ["GET"]}
    api.create_deployment(restApiId=made["id"], stageName="prod")

    import httpx

    answer = httpx.get(f"{region.endpoint}/restapis/{made['id']}/prod/_user_request_/pets/7", trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"pet": 1})


def test_import_of_yaml_swagger_with_an_authorizer_and_a_validator(api: Any, account: str) -> None:
    function = f"arn:aws:lambda:us-east-1:{account}:function:f"
    text = yaml.safe_dump(
        {
            "swagger": "2.0",
            "info": {"title": "pets", "version": "1"},
            "basePath": "/v1",
            "securityDefinitions": {
                "mine": {
                    "type": "apiKey",
                    "name": "Authorization",
                    "in": "header",
                    "x-amazon-apigateway-authtype": "custom",
                    "x-amazon-apigateway-authorizer": {
                        "type": "token",
                        "authorizerUri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations",
                        "authorizerResultTtlInSeconds": 60,
                    },
                }
            },
            "definitions": {"Pet": {"type": "object", "properties": {"mother": {"$ref": "#/definitions/Pet"}}}},
            "x-amazon-apigateway-request-validators": {"body": {"validateRequestBody": True}},
            "x-amazon-apigateway-request-validator": "body",
            "paths": {
                "/pets": {
                    "post": {
                        "security": [{"mine": []}],
                        "parameters": [{"in": "body", "name": "Pet", "schema": {"$ref": "#/definitions/Pet"}}],
                        **METHOD,
                    }
                }
            },
        }
    )
    made = api.import_rest_api(body=text.encode(), parameters={"basepath": "prepend"})
    resource = next(one for one in api.get_resources(restApiId=made["id"])["items"] if one["path"] == "/v1/pets")
    method = api.get_method(restApiId=made["id"], resourceId=resource["id"], httpMethod="POST")
    authorizer = api.get_authorizer(restApiId=made["id"], authorizerId=method["authorizerId"])
    assert method["authorizationType"] == "CUSTOM"
    assert authorizer["identitySource"] == "method.request.header.Authorization"
    assert authorizer["authorizerResultTtlInSeconds"] == 60
    validator = api.get_request_validator(restApiId=made["id"], requestValidatorId=method["requestValidatorId"])
    assert (validator["name"], validator["validateRequestBody"]) == ("body", True)
    assert method["requestModels"] == {"application/json": "Pet"}
    schema = json.loads(api.get_model(restApiId=made["id"], modelName="Pet")["schema"])
    assert schema["properties"]["mother"] == {
        "$ref": f"https://apigateway.amazonaws.com/restapis/{made['id']}/models/Pet"
    }
    assert method["methodIntegration"]["cacheNamespace"] == resource["id"]


def test_put_merges_and_overwrites(api: Any) -> None:
    made = api.import_rest_api(body=document({"/a": {"get": METHOD}, "/b": {"get": METHOD}}))["id"]
    before = {one["path"]: one["id"] for one in api.get_resources(restApiId=made)["items"]}

    merged = api.put_rest_api(restApiId=made, mode="merge", body=document({"/a": {"post": METHOD}}))
    assert merged["tags"] == {}
    assert paths_of(api, made) == {"/": [], "/a": ["GET", "POST"], "/b": ["GET"]}

    api.put_rest_api(restApiId=made, mode="overwrite", body=document({"/a": {"put": METHOD}, "/c": {"get": METHOD}}))
    assert paths_of(api, made) == {"/": [], "/a": ["PUT"], "/c": ["GET"]}
    after = {one["path"]: one["id"] for one in api.get_resources(restApiId=made)["items"]}
    assert (after["/"], after["/a"]) == (before["/"], before["/a"])
    assert [one["name"] for one in api.get_models(restApiId=made)["items"]] == ["Empty", "Error"]


@pytest.mark.parametrize("body", [b"{", b"swagger: [", b"[]", b'{"swagger": "1.2"}'])
def test_what_is_no_document_is_refused_and_loses_nothing(api: Any, body: bytes, aws_error: Callable[..., Any]) -> None:
    made = api.import_rest_api(body=document({"/a": {"get": METHOD}}))["id"]
    assert aws_error(lambda: api.import_rest_api(body=body))[:2] == ("BadRequestException", "Invalid OpenAPI input.")
    assert aws_error(lambda: api.put_rest_api(restApiId=made, mode="overwrite", body=body))[:2] == (
        "BadRequestException",
        "Invalid OpenAPI input.",
    )
    assert paths_of(api, made) == {"/": [], "/a": ["GET"]}


def test_an_error_names_its_place_and_changes_nothing(api: Any, aws_error: Callable[..., Any]) -> None:
    made = api.import_rest_api(body=document({"/a": {"get": METHOD}}))["id"]
    bad = {**METHOD, "x-amazon-apigateway-integration": {"type": "aws", "httpMethod": "POST", "uri": "nonsense"}}
    message = (
        "Errors found during import:\n\t"
        "Unable to put integration on 'GET' for resource at path '/b': Invalid ARN specified in the request"
    )
    assert aws_error(lambda: api.put_rest_api(restApiId=made, mode="overwrite", body=document({"/b": {"get": bad}})))[
        :2
    ] == ("BadRequestException", message)
    assert paths_of(api, made) == {"/": [], "/a": ["GET"]}


def test_warnings_are_said_or_fail(api: Any, aws_error: Callable[..., Any]) -> None:
    method = {
        **METHOD,
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Nobody"}}}},
    }
    warning = "Unable to find model 'Nobody' for method 'GET' on resource '/a'. Ignoring."
    assert api.import_rest_api(body=document({"/a": {"get": method}}))["warnings"] == [warning]
    assert aws_error(lambda: api.import_rest_api(body=document({"/a": {"get": method}}), failOnWarnings=True))[:2] == (
        "BadRequestException",
        f"Warnings found during import:\n\t{warning}",
    )


@pytest.mark.parametrize("kind", ["oas30", "swagger"])
@pytest.mark.parametrize("accepts", ["application/json", "application/yaml"])
def test_what_is_exported_makes_the_same_api(api: Any, kind: str, accepts: str) -> None:
    pet = {"type": "object", "properties": {"mother": {"$ref": "#/components/schemas/Pet"}}}
    method = {
        **METHOD,
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
        "parameters": [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}],
    }
    body = document({"/pets": {"post": method}}, components={"schemas": {"Pet": pet}})
    made = api.import_rest_api(body=body)["id"]
    api.create_deployment(restApiId=made, stageName="prod")
    exported = api.get_export(
        restApiId=made, stageName="prod", exportType=kind, accepts=accepts, parameters={"extensions": "apigateway"}
    )
    assert exported["contentType"] == "application/octet-stream"
    name = "oas30_1.0" if kind == "oas30" else "swagger_1.0"
    assert exported["contentDisposition"] == f'attachment; filename="{name}.{accepts.removeprefix("application/")}"'
    text = exported["body"].read()
    whole = yaml.safe_load(text)
    assert whole["info"]["title"] == "pets"
    assert "x-amazon-apigateway-integration" in whole["paths"]["/pets"]["post"]
    again = api.import_rest_api(body=text)["id"]
    shown = [
        {
            name: value
            for name, value in api.get_method(restApiId=one, resourceId=resource["id"], httpMethod="POST").items()
            if name != "ResponseMetadata"
        }
        for one in (made, again)
        for resource in api.get_resources(restApiId=one)["items"]
        if resource["path"] == "/pets"
    ]
    for one in shown:
        one["methodIntegration"].pop("cacheNamespace")
    assert shown[0] == shown[1]


def test_an_export_of_another_kind_or_stage(api: Any, aws_error: Callable[..., Any]) -> None:
    made = api.import_rest_api(body=document({"/a": {"get": METHOD}}))["id"]
    assert aws_error(lambda: api.get_export(restApiId=made, stageName="prod", exportType="oas30"))[:2] == (
        "NotFoundException",
        "Invalid stage identifier specified",
    )
    assert aws_error(lambda: api.get_export(restApiId=made, stageName="prod", exportType="raml"))[:2] == (
        "BadRequestException",
        "No API exporter for type 'raml'",
    )
