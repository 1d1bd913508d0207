"""OpenAPI documents: what an import reads, and what an export writes."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.api_runtime import openapi, serving
from atoll.api_runtime.rest_api import records
from atoll.services.apigateway.openapi.definition import definition
from atoll.services.apigateway.openapi.export import Place, Wanted, export

SWAGGER = """
swagger: "2.0"
info: {title: pets, version: 2017-04-20, description: about pets}
basePath: /a/b
x-amazon-apigateway-binary-media-types: ["*/*"]
x-amazon-apigateway-request-validators:
  all: {validateRequestBody: true, validateRequestParameters: true}
x-amazon-apigateway-request-validator: all
securityDefinitions:
  api_key: {type: apiKey, name: x-api-key, in: header}
  mine:
    type: apiKey
    name: Authorization
    in: header
    x-amazon-apigateway-authtype: custom
    x-amazon-apigateway-authorizer: {type: token, authorizerUri: arn, authorizerResultTtlInSeconds: 60}
definitions:
  Pet: {type: object, properties: {name: {type: string}}}
paths:
  /pets/{id}:
    parameters:
      - {name: id, in: path, required: true, type: string}
    get:
      operationId: getPet
      security: [{mine: []}, {api_key: []}]
      parameters:
        - {name: verbose, in: query, type: boolean}
        - {in: body, name: Pet, schema: {$ref: "#/definitions/Pet"}}
      responses:
        200: {description: ok, schema: {$ref: "#/definitions/Pet"}, headers: {X-Count: {type: string}}}
      x-amazon-apigateway-integration:
        type: mock
        requestTemplates: {application/json: {statusCode: 200}}
        responses:
          default: {statusCode: 200}
          "4\\\\d{2}": {statusCode: "400", responseTemplates: {application/json: "{}"}}
    x-amazon-apigateway-any-method:
      x-amazon-apigateway-auth: {type: AWS_IAM}
      responses: {}
"""


def read(text: str, basepath: openapi.BasePath = "ignore") -> Any:
    return definition(openapi.read(text.encode()), basepath)


def test_a_method_of_a_swagger_document() -> None:
    method = read(SWAGGER).methods["/pets/{id}"]["GET"]
    assert method.operation_name == "getPet"
    assert method.guard == serving.Guard("CUSTOM", "mine")
    assert method.api_key_required
    assert method.validator == "all"
    assert method.parameters == {"method.request.path.id": True, "method.request.querystring.verbose": False}
    assert method.models == {"application/json": "Pet"}
    assert method.responses["200"].models == {"application/json": "Pet"}
    assert method.responses["200"].parameters == {"method.response.header.X-Count": False}


def test_an_integration_is_as_api_gateway_keeps_it() -> None:
    integration = read(SWAGGER).methods["/pets/{id}"]["GET"].integration
    assert integration.kind == "MOCK"
    assert integration.templates == {"application/json": '{"statusCode":200}'}
    assert integration.responses["200"].selection is None
    assert integration.responses["400"].selection == r"4\d{2}"


def test_the_settings_of_a_document() -> None:
    found = read(SWAGGER)
    assert (found.name, found.version, found.description) == ("pets", "2017-04-20", "about pets")
    assert found.binary_media_types == ("*/*",)
    assert found.validators == {"all": (True, True)}
    assert found.authorizers["mine"].authorizer.authorizer_result_ttl_in_seconds == 60
    assert list(found.methods["/pets/{id}"]) == ["GET", "ANY"]
    assert found.methods["/pets/{id}"]["ANY"].guard.kind == "AWS_IAM"


@pytest.mark.parametrize(
    ("basepath", "path"), [("ignore", "/pets/{id}"), ("prepend", "/a/b/pets/{id}"), ("split", "/b/pets/{id}")]
)
def test_base_paths(basepath: openapi.BasePath, path: str) -> None:
    assert list(read(SWAGGER, basepath).methods) == [path]


@pytest.mark.parametrize(
    ("server", "base"),
    [
        ({"url": "https://x.example/v1"}, "/v1"),
        ({"url": "https://x.example/{basePath}", "variables": {"basePath": {"default": "prod"}}}, "/prod"),
        ({"url": "/"}, ""),
    ],
)
def test_base_paths_of_servers(server: dict[str, Any], base: str) -> None:
    document = openapi.read(json.dumps({"openapi": "3.0.1", "info": {}, "servers": [server], "paths": {}}).encode())
    assert document.base_path() == base


@pytest.mark.parametrize("text", ["", "null", "[1]", '{"a": 1}', "a: [", "\ud800", '{"openapi": "2"}', "&a [*a]"])
def test_what_is_no_document(text: str) -> None:
    with pytest.raises(openapi.InvalidDocument):
        openapi.read(text.encode("utf-8", "surrogatepass"))


def test_a_small_file_that_stands_for_a_large_one() -> None:
    lines = ["openapi: '3.0.1'", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(openapi.InvalidDocument, match="too large"):
        openapi.read("\n".join(lines).encode())


def test_references_that_go_in_a_circle() -> None:
    text = '{"openapi": "3.0.1", "info": {}, "paths": {"/": {"$ref": "#/a"}}, "a": {"$ref": "#/a"}}'
    with pytest.raises(openapi.InvalidDocument, match="circle"):
        read(text)


def test_a_model_that_is_not_there_is_a_warning() -> None:
    text = SWAGGER.replace('"#/definitions/Pet"}}\n      responses', '"#/definitions/Nobody"}}\n      responses')
    found = read(text)
    assert found.methods["/pets/{id}"]["GET"].models == {}
    assert len(found.warnings) == 1
    assert "Nobody" in found.warnings[0]


PLACES = ["paths", "info", "servers", "components", "security", "x-amazon-apigateway-gateway-responses"]
ODD = st.sampled_from([None, 1, "x", [], [1], {"/": 1}, {"/": {"get": 1}}, {"/": {"get": {"responses": {"200": 1}}}}])


@given(st.dictionaries(st.sampled_from(PLACES), ODD))
def test_any_document_is_read_or_refused(members: dict[str, Any]) -> None:
    with contextlib.suppress(openapi.InvalidDocument):
        read(json.dumps({"openapi": "3.0.1", **members}))


@pytest.mark.parametrize("is_3", [False, True])
def test_what_is_exported_is_imported_again(is_3: bool) -> None:
    method = records.Method(
        "POST",
        parameters={"method.request.querystring.q": True},
        models={"application/json": "Pet"},
        responses={"200": records.MethodResponse("200", {"method.response.header.X": False})},
        integration=records.Integration(
            "HTTP",
            method="GET",
            uri="https://x.example",
            connection_type="INTERNET",
            timeout=3000,
            responses={"200": records.IntegrationResponse("200")},
        ),
    )
    snapshot = records.Snapshot(
        "pets",
        (records.Resource("r", "/pets", methods={"POST": method}),),
        models={"Pet": records.Model("m", "Pet", "application/json", '{"type":"object"}')},
        gateway_responses={"THROTTLED": records.GatewayResponse("THROTTLED", "430")},
        binary_media_types=("image/png",),
        policy='{"Version":"2012-10-17"}',
    )
    text = json.dumps(export(snapshot, Place("x.example", "prod", "1"), Wanted(is_3, integrations=True), {}))
    found = read(text)
    assert found.methods == {"/pets": {"POST": method}}
    assert found.models["Pet"] == ('{"type":"object"}', None)
    assert found.gateway_responses == snapshot.gateway_responses
    assert found.binary_media_types == ("image/png",)
    assert found.policy == snapshot.policy
    assert not found.warnings
