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


UNKNOWN = "Invalid mapping expression specified: Validation Result: warnings : [], errors : [{}]"
SERVICE = {"IntegrationSubtype": "SQS-SendMessage", "PayloadFormatVersion": "1.0", "IntegrationUri": None}
ROLE = "the role r of this account"
PROXY = {
    "IntegrationType": "HTTP_PROXY",
    "IntegrationUri": "https://example.com/{id}",
    "IntegrationMethod": "ANY",
    "PayloadFormatVersion": "1.0",
}


def filled(request: dict[str, Any], account: str) -> dict[str, Any]:
    role = f"arn:aws:iam::{account}:role/r"
    return {key: role if value == ROLE else value for key, value in request.items() if value is not None}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"PayloadFormatVersion": "3.0"}, "Unsupported PayloadFormatVersion: 3.0"),
        ({"PayloadFormatVersion": None}, "PayloadFormatVersion is a required parameter for integration"),
        (
            {"IntegrationType": "MOCK"},
            "Currently, an API with a protocol type of HTTP may only be associated with proxy integrations "
            "(AWS_PROXY, HTTP_PROXY)",
        ),
        ({"IntegrationMethod": "GET"}, "HttpMethod must be POST for AWS_PROXY IntegrationType"),
        ({"IntegrationUri": None}, "IntegrationUri is a required parameter for integration"),
        (
            {"IntegrationUri": "arn:aws:sqs:us-east-1:123456789012:q"},
            "Invalid Lambda function ARN specified in the integration URI",
        ),
        (
            {**PROXY, "IntegrationMethod": None},
            "HttpMethod parameter method must be specified for integrationType HTTPPROXY",
        ),
        (
            {**PROXY, "PayloadFormatVersion": "2.0"},
            "PayloadFormatVersion 2.0 is not supported for integration of type HTTP_PROXY",
        ),
        ({**PROXY, "IntegrationUri": "ftp://example.com"}, "Invalid HTTP endpoint specified for URI"),
        ({**PROXY, "IntegrationUri": "https://[x"}, "Invalid HTTP endpoint specified for URI"),
        (
            {"IntegrationSubtype": "S3-PutObject", "PayloadFormatVersion": "1.0"},
            "Operation: S3-PutObject is not supported.",
        ),
        ({**SERVICE, "PayloadFormatVersion": "2.0"}, "Operation: SQS-SendMessage is not supported."),
        (SERVICE, "Role ARN must be specified for AWS integration configuration with Subtype: SQS-SendMessage"),
        (
            {**SERVICE, "CredentialsArn": ROLE, "RequestParameters": {"QueueUrl": "https://q"}},
            "Operation: SQS-SendMessage requires enabling passthrough, or defining all of the following parameters in the "
            "parameter mapping: [QueueUrl, MessageBody]",
        ),
        (
            {
                **SERVICE,
                "CredentialsArn": ROLE,
                "RequestParameters": {"QueueUrl": "q", "MessageBody": "$request.body", "MessageAttributes": '{"a":{}}'},
            },
            "Invalid selection expression specified: Validation Result: warnings : [], errors : [Invalid source: "
            '{"a":{}} specified for destination: MessageAttributes]',
        ),
        ({"CredentialsArn": "nonsense"}, "Invalid ARN specified in the request"),
        ({"ConnectionType": "VPC_LINK"}, "ConnectionId must be set to vpcLinkId for ConnectionType VPC_LINK"),
        (
            {"RequestParameters": {"badaction:header.x": "b"}},
            UNKNOWN.format("Invalid Request Actioned Parameter destination specified: badaction:header.x"),
        ),
        (
            {"RequestParameters": {"append:path": "b"}},
            UNKNOWN.format("Invalid Request Actioned Parameter destination specified: append:path"),
        ),
        (
            {"RequestParameters": {"overwrite:header.Authorization": "b"}},
            UNKNOWN.format("Operations on header Authorization are restricted"),
        ),
        (
            {"RequestParameters": {"remove:header.x-amzn-trace-id": "''"}},
            UNKNOWN.format("Operations on header x-amzn-trace-id are restricted"),
        ),
        (
            {"RequestParameters": {"append:header.a": "$response.header.b"}},
            UNKNOWN.format("Invalid source: $response.header.b specified for destination: append:header.a"),
        ),
        (
            {"ResponseParameters": {"200": {"badaction:header.x": "b"}}},
            UNKNOWN.format("Invalid Response Actioned Parameter destination specified: badaction:header.x"),
        ),
        (
            {"ResponseParameters": {"200": {"append:statuscode": "201"}}},
            UNKNOWN.format("Invalid Response Actioned Parameter destination specified: append:statuscode"),
        ),
        ({"ResponseParameters": {"199": {"append:header.a": "b"}}}, UNKNOWN.format("Status Code 199 is not valid.")),
        ({"TimeoutInMillis": 30_001}, "Timeout should be between 50 ms and 30000 ms"),
    ],
)
def test_what_cannot_be_is_refused(
    api: Any, api_id: str, account: str, aws_error: AwsError, request_: dict[str, Any], message: str
) -> None:
    base = {"IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION, "PayloadFormatVersion": "2.0"}
    asked = filled({**base, **request_}, account)
    assert aws_error(lambda: api.create_integration(ApiId=api_id, **asked)) == ("BadRequestException", message, 400)
    assert api.get_integrations(ApiId=api_id)["Items"] == []


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ({"ConnectionType": "VPC_LINK", "ConnectionId": "abc"}, "VPC links"),
        (
            {
                "IntegrationSubtype": "StepFunctions-StartExecution",
                "CredentialsArn": ROLE,
                "RequestParameters": {"StateMachineArn": "a"},
            },
            "StepFunctions-StartExecution: Atoll has no Step Functions",
        ),
        (
            {
                "IntegrationSubtype": "AppConfig-GetConfiguration",
                "CredentialsArn": ROLE,
                "RequestParameters": dict.fromkeys(("Application", "Environment", "Configuration", "ClientId"), "a"),
            },
            "AppConfig-GetConfiguration needs GetConfiguration of appconfig, which Atoll does not have yet",
        ),
    ],
)
def test_what_atoll_lacks_is_refused_by_name(
    api: Any, api_id: str, account: str, aws_error: AwsError, request_: dict[str, Any], names: str
) -> None:
    asked = filled({"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "1.0", **request_}, account)
    code, message, status = aws_error(lambda: api.create_integration(ApiId=api_id, **asked))
    assert (code, status) == ("NotImplemented", 501)
    assert names in message


def test_an_http_proxy_with_parameter_mappings(api: Any, api_id: str) -> None:
    mappings = {
        "append:header.header1": "$context.requestId",
        "overwrite:querystring.q": "${request.path.id}-${stageVariables.env}",
        "remove:querystring.qs1": "''",
        "overwrite:path": "$request.path",
        "overwrite:header.host": "example.org",
    }
    answers = {
        "500": {"append:header.header1": "$context.requestId", "overwrite:statuscode": "403"},
        "404": {"append:header.error": "$response.body.message"},
    }
    created = api.create_integration(
        ApiId=api_id,
        **PROXY,
        RequestParameters=mappings,
        ResponseParameters=answers,
        TlsConfig={"ServerNameToVerify": "example.com"},
        CredentialsArn="arn:aws:iam::*:user/*",
    )
    assert own(created) == {
        "ConnectionType": "INTERNET",
        "CredentialsArn": "arn:aws:iam::*:user/*",
        "IntegrationId": created["IntegrationId"],
        "RequestParameters": mappings,
        "ResponseParameters": answers,
        "TimeoutInMillis": 30000,
        "TlsConfig": {"ServerNameToVerify": "example.com"},
        **PROXY,
    }
    changed = api.update_integration(
        ApiId=api_id,
        IntegrationId=created["IntegrationId"],
        RequestParameters=dict.fromkeys(list(mappings)[1:], ""),
        ResponseParameters={"404": {}},
        CredentialsArn="",
    )
    assert changed["RequestParameters"] == {"append:header.header1": "$context.requestId"}
    assert changed["ResponseParameters"] == {"500": answers["500"]}
    assert "CredentialsArn" not in changed
