"""AWS integrations: functions without a proxy, and other services with mapping templates, under roles."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

INTERNAL = '{"message": "Internal server error"}'


def lambda_(rest: Any, function: str, method: str = "POST", **members: Any) -> None:
    """A method with a non-proxy integration with the function."""
    rest.method("/", method)
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    rest.integrate("/", method, type="AWS", integrationHttpMethod="POST", uri=uri, **members)
    rest.respond("/", method)


def test_the_body_is_the_event_and_what_comes_back_is_the_answer(rest: Any, function: str, allow: Any) -> None:
    lambda_(rest, function)
    rest.deploy()
    allow(f"{rest.id}/*/*")
    response = rest("/", "POST", json={"message": "hello world"})
    assert (response.status_code, response.json()) == (200, {"message": "hello world"})
    assert response.headers["x-amzn-trace-id"]


def test_a_template_makes_the_event(rest: Any, function: str, allow: Any) -> None:
    lambda_(rest, function, "GET", requestTemplates={"application/json": '{"param1": "$input.params(\'param1\')"}'})
    rest.deploy()
    allow(f"{rest.id}/*/*")
    assert rest("/?param1=foobar").json() == {"param1": "foobar"}


def test_a_request_without_a_body_is_an_empty_event(rest: Any, function: str, allow: Any) -> None:
    lambda_(rest, function, "GET")
    rest.deploy()
    allow(f"{rest.id}/*/*")
    assert rest("/").json() == {}


def test_the_error_message_selects_the_response(rest: Any, function: str, allow: Any) -> None:
    lambda_(rest, function)
    rest.respond("/", "POST", status="400", selectionPattern="bad.*")
    rest.respond(
        "/",
        "POST",
        status="500",
        selectionPattern=".*broken.*",
        responseTemplates={"application/json": "{\"why\": $input.json('$.errorMessage')}"},
    )
    rest.deploy()
    allow(f"{rest.id}/*/*")
    bad = rest("/", "POST", json={"raise": "bad input"})
    assert (bad.status_code, bad.json()["errorMessage"], bad.json()["errorType"]) == (400, "bad input", "ValueError")
    broken = rest("/", "POST", json={"raise": "it is broken"})
    assert (broken.status_code, broken.json()) == (500, {"why": "it is broken"})
    assert rest("/", "POST", json={"raise": "else"}).status_code == 200


def test_an_asynchronous_invocation_is_accepted(rest: Any, function: str, allow: Any) -> None:
    lambda_(rest, function, requestParameters={"integration.request.header.X-Amz-Invocation-Type": "'Event'"})
    rest.respond("/", "POST", status="202", selectionPattern="202")
    rest.deploy()
    allow(f"{rest.id}/*/*")
    response = rest("/", "POST", json={"sleep": 1})
    assert (response.status_code, response.content) == (202, b"")


def test_without_permission_it_is_500(rest: Any, function: str) -> None:
    lambda_(rest, function)
    rest.deploy()
    response = rest("/", "POST", json={})
    assert (response.status_code, response.text) == (500, INTERNAL)


@pytest.fixture
def table(client: Callable[..., Any]) -> str:
    """A table `pets` with a pet."""
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="pets",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="pets", Item={"id": {"S": "7"}, "name": {"S": "Rex"}})
    return "pets"


def get_item(rest: Any, credentials: str) -> None:
    rest.method("/{id}", requestParameters={"method.request.path.id": True})
    rest.integrate(
        "/{id}",
        type="AWS",
        integrationHttpMethod="POST",
        uri="arn:aws:apigateway:us-east-1:dynamodb:action/GetItem",
        credentials=credentials,
        requestTemplates={"application/json": '{"TableName": "pets", "Key": {"id": {"S": "$input.params(\'id\')"}}}'},
    )
    rest.respond("/{id}", responseTemplates={"application/json": '{"name": "$input.path(\'$.Item.name.S\')"}'})
    rest.respond("/{id}", status="400", selectionPattern="4\\d{2}")
    rest.deploy()


def test_dynamodb_by_action(rest: Any, table: str, role: Callable[..., str]) -> None:
    get_item(rest, role("dynamodb:GetItem"))
    assert rest("/7").json() == {"name": "Rex"}


def test_the_role_must_be_allowed(rest: Any, table: str, role: Callable[..., str]) -> None:
    get_item(rest, role("dynamodb:PutItem"))
    response = rest("/7")
    assert response.status_code == 400
    assert "is not authorized to perform: dynamodb:GetItem" in response.text
    assert "assumed-role/api/BackplaneAssumeRoleSession" in response.text


def test_the_role_must_trust_api_gateway(rest: Any, table: str, role: Callable[..., str]) -> None:
    get_item(rest, role("dynamodb:GetItem", trusted="lambda.amazonaws.com"))
    response = rest("/7")
    assert (response.status_code, response.text) == (500, INTERNAL)


@pytest.mark.parametrize("name", ["authorization", "connection", "expect", "te"])
def test_headers_that_no_mapping_may_set(rest: Any, function: str, allow: Any, name: str) -> None:
    lambda_(rest, function, requestParameters={f"integration.request.header.{name}": "'1'"})
    rest.deploy()
    allow(f"{rest.id}/*/*")
    response = rest("/", "POST", json={})
    assert (response.status_code, response.text) == (500, INTERNAL)
    assert response.headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_headers_are_remapped_as_on_aws(rest: Any, function: str, allow: Any) -> None:
    """aws-observed: test_apigateway_header_remapping_aws[AWS]."""
    lambda_(rest, function)
    kept = ("Accept", "Age", "Pragma", "Range", "Referer", "Via", "Warn")
    remapped = (
        "Authorization", "Connection", "Content-Length", "Content-MD5", "Expect", "Host", "Max-Forwards", "Proxy-Authenticate",
        "Server", "Trailer", "Upgrade", "User-Agent", "WWW-Authenticate",
    )  # fmt: skip
    rest.respond("/", "POST", headers={name: f"'param_{name}'" for name in (*kept, *remapped, "Transfer-Encoding")})
    rest.deploy()
    allow(f"{rest.id}/*/*")
    headers = rest("/", "POST", json={}).headers
    for name in kept:
        assert headers[name] == f"param_{name}"
    for name in remapped:
        assert headers[f"x-amzn-Remapped-{name}"] == f"param_{name}"


def test_step_functions_are_refused_clearly(rest: Any, role: Callable[..., str], region: Any) -> None:
    rest.method("/")
    rest.integrate(
        "/",
        type="AWS",
        integrationHttpMethod="POST",
        credentials=role(),
        uri="arn:aws:apigateway:us-east-1:states:action/StartExecution",
    )
    rest.respond("/")
    rest.deploy()
    assert (rest("/").status_code, rest("/").text) == (500, INTERNAL)
    deadline = time.monotonic() + 60
    while "Atoll does not run Step Functions." not in region.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_table_through_lambda_and_json(rest: Any, function: str, allow: Any) -> None:
    lambda_(
        rest, function, requestTemplates={"application/json": '{"body": $input.json("$"), "id": "$context.requestId"}'}
    )
    rest.deploy()
    allow(f"{rest.id}/*/*")
    response = rest("/", "POST", content=json.dumps({"deep": [1, {"a": None}]}))
    assert response.json() == {"body": {"deep": [1, {"a": None}]}, "id": response.headers["x-amzn-requestid"]}
