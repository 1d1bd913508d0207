"""Lambda proxy integrations of REST APIs, through to a real function."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

BAD_GATEWAY = '{"message": "Internal server error"}'


@pytest.fixture
def echo(rest: Any, function: str, allow: Callable[[str], None]) -> Any:
    """The API with ANY /{proxy+} and POST / before the function."""
    rest.proxy("/{proxy+}", "ANY", function)
    rest.proxy("/", "POST", function)
    rest.deploy(variables={"color": "blue"})
    allow(f"{rest.id}/*/*")
    return rest


def answer(rest: Any, value: Any, **options: Any) -> Any:
    return rest("/", "POST", content=json.dumps({"answer": value}), **options)


def test_the_function_gets_the_event_and_its_answer_comes_back(echo: Any, account: str) -> None:
    response = echo(
        "/a%20b/?q=1&q=2",
        "PUT",
        content="hello",
        headers={"tEsT-HEADeR": "aValUE", "X-Two": "1", "content-type": "text/plain"},
    )
    event = response.json()
    assert response.status_code == 200
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/{proxy+}", "/a%20b/", "PUT")
    assert event["headers"]["tEsT-HEADeR"] == "aValUE"
    assert event["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert event["multiValueHeaders"]["X-Two"] == ["1"]
    assert (event["queryStringParameters"], event["multiValueQueryStringParameters"]) == ({"q": "2"}, {"q": ["1", "2"]})
    assert event["pathParameters"] == {"proxy": "a%20b"}
    assert event["stageVariables"] == {"color": "blue"}
    assert (event["body"], event["isBase64Encoded"]) == ("hello", False)
    context = event["requestContext"]
    assert context["requestId"] == response.headers["x-amzn-requestid"]
    assert context["extendedRequestId"] == response.headers["x-amz-apigw-id"]
    assert (context["accountId"], context["apiId"], context["stage"]) == (account, echo.id, "dev")
    assert (context["resourcePath"], context["resourceId"]) == ("/{proxy+}", echo.ids["/{proxy+}"])
    assert (context["path"], context["protocol"]) == ("/dev/a%20b/", "HTTP/1.1")
    assert context["deploymentId"] == echo.client.get_stage(restApiId=echo.id, stageName="dev")["deploymentId"]
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context["requestTime"])
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["domainName"] == f"{echo.id}.execute-api.us-east-1.amazonaws.com"
    assert "authorizer" not in context
    assert response.headers["x-amzn-trace-id"] == event["headers"]["X-Amzn-Trace-Id"]


def test_multi_value_headers_and_statuses(echo: Any) -> None:
    response = answer(
        echo,
        {"statusCode": "201", "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "headers": {"X": 5}, "body": "x"},
    )
    assert (response.status_code, response.text) == (201, "x")
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert (response.headers["x"], response.headers["content-type"]) == ("5", "application/json")


def test_headers_of_api_gateway_are_remapped(echo: Any) -> None:
    response = answer(echo, {"headers": {"WWW-Authenticate": "Basic", "Server": "mine"}})
    assert response.headers["x-amzn-remapped-www-authenticate"] == "Basic"
    assert response.headers["x-amzn-remapped-server"] == "mine"


@pytest.mark.parametrize("value", [{"message": "hello"}, "text", None, {"statusCode": 200, "body": {"a": 1}}])
def test_malformed_answers_are_502(echo: Any, value: Any) -> None:
    response = answer(echo, value)
    assert (response.status_code, response.text) == (502, BAD_GATEWAY)
    assert response.headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_a_function_error_is_502(echo: Any) -> None:
    response = echo("/", "POST", content='{"raise": "no"}')
    assert (response.status_code, response.text) == (502, BAD_GATEWAY)


def test_without_permission_it_is_500(rest: Any, function: str, allow: Callable[[str], None]) -> None:
    rest.proxy("/a", "GET", function)
    rest.proxy("/b", "ANY", function)
    rest.deploy()
    allow(f"{rest.id}/dev/GET/b")
    assert (rest("/a").status_code, rest("/a").text) == (500, BAD_GATEWAY)
    assert rest("/b").status_code == 200
    assert rest("/b", "POST").status_code == 500


def test_a_function_that_is_not_there_is_500(rest: Any) -> None:
    rest.proxy("/", "GET", "arn:aws:lambda:us-east-1:123456789012:function:nobody")
    rest.deploy()
    assert (rest("/").status_code, rest("/").text) == (500, BAD_GATEWAY)


def test_another_method_than_post_is_an_error(rest: Any, function: str, allow: Callable[[str], None]) -> None:
    rest.proxy("/", "GET", function)
    rest.client.update_integration(
        **rest.at("/", "GET"), patchOperations=[{"op": "replace", "path": "/httpMethod", "value": "GET"}]
    )
    rest.deploy()
    allow(f"{rest.id}/*/*")
    assert rest("/").json() == {"message": "Internal server error"}


def test_the_time_out_is_504(echo: Any) -> None:
    echo.client.update_integration(
        **echo.at("/", "POST"), patchOperations=[{"op": "replace", "path": "/timeoutInMillis", "value": "500"}]
    )
    echo.deploy()
    response = echo("/", "POST", content='{"sleep": 3}')
    assert (response.status_code, response.text) == (504, '{"message": "Endpoint request timed out"}')


def test_stage_variables_name_the_function(rest: Any, function: str, allow: Callable[[str], None]) -> None:
    rest.proxy("/", "GET", function.replace("echo", "${stageVariables.name}"))
    rest.deploy(variables={"name": "echo"})
    allow(f"{rest.id}/*/*")
    assert rest("/").status_code == 200


def test_a_role_calls_the_function(rest: Any, function: str, role: Callable[..., str]) -> None:
    rest.method("/")
    members = {
        "type": "AWS_PROXY",
        "integrationHttpMethod": "POST",
        "uri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations",
    }
    rest.integrate("/", **members, credentials=role("lambda:InvokeFunction"))
    rest.method("/b")
    rest.integrate("/b", **members, credentials=role(name="powerless"))
    rest.method("/c")
    rest.integrate(
        "/c", **members, credentials=role("lambda:InvokeFunction", name="other", trusted="ec2.amazonaws.com")
    )
    rest.deploy()
    assert [rest(path).status_code for path in ("/", "/b", "/c")] == [200, 500, 500]


def test_bodies_over_10_mb_are_refused(echo: Any) -> None:
    names = {"restApiId": echo.id, "responseType": "REQUEST_TOO_LARGE"}
    echo.client.put_gateway_response(**names, responseTemplates={"application/json": "own"})
    echo.deploy()
    response = echo("/x", "POST", content=b"x" * ((10 << 20) + 1))
    assert (response.status_code, response.text) == (413, "HTTP content length exceeded 10485760 bytes.")
    assert response.headers["content-type"] == "text; charset=utf-8"


def test_events_over_6_mb_are_refused(echo: Any) -> None:
    response = echo("/x", "POST", content=b"x" * (7 << 20))
    assert (response.status_code, response.text) == (413, '{"message": "Request Too Long"}')
    assert response.headers["x-amzn-errortype"] == "BadRequestException"


def test_by_host_the_first_segment_is_the_stage(echo: Any, http: Any) -> None:
    host = f"{echo.id}.execute-api.us-east-1.amazonaws.com"
    event = http.get(f"{echo.endpoint}/dev/a", headers={"host": host}).json()
    assert (event["path"], event["requestContext"]["path"], event["requestContext"]["domainName"]) == (
        "/a",
        "/dev/a",
        host,
    )
    response = http.get(f"{echo.endpoint}/nope/a", headers={"host": host})
    assert (response.status_code, response.text) == (403, '{"message":"Forbidden"}')
    assert response.headers["x-amzn-errortype"] == "ForbiddenException"
