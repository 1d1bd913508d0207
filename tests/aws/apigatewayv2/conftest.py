"""An API to test, and calling it the way that works without names: by path."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

ECHO = """
import json, time

def handler(event, context):
    body = json.loads(event["body"]) if event.get("body") and not event["isBase64Encoded"] else None
    if isinstance(body, dict) and "raise" in body:
        raise ValueError(body["raise"])
    if isinstance(body, dict) and "sleep" in body:
        time.sleep(body["sleep"])
    if isinstance(body, dict) and "answer" in body:
        return body["answer"]
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
"""A function that is not there: AWS does not ask whether an integration's function exists."""


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    """The API Gateway v2 client."""
    return client("apigatewayv2")


@pytest.fixture
def api_id(api: Any) -> str:
    """A new, empty HTTP API."""
    created: str = api.create_api(Name="test", ProtocolType="HTTP")["ApiId"]
    return created


@pytest.fixture
def integration(api: Any, api_id: str) -> str:
    """An integration of that API with a function that is not there."""
    created = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="2.0"
    )
    return f"integrations/{created['IntegrationId']}"


@dataclass
class Caller:
    """Calls an API's stage."""

    endpoint: str
    http: httpx.Client

    def __call__(
        self, api_id: str, path: str = "/", method: str = "GET", stage: str = "$default", **options: Any
    ) -> httpx.Response:
        return self.http.request(method, f"{self.endpoint}/_aws/execute-api/{api_id}/{stage}{path}", **options)

    def status(self, api_id: str, path: str = "/", method: str = "GET", stage: str = "$default") -> int:
        """404 where no route takes the call; 500 where one does but its function is not there."""
        return self(api_id, path, method, stage).status_code


@pytest.fixture
def call(region: Any) -> Iterator[Caller]:
    """`call(api_id, "/path", method="POST", stage="dev", json={…})`."""
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield Caller(region.endpoint, http)


@pytest.fixture
def function(client: Callable[..., Any]) -> str:
    """The ARN of a function that answers with its event, or as its JSON body says: {"answer"}, {"raise"}, {"sleep"}."""
    iam, functions = client("iam"), client("lambda")
    role = iam.create_role(RoleName="echo", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", ECHO)
    created: str = functions.create_function(
        FunctionName="echo",
        Runtime="python3.11",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": package.getvalue()},
        Timeout=30,
    )["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName="echo", WaiterConfig={"Delay": 1})
    return created


@pytest.fixture
def allow(client: Callable[..., Any], account: str) -> Callable[[str], None]:
    """`allow(f"{api_id}/*/*")`: lets API Gateway call the function for that source."""

    def permit(source: str) -> None:
        client("lambda").add_permission(
            FunctionName="echo",
            StatementId=f"s{time.monotonic_ns()}",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:{account}:{source}",
        )

    return permit


@pytest.fixture
def echo(api: Any, api_id: str, function: str, allow: Callable[[str], None]) -> str:
    """The API with an auto-deployed $default stage; its $default route goes to the function."""
    created = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )
    api.create_route(ApiId=api_id, RouteKey="$default", Target=f"integrations/{created['IntegrationId']}")
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    allow(f"{api_id}/*/*")
    return api_id
