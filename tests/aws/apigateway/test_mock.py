"""MOCK integrations, request templates and responses of REST APIs, as their users see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

INTERNAL = '{"message": "Internal server error"}'


def test_a_mock_answers_what_its_template_says(rest: Any) -> None:
    rest.mock("/echo/{id}", answer='{"echo": "$input.params(\'id\')", "response": "mocked"}')
    rest.deploy()
    response = rest("/echo/foobar")
    assert (response.status_code, response.json()) == (200, {"echo": "foobar", "response": "mocked"})
    assert response.headers["content-type"] == "application/json"
    assert len(response.headers["x-amzn-requestid"]) == 36
    assert response.headers["x-amz-apigw-id"]
    assert "x-amzn-trace-id" not in response.headers
    assert "x-amzn-errortype" not in response.headers


def test_the_status_selects_the_integration_response(rest: Any) -> None:
    template = '#if($input.params("bad") == "1"){"statusCode": 404}#else{"statusCode": 200}#end'
    rest.mock("/", template=template, answer="fine")
    rest.respond("/", status="400", selectionPattern="4\\d\\d", responseTemplates={"application/json": "wrong"})
    rest.deploy()
    assert (rest("/").status_code, rest("/").text) == (200, "fine")
    bad = rest("/", params={"bad": "1"})
    assert (bad.status_code, bad.text) == (400, "wrong")


def test_a_template_without_a_status_is_a_configuration_error(rest: Any) -> None:
    rest.mock("/", template='{"status": 200}')
    rest.mock("/nearly", template="{statusCode: 200}", answer="fine")
    rest.deploy()
    response = rest("/")
    assert (response.status_code, response.text) == (500, INTERNAL)
    assert response.headers["x-amzn-errortype"] == "InternalServerErrorException"
    assert rest("/nearly").text == "fine"


def test_no_integration_response_matches(rest: Any) -> None:
    rest.method("/")
    rest.integrate("/", type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    rest.respond("/", status="404", selectionPattern="404")
    rest.deploy()
    response = rest("/")
    assert (response.status_code, response.text) == (500, INTERNAL)


def test_the_method_response_must_exist(rest: Any) -> None:
    rest.mock("/")
    rest.client.delete_method_response(**rest.at("/", "GET"), statusCode="200")
    rest.deploy()
    assert (rest("/").status_code, rest("/").text) == (500, INTERNAL)


def test_response_parameters(rest: Any) -> None:
    rest.mock("/{id}")
    rest.respond(
        "/{id}",
        headers={
            "X-Literal": "'a literal'",
            "X-Stage": "stageVariables.color",
            "X-Context": "context.resourcePath",
            "Date": "'yesterday'",
        },
    )
    rest.deploy(variables={"color": "blue"})
    headers = rest("/7").headers
    assert headers["x-literal"] == "a literal"
    assert (headers["x-stage"], headers["x-context"]) == ("blue", "/{id}")
    assert headers["x-amzn-remapped-date"] == "yesterday"


def test_request_and_response_overrides(rest: Any) -> None:
    answer = '#set($context.responseOverride.status = 418)#set($context.responseOverride.header.X-Tea = "pot")short'
    rest.mock("/", answer=answer)
    rest.deploy()
    response = rest("/")
    assert (response.status_code, response.headers["x-tea"], response.text) == (418, "pot", "short")


def test_the_response_template_is_the_one_that_the_client_accepts(rest: Any) -> None:
    rest.mock("/")
    rest.client.update_integration_response(
        **rest.at("/", "GET"),
        statusCode="200",
        patchOperations=[
            {"op": "add", "path": "/responseTemplates/application~1xml", "value": "<xml/>"},
            {"op": "replace", "path": "/responseTemplates/application~1json", "value": "{}"},
        ],
    )
    rest.deploy()
    xml = rest("/", headers={"accept": "application/xml"})
    assert (xml.text, xml.headers["content-type"]) == ("<xml/>", "application/xml")
    assert rest("/", headers={"accept": "text/html"}).text == "{}"


def test_passthrough_behaviors(rest: Any) -> None:
    for path, behavior, templates in (
        ("/never", "NEVER", {"application/json": '{"statusCode": 200}'}),
        ("/none", "WHEN_NO_TEMPLATES", {"application/json": '{"statusCode": 200}'}),
        ("/match", "WHEN_NO_MATCH", {"application/json": '{"statusCode": 404}'}),
        ("/empty", "WHEN_NO_TEMPLATES", {}),
    ):
        rest.method(path, "POST")
        rest.integrate(path, "POST", type="MOCK", passthroughBehavior=behavior, requestTemplates=templates)
        rest.respond(path, "POST")
    rest.deploy()

    def status(path: str, media: str) -> tuple[int, str]:
        response = rest(path, "POST", content='{"statusCode": 200}', headers={"content-type": media})
        return response.status_code, response.text

    unsupported = (415, '{"message": "Unsupported Media Type"}')
    assert status("/never", "application/json; charset=utf-8") == (200, "")
    assert status("/never", "text/plain") == unsupported
    assert status("/none", "text/plain") == unsupported
    assert status("/match", "text/plain") == (200, "")
    assert status("/empty", "text/plain") == (200, "")


def test_templates_that_loop_fail_and_hold_up_nobody(rest: Any) -> None:
    loop = "#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])$c#end#end#end"
    rest.mock("/", answer=loop)
    rest.deploy()
    assert (rest("/").status_code, rest("/").text) == (500, INTERNAL)


def test_a_change_is_not_live_before_a_deployment(new_rest: Callable[..., Any]) -> None:
    rest = new_rest()
    rest.mock("/", answer="first")
    rest.deploy()
    rest.client.update_integration_response(
        **rest.at("/", "GET"),
        statusCode="200",
        patchOperations=[{"op": "replace", "path": "/responseTemplates/application~1json", "value": "second"}],
    )
    assert rest("/").text == "first"
    rest.deploy()
    assert rest("/").text == "second"


def test_a_template_made_of_a_text_sees_the_context(rest: Any) -> None:
    answer = "#set($dollar = '$')#set($name = '{con')#set($rest = 'text.stage}')#evaluate(\"${dollar}${name}${rest}\")"
    rest.mock("/", answer=answer)
    rest.deploy()
    assert rest("/").text == "dev"
