"""The aws CLI as a client of the control plane: `aws apigatewayv2 …` as AWS's guides have it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

Cli = Callable[..., Any]


@pytest.fixture
def aws(region: Any, account: str, need: Callable[[object, str], None]) -> Cli:
    """`aws("create-api", "--name", "a")`: what the command answers."""
    need(shutil.which("aws"), "aws")
    keys = {"AWS_ENDPOINT_URL": region.endpoint, "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test"}

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            ["aws", "--output", "json", "apigatewayv2", *arguments], env=region.env(AWS_DEFAULT_REGION="us-east-1", **keys),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    return run


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
