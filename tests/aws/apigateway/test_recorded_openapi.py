"""Imports and exports of OpenAPI definitions answer as was recorded of AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.apigateway.recorded import OBSERVED, Recording, recorded

__all__ = ["recorded"]
Recorded = Callable[[str, str], Recording]
PARAMETERS = """#set($allParams = $input.params())
{
  "params" : {
    #foreach($type in $allParams.keySet())
      #set($params = $allParams.get($type))
      "$type" : {
        #foreach($paramName in $params.keySet())
          "$paramName" : "$util.escapeJavaScript($params.get($paramName))"
          #if($foreach.hasNext),#end
        #end
      }
      #if($foreach.hasNext),#end
    #end
  }
}
"""


@pytest.mark.parametrize("which", ["PETSTORE_SWAGGER", "PETS"])
def test_exports(apigateway: Any, recorded: Recorded, which: str) -> None:
    scenario = f"test_export_swagger_openapi[TEST_IMPORT_{which}]"
    every = json.loads((OBSERVED / "test_apigateway_extended.snapshot.json").read_text())
    (exported,) = (v["recorded-content"] for k, v in every.items() if k.endswith(scenario))
    definition = exported["get-export-with-extensions"]["body"]
    if definition["info"]["version"] == "date":
        unversioned = {name: value for name, value in definition["info"].items() if name != "version"}
        definition = {**definition, "info": unversioned}
    text = json.dumps(definition).replace("<region>", "us-east-1").encode()
    seen = recorded("extended", scenario)
    seen.bind("<region>", "us-east-1")
    api = seen.answers("import-api", lambda: apigateway.import_rest_api(body=text))["id"]
    apigateway.create_deployment(restApiId=api, stageName="local")
    for name, parameters in (("get-export", {}), ("get-export-with-extensions", {"extensions": "integrations"})):
        answer = apigateway.get_export(
            restApiId=api, stageName="local", exportType="swagger", accepts="application/json", parameters=parameters
        )
        body = answer["body"].read().decode()
        answer["body"] = json.loads(body)
        if "version" not in definition["info"]:
            date = answer["body"]["info"]["version"]
            answer = {**answer, "contentDisposition": answer["contentDisposition"].replace(date, "date")}
            answer["body"]["info"]["version"] = "date"
        seen.same(name, answer)
        members = [list(answer["body"]), list(answer["body"]["info"])]
        assert members == [list(exported[name]["body"]), list(exported[name]["body"]["info"])], "in the recorded order"
        for path, operations in exported[name]["body"]["paths"].items():
            ours = answer["body"]["paths"][path]
            assert list(ours) == list(operations), "methods in the recorded order"
            assert [list(ours[method]) for method in operations] == [list(found) for found in operations.values()]


def test_a_version_that_no_file_name_can_hold(apigateway: Any) -> None:
    definition = {"swagger": "2.0", "info": {"title": "t", "version": 'a"b\r\nX: ä'}, "paths": {}}
    api = apigateway.import_rest_api(body=json.dumps(definition).encode())
    root = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    apigateway.put_method(**root, authorizationType="NONE")
    apigateway.put_integration(**root, type="MOCK")
    apigateway.create_deployment(restApiId=api["id"], stageName="local")
    exported = apigateway.get_export(restApiId=api["id"], stageName="local", exportType="swagger")
    assert exported["contentDisposition"] == 'attachment; filename="swagger_a_b__X:__.json"'
    assert json.loads(exported["body"].read())["info"]["version"] == 'a"b\r\nX: ä'


def by_type(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of GetDocumentationParts in the recorded order."""
    return {**answer, "items": sorted(answer["items"], key=lambda item: item["location"]["type"])}


def test_an_import(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("import", "TestApiGatewayImportRestApi::test_import_rest_api")
    definition = {
        "openapi": "3.0.0",
        "info": {"title": "petstore", "version": "1.0"},
        "paths": {},
        "x-amazon-apigateway-binary-media-types": ["*/*"],
    }
    seen.answers("import_rest_api", lambda: apigateway.import_rest_api(body=json.dumps(definition).encode()))


def test_what_an_import_makes(apigateway: Any, account: str, recorded: Recorded) -> None:
    seen = recorded("import", "TestApiGatewayImportRestApi::test_import_with_http_method_integration")
    api = apigateway.import_rest_api(body=json.dumps(_definition(account)).encode())["id"]
    resources = seen.answers("resources", lambda: apigateway.get_resources(restApiId=api))
    (root,) = (item["id"] for item in resources["items"])
    for method in ("GET", "OPTIONS"):
        at, name = {"restApiId": api, "resourceId": root, "httpMethod": method}, method.lower()
        seen.answers(f"method-root-{name}", lambda at=at: apigateway.get_method(**at))
        seen.answers(f"integration-root-{name}", lambda at=at: apigateway.get_integration(**at))
        at = {**at, "statusCode": "200"}
        seen.answers(f"method-response-root-{name}", lambda at=at: apigateway.get_method_response(**at))
        seen.answers(f"integration-response-root-{name}", lambda at=at: apigateway.get_integration_response(**at))


def _definition(account: str) -> dict[str, Any]:
    function = f"arn:aws:lambda:us-east-1:{account}:function:f"
    header = "Access-Control-Allow-Headers"
    empty = {"description": "200 response", "schema": {"$ref": "#/definitions/Empty"}}
    invoke = {
        "type": "aws",
        "httpMethod": "POST",
        "uri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations",
        "responses": {"default": {"statusCode": "200"}},
        "requestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
        "requestTemplates": {"application/json": PARAMETERS},
        "passthroughBehavior": "when_no_templates",
        "contentHandling": "CONVERT_TO_TEXT",
    }
    mocked = {"statusCode": "200", "responseParameters": {f"method.response.header.{header}": "'Content-Type'"}}
    options = {
        "type": "mock",
        "responses": {"default": mocked},
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "passthroughBehavior": "when_no_match",
    }
    return {
        "swagger": "2.0",
        "info": {"title": "imported", "version": "1"},
        "paths": {
            "/": {
                "get": {
                    "produces": ["application/json"],
                    "responses": {"200": empty},
                    "x-amazon-apigateway-integration": invoke,
                },
                "options": {
                    "produces": ["application/json"],
                    "responses": {"200": {**empty, "headers": {header: {"type": "string"}}}},
                    "x-amazon-apigateway-integration": options,
                },
            }
        },
        "definitions": {"Empty": {"type": "object", "title": "Empty Schema"}},
    }


@pytest.mark.parametrize("mode", ["merge", "overwrite"])
def test_binary_media_types_are_merged_or_overwritten(apigateway: Any, recorded: Recorded, mode: str) -> None:
    seen = recorded("import", f"TestApiGatewayImportRestApi::test_put_rest_api_mode_binary_media_types[{mode}]")
    create = lambda: apigateway.create_rest_api(name="before", binaryMediaTypes=["image/heif"])  # noqa: E731
    api = seen.answers("create-rest-api", create)["id"]
    seen.answers("get-rest-api", lambda: apigateway.get_rest_api(restApiId=api))
    definition = {
        "swagger": "2.0",
        "info": {"title": "after", "version": "1.0.0"},
        "paths": {},
        "x-amazon-apigateway-binary-media-types": ["image/png", "image/jpg"],
    }
    body = json.dumps(definition).encode()
    seen.answers("put-api", lambda: apigateway.put_rest_api(restApiId=api, mode=mode, body=body))


def test_what_is_no_definition(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("import", "TestApiGatewayImportRestApi::test_import_api_bad_file")
    api = apigateway.create_rest_api(name="api")["id"]
    for kind, body in (("yaml", b"some: {bad yaml: ["), ("json", b'{"bad": "json"')):
        seen.answers(f"import-api-bad-{kind}-file", lambda body=body: apigateway.import_rest_api(body=body))
        put = lambda body=body: apigateway.put_rest_api(restApiId=api, body=body)  # noqa: E731
        seen.answers(f"put-rest-api-bad-{kind}-file", put)


def test_documentation_parts_are_imported(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiDocumentationPart::test_import_documentation_parts")
    info = {"description": "API info description 4", "version": "API info version 3"}
    parts = [
        {"location": {"type": "API"}, "properties": {"info": info, "description": "API description"}},
        {
            "location": {"type": "METHOD", "path": "/", "method": "GET"},
            "properties": {"description": "Method description."},
        },
        {"location": {"type": "MODEL", "name": "Empty"}, "properties": {"title": "Empty Schema"}},
        {
            "location": {"type": "RESPONSE", "path": "/", "method": "GET", "statusCode": "200"},
            "properties": {"description": "200 response"},
        },
    ]
    definition = {
        "openapi": "3.0.0",
        "info": {"title": "documented", "version": "1"},
        "paths": {"/": {"get": {"responses": {"200": {"description": "200 response"}}}}},
        "components": {"schemas": {"Empty": {"title": "Empty Schema", "type": "object"}}},
        "x-amazon-apigateway-documentation": {"version": "1.0.3", "documentationParts": parts},
    }
    body = json.dumps(definition).encode()
    api = apigateway.import_rest_api(body=body)["id"]
    listed = lambda: by_type(apigateway.get_documentation_parts(restApiId=api))  # noqa: E731
    seen.answers("get-documentations-parts-after-api-imports", listed)
    imported = lambda: apigateway.import_documentation_parts(restApiId=api, mode="overwrite", body=body)  # noqa: E731
    seen.answers("import-documentation-parts", imported)
    seen.answers("get-documentations-parts-after-import", listed)
    ids = {part["id"] for part in listed()["items"]}
    definition["x-amazon-apigateway-documentation"] = {"documentationParts": parts[:1]}
    body = json.dumps(definition).encode()
    apigateway.put_rest_api(restApiId=api, mode="merge", body=body)
    merged = {part["id"] for part in listed()["items"]}
    assert merged == ids, "the API's part is changed, as its location is the same"
    apigateway.put_rest_api(restApiId=api, mode="overwrite", body=body)
    assert [part["location"] for part in listed()["items"]] == [{"type": "API"}]
    del definition["x-amazon-apigateway-documentation"]
    apigateway.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(definition).encode())
    assert listed()["items"] == []
