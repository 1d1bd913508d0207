"""REST APIs under attack, from their clients and from their owners: a clean refusal, and the region lives on."""

from __future__ import annotations

import json
from typing import Any

import pytest

BOMB = "((a{999}){999}){999}"
"""A regular expression that takes more memory to compile than there is."""
INTERNAL = {"message": "Internal server error"}


@pytest.mark.parametrize("host", ["[", "a]b", "[::1", "x]\r\nX: y"])
def test_a_path_variable_that_makes_the_endpoint_no_url(rest: Any, host: str) -> None:
    rest.method("/", requestParameters={"method.request.querystring.h": False})
    rest.integrate(
        "/", type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://{h}/x",
        requestParameters={"integration.request.path.h": "method.request.querystring.h"},
    )  # fmt: skip
    rest.deploy()
    answer = rest(params={"h": host})
    assert (answer.status_code, answer.json()) == (500, INTERNAL)
    log = rest.client.test_invoke_method(**rest.at("/", "GET"), pathWithQueryString="/?h=[")["log"]
    assert "Execution failed due to configuration error: Invalid endpoint address" in log


def test_patterns_that_would_take_all_memory(rest: Any) -> None:
    """Of models, of integration responses, and those that a template is given by its client."""
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": BOMB}},
        "patternProperties": {BOMB: {}},
    }
    rest.client.create_model(restApiId=rest.id, name="M", contentType="application/json", schema=json.dumps(schema))
    validator = rest.client.create_request_validator(restApiId=rest.id, name="v", validateRequestBody=True)["id"]
    rest.mock("/m", "POST", requestModels={"application/json": "M"}, requestValidatorId=validator)
    rest.mock("/t", "POST", answer='$input.params("text").replaceAll($input.params("pattern"), "b")')
    rest.mock("/s")
    rest.client.put_integration_response(**rest.at("/s", "GET"), statusCode="200", selectionPattern=BOMB)
    rest.deploy()
    refused = rest("/m", "POST", json={"a": "a"})
    assert (refused.status_code, refused.json()) == (400, {"message": "Invalid request body"})
    assert rest("/t", "POST", params={"text": "xax", "pattern": "a"}).text == "xbx"
    assert rest("/t", "POST", params={"text": "xax", "pattern": BOMB}).status_code == 500
    assert rest("/s").status_code == 500
    assert rest("/t", "POST", params={"text": "xax", "pattern": "a"}).text == "xbx"


@pytest.mark.parametrize("status", ["000200" + "0" * 5000, "200000", "99999999999", "٣٠٠"])
def test_a_template_that_sets_a_status_that_there_is_not(rest: Any, status: str) -> None:
    rest.mock("/", "POST", answer='#set($context.responseOverride.status = $input.params("s"))fine')
    rest.deploy()
    answer = rest("/", "POST", params={"s": status})
    assert (answer.status_code, answer.text) == (200, "fine")
    assert rest("/", "POST", params={"s": "404"}).status_code == 404


def test_a_place_in_a_list_that_is_no_number_that_fits(rest: Any) -> None:
    place = "method.request.body.a[" + "9" * 5000 + "]"
    rest.method("/", "POST")
    rest.integrate(
        "/", "POST", type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'},
        requestParameters={"integration.request.header.x": place},
    )  # fmt: skip
    rest.respond("/", "POST")
    rest.deploy()
    assert rest("/", "POST", json={"a": [1]}).status_code == 200


def test_execution_logs_mask_tokens_and_api_keys(rest: Any, backend: str) -> None:
    """docs: "API Gateway redacts authorization headers, API key values"; AWS shows the last six characters."""
    rest.method("/")
    rest.integrate("/", type="HTTP_PROXY", integrationHttpMethod="GET", uri=backend)
    headers = {"authorization": "Bearer secret-token-123456", "X-API-Key": "secretkeyabcdef", "X-Other": "shown"}
    log = rest.client.test_invoke_method(**rest.at("/", "GET"), headers=headers)["log"]
    assert "secret" not in log
    asked = next(line for line in log.split("\n") if "Method request headers:" in line)
    assert f"Authorization={'*' * 20}123456, X-API-Key={'*' * 9}abcdef, X-Other=shown" in asked
    sent = next(line for line in log.split("\n") if "Endpoint request headers:" in line)
    assert f"Authorization={'*' * 20}123456" in sent


@pytest.fixture
def backend() -> str:
    """An address where nobody listens: what was sent there is in the log."""
    return "http://127.0.0.1:9/"


@pytest.mark.parametrize("status", ["9" * 5000, "0" * 5000 + "200", "1e400", "²"])
def test_a_status_of_too_many_digits(rest: Any, function: str, allow: Any, status: str) -> None:
    """Of a function's answer, and of a mock's, which its client may have written."""
    rest.proxy("/f", "POST", function)
    rest.mock("/m", "POST", template='{"statusCode": "$input.path("$.status")"}')
    rest.deploy()
    allow(f"{rest.id}/*/POST/f")
    answer = rest("/f", "POST", json={"answer": {"statusCode": status}})
    assert (answer.status_code, answer.json()) == (502, INTERNAL)
    answer = rest("/m", "POST", json={"status": status})
    assert (answer.status_code, answer.json()) == (500, INTERNAL)


@pytest.mark.parametrize(
    "text",
    [
        b'{"swagger":"2.0","info":{"title":"\x80"}}',
        b'{"openapi":"3.0.1","info":{"title":"a"},"servers":[{"url":"http://["}],"paths":{}}',
        *(b'{"openapi":"3.0.1","paths":{},"x":%b}' % (b"[" * deep + b"]" * deep) for deep in range(850, 1000, 10)),
    ],
)
def test_documents_that_are_none(rest: Any, client: Any, aws_error: Any, text: bytes) -> None:
    """Bytes that are no text, a server that is nowhere, and more depth than anybody needs."""
    for basepath in ("ignore", "prepend"):
        asked = {"body": text, "parameters": {"basepath": basepath}}
        if basepath == "ignore" and b"http://[" in text:
            continue
        assert aws_error(lambda asked=asked: rest.client.import_rest_api(**asked))[::2] == ("BadRequestException", 400)
        assert aws_error(lambda asked=asked: rest.client.put_rest_api(restApiId=rest.id, **asked))[2] == 400
    if b"\x80" not in text:
        asked = {"Body": text.decode(), "Basepath": "prepend"}
        assert aws_error(lambda: client("apigatewayv2").import_api(**asked))[::2] == ("BadRequestException", 400)
