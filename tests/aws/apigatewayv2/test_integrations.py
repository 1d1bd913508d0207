"""CreateIntegration, GetIntegration(s), UpdateIntegration, DeleteIntegration."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

AwsError = Callable[[Callable[[], Any]], tuple[str, str, int]]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
INVOKE = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}:live/invocations"


def own(response: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in response.items() if key != "ResponseMetadata"}


@pytest.mark.parametrize(("uri", "method"), [(FUNCTION, {"IntegrationMethod": "POST"}), (INVOKE, {})])
def test_a_lambda_proxy(api: Any, api_id: str, uri: str, method: dict[str, str]) -> None:
    created = api.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=uri,
        PayloadFormatVersion="2.0",
        **method,
    )
    assert re.fullmatch(r"[a-z0-9]{7}", created["IntegrationId"])
    assert own(created) == {
        "ConnectionType": "INTERNET",
        "IntegrationId": created["IntegrationId"],
        "IntegrationMethod": "POST",
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": uri,
        "PayloadFormatVersion": "2.0",
        "TimeoutInMillis": 30000,
    }
    assert own(api.get_integration(ApiId=api_id, IntegrationId=created["IntegrationId"])) == own(created)
    assert api.get_integrations(ApiId=api_id)["Items"] == [own(created)]


def test_update_changes_what_it_names(api: Any, api_id: str, integration: str) -> None:
    integration_id = integration.split("/")[1]
    updated = api.update_integration(ApiId=api_id, IntegrationId=integration_id, TimeoutInMillis=50, Description="d")
    assert (updated["TimeoutInMillis"], updated["Description"], updated["IntegrationUri"]) == (50, "d", FUNCTION)


def test_one_that_a_route_uses_stays(api: Any, api_id: str, integration: str, aws_error: AwsError) -> None:
    integration_id = integration.split("/")[1]
    route = api.create_route(ApiId=api_id, RouteKey="GET /a", Target=integration)["RouteId"]
    assert aws_error(lambda: api.delete_integration(ApiId=api_id, IntegrationId=integration_id)) == (
        "ConflictException",
        f"Cannot delete Integration because it is referenced by the following Routes with Ids: [{route}]",
        409,
    )
    api.delete_route(ApiId=api_id, RouteId=route)
    api.delete_integration(ApiId=api_id, IntegrationId=integration_id)
    expected = ("NotFoundException", "Invalid Integration identifier specified", 404)
    assert aws_error(lambda: api.get_integration(ApiId=api_id, IntegrationId=integration_id)) == expected


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"IntegrationUri": "https://example.com", "IntegrationType": "HTTP_PROXY"}, "NotImplemented"),
        ({"PayloadFormatVersion": "3.0"}, "BadRequestException"),
        ({"PayloadFormatVersion": None}, "BadRequestException"),
        ({"IntegrationType": "MOCK"}, "BadRequestException"),
        ({"IntegrationUri": None}, "BadRequestException"),
        ({"IntegrationUri": "arn:aws:sqs:us-east-1:123456789012:q"}, "BadRequestException"),
        ({"IntegrationSubtype": "SQS-SendMessage"}, "NotImplemented"),
        ({"CredentialsArn": "arn:aws:iam::123456789012:role/r"}, "NotImplemented"),
        ({"ConnectionType": "VPC_LINK", "ConnectionId": "abc"}, "NotImplemented"),
        ({"RequestParameters": {"append:header.a": "b"}}, "NotImplemented"),
    ],
)
def test_what_cannot_be_is_refused(
    api: Any, api_id: str, aws_error: AwsError, request_: dict[str, Any], code: str
) -> None:
    base = {"IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION, "PayloadFormatVersion": "2.0"}
    asked = {key: value for key, value in {**base, **request_}.items() if value is not None}
    assert aws_error(lambda: api.create_integration(ApiId=api_id, **asked))[0] == code
    assert api.get_integrations(ApiId=api_id)["Items"] == []
