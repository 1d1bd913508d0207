"""REST APIs, resources, methods, models, validators and documentation answer as was recorded of AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.apigateway.recorded import Recording, recorded

__all__ = ["recorded"]
Recorded = Callable[[str, str], Recording]


def by_path(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of GetResources, whose order AWS does not promise, in the recorded one."""
    return {**answer, "items": sorted(answer["items"], key=lambda item: item["path"])}


def replace(path: str, value: str | None = None) -> dict[str, str]:
    """A patch operation."""
    return patch("replace", path, value)


def patch(op: str, path: str, value: str | None = None, **more: str) -> dict[str, str]:
    """A patch operation."""
    return {"op": op, "path": path, **({} if value is None else {"value": value}), **more}


def test_the_case_of_an_api_id_counts(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiRestApi::test_get_api_case_insensitive")
    api = apigateway.create_rest_api(name="lower", description="lower case api")["id"]
    upper = api.upper()
    if upper == api:
        pytest.skip("an id without letters")
    seen.bind("<upper-id>", upper)
    seen.answers("get-api-upper-case", lambda: apigateway.get_rest_api(restApiId=upper))


def test_a_rest_api_with_tags(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiRestApi::test_create_rest_api_with_tags")
    create = lambda: apigateway.create_rest_api(  # noqa: E731
        name="tagged", description="this is my api", tags={"MY_TAG1": "MY_VALUE1"}
    )
    api = seen.answers("create-rest-api-w-tags", create)["id"]
    seen.answers("get-rest-api-w-tags", lambda: apigateway.get_rest_api(restApiId=api))
    seen.answers("get-rest-apis-w-tags", lambda: apigateway.get_rest_apis())


def test_endpoint_configuration(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiRestApi::test_create_rest_api_with_endpoint_configuration")

    def create(name: str, *, description: str | None = None, **configuration: Any) -> None:
        members = {} if description is None else {"description": description}
        seen.answers(
            name, lambda: apigateway.create_rest_api(name=name, endpointConfiguration=configuration, **members)
        )

    create("create-with-empty-types", types=[])
    create("create-with-invalid-ip-address-type", ipAddressType="wrong")
    create("create-with-invalid-types", types=["wrong"])
    create("create-with-invalid-ip-address-type-and-types", types=["wrong"], ipAddressType="wrong")
    create("create-with-invalid-types-and-ip-address-type", types=["wrong"], ipAddressType="wrong")
    create("create-with-multiple-errors-1", types=["wrong"], ipAddressType="wrong", description="")
    create("create-with-multiple-errors-2", types=["EDGE"], ipAddressType="ipv4", description="")
    create("create-with-two-types", types=["EDGE", "REGIONAL"])
    create("create-with-endpoint-config-dualstack", types=["EDGE"], ipAddressType="dualstack")
    create("create-with-endpoint-config-regional", types=["REGIONAL"], ipAddressType="ipv4")


def test_defaults_of_endpoint_configuration(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiRestApi::test_create_rest_api_verify_defaults")

    def create(name: str, **configuration: Any) -> None:
        seen.answers(name, lambda: apigateway.create_rest_api(name=name, endpointConfiguration=configuration))

    create("create-with-edge-default", types=["EDGE"])
    create("create-with-regional-default", types=["REGIONAL"])
    create("create-with-private-default", types=["PRIVATE"])
    create("create-with-empty-default")
    create("create-with-empty-ip-address-type-and-wrong-type", types=["wrong"])


def test_updates_of_endpoint_configuration(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiRestApi::test_update_rest_api_ip_address_type")
    api = apigateway.create_rest_api(name="api", endpointConfiguration={"types": ["REGIONAL"], "ipAddressType": "ipv4"})
    kind, address = "/endpointConfiguration/types/REGIONAL", "/endpointConfiguration/ipAddressType"

    def update(name: str, *operations: dict[str, str]) -> None:
        seen.answers(name, lambda: apigateway.update_rest_api(restApiId=api["id"], patchOperations=list(operations)))

    update("update-rest-api-replace-type", replace(kind, "PRIVATE"))
    update("update-rest-api-replace-to-ipv4-within-private-type", replace(address, "ipv4"))
    update("update-rest-api-wrong-ipAddressType", replace(address, "wrong"))
    update("update-rest-api-wrong-type", replace("/endpointConfiguration/types/PRIVATE", "wrong"))
    update("update-rest-api-invalid-operation-on-ipAddressType", patch("add", address, "dualstack"))
    update("update-rest-api-invalid-operation-on-type", patch("test", "/endpointConfiguration/types/PRIVATE", "EDGE"))
    update("update-rest-api-replace-ip-address-type", replace(address, "dualstack"))


def test_every_wrong_operation_is_named(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiRestApi::test_update_rest_api_concatenation_of_errors")
    api = apigateway.create_rest_api(name="api")["id"]
    wrong = patch("wrong", "/endpointConfiguration/ipAddressType", "dualstack")

    def update(name: str, count: int) -> None:
        seen.answers(name, lambda: apigateway.update_rest_api(restApiId=api, patchOperations=[wrong] * count))

    update("update-rest-api-wrong-operations-on-ipAddressType", 2)
    update("update-rest-api-wrong-operations-on-type", 2)
    update("update-rest-api-wrong-operations-on-type-and-on-ip-address-type", 3)


def test_the_life_of_resources(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiResource::test_resource_lifecycle")
    made = apigateway.create_rest_api(name="api")
    api, root = made["id"], made["rootResourceId"]
    listed = lambda: by_path(apigateway.get_resources(restApiId=api))  # noqa: E731
    create = lambda parent, part: apigateway.create_resource(restApiId=api, parentId=parent, pathPart=part)  # noqa: E731
    seen.answers("rest-api-root-resource", listed)
    pets = seen.answers("create-resource", lambda: create(root, "pets"))["id"]
    seen.answers("rest-api-resources-after-create", listed)
    seen.answers("create-subresource", lambda: create(pets, "subpets"))
    seen.answers("rest-api-resources-after-create-sub", listed)
    update = [replace("/pathPart", "dogs")]
    seen.answers(
        "update-path-part", lambda: apigateway.update_resource(restApiId=api, resourceId=pets, patchOperations=update)
    )
    seen.answers("get-resp-after-update-path-part", lambda: apigateway.get_resource(restApiId=api, resourceId=pets))
    seen.answers("del-resource", lambda: apigateway.delete_resource(restApiId=api, resourceId=pets))
    seen.answers("rest-api-resources-after-delete", listed)


def test_updates_of_resources(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiResource::test_update_resource_behaviour")
    made = apigateway.create_rest_api(name="api")
    api, root = made["id"], made["rootResourceId"]
    create = lambda parent, part: apigateway.create_resource(restApiId=api, parentId=parent, pathPart=part)  # noqa: E731

    def update(name: str, resource: str, operation: dict[str, str]) -> None:
        seen.answers(
            name,
            lambda: apigateway.update_resource(restApiId=api, resourceId=resource, patchOperations=[operation]),
        )

    update("nonexistent-resource", "fake", replace("/pathPart", "dogs"))
    pets = create(root, "pets")["id"]
    update("invalid-path-part", pets, replace("/invalid", "dogs"))
    update("invalid-parent-id", pets, replace("/parentId", "fake"))
    sub = seen.answers("create-subresource", lambda: create(pets, "subpets"))["id"]
    child = seen.answers("create-subresource-child", lambda: create(sub, "pets"))["id"]
    update("existing-future-sibling-path", child, replace("/parentId", root))
    update("update-parent-id-to-subresource-id", pets, replace("/parentId", sub))
    update("update-parent-id-to-root-id", sub, replace("/parentId", root))
    update("update-path-already-exists", sub, replace("/pathPart", "pets"))
    apigateway.delete_resource(restApiId=api, resourceId=pets)
    apigateway.delete_resource(restApiId=api, resourceId=child)
    seen.answers("resources-after-deletion", lambda: by_path(apigateway.get_resources(restApiId=api)))
    update("remove-unsupported", sub, patch("remove", "/pathPart", "dogs"))
    update("add-unsupported", sub, patch("add", "/pathPart", "dogs"))


def test_request_parameters_of_methods(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiMethod::test_method_request_parameters")
    made = apigateway.create_rest_api(name="api")
    at = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "ANY"}
    header, query = "method.request.header.h_", "method.request.querystring.q_"
    parameters = {f"{header}optional": False, f"{header}required": True, f"{query}optional": False}
    put = lambda parameters: apigateway.put_method(  # noqa: E731
        **at, authorizationType="NONE", requestParameters=parameters
    )
    seen.answers("put-method-request-params-response", lambda: put({**parameters, f"{query}required": True}))
    seen.answers("get-method-request-params-response", lambda: apigateway.get_method(**at))
    apigateway.delete_method(**at)
    twice = {"method.request.querystring.q1": False, "method.request.header.q1": False}
    seen.answers("req-params-same-name", lambda: put(twice))


def test_models_of_methods(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiMethod::test_put_method_model")
    made = apigateway.create_rest_api(name="api")
    api, root = made["id"], made["rootResourceId"]
    below = apigateway.create_resource(restApiId=api, parentId=root, pathPart="test")["id"]

    def create(answer: str, name: str) -> None:
        members = {"contentType": "application/json", "schema": json.dumps({"title": name, "type": "object"})}
        seen.answers(answer, lambda: apigateway.create_model(restApiId=api, name=name, **members))

    def put(answer: str, resource: str, model: str) -> None:
        members = {"authorizationType": "NONE", "requestModels": {"application/json": model}}
        at = {"restApiId": api, "resourceId": resource, "httpMethod": "ANY"}
        seen.answers(answer, lambda: apigateway.put_method(**at, **members))

    def update(answer: str, operation: dict[str, str], resource: str = root) -> None:
        at = {"restApiId": api, "resourceId": resource, "httpMethod": "ANY"}
        seen.answers(answer, lambda: apigateway.update_method(**at, patchOperations=[operation]))

    def delete(answer: str, model: str) -> None:
        seen.answers(answer, lambda: apigateway.delete_model(restApiId=api, modelName=model))

    create("create-model", "MySchema")
    create("create-model-2", "MySchemaTwo")
    put("put-method-request-models", root, "MySchema")
    delete("delete-model-used", "MySchema")
    update("update-method-model", replace("/requestModels/application~1json", "MySchemaTwo"))
    delete("delete-model-unused", "MySchema")
    delete("delete-model-used-2", "MySchemaTwo")
    put("put-method-2-request-models", below, "MySchemaTwo")
    # delete-model-used-by-2-method: AWS names either of them
    update("update-method-model-2", patch("remove", "/requestModels/application~1json", "MySchemaTwo"), below)
    delete("delete-model-used-by-method-1", "MySchemaTwo")
    at = {"restApiId": api, "resourceId": root, "httpMethod": "ANY"}
    seen.answers("delete-method-using-model-2", lambda: apigateway.delete_method(**at))
    delete("delete-model-unused-2", "MySchemaTwo")


def test_the_life_of_models(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiModels::test_model_lifecycle")
    api = apigateway.create_rest_api(name="api")["id"]
    number = {"type": "number"}
    op = {"type": "string", "description": "operation of +, -, * or /"}
    schema = {
        "title": "Calc output",
        "type": "object",
        "properties": {"a": number, "b": number, "op": op, "c": number},
        "required": ["a", "b", "op"],
    }
    members = {"contentType": "application/json", "description": "Calc output model", "schema": json.dumps(schema)}
    at = {"restApiId": api, "modelName": "CalcOutput"}
    seen.answers("create-model", lambda: apigateway.create_model(restApiId=api, name="CalcOutput", **members))
    seen.answers("get-models", lambda: apigateway.get_models(restApiId=api))
    seen.answers("get-model", lambda: apigateway.get_model(**at))
    seen.answers("del-model", lambda: apigateway.delete_model(**at))


def test_what_models_refuse(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiModels::test_model_validation")
    api = apigateway.create_rest_api(name="api")["id"]
    at = {"restApiId": "abcde0", "modelName": "MySchema"}

    def create(answer: str, **members: str) -> None:
        every = {"restApiId": api, "name": "MySchema", "contentType": "application/json", **members}
        seen.answers(answer, lambda: apigateway.create_model(**every))

    create("create-model-wrong-id", restApiId="abcde0", schema="{}")
    seen.answers("get-models-wrong-id", lambda: apigateway.get_models(restApiId="abcde0"))
    seen.answers("get-model-wrong-id", lambda: apigateway.get_model(**at))
    seen.answers("del-model-wrong-id", lambda: apigateway.delete_model(**at))
    schema = json.dumps({"title": "MySchema", "type": "object"})
    apigateway.create_model(restApiId=api, name="MySchema", contentType="application/json", schema=schema)
    create("create-model-already-exists", schema=schema)
    create("create-model-empty-name", name="", schema=schema)
    create("create-model-empty-schema", name="Empty1", schema="")
    create("create-model-no-schema-json", name="Empty2")
    create("create-model-no-schema-xml", name="Empty3", contentType="application/xml")


def test_updates_of_models(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiModels::test_update_model")
    api = apigateway.create_rest_api(name="api")["id"]

    def update(answer: str, operation: dict[str, str], name: str = "MySchema") -> None:
        at = {"restApiId": api, "modelName": name}
        seen.answers(answer, lambda: apigateway.update_model(**at, patchOperations=[operation]))

    update("update-model-wrong-id", replace("/schema", "{}"), "mySchema")
    schema = json.dumps({"title": "MySchema", "type": "object"})
    members = {"contentType": "application/json", "schema": schema}
    seen.answers("create-model", lambda: apigateway.create_model(restApiId=api, name="MySchema", **members))
    update("update-model", replace("/schema", json.dumps({"title": "Updated schema", "type": "object"})))
    update("update-model-invalid-op", patch("add", "/wrong-path", "not supported op"))
    update("update-model-invalid-path", replace("/name", "invalid"))
    update("update-model-empty-schema", replace("/schema", ""))


def test_request_validators(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiRequestValidator::test_request_validator_lifecycle")
    create = lambda: apigateway.create_rest_api(name="my_api", description="my api")  # noqa: E731
    api = seen.answers("create-rest-api", create)["id"]
    made = seen.answers(
        "create-request-validator", lambda: apigateway.create_request_validator(restApiId=api, name="validator")
    )
    at = {"restApiId": api, "requestValidatorId": made["id"]}
    read, listed = (
        lambda: apigateway.get_request_validator(**at),
        lambda: apigateway.get_request_validators(restApiId=api),
    )

    def update(answer: str, operation: dict[str, str]) -> None:
        seen.answers(answer, lambda: apigateway.update_request_validator(**at, patchOperations=[operation]))

    seen.answers("get-request-validator", read)
    seen.answers("get-request-validators", listed)
    update("update-request-validator-with-value", replace("/validateRequestBody", "true"))
    update("update-request-validator-without-value", replace("/validateRequestBody"))
    seen.answers("get-request-validators-after-update-operation", read)
    seen.answers("delete-request-validator", lambda: apigateway.delete_request_validator(**at))
    seen.answers("get-deleted-request-validator", read)
    seen.answers("get-request-validators-after-delete", listed)


def test_validators_of_no_api(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiRequestValidator::test_validators_crud_no_api")
    create = lambda: apigateway.create_request_validator(  # noqa: E731
        restApiId="test-fake-rest-id", name="v", validateRequestParameters=True
    )
    seen.answers("wrong-rest-api-id-create-validator", create)
    listed = lambda: apigateway.get_request_validators(restApiId="test-fake-rest-id")  # noqa: E731
    seen.answers("wrong-rest-api-id-get-validators", listed)
    seen = recorded("api", "TestApiGatewayApiRequestValidator::test_invalid_get_request_validator")
    api = apigateway.create_rest_api(name="api")["id"]
    read = lambda api, validator: apigateway.get_request_validator(restApiId=api, requestValidatorId=validator)  # noqa: E731
    seen.answers("get-request-validators-invalid-api-id", lambda: read("api_id", "validator_id"))
    seen.answers("get-request-validators-invalid-validator-id", lambda: read(api, "validator_id"))


def test_gateway_responses(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayGatewayResponse::test_gateway_response_validation")
    none = {"restApiId": "fake-api-id", "responseType": "DEFAULT_4XX"}
    change = {"patchOperations": [replace("/statusCode", "444")]}
    seen.answers("get-gateway-responses-no-api", lambda: apigateway.get_gateway_responses(restApiId="fake-api-id"))
    seen.answers("get-gateway-response-no-api", lambda: apigateway.get_gateway_response(**none))
    seen.answers("delete-gateway-response-no-api", lambda: apigateway.delete_gateway_response(**none))
    seen.answers("update-gateway-response-no-api", lambda: apigateway.update_gateway_response(**none, **change))
    api = apigateway.create_rest_api(name="api")["id"]
    unset = {"restApiId": api, "responseType": "DEFAULT_4XX"}
    seen.answers("delete-gateway-response-not-set", lambda: apigateway.delete_gateway_response(**unset))
    wrong = {"restApiId": api, "responseType": "FAKE_RESPONSE_TYPE"}
    seen.answers("get-gateway-response-wrong-response-type", lambda: apigateway.get_gateway_response(**wrong))
    seen.answers("delete-gateway-response-wrong-response-type", lambda: apigateway.delete_gateway_response(**wrong))
    seen.answers(
        "update-gateway-response-wrong-response-type", lambda: apigateway.update_gateway_response(**wrong, **change)
    )
    seen.answers("put-gateway-response-wrong-response-type", lambda: apigateway.put_gateway_response(**wrong))


def test_documentation_parts(apigateway: Any, recorded: Recorded) -> None:
    seen = recorded("api", "TestApiGatewayApiDocumentationPart::test_documentation_part_lifecycle")
    api = apigateway.create_rest_api(name="api")["id"]
    said = lambda text: json.dumps({"description": text})  # noqa: E731
    create = lambda api, kind: apigateway.create_documentation_part(  # noqa: E731
        restApiId=api, location={"type": kind}, properties=said("Sample API description")
    )
    made = seen.answers("create-documentation-part", lambda: create(api, "API"))
    at = {"restApiId": api, "documentationPartId": made["id"]}
    seen.answers("get-documentation-part", lambda: apigateway.get_documentation_part(**at))
    seen.answers("get-documentation-parts", lambda: apigateway.get_documentation_parts(restApiId=api))
    change = [replace("/properties", said("Updated Sample API description"))]
    seen.answers(
        "update-documentation-part", lambda: apigateway.update_documentation_part(**at, patchOperations=change)
    )
    seen.answers("get-documentation-part-after-update", lambda: apigateway.get_documentation_part(**at))
    seen.answers("delete_documentation_part", lambda: apigateway.delete_documentation_part(**at))
    seen = recorded("api", "TestApiGatewayApiDocumentationPart::test_invalid_create_documentation_part_operations")
    seen.answers("create_documentation_part_invalid_api_id", lambda: create("api_id", "API"))
    seen.answers("create_documentation_part_invalid_location_type", lambda: create(api, "INVALID"))
    seen = recorded("common", "TestDocumentations::test_documentation_parts_and_versions")
    api = apigateway.create_rest_api(name="api")["id"]
    foo = {"location": {"type": "API"}, "properties": json.dumps({"foo": "bar"})}
    seen.answers("create-part-response", lambda: apigateway.create_documentation_part(restApiId=api, **foo))
    seen.answers("get-parts-response", lambda: apigateway.get_documentation_parts(restApiId=api))
    at = {"restApiId": api, "documentationVersion": "v123"}
    seen.answers("create-version-response", lambda: apigateway.create_documentation_version(**at))
    change = [replace("/description", "doc version new")]
    seen.answers(
        "update-version-response", lambda: apigateway.update_documentation_version(**at, patchOperations=change)
    )
    seen.answers("get-version-response", lambda: apigateway.get_documentation_version(**at))
