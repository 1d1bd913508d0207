"""The aws CLI as a client of the control plane: `aws apigatewayv2 …` as AWS's guides have it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.aws_cli import Cli


@pytest.fixture
def aws(aws_cli: Cli) -> Cli:
    """`aws("create-api", "--name", "a")`: what the command answers."""
    return partial(aws_cli, "apigatewayv2")


DOCUMENT = """
openapi: 3.0.1
info: {title: pets, version: "1"}
paths:
  /pets/{id}:
    get:
      responses: {default: {description: any}}
      x-amazon-apigateway-integration: {type: AWS_PROXY, httpMethod: POST, uri: "FUNCTION", payloadFormatVersion: "2.0"}
"""


def test_a_guarded_http_api(aws: Cli, account: str) -> None:
    api = aws("create-api", "--name", "a", "--protocol-type", "HTTP", "--target", "https://example.com")["ApiId"]
    here = ("--api-id", api)
    authorizer = aws(
        "create-authorizer", *here, "--name", "jwt", "--authorizer-type", "JWT", "--identity-source",
        "$request.header.Authorization", "--jwt-configuration", "Audience=client,Issuer=https://issuer.example.com",
    )["AuthorizerId"]  # fmt: skip
    function = f"arn:aws:lambda:us-east-1:{account}:function:f"
    integration = aws(
        "create-integration", *here, "--integration-type", "AWS_PROXY", "--integration-uri", function,
        "--payload-format-version", "2.0", "--request-parameters", '{"append:header.a": "$context.requestId"}',
    )["IntegrationId"]  # fmt: skip
    route = aws(
        "create-route", *here, "--route-key", "GET /pets/{id}", "--target", f"integrations/{integration}",
        "--authorization-type", "JWT", "--authorizer-id", authorizer, "--authorization-scopes", "read",
    )  # fmt: skip
    settings = '{"GET /pets/{id}": {"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 2.5}}'
    stage = aws("update-stage", *here, "--stage-name", "$default", "--route-settings", settings)
    assert list(stage["RouteSettings"]) == ["GET /pets/{id}"]
    listed = aws("get-routes", *here, "--max-items", "1")
    rest = aws("get-routes", *here, "--starting-token", listed["NextToken"])
    assert {one["RouteKey"] for one in listed["Items"] + rest["Items"]} == {"$default", "GET /pets/{id}"}
    aws("delete-route-settings", *here, "--stage-name", "$default", "--route-key", "GET /pets/{id}")
    aws("delete-route", *here, "--route-id", route["RouteId"])
    aws("delete-authorizer", *here, "--authorizer-id", authorizer)
    aws("delete-api", *here)
    assert aws("get-apis")["Items"] == []


def test_a_websocket_api(aws: Cli) -> None:
    selection = ("--route-selection-expression", "$request.body.action")
    api = aws("create-api", "--name", "chat", "--protocol-type", "WEBSOCKET", *selection)
    here = ("--api-id", api["ApiId"])
    assert api["ApiEndpoint"].startswith("wss://")
    integration = aws("create-integration", *here, "--integration-type", "MOCK")["IntegrationId"]
    there = ("--integration-id", integration)
    aws("create-integration-response", *here, *there, "--integration-response-key", "$default")
    parameters = '{"route.request.querystring.token": {"Required": true}}'
    route = aws(
        "create-route", *here, "--route-key", "$connect", "--request-parameters", parameters, "--target",
        f"integrations/{integration}",
    )["RouteId"]  # fmt: skip
    aws("create-route-response", *here, "--route-id", route, "--route-response-key", "$default")
    key = ("--request-parameter-key", "route.request.querystring.token")
    aws("delete-route-request-parameter", *here, "--route-id", route, *key)
    assert "RequestParameters" not in aws("get-route", *here, "--route-id", route)
    aws("create-stage", *here, "--stage-name", "live")
    deployed = aws("create-deployment", *here, "--stage-name", "live")
    assert aws("get-stage", *here, "--stage-name", "live")["DeploymentId"] == deployed["DeploymentId"]


def test_a_whole_http_api(aws: Cli, call: Any, function: str, allow: Any, tmp_path: Path) -> None:
    """Made of a file, deployed, called, exported, imported anew, deleted."""
    document = tmp_path / "api.yaml"
    document.write_text(DOCUMENT.replace("FUNCTION", function))
    api = aws("import-api", "--body", f"file://{document}", "--fail-on-warnings")["ApiId"]
    here = ("--api-id", api)
    aws("create-stage", *here, "--stage-name", "live", "--stage-variables", "colour=blue")
    assert call.status(api, "/pets/1", stage="live") == 404
    deployed = aws("create-deployment", *here, "--stage-name", "live", "--description", "first")
    assert aws("get-deployment", *here, "--deployment-id", deployed["DeploymentId"])["DeploymentStatus"] == "DEPLOYED"
    allow(f"{api}/*/*")
    event = call(api, "/pets/1", stage="live").json()
    assert (event["routeKey"], event["stageVariables"]) == ("GET /pets/{id}", {"colour": "blue"})
    exported = tmp_path / "exported.yaml"
    aws("export-api", *here, "--specification", "OAS30", "--output-type", "YAML", "--stage-name", "live", str(exported))
    document.write_text(exported.read_text().replace("/pets/{id}", "/animals/{id}"))
    aws("reimport-api", *here, "--body", f"file://{document}")
    assert [route["RouteKey"] for route in aws("get-routes", *here)["Items"]] == ["GET /animals/{id}"]
    assert call.status(api, "/pets/1", stage="live") == 200  # the deployment is the old one
    aws("create-deployment", *here, "--stage-name", "live")
    assert (call.status(api, "/pets/1", stage="live"), call.status(api, "/animals/1", stage="live")) == (404, 200)
    aws("delete-stage", *here, "--stage-name", "live")
    assert call.status(api, "/animals/1", stage="live") == 404
    aws("delete-api", *here)
    assert aws("get-apis")["Items"] == []
