"""TestInvokeMethod: a method as it is now, and the log of its run, as AWS writes it."""

from __future__ import annotations

import json
import re
from typing import Any

INTERNAL = '{"message": "Internal server error"}'


def trial(rest: Any, path: str, method: str = "GET", **members: Any) -> dict[str, Any]:
    answer: dict[str, Any] = rest.client.test_invoke_method(**rest.at(path, method), **members)
    return answer


def lines(answer: dict[str, Any]) -> list[str]:
    """The log's lines with the times and the request's id taken out."""
    log = re.sub(r"(?m)^[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4} : ", "", answer["log"])
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", log).split("\n")


def test_it_runs_what_is_not_deployed(rest: Any) -> None:
    rest.mock(
        "/pets/{id}", answer='{"id": "$input.params(\'id\')", "q": "$input.params(\'q\')", "v": "$stageVariables.v"}'
    )
    rest.respond(
        "/pets/{id}",
        headers={"X-Foo": "'bar'"},
        responseTemplates={"application/json": '{"id": "$input.params(\'id\')", "v": "$stageVariables.v"}'},
    )
    answer = trial(
        rest, "/pets/{id}", pathWithQueryString="/pets/123?q=1", headers={"X-Given": "v"}, stageVariables={"v": "w"}
    )
    assert (answer["status"], json.loads(answer["body"])) == (200, {"id": "123", "v": "w"})
    assert answer["headers"] == {"Content-Type": "application/json", "X-Foo": "bar"}
    assert answer["multiValueHeaders"] == {"Content-Type": ["application/json"], "X-Foo": ["bar"]}
    assert answer["latency"] >= 0
    assert lines(answer) == [
        "Execution log for request ID",
        "Starting execution for request: ID",
        "HTTP Method: GET, Resource Path: /pets/123",
        "Method request path: {id=123}",
        "Method request query string: {q=1}",
        "Method request headers: {X-Given=v}",
        "Method request body before transformations: ",
        'Method response body after transformations: {"id": "123", "v": "w"}',
        "Method response headers: {content-type=application/json, x-foo=bar}",
        "Successfully completed execution",
        "Method completed with status: 200",
        "",
    ]


def test_what_fails_is_told_as_on_aws(rest: Any) -> None:
    """aws-observed: test_failed_invoke_test_method."""
    rest.method("/")
    rest.integrate("/", type="HTTP", integrationHttpMethod="GET", uri="http://localhost")
    rest.client.update_integration(
        **rest.at("/", "GET"), patchOperations=[{"op": "replace", "path": "/uri", "value": "${stageVariables.url}"}]
    )
    answer = trial(rest, "/")
    assert (answer["status"], answer["body"]) == (500, INTERNAL)
    assert answer["headers"] == {"x-amzn-ErrorType": "InternalServerErrorException"}
    assert answer["multiValueHeaders"] == {"x-amzn-ErrorType": ["InternalServerErrorException"]}
    assert lines(answer) == [
        "Execution log for request ID",
        "Starting execution for request: ID",
        "HTTP Method: GET, Resource Path: /",
        "Method request path: {}",
        "Method request query string: {}",
        "Method request headers: {}",
        "Method request body before transformations: ",
        "Execution failed due to configuration error: Invalid endpoint address",
        "Method completed with status: 500",
        "",
    ]


def test_the_function_sees_that_it_is_a_trial(rest: Any, function: str, allow: Any) -> None:
    rest.proxy("/{proxy+}", "ANY", function)
    allow(f"{rest.id}/test-invoke-stage/*/*")
    answer = rest.client.test_invoke_method(
        restApiId=rest.id,
        resourceId=rest.resource("/{proxy+}"),
        httpMethod="POST",
        pathWithQueryString="/a/b",
        body="hello",
    )
    event = json.loads(answer["body"])
    assert answer["status"] == 200
    assert (event["path"], event["pathParameters"], event["body"]) == ("/a/b", {"proxy": "a/b"}, "hello")
    context = event["requestContext"]
    assert (context["stage"], context["path"]) == ("test-invoke-stage", "/a/b")
    assert (context["domainName"], context["domainPrefix"]) == ("testPrefix.testDomainName", "testPrefix")
    assert context["identity"]["sourceIp"] == "test-invoke-source-ip"
    assert context["identity"]["apiKey"] == "test-invoke-api-key"
    assert context["identity"]["userArn"].startswith("arn:aws:iam::")
    told = lines(answer)
    assert any(line.startswith("Received response. Status: 200, Integration latency: ") for line in told)
    assert next(iter(answer["headers"])) == "X-Amzn-Trace-Id"


def test_malformed_answers_are_explained(rest: Any, function: str, allow: Any) -> None:
    rest.proxy("/", "POST", function)
    allow(f"{rest.id}/*/*")
    answer = trial(rest, "/", "POST", body='{"answer": "hello world"}')
    assert answer["status"] == 502
    assert lines(answer)[-3:] == [
        "Execution failed due to configuration error: Malformed Lambda proxy response",
        "Method completed with status: 502",
        "",
    ]


def test_without_permission(rest: Any, function: str) -> None:
    rest.proxy("/", "GET", function)
    answer = trial(rest, "/")
    assert answer["status"] == 500
    assert "Execution failed due to configuration error: Invalid permissions on Lambda function" in lines(answer)


def test_validators_count_but_guards_and_keys_do_not(rest: Any) -> None:
    checks = rest.client.create_request_validator(restApiId=rest.id, name="v", validateRequestParameters=True)["id"]
    rest.mock(
        "/",
        answer="ok",
        authorizationType="AWS_IAM",
        apiKeyRequired=True,
        requestParameters={"method.request.querystring.a": True},
        requestValidatorId=checks,
    )
    assert trial(rest, "/")["status"] == 400
    assert trial(rest, "/", pathWithQueryString="/?a=1")["body"] == "ok"


def test_what_is_not_there(rest: Any, aws_error: Any) -> None:
    rest.resource("/pets")
    code, message, status = aws_error(lambda: trial(rest, "/pets"))
    assert (code, message, status) == ("NotFoundException", "Invalid Method identifier specified", 404)
    code, _, status = aws_error(
        lambda: rest.client.test_invoke_method(restApiId=rest.id, resourceId="nope00", httpMethod="GET")
    )
    assert (code, status) == ("NotFoundException", 404)
