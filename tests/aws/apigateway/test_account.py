"""The account's settings, and what is refused clearly by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.functions import make_role


def test_the_role_that_writes_logs_is_checked(client: Callable[..., Any], account: str, aws_error: Any) -> None:
    api = client("apigateway")
    before = api.get_account()
    assert "cloudwatchRoleArn" not in before
    assert before["throttleSettings"] == {"burstLimit": 5000, "rateLimit": 10000.0}
    assert (before["features"], before["apiKeyVersion"]) == (["UsagePlans"], "4")

    def update(role: str) -> Any:
        patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
        return api.update_account(patchOperations=[patch])

    def made(service: str) -> str:
        return make_role(client, service[:6], service)

    text = (
        "The role ARN does not have required permissions configured. "
        "Please grant trust permission for API Gateway and add the required role policy."
    )
    for role in (made("lambda.amazonaws.com"), f"arn:aws:iam::{account}:role/nobody"):
        assert aws_error(lambda role=role: update(role)) == ("BadRequestException", text, 400)
    assert aws_error(lambda: update("no arn"))[0] == "BadRequestException"
    role = made("apigateway.amazonaws.com")
    assert update(role)["cloudwatchRoleArn"] == role
    assert api.get_account()["cloudwatchRoleArn"] == role
    assert "cloudwatchRoleArn" not in update("")
    wrong = [{"op": "replace", "path": "/throttleSettings/rateLimit", "value": "1"}]
    assert aws_error(lambda: api.update_account(patchOperations=wrong))[0] == "BadRequestException"


@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [
        ("get_sdk", {"restApiId": "a", "stageName": "b", "sdkType": "javascript"}, "SDK"),
        ("get_sdk_types", {}, "SDK"),
        ("get_sdk_type", {"id": "java"}, "SDK"),
        ("create_vpc_link", {"name": "x", "targetArns": ["arn:aws:elasticloadbalancing:us-east-1:1:x"]}, "VPC"),
        ("get_vpc_links", {}, "VPC"),
    ],
)
def test_sdk_generation_and_vpc_links_are_refused_clearly(
    client: Callable[..., Any], aws_error: Any, name: str, arguments: dict[str, Any], named: str
) -> None:
    code, text, status = aws_error(lambda: getattr(client("apigateway"), name)(**arguments))
    assert (code, status) == ("NotImplemented", 501)
    assert named in text
