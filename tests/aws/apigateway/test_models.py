"""Models, request validators and gateway responses as records (test_apigateway_api.snapshot.json)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

SCHEMA = json.dumps({"title": "Calc", "type": "object", "properties": {"a": {"type": "number"}}})
EMPTY = "Model schema must have at least 1 property or array items defined"


@pytest.fixture
def rest(client: Callable[..., Any]) -> Any:
    """The client of API Gateway v1."""
    return client("apigateway")


@pytest.fixture
def api(rest: Any) -> dict[str, Any]:
    """A new API."""
    return dict(rest.create_rest_api(name="models"))


def replace(path: str, value: str = "") -> list[dict[str, str]]:
    return [{"op": "replace", "path": path, "value": value}]


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_every_api_has_the_models_empty_and_error(rest: Any, api: Any) -> None:
    empty, error = rest.get_models(restApiId=api["id"])["items"]
    draft = "http://json-schema.org/draft-04/schema#"
    assert json.loads(empty.pop("schema")) == {"$schema": draft, "title": "Empty Schema", "type": "object"}
    assert json.loads(error.pop("schema")) == {
        "$schema": draft,
        "title": "Error Schema",
        "type": "object",
        "properties": {"message": {"type": "string"}},
    }
    assert [(one["name"], one["description"], one["contentType"]) for one in (empty, error)] == [
        ("Empty", "This is a default empty schema model", "application/json"),
        ("Error", "This is a default error schema model", "application/json"),
    ]


def test_models_are_created_changed_and_deleted(rest: Any, api: Any, account: str, aws_error: Any) -> None:
    names = {"restApiId": api["id"], "modelName": "Calc"}
    made = rest.create_model(
        restApiId=api["id"], name="Calc", contentType="application/json", schema=SCHEMA, description="Calc model"
    )
    want = {"contentType": "application/json", "description": "Calc model", "id": made["id"], "name": "Calc"}
    assert shown(made) == {**want, "schema": SCHEMA}
    assert shown(rest.get_model(**names)) == {**want, "schema": SCHEMA}
    changed = rest.update_model(**names, patchOperations=replace("/description", "x"))
    assert changed["description"] == "x"

    def create(**given: Any) -> Any:
        wanted = {"restApiId": api["id"], "name": "Calc", "contentType": "application/json", "schema": SCHEMA}
        return aws_error(lambda: rest.create_model(**{**wanted, **given}))[:2]

    bad = "BadRequestException"
    assert create(restApiId="abcde0") == ("NotFoundException", f"Invalid API identifier specified {account}:abcde0")
    assert create() == ("ConflictException", "Model name already exists for this REST API")
    assert create(name="") == (bad, "Model name must be non-empty")
    assert create(name="a-b")[0] == bad
    assert create(name="X", schema="{}") == (bad, EMPTY)
    assert create(name="X", schema="") == (bad, EMPTY)
    assert create(name="X", schema="", contentType="application/xml") == (bad, EMPTY)
    for wrong in ("{", "[]", "1", "[" * 50_000):
        assert create(name="X", schema=wrong)[0] == bad

    def update(path: str, value: str = "", op: str = "replace") -> Any:
        patch = [{"op": op, "path": path, "value": value}]
        return aws_error(lambda: rest.update_model(**names, patchOperations=patch))[1]

    text = "Invalid patch path  '{}' specified for op '{}'. "
    assert update("/wrong-path", op="add") == text.format("/wrong-path", "add") + "Please choose supported operations"
    assert update("/name") == text.format("/name", "replace") + "Must be one of: [/description, /schema]"
    assert update("/schema") == EMPTY
    rest.delete_model(**names)
    gone = ("NotFoundException", "Invalid model name specified: Calc", 404)
    assert aws_error(lambda: rest.get_model(**names)) == gone
    assert aws_error(lambda: rest.delete_model(**names)) == gone


def test_a_model_that_a_method_names_stays(rest: Any, api: Any, aws_error: Any) -> None:
    rest.create_model(restApiId=api["id"], name="One", contentType="application/json", schema=SCHEMA)
    part = rest.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="test")["id"]

    def put(resource: str) -> None:
        rest.put_method(
            restApiId=api["id"],
            resourceId=resource,
            httpMethod="ANY",
            authorizationType="NONE",
            requestModels={"application/json": "One"},
        )

    def delete() -> Any:
        return aws_error(lambda: rest.delete_model(restApiId=api["id"], modelName="One"))

    put(api["rootResourceId"])
    assert delete() == ("ConflictException", "Cannot delete model 'One', is referenced in method request: //ANY", 409)
    rest.delete_method(restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="ANY")
    put(part)
    assert delete()[1] == "Cannot delete model 'One', is referenced in method request: /test/ANY"
    rest.delete_method(restApiId=api["id"], resourceId=part, httpMethod="ANY")
    rest.delete_model(restApiId=api["id"], modelName="One")


def test_a_models_template(rest: Any, api: Any) -> None:
    deep = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "sizes": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        },
    }
    schema = json.dumps(deep)
    rest.create_model(restApiId=api["id"], name="Deep", contentType="application/json", schema=schema)
    assert rest.get_model_template(restApiId=api["id"], modelName="Deep")["value"] == (
        "#set($inputRoot = $input.path('$'))\n{\n"
        '  "name" : "foo",\n'
        '  "sizes" : [\n#foreach($elem in $inputRoot.sizes)\n    {\n      "n" : 42\n    }#if($foreach.hasNext),#end\n#end\n  ]\n}'
    )


def test_request_validators(rest: Any, api: Any, account: str, aws_error: Any) -> None:
    made = shown(rest.create_request_validator(restApiId=api["id"], name="check"))
    want = {"id": made["id"], "name": "check", "validateRequestBody": False, "validateRequestParameters": False}
    assert made == want
    names = {"restApiId": api["id"], "requestValidatorId": made["id"]}
    assert rest.get_request_validators(restApiId=api["id"])["items"] == [want]
    patch = replace("/validateRequestBody", "true")
    changed = shown(rest.update_request_validator(**names, patchOperations=patch))
    assert changed == {**want, "validateRequestBody": True}
    without = [{"op": "replace", "path": "/validateRequestBody"}]
    assert shown(rest.update_request_validator(**names, patchOperations=without)) == want
    rest.delete_request_validator(**names)
    missing = ("NotFoundException", "Invalid Request Validator identifier specified", 404)
    assert aws_error(lambda: rest.get_request_validator(**names)) == missing
    assert aws_error(lambda: rest.get_request_validator(**{**names, "restApiId": "x"})) == missing
    assert aws_error(lambda: rest.create_request_validator(restApiId="test-fake-rest-id", name="n"))[:2] == (
        "BadRequestException",
        "Invalid REST API identifier specified",
    )
    assert aws_error(lambda: rest.get_request_validators(restApiId="test-fake-rest-id"))[:2] == (
        "NotFoundException",
        f"Invalid API identifier specified {account}:test-fake-rest-id",
    )


def test_gateway_responses_of_every_type(rest: Any, api: Any, account: str, aws_error: Any) -> None:
    found = rest.get_gateway_responses(restApiId=api["id"])["items"]
    assert len(found) == 21
    assert all(one["defaultResponse"] for one in found)
    statuses = {one["responseType"]: one.get("statusCode") for one in found}
    assert statuses["MISSING_AUTHENTICATION_TOKEN"] == "403"
    assert statuses["DEFAULT_4XX"] is None
    names = {"restApiId": api["id"], "responseType": "DEFAULT_4XX"}
    cors = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    made = shown(rest.put_gateway_response(**names, statusCode="404", responseParameters=cors))
    want = {
        "defaultResponse": False,
        "responseType": "DEFAULT_4XX",
        "statusCode": "404",
        "responseParameters": cors,
        "responseTemplates": {},
    }
    assert made == want
    assert shown(rest.get_gateway_response(**names)) == want
    changed = rest.update_gateway_response(
        **names,
        patchOperations=[
            {"op": "replace", "path": "/statusCode", "value": "418"},
            {"op": "add", "path": "/responseTemplates/application~1json", "value": "{}"},
            {"op": "remove", "path": "/responseParameters/gatewayresponse.header.Access-Control-Allow-Origin"},
        ],
    )
    assert shown(changed) == {
        **want,
        "statusCode": "418",
        "responseTemplates": {"application/json": "{}"},
        "responseParameters": {},
    }
    rest.delete_gateway_response(**names)
    assert rest.get_gateway_response(**names)["defaultResponse"]
    gone = aws_error(lambda: rest.delete_gateway_response(**names))
    assert gone == ("NotFoundException", "Gateway response type not defined on api", 404)
    nobody = ("NotFoundException", f"Invalid API identifier specified {account}:fake-api-id", 404)
    assert aws_error(lambda: rest.get_gateway_response(**{**names, "restApiId": "fake-api-id"})) == nobody
    assert aws_error(lambda: rest.get_gateway_responses(restApiId="fake-api-id")) == nobody
    unknown = aws_error(lambda: rest.get_gateway_response(**{**names, "responseType": "FAKE_RESPONSE_TYPE"}))
    assert unknown[1].startswith(
        "1 validation error detected: Value 'FAKE_RESPONSE_TYPE' at 'responseType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, "
    )
    wrong = {"header.x": "'*'"}
    assert aws_error(lambda: rest.put_gateway_response(**names, responseParameters=wrong))[0] == "BadRequestException"
