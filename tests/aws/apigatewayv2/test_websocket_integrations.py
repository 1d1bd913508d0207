"""WebSocket APIs: what may stand behind a route (MOCK, HTTP, HTTP_PROXY, AWS), mapping templates, integration responses, API keys."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.functions import API_GATEWAY, make_role, package
from websockets.exceptions import InvalidStatus

from .sockets import Sockets, asked


class Service(BaseHTTPRequestHandler):
    """Answers what it was asked; the status that the path ends with."""

    def do_POST(self) -> None:
        """Answers."""
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        said = {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body}
        content = json.dumps(said).encode()
        self.send_response(int(self.path.rpartition("/")[2].partition("?")[0]))
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The URL of an HTTP service."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def api(region: Any, account: str) -> Sockets:
    return Sockets(region, account).make()


def respond(api: Sockets, target: str, key: str, **parameters: Any) -> None:
    """An integration response."""
    api.client("apigatewayv2").create_integration_response(
        ApiId=api.api_id, IntegrationId=target.rpartition("/")[2], IntegrationResponseKey=key, **parameters
    )


def mock(api: Sockets, **parameters: Any) -> str:
    """A MOCK integration that answers 200."""
    made = api.client("apigatewayv2").create_integration(
        ApiId=api.api_id, IntegrationType="MOCK",
        **({"TemplateSelectionExpression": "200", "RequestTemplates": {"200": '{"statusCode": 200}'}} | parameters),
    )  # fmt: skip
    return f"integrations/{made['IntegrationId']}"


def test_a_mock_integration_answers_by_templates(api: Sockets) -> None:
    target = mock(api)
    template = '{"pong": true, "connection": "$context.connectionId", "route": "$context.routeKey"}'
    respond(api, target, "$default", TemplateSelectionExpression="200", ResponseTemplates={"200": template})
    api.route("ping", target, two_way=True)
    api.route("$connect", mock(api))
    with api.connect() as client:
        answer = asked(client, {"action": "ping"})
        assert (answer["pong"], answer["route"]) == (True, "ping")
        assert len(answer["connection"]) == 16


def test_integration_responses_are_selected_by_status_and_pattern(api: Sockets) -> None:
    target = mock(
        api, TemplateSelectionExpression="$default", RequestTemplates={"$default": '{"statusCode": $input.json("$.code")}'}
    )  # fmt: skip
    for key, text in (("/4\\d\\d/", "four"), ("/50[12]/", "five"), ("$default", "other")):
        respond(api, target, key, TemplateSelectionExpression="$default", ResponseTemplates={"$default": text})
    api.route("code", target, two_way=True)
    with api.connect() as client:
        for code, text in ((400, "four"), (502, "five"), (503, "other"), (200, "other")):
            assert asked(client, {"action": "code", "code": code}) == text


def test_a_mock_at_connect_refuses_by_its_status(api: Sockets) -> None:
    api.route("$connect", mock(api, RequestTemplates={"200": '{"statusCode": 401}'}))
    with pytest.raises(InvalidStatus) as refused, api.connect():
        pass
    assert refused.value.response.status_code == 401


def test_a_message_that_no_template_is_for_is_refused_where_it_may_not_pass(api: Sockets) -> None:
    parameters = {
        "TemplateSelectionExpression": "${request.body.kind}",
        "RequestTemplates": {"a": '{"statusCode": 200}'},
    }
    target = mock(api, PassthroughBehavior="NEVER", **parameters)
    respond(api, target, "$default", TemplateSelectionExpression="x", ResponseTemplates={"x": "yes"})
    api.route("$default", target, two_way=True)
    with api.connect() as client:
        assert asked(client, {"kind": "a"}) == "yes"
        assert asked(client, {"kind": "b"})["message"] == "Internal server error"


def test_a_template_that_never_ends_is_an_internal_server_error(api: Sockets) -> None:
    loop = "#foreach($a in [1..1000])#foreach($b in [1..1000])#foreach($c in [1..1000])x#end#end#end"
    api.route("$default", mock(api, RequestTemplates={"200": loop}), two_way=True)
    with api.connect() as client:
        assert asked(client, "x")["message"] == "Internal server error"


def test_an_http_proxy_gets_the_message_and_mapped_parameters(api: Sockets, service: str) -> None:
    target = api.integration(
        IntegrationType="HTTP_PROXY", IntegrationUri=service + "/rooms/{room}/200", IntegrationMethod="POST",
        RequestParameters={
            "integration.request.header.connection-id": "context.connectionId",
            "integration.request.header.fixed": "'value'",
            "integration.request.path.room": "route.request.body.room",
            "integration.request.querystring.stage": "context.stage",
        },
    )  # fmt: skip
    api.route("$default", target, two_way=True)
    with api.connect() as client:
        answer = asked(client, {"room": "a b", "n": 1})
    assert answer["path"] == "/rooms/a%20b/200?stage=dev"
    assert json.loads(answer["body"]) == {"room": "a b", "n": 1}
    assert len(answer["headers"]["connection-id"]) == 16
    assert answer["headers"]["fixed"] == "value"


def test_an_http_proxy_at_connect_decides_and_sees_the_query(api: Sockets, service: str) -> None:
    target = api.integration(
        IntegrationType="HTTP_PROXY", IntegrationUri=service + "/{status}", IntegrationMethod="POST",
        RequestParameters={"integration.request.path.status": "route.request.querystring.status"},
    )  # fmt: skip
    api.route("$connect", target)
    with api.connect("?status=200"):
        pass
    with pytest.raises(InvalidStatus) as refused, api.connect("?status=403"):
        pass
    assert refused.value.response.status_code == 403


def test_an_http_integration_with_templates_on_both_sides(api: Sockets, service: str) -> None:
    target = api.integration(
        IntegrationType="HTTP", IntegrationUri=service + "/201", IntegrationMethod="POST",
        TemplateSelectionExpression="$default", RequestTemplates={"$default": '{"said": $input.json("$.text")}'},
    )  # fmt: skip
    respond(
        api, target, "/2\\d\\d/", TemplateSelectionExpression="$default", ResponseTemplates={"$default": "got $input.path('$.body')"}
    )  # fmt: skip
    api.route("$default", target, two_way=True)
    with api.connect() as client:
        assert asked(client, {"text": "hi"}) == 'got {"said": "hi"}'


def test_a_service_that_is_not_there_is_an_internal_server_error(api: Sockets) -> None:
    target = api.integration(
        IntegrationType="HTTP_PROXY", IntegrationUri="http://127.0.0.1:9/", IntegrationMethod="POST"
    )
    api.route("$default", target, two_way=True)
    with api.connect() as client:
        assert asked(client, "x")["message"] == "Internal server error"


def test_a_function_that_is_no_proxy_gets_the_message_itself(api: Sockets) -> None:
    functions = api.client("lambda")
    code = "def handler(event, context):\n    return {'got': event}\n"
    functions.update_function_code(FunctionName="ws", ZipFile=package(code))
    target = api.integration(IntegrationType="AWS")
    api.route("$default", target, two_way=True)
    with api.connect() as client:
        assert asked(client, {"n": 1}) == {"got": {"n": 1}}
        assert asked(client, "text") == {"got": "text"}


def test_an_aws_service_behind_a_route_is_called_under_the_integration_s_role(api: Sockets) -> None:
    dynamodb = api.client("dynamodb")
    dynamodb.create_table(
        TableName="rooms", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    role = make_role(api.client, "put", API_GATEWAY, "dynamodb:PutItem")
    template = (
        '{"TableName": "rooms", "Item": {"id": {"S": "$context.connectionId"}, "text": {"S": "$input.path("$.text")"}}}'
    )
    target = api.integration(
        IntegrationType="AWS", IntegrationUri="arn:aws:apigateway:us-east-1:dynamodb:action/PutItem", IntegrationMethod="POST",
        CredentialsArn=role, TemplateSelectionExpression="$default", RequestTemplates={"$default": template},
    )  # fmt: skip
    respond(api, target, "/200/", TemplateSelectionExpression="$default", ResponseTemplates={"$default": "stored"})
    api.route("$default", target, two_way=True)
    with api.connect() as client:
        assert asked(client, {"text": "hello"}) == "stored"
    items = dynamodb.scan(TableName="rooms")["Items"]
    assert [item["text"] for item in items] == [{"S": "hello"}]


def test_an_api_key_of_a_usage_plan_lets_in_where_connect_requires_one(api: Sockets) -> None:
    rest = api.client("apigateway")
    api.route("$connect", mock(api), ApiKeyRequired=True)
    api.route("$default")
    key = rest.create_api_key(name="k", enabled=True)
    plan = rest.create_usage_plan(name="p", apiStages=[{"apiId": api.api_id, "stage": "dev"}])["id"]
    rest.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    for headers in ({}, {"x-api-key": "guess"}):
        with pytest.raises(InvalidStatus) as refused, api.connect(additional_headers=headers):
            pass
        assert refused.value.response.status_code == 403
    with api.connect(additional_headers={"x-api-key": key["value"]}):
        pass
    apis = api.client("apigatewayv2")
    apis.delete_stage(ApiId=api.api_id, StageName="dev")
    apis.create_stage(ApiId=api.api_id, StageName="dev", AutoDeploy=True)
    assert rest.get_usage_plan(usagePlanId=plan)["apiStages"] == []


def test_base64_becomes_binary_for_the_integration_and_its_answer_becomes_base64(api: Sockets, service: str) -> None:
    target = api.integration(
        IntegrationType="HTTP", IntegrationUri=service + "/200", IntegrationMethod="POST",
        ContentHandlingStrategy="CONVERT_TO_BINARY",
    )  # fmt: skip
    respond(api, target, "$default", ContentHandlingStrategy="CONVERT_TO_TEXT")
    api.route("$default", target, two_way=True)
    with api.connect() as client:
        client.send(base64.b64encode(b"plain").decode())
        assert json.loads(base64.b64decode(client.recv(timeout=20)))["body"] == "plain"
        assert asked(client, "no base 64")["message"] == "Invalid request body"


def test_a_message_that_is_not_of_its_route_s_model_is_refused(api: Sockets) -> None:
    schema = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
    api.client("apigatewayv2").create_model(
        ApiId=api.api_id, Name="Text", ContentType="application/json", Schema=json.dumps(schema)
    )
    api.route(
        "say", mock(api, PassthroughBehavior="NEVER"), two_way=True,
        ModelSelectionExpression="$request.body.model", RequestModels={"t": "Text"},
    )  # fmt: skip
    api.route("$default", two_way=True)
    with api.connect() as client:
        assert asked(client, {"action": "say", "model": "t"})["message"] == "Invalid request body"
        assert asked(client, {"action": "say", "model": "t", "text": 1})["message"] == "Invalid request body"
        client.send(json.dumps({"action": "say", "model": "t", "text": "x"}))
        assert asked(client, "next")["body"] == "next"


def test_a_parameter_that_connect_requires_is_required(api: Sockets) -> None:
    api.route("$connect", mock(api), RequestParameters={"route.request.querystring.name": {"Required": True}})
    with pytest.raises(InvalidStatus) as refused, api.connect():
        pass
    assert refused.value.response.status_code == 400
    assert json.loads(refused.value.response.body)["message"] == "Missing required request parameters: [name]"
    with api.connect("?name=ann"):
        pass
