"""Request validators: parameters, and bodies by models (JSON schema draft 4)."""

from __future__ import annotations

import json
from typing import Any

import pytest

DRAFT4 = "http://json-schema.org/draft-04/schema#"
ITEM = {
    "$schema": DRAFT4,
    "type": "object",
    "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
    "required": ["a", "b"],
}
INVALID = '{"message": "Invalid request body"}'


def validator(rest: Any, **checks: bool) -> str:
    created = rest.client.create_request_validator(restApiId=rest.id, name="v", **checks)
    return str(created["id"])


def model(rest: Any, name: str, schema: Any) -> None:
    rest.client.create_model(restApiId=rest.id, name=name, contentType="application/json", schema=json.dumps(schema))


@pytest.fixture
def checked(rest: Any) -> Any:
    """POST / takes an Item; a list of them at /list."""
    model(rest, "Item", ITEM)
    reference = f"https://apigateway.amazonaws.com/restapis/{rest.id}/models/Item"
    model(rest, "Items", {"type": "array", "items": {"$ref": reference}})
    checks = validator(rest, validateRequestBody=True)
    for path, name in (("/", "Item"), ("/list", "Items")):
        rest.mock(path, "POST", answer="ok", requestModels={"application/json": name}, requestValidatorId=checks)
    rest.client.put_gateway_response(
        restApiId=rest.id,
        responseType="BAD_REQUEST_BODY",
        responseTemplates={"application/json": '{"why":"$context.error.validationErrorString"}'},
    )
    return rest


def why(response: Any) -> tuple[int, str]:
    return response.status_code, response.text


def test_missing_required_parameters(rest: Any) -> None:
    rest.mock(
        "/{id}",
        answer="ok",
        requestParameters={
            "method.request.querystring.a": True,
            "method.request.header.X-B": True,
            "method.request.querystring.c": False,
            "method.request.path.id": True,
        },
        requestValidatorId=validator(rest, validateRequestParameters=True),
    )
    rest.deploy()
    response = rest("/7")
    assert response.status_code == 400
    message = response.json()["message"]
    assert message.startswith("Missing required request parameters: [")
    assert set(message.partition("[")[2][:-1].split(", ")) == {"a", "X-B"}
    assert response.headers["x-amzn-errortype"] == "BadRequestException"
    assert rest("/7?a=").json() == rest("/7").json()
    assert rest("/7?a=1", headers={"x-b": "2"}).text == "ok"


def test_a_body_that_is_not_of_its_model(checked: Any) -> None:
    checked.deploy()
    missing = '{"why":"[object has missing required properties (["b"])]"}'
    assert why(checked("/", "POST", json={"a": 1})) == (400, missing)
    kind = 'instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])'
    assert why(checked("/", "POST", json={"a": 1, "b": "x"})) == (400, f'{{"why":"[{kind}]"}}')
    assert why(checked("/", "POST", content="{")) == (400, '{"why":"[Unknown error parsing request body]"}')
    assert why(checked("/", "POST")) == (400, '{"why":"[Unknown error parsing request body]"}')
    assert checked("/", "POST", json={"a": 1, "b": 2.5}).text == "ok"


def test_the_usual_answer(checked: Any) -> None:
    checked.client.delete_gateway_response(restApiId=checked.id, responseType="BAD_REQUEST_BODY")
    checked.deploy()
    response = checked("/", "POST", json={})
    assert why(response) == (400, INVALID)
    assert response.headers["x-amzn-errortype"] == "BadRequestException"


def test_models_refer_to_models(checked: Any) -> None:
    checked.deploy()
    assert checked("/list", "POST", json=[{"a": 1, "b": 2}]).text == "ok"
    assert checked("/list", "POST", json=[{"a": 1}]).status_code == 400


def test_a_body_of_another_type_has_no_model(checked: Any) -> None:
    checked.deploy()
    response = checked("/", "POST", content="{}", headers={"content-type": "text/plain"})
    assert response.status_code == 500  # the mock's template is for JSON; the body was not looked at
    assert (
        checked("/", "POST", content="{}", headers={"content-type": "application/json; charset=utf-8"}).status_code
        == 400
    )


def test_without_a_validator_nothing_is_checked(rest: Any) -> None:
    model(rest, "Item", ITEM)
    rest.mock("/", "POST", answer="ok", requestModels={"application/json": "Item"})
    rest.deploy()
    assert rest("/", "POST", json={}).text == "ok"
