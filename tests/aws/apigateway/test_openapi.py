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


def test_what_a_document_leaves_out_is_as_on_aws(api: Any, account: str) -> None:
    """LocalStack's recordings of imports into AWS: no models but the document's, no TTL, INTERNET for HTTP only."""
    function = f"arn:aws:lambda:us-east-1:{account}:function:f"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    scheme = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "oauth2",
        "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": uri},
    }
    http = {"type": "http", "httpMethod": "GET", "uri": "http://example.com/"}
    proxy = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
    methods = {
        "get": {"x-amazon-apigateway-integration": http},
        "post": {"x-amazon-apigateway-integration": proxy},
        "put": METHOD,
    }
    made = api.import_rest_api(body=document({"/": methods}, components={"securitySchemes": {"mine": scheme}}))
    assert api.get_models(restApiId=made["id"])["items"] == []
    [authorizer] = api.get_authorizers(restApiId=made["id"])["items"]
    assert (authorizer["authType"], "authorizerResultTtlInSeconds" in authorizer) == ("oauth2", False)
    connections = [
        api.get_integration(restApiId=made["id"], resourceId=made["rootResourceId"], httpMethod=name).get(
            "connectionType"
        )
        for name in ("GET", "POST", "PUT")
    ]
    assert connections == ["INTERNET", None, None]


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
    assert api.get_models(restApiId=made)["items"] == []


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


PARTS = [
    {
        "location": {"type": "API"},
        "properties": {"description": "d", "x-bar": 1, "foo": 2, "info": {"description": "i"}},
    },
    {"location": {"type": "METHOD", "path": "/pets", "method": "GET"}, "properties": {"summary": "all", "foo": "f"}},
    {"location": {"type": "RESPONSE"}, "properties": {"description": "an answer"}},
    {"location": {"type": "RESPONSE", "path": "/pets", "statusCode": "404"}, "properties": {"description": "no pets"}},
    {"location": {"type": "QUERY_PARAMETER", "path": "/", "name": "q"}, "properties": {"description": "filter"}},
    {"location": {"type": "MODEL", "name": "Pet"}, "properties": {"title": "A pet"}},
]


def documented(**members: Any) -> bytes:
    """A document with documentation parts."""
    method = {
        **METHOD,
        "parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
        "responses": {"200": {"description": ""}, "404": {"description": ""}},
    }
    extension = {"version": "1.0.3", "documentationParts": PARTS}
    return document(
        {"/pets": {"get": method}},
        components={"schemas": {"Pet": {"type": "object"}}},
        **{"x-amazon-apigateway-documentation": extension, **members},
    )


def test_documentation_parts_are_imported_with_their_api(api: Any, aws_error: Callable[..., Any]) -> None:
    def types(api_id: str) -> list[str]:
        return sorted(one["location"]["type"] for one in api.get_documentation_parts(restApiId=api_id)["items"])

    made = api.import_rest_api(body=documented())["id"]
    assert types(made) == sorted(one["location"]["type"] for one in PARTS)  # type: ignore[index]
    assert types(api.import_rest_api(body=documented(), parameters={"ignore": "documentation"})["id"]) == []
    api.put_rest_api(restApiId=made, mode="merge", body=documented())
    assert len(types(made)) == len(PARTS)
    plain = document({"/a": {"get": METHOD}})
    api.put_rest_api(restApiId=made, mode="overwrite", body=plain, parameters={"ignore": "documentation"})
    assert len(types(made)) == len(PARTS)
    api.put_rest_api(restApiId=made, mode="overwrite", body=plain)
    assert types(made) == []
    wrong = documented(**{"x-amazon-apigateway-documentation": {"documentationParts": [{"location": {}}]}})
    text = "Unable to parse the documentation: a part has no location with a valid type"
    assert aws_error(lambda: api.import_rest_api(body=wrong)) == ("BadRequestException", text, 400)


@pytest.mark.parametrize("kind", ["oas30", "swagger"])
def test_a_stages_documentation_is_exported(api: Any, kind: str) -> None:
    made = api.import_rest_api(body=documented())["id"]
    api.create_deployment(restApiId=made, stageName="prod")

    def exported(extensions: str = "") -> dict[str, Any]:
        given = {"parameters": {"extensions": extensions}} if extensions else {}
        body = api.get_export(restApiId=made, stageName="prod", exportType=kind, **given)["body"].read()
        found: dict[str, Any] = json.loads(body)
        return found

    assert "summary" not in exported()["paths"]["/pets"]["get"]
    api.create_documentation_version(restApiId=made, documentationVersion="1.0", stageName="prod")
    whole = exported()
    method = whole["paths"]["/pets"]["get"]
    assert whole["info"] == {"title": "pets", "version": "1.0", "description": "i"}
    assert (whole["x-bar"], "foo" in whole) == (1, False)
    assert (method["summary"], "foo" in method) == ("all", False)
    assert {status: one["description"] for status, one in method["responses"].items()} == {
        "200": "an answer",
        "404": "no pets",
    }
    assert method["parameters"][0]["description"] == "filter"
    models = whole["components"]["schemas"] if kind == "oas30" else whole["definitions"]
    assert models["Pet"] == {"type": "object", "title": "A pet"}
    assert "x-amazon-apigateway-documentation" not in whole
    extension = exported("integrations,documentation")["x-amazon-apigateway-documentation"]
    assert (extension["version"], len(extension["documentationParts"])) == ("1.0", len(PARTS))
    assert {"location": {"type": "API"}, "properties": PARTS[0]["properties"]} in extension["documentationParts"]


@pytest.mark.parametrize("kind", ["oas30", "swagger"])
def test_settings_of_the_api_are_exported_and_imported(api: Any, kind: str) -> None:
    settings = {
        "x-amazon-apigateway-security-policy": "SecurityPolicy_TLS13_1_3_2025_09",
        "x-amazon-apigateway-endpoint-access-mode": "BASIC",
        "x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": True},
        "x-amazon-apigateway-minimum-compression-size": 100,
        "x-amazon-apigateway-api-key-source": "AUTHORIZER",
    }
    info = {"title": "pets", "version": "1.0", "description": "All pets"}
    body = document({"/a": {"get": METHOD}}, info=info, **settings)
    given = {"parameters": {"endpointConfigurationTypes": "REGIONAL"}}
    made = api.import_rest_api(body=body, **given)
    api.create_deployment(restApiId=made["id"], stageName="prod")
    text = api.get_export(
        restApiId=made["id"], stageName="prod", exportType=kind, parameters={"extensions": "apigateway"}
    )["body"].read()
    again = api.import_rest_api(body=text, **given)
    for name, value in {
        "securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09",
        "endpointAccessMode": "BASIC",
        "disableExecuteApiEndpoint": True,
        "minimumCompressionSize": 100,
        "apiKeySource": "AUTHORIZER",
        "description": "All pets",
    }.items():
        assert (made[name], again[name]) == (value, value)
    if kind == "oas30":
        assert json.loads(text)["servers"][0]["variables"] == {"basePath": {"default": "/prod"}}


def test_whoever_imports_a_resource_policy_must_be_allowed_to_set_one(
    region: Any, client: Callable[..., Any], api: Any, aws_error: Callable[..., Any]
) -> None:
    iam = client("iam")
    iam.create_user(UserName="importer")
    key = iam.create_access_key(UserName="importer")["AccessKey"]
    importer = region.client("apigateway", key["AccessKeyId"], key["SecretAccessKey"])

    def may(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        iam.put_user_policy(UserName="importer", PolicyName="p", PolicyDocument=policy)

    open_to_all = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    policy = {"Version": "2012-10-17", "Statement": [open_to_all]}
    bare, guarded = document({}), document({}, **{"x-amazon-apigateway-policy": policy})
    may("apigateway:POST", "apigateway:PUT")
    made = importer.import_rest_api(body=bare)["id"]
    for call in (
        lambda: importer.import_rest_api(body=guarded),
        lambda: importer.put_rest_api(restApiId=made, body=guarded),
    ):
        code, message, _ = aws_error(call)
        assert code == "AccessDeniedException"
        assert "apigateway:UpdateRestApiPolicy" in message
    assert "policy" not in api.get_rest_api(restApiId=made)
    may("apigateway:POST", "apigateway:PUT", "apigateway:UpdateRestApiPolicy")
    importer.put_rest_api(restApiId=made, body=guarded)
    assert "policy" in api.get_rest_api(restApiId=made)
