"""Access logs of REST APIs: written under the role in the account's settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.functions import API_GATEWAY, make_role, may

FORMAT = "$context.httpMethod $context.resourcePath $context.status $context.path $context.protocol $context.requestId"


@pytest.fixture
def logged(client: Callable[..., Any], account: str) -> str:
    """A REST API with a MOCK method behind /pets/{id} of the stage `dev`, whose access log goes to the group `access`."""
    apis = client("apigateway")
    client("logs").create_log_group(logGroupName="access")
    role = make_role(client, "logs", API_GATEWAY)
    apis.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])
    api_id: str = apis.create_rest_api(name="logged")["id"]
    parent = apis.get_resources(restApiId=api_id)["items"][0]["id"]
    for part in ("pets", "{id}"):
        parent = apis.create_resource(restApiId=api_id, parentId=parent, pathPart=part)["id"]
    method = {"restApiId": api_id, "resourceId": parent, "httpMethod": "GET"}
    apis.put_method(**method, authorizationType="NONE")
    apis.put_method_response(**method, statusCode="200")
    apis.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    apis.put_integration_response(**method, statusCode="200")
    apis.create_deployment(restApiId=api_id, stageName="dev")
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:access"
    settings = (("destinationArn", arn), ("format", FORMAT))
    apis.update_stage(
        restApiId=api_id,
        stageName="dev",
        patchOperations=[
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in settings
        ],
    )
    return api_id


def test_lines_are_written_under_the_accounts_role(logged: str, region: Any, client: Callable[..., Any]) -> None:
    client("iam").put_role_policy(
        RoleName="logs", PolicyName="may", PolicyDocument=may("logs:CreateLogStream", "logs:PutLogEvents")
    )
    url = f"{region.endpoint}/_aws/execute-api/{logged}/dev"
    request_ids = [
        httpx.get(f"{url}/{path}", trust_env=False).headers["x-amzn-requestid"] for path in ("pets/7", "none")
    ]
    deadline = time.monotonic() + 60
    found: list[str] = []
    while len(found) < 2 and time.monotonic() < deadline:
        found = [event["message"] for event in client("logs").filter_log_events(logGroupName="access")["events"]]
    assert found == [
        f"GET /pets/{{id}} 200 /dev/pets/7 HTTP/1.1 {request_ids[0]}",
        f"GET - 403 /dev/none HTTP/1.1 {request_ids[1]}",
    ]


def test_a_role_that_may_not_write_writes_nothing(logged: str, region: Any, client: Callable[..., Any]) -> None:
    answer = httpx.get(f"{region.endpoint}/_aws/execute-api/{logged}/dev/pets/7", trust_env=False)
    assert answer.status_code == 200
    deadline = time.monotonic() + 60
    while "no access log in access: AccessDenied" not in region.log.read_text():
        assert time.monotonic() < deadline
    assert client("logs").describe_log_streams(logGroupName="access")["logStreams"] == []
