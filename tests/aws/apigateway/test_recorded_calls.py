"""Calls of REST APIs answer, and reach what stands behind them, as was recorded of AWS."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.aws.apigateway.conftest import Rest
from tests.aws.apigateway.recorded import Recording, recorded

__all__ = ["recorded"]
Recorded = Callable[[str, str], Recording]
OF_AWS = ("x-amzn-", "x-forwarded-")
OF_CLOUDFRONT = ("via", "x-amz-cf-id", "x-amz-cf-pop", "x-cache")
HELLO = {"message": "hello world"}


class Echo(BaseHTTPRequestHandler):
    """Answers as the function that AWS called for the recordings: with what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        address = urlsplit(self.path)
        seen = {
            "args": dict(parse_qsl(address.query)),
            "data": body,
            "domain": self.headers["host"],
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "method": self.command,
            "origin": self.client_address[0],
            "path": address.path,
        }
        answer = json.dumps(seen).encode()
        self.send_response(200)
        for name, value in (
            ("Connection", "keep-alive"),
            ("x-amzn-RequestId", "theirs"),
            ("X-Amzn-Trace-Id", "theirs"),
        ):
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: Any) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def backend() -> Iterator[str]:
    """The address of a server that answers with what it was asked."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """What a backend saw, without what the recordings leave out."""
    headers = {name: value for name, value in answer["headers"].items() if not name.startswith(OF_AWS)}
    return {**answer, "headers": headers}


@pytest.mark.parametrize("kind", ["HTTP", "HTTP_PROXY"])
def test_the_method_of_the_integration_counts(rest: Rest, backend: str, recorded: Recorded, kind: str) -> None:
    seen = recorded("http", f"test_http_integration_method[{kind}]")
    seen.same("api_id", {"rest_api_id": rest.id})
    for method in ("POST", "PUT", "GET"):
        rest.method("/", method)
        rest.integrate("/", method, type=kind, integrationHttpMethod="POST", uri=f"{backend}/")
        rest.respond("/", method)
    rest.deploy()
    headers = {
        "accept": "application/json",
        "content-type": "application/json",
        "user-agent": "test/integration",
        "accept-encoding": "gzip, deflate",
    }
    for method in ("POST", "PUT", "GET"):
        response = rest("/", method, json=HELLO, headers=headers)
        assert response.status_code == 200, response.text
        seen.same(f"http-invocation-lambda-url-{method.lower()}", shown(response.json()))


def test_headers_of_an_http_proxy_s_answer(rest: Rest, backend: str, recorded: Recorded) -> None:
    seen = recorded("http", "test_http_proxy_integration_request_data_mappings")
    rest.method("/", "POST")
    rest.integrate("/", "POST", type="HTTP_PROXY", integrationHttpMethod="POST", uri=f"{backend}/")
    rest.deploy()
    answered = {name.lower() for name in rest("/", "POST", json=HELLO).headers}
    assert answered == {
        *seen.expected("http-proxy-invocation")["headers"],
        "x-amzn-remapped-server",  # this backend has a name
    } - {"connection"}


def test_what_no_route_takes(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("common", "TestApigatewayRouting::test_routing_not_found")
    rest.mock("/existing", answer='{"statusCode": 200, "message": "exists"}')
    rest.deploy()
    seen.same("working-route", rest("/existing").json())
    for name, path, method in (("not-found", "/random", "GET"), ("wrong-method", "/existing", "POST")):
        response = rest(path, method)
        assert response.status_code == 403
        seen.same(name, {"content": response.json(), "errorType": response.headers["x-amzn-errortype"]})


@pytest.mark.parametrize("kind", ["MOCK", "AWS_PROXY"])
def test_headers_of_answers(
    rest: Rest, function: str, allow: Callable[[str], None], recorded: Recorded, kind: str
) -> None:
    seen = recorded("common", "TestApiGatewayCommon::test_invocation_trace_id")
    allow(f"{rest.id}/*/*")
    rest.mock("/MOCK")
    rest.proxy("/AWS_PROXY", "GET", function)
    rest.deploy()
    root = "Root=1-3152b799-8954dae64eda91bc9a23a7e8"
    sent = {
        "normal-req-headers": {},
        "trace-id-req-headers": {"x-amzn-trace-id": f"{root};Parent=7fa8c0f79203be72;Sampled=1"},
    }
    for name, headers in sent.items():
        response = rest(f"/{kind}", headers=headers)
        expected = set(seen.expected(f"{name}-{kind}")) - {*OF_CLOUDFRONT, "connection"}
        assert {name.lower() for name in response.headers} == expected
    if kind == "AWS_PROXY":
        assert root in response.headers["x-amzn-trace-id"]


def test_models_that_refer_to_others(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("common", "TestApiGatewayCommon::test_api_gateway_request_validator_with_ref_models")
    seen.bind("<api-id>", rest.id)
    number = {"type": "number"}
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "testSchema",
        "type": "object",
        "properties": {"a": number, "b": number},
        "required": ["a", "b"],
    }
    reference = {"$ref": f"https://apigateway.amazonaws.com/restapis/{rest.id}/models/testSchema"}
    schemas = {"testSchema": schema, "testSchemaList": {"type": "array", "items": reference}}
    for name, schema in schemas.items():
        rest.client.create_model(
            restApiId=rest.id, name=name, contentType="application/json", schema=json.dumps(schema)
        )
    listed = lambda: by_name(rest.client.get_models(restApiId=rest.id))  # noqa: E731
    seen.answers("get-models-with-ref", listed)
    validator = rest.client.create_request_validator(restApiId=rest.id, name="body", validateRequestBody=True)["id"]
    guard = {"requestModels": {"application/json": "testSchemaList"}, "requestValidatorId": validator}
    rest.mock("/", "POST", answer='{"data": "ok"}', **guard)
    rest.deploy()
    seen.same("successful", rest("/", "POST", json=[{"a": 1, "b": 2}]).json())
    seen.same("failed-validation", rest("/", "POST", json=[{"a": 1}]).json())


def by_name(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of GetModels in the recorded order."""
    return {**answer, "items": sorted(answer["items"], key=lambda item: item["name"])}


def test_stage_variables_of_an_imported_api(rest: Rest, backend: str, recorded: Recorded) -> None:
    seen = recorded("import", "TestApiGatewayImportRestApi::test_import_with_stage_variables")
    integration = {
        "type": "http",
        "httpMethod": "POST",
        "uri": "http://${stageVariables.url}/path",
        "responses": {"default": {"statusCode": "200"}},
    }
    operation = {
        "responses": {"200": {"description": "200 response"}},
        "x-amazon-apigateway-integration": {**integration, "uri": "http://${stageVariables.url}/test-path"},
    }
    definition = {"swagger": "2.0", "info": {"title": "imported"}, "paths": {"/path": {"post": operation}}}
    rest.client.put_rest_api(restApiId=rest.id, mode="overwrite", body=json.dumps(definition).encode())
    rest.deploy("v1", variables={"url": backend.removeprefix("http://")})
    rest.deploy("v2")
    answer = rest("/path", "POST", "v1").json()
    assert answer["path"] == seen.expected("get-resp-from-http")["path"]
    refused = rest("/path", "POST", "v2")
    assert refused.status_code == 500
    seen.same("get-error-resp-from-http", {"body": refused.json(), "errorType": refused.headers["x-amzn-errortype"]})


def test_a_proxy_with_another_method_than_post(
    rest: Rest, function: str, allow: Callable[[str], None], recorded: Recorded
) -> None:
    seen = recorded("lambda", "test_lambda_aws_proxy_integration_non_post_method")
    allow(f"{rest.id}/*/*")
    rest.method("/", "POST")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    rest.integrate("/", "POST", type="AWS_PROXY", integrationHttpMethod="GET", uri=uri)
    rest.deploy()
    response = rest("/", "POST", json={})
    assert response.status_code == 500
    seen.same("invocation-payload-with-get-proxy-method", response.json())


def test_a_function_gets_what_a_template_makes(
    rest: Rest, function: str, role: Callable[..., str], recorded: Recorded
) -> None:
    seen = recorded("lambda", "test_lambda_aws_integration")
    rest.method("/", "POST")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    credentials = role("lambda:InvokeFunction")
    rest.integrate("/", "POST", type="AWS", integrationHttpMethod="POST", uri=uri, credentials=credentials)
    rest.respond("/", "POST")
    rest.deploy()
    seen.same("lambda-aws-integration", rest("/", "POST", json=HELLO).json())


def test_a_mock_answers_with_what_it_was_asked(rest: Rest, recorded: Recorded) -> None:
    seen = recorded("basic", "TestAPIGateway::test_api_gateway_mock_integration")
    answer = '{"echo": "$context.resourcePath.substring(1)", "response": "mocked"}'
    rest.mock("/foobar", "POST", answer=answer)
    rest.deploy()
    seen.same("mocked-response", rest("/foobar", "POST", json={}).json())
