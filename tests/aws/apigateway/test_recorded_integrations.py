"""Integrations, their responses and method responses answer as was recorded of AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from tests.aws.apigateway.conftest import OK_TEMPLATE, Rest
from tests.aws.apigateway.recorded import Recording, recorded

__all__ = ["recorded"]
Recorded = Callable[[str, str], Recording]


def unchecked(rest: Rest, account: str) -> Any:
    """A client that sends what its model does not allow."""
    return boto3.client(
        "apigateway",
        endpoint_url=rest.endpoint,
        region_name="us-east-1",
        aws_access_key_id=account,
        aws_secret_access_key="test",
        config=Config(parameter_validation=False, retries={"max_attempts": 0}),
    )


def mock(rest: Rest) -> dict[str, str]:
    """A GET method with a MOCK integration on the root; what names it."""
    rest.method("/")
    rest.integrate("/", type="MOCK", requestTemplates={"application/json": OK_TEMPLATE})
    return rest.at("/", "GET")


def test_integrations_want_a_method_and_a_resource(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("api", "TestApigatewayIntegration::test_put_integration_response_validation")
    at = mock(rest)
    integrate, respond = rest.client.put_integration, rest.client.put_integration_response
    for name, change in (("method", {"httpMethod": "POST"}), ("resource", {"resourceId": "badresource"})):
        where = {**at, **change}
        seen.answers(f"put-integration-wrong-{name}", lambda where=where: integrate(**where, type="MOCK"))
        seen.answers(f"put-integration-response-wrong-{name}", lambda where=where: respond(**where, statusCode="200"))


def test_the_life_of_integration_responses(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("api", "TestApigatewayIntegrationResponse::test_lifecycle_integration_response")
    api, at = rest.client, {**mock(rest), "statusCode": "200"}

    def put(name: str, template: str, pattern: str) -> None:
        members = {"responseTemplates": {"application/json": template}, "selectionPattern": pattern}
        seen.answers(name, lambda: api.put_integration_response(**at, **members))

    put("put-integration-response", '"created"', "")
    seen.answers("get-integration-response", lambda: api.get_integration_response(**at))
    change = [{"op": "replace", "path": "/selectionPattern", "value": "updated-pattern"}]
    seen.answers("update-integration-response", lambda: api.update_integration_response(**at, patchOperations=change))
    put("overwrite-integration-response", "overwrite", "overwrite-pattern")
    seen.answers("get-method", lambda: api.get_method(**rest.at("/", "GET")))
    seen.answers("delete-integration-response", lambda: api.delete_integration_response(**at))


def test_integration_responses_of_what_is_not_there(rest: Rest, recorded: Recorded) -> None:
    api = rest.client
    seen = recorded("api", "TestApigatewayIntegrationResponse::test_integration_response_wrong_api")
    nowhere = {**rest.at("/", "GET"), "restApiId": "unknown", "statusCode": "200"}
    seen.answers("put-integration-response-wrong-api", lambda: api.put_integration_response(**nowhere))
    seen.answers("get-integration-response-wrong-api", lambda: api.get_integration_response(**nowhere))
    seen = recorded("api", "TestApigatewayIntegrationResponse::test_integration_response_invalid_integration")
    rest.method("/")
    at = {**rest.at("/", "GET"), "statusCode": "200"}
    seen.answers("get-integration-response-without-integration", lambda: api.get_integration_response(**at))


def test_templates_of_integration_responses(rest: Rest, account: str, recorded: Recorded) -> None:
    at, api = {**mock(rest), "statusCode": "200"}, unchecked(rest, account)

    def put(seen: Recording, name: str, **members: Any) -> None:
        seen.answers(name, lambda: api.put_integration_response(**at, **members))

    seen = recorded("api", "TestApigatewayIntegrationResponse::test_integration_response_invalid_responsetemplates")
    put(seen, "put-integration-response-invalid-responseTemplates-2", responseTemplates={"123": "text"})
    seen = recorded("api", "TestApigatewayIntegration::test_put_integration_response_templates")
    some = {"selectionPattern": ""}
    put(seen, "put-integration-response-template-empty", responseTemplates={"application/json": ""}, **some)
    put(seen, "put-integration-no-response-template", **some)


def test_the_life_of_method_responses(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("api", "TestApigatewayMethodResponse::test_lifecycle_method_response")
    api, at = rest.client, {**mock(rest), "statusCode": "200"}
    put = lambda: api.put_method_response(**at, responseParameters={}, responseModels={})  # noqa: E731
    seen.answers("put-method-response", put)
    seen.answers("get-integration-response", lambda: api.get_method_response(**at))

    def update(name: str, op: str) -> None:
        operations = [
            {"op": op, "path": "/responseParameters/method.response.header.my-header", "value": "true"},
            {"op": op, "path": "/responseModels/application~1json", "value": "Empty"},
        ]
        seen.answers(name, lambda: api.update_method_response(**at, patchOperations=operations))

    update("add-method-responses", "add")
    update("update-method-responses", "replace")
    seen.answers("get-method", lambda: api.get_method(**rest.at("/", "GET")))
    seen.answers("delete-method-response", lambda: api.delete_method_response(**at))


def test_members_of_http_integrations(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("integrations", "test_put_integration_responses")
    api = rest.client
    different = {
        "GET": {"responseTemplates": {}},
        "PUT": {"contentHandling": "CONVERT_TO_BINARY"},
    }
    for method, members in different.items():
        at, name = rest.at("/", method), method.lower()
        members = {"statusCode": "200", "selectionPattern": "2\\d{2}", **members}
        integration = {"type": "HTTP", "uri": "http://example.com", "integrationHttpMethod": "POST"}
        seen.answers(f"put-method-{name}", lambda at=at: api.put_method(**at, authorizationType="NONE"))
        seen.answers(f"put-method-response-{name}", lambda at=at: api.put_method_response(**at, statusCode="200"))
        seen.answers(f"put-integration-{name}", lambda at=at, more=integration: api.put_integration(**at, **more))
        seen.answers(
            f"put-integration-response-{name}", lambda at=at, more=members: api.put_integration_response(**at, **more)
        )
        read = lambda at=at: api.get_integration_response(**at, statusCode="200")  # noqa: E731
        seen.answers(f"get-integration-response-{name}", read)
        if method == "GET":
            seen.answers("get-method-get", lambda at=at: api.get_method(**at))
            seen.answers("deploy", lambda: api.create_deployment(restApiId=rest.id, stageName="local"))
            delete = lambda at=at: api.delete_integration_response(**at, statusCode="200")  # noqa: E731
            seen.answers("delete-integration-response-get", delete)
            seen.answers("get-method-get-after-int-resp-delete", lambda at=at: api.get_method(**at))


def test_a_proxy_of_another_service_is_refused(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("dynamodb", "test_error_aws_proxy_not_supported")
    rest.method("/")
    integration = {
        "type": "AWS_PROXY",
        "integrationHttpMethod": "POST",
        "uri": "arn:aws:apigateway:us-east-1:dynamodb:action/Query",
    }
    seen.answers("create-integration-error", lambda: rest.client.put_integration(**rest.at("/", "GET"), **integration))


def test_a_lambda_authorizer_of_a_method(rest: Rest, account: str, recorded: Recorded) -> None:
    seen = recorded("basic", "TestAPIGateway::test_apigateway_with_custom_authorization_method")
    api = rest.client
    function = f"arn:aws:lambda:us-east-1:{account}:function:f"
    members = {
        "name": "lambda_authorizer",
        "type": "TOKEN",
        "authType": "custom",
        "authorizerUri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations",
        "identitySource": "method.request.header.Auth",
    }
    made = seen.answers("authorizer", lambda: api.create_authorizer(restApiId=rest.id, **members))
    guard = {"authorizationType": "CUSTOM", "authorizerId": made["id"], "apiKeyRequired": True}
    seen.answers("put-method-response", lambda: api.put_method(**rest.at("/", "GET"), **guard))


def test_members_of_lambda_integrations(rest: Rest, role: Callable[..., str], recorded: Recorded) -> None:
    seen = recorded("lambda", "test_lambda_aws_integration")
    api, at = rest.client, rest.at("/", "POST")
    function = "arn:aws:lambda:us-east-1:123456789012:function:f"
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations",
        "credentials": role(),
    }
    seen.answers("put-method", lambda: api.put_method(**at, authorizationType="NONE"))
    seen.answers("put-integration", lambda: api.put_integration(**at, **integration))
    seen.answers("put-integration-response", lambda: api.put_integration_response(**at, statusCode="200"))
    seen.answers("put-method-response", lambda: api.put_method_response(**at, statusCode="200"))


def test_a_test_invocation_that_fails(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("api", "TestApigatewayTestInvoke::test_failed_invoke_test_method")
    rest.method("/")
    rest.integrate("/", type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://${stageVariables.none}/")
    answer = rest.client.test_invoke_method(**rest.at("/", "GET"))
    answer["latency"] = f"{answer['latency']} ms"
    answer["log"] = {f"line{number:02}": line for number, line in enumerate(answer["log"].split("\n"))}
    times = {name: _dateless(line) for name, line in answer["log"].items()}
    seen.same("test-invoke-failure", {**answer, "log": times})


def _dateless(line: str) -> str:
    stamp, mark, text = line.partition(" : ")
    return f"DDD MMM dd hh:mm:ss UTC yyyy{mark}{text}" if mark and "UTC" in stamp else line
