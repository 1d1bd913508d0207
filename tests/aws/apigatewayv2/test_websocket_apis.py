"""What only WebSocket APIs have: routes by message, every kind of integration, models, route and integration responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tests.functions import API_GATEWAY, make_role

AwsError = Callable[[Callable[[], Any]], tuple[str, str, int]]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
INVOKE = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
SCHEMA = """{"type": "object", "properties": {"id": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}}}"""
DEFAULTS = {
    "ConnectionType": "INTERNET",
    "PassthroughBehavior": "WHEN_NO_MATCH",
    "PayloadFormatVersion": "1.0",
    "TimeoutInMillis": 29000,
}
MAPPING = "Invalid mapping expression specified: Validation Result: warnings : [], errors : [{}]"


def own(response: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in response.items() if key != "ResponseMetadata"}


@pytest.fixture
def chat(api: Any) -> str:
    """A new, empty WebSocket API."""
    created: str = api.create_api(
        Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    return created


@pytest.mark.parametrize("key", ["$connect", "$disconnect", "$default", "join", "a b/c"])
def test_route_keys(api: Any, chat: str, key: str) -> None:
    assert api.create_route(ApiId=chat, RouteKey=key)["RouteKey"] == key


def test_a_dollar_begins_no_other_route_key(api: Any, chat: str, aws_error: AwsError) -> None:
    wrong = aws_error(lambda: api.create_route(ApiId=chat, RouteKey="$join"))
    assert wrong == ("BadRequestException", "The provided route key is not formatted properly", 400)


def test_a_route_with_all_that_it_may_have(api: Any, chat: str, aws_error: AwsError) -> None:
    model = api.create_model(ApiId=chat, Name="Join", Schema=SCHEMA, ContentType="application/json")
    members = {
        "ApiKeyRequired": True,
        "AuthorizationType": "NONE",
        "ModelSelectionExpression": "$request.body.kind",
        "OperationName": "Join",
        "RequestModels": {"join": "Join"},
        "RequestParameters": {"route.request.querystring.token": {"Required": True}},
        "RouteKey": "$connect",
        "RouteResponseSelectionExpression": "$default",
    }
    route = api.create_route(ApiId=chat, **members)
    assert own(route) == {"RouteId": route["RouteId"], **members}
    one = {"ApiId": chat, "RouteId": route["RouteId"]}
    changed = api.update_route(**one, RequestParameters={"route.request.header.x": {"Required": False}})
    assert set(changed["RequestParameters"]) == {"route.request.querystring.token", "route.request.header.x"}
    api.delete_route_request_parameter(**one, RequestParameterKey="route.request.querystring.token")
    assert api.get_route(**one)["RequestParameters"] == {"route.request.header.x": {"Required": False}}
    gone = aws_error(
        lambda: api.delete_route_request_parameter(**one, RequestParameterKey="route.request.querystring.token")
    )
    assert gone[0] == "NotFoundException"
    unknown = ("BadRequestException", "Invalid model identifier specified: Other", 400)
    assert aws_error(lambda: api.update_route(**one, RequestModels={"a": "Other"})) == unknown
    wrong = {"method.request.header.x": {"Required": True}}
    assert aws_error(lambda: api.update_route(**one, RequestParameters=wrong))[0] == "BadRequestException"
    used = aws_error(lambda: api.delete_model(ApiId=chat, ModelId=model["ModelId"]))
    assert used == ("ConflictException", "Cannot delete model 'Join', is referenced in route: $connect", 409)


@pytest.mark.parametrize(
    ("asked", "selection"),
    [
        ({"IntegrationType": "MOCK"}, "statuscode"),
        (
            {
                "IntegrationType": "HTTP",
                "IntegrationMethod": "GET",
                "IntegrationUri": "http://www.example.com",
                "ContentHandlingStrategy": "CONVERT_TO_TEXT",
                "Description": "Test HTTP",
                "RequestParameters": {"integration.request.querystring.stage": "'value1'"},
                "RequestTemplates": {"application/json": "", "$default": "#set($number=42)"},
                "TemplateSelectionExpression": "$request.body.name",
                "TimeoutInMillis": 28999,
                "PassthroughBehavior": "NEVER",
            },
            "statuscode",
        ),
        (
            {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "POST", "IntegrationUri": "https://example.com"},
            "statuscode",
        ),
        ({"IntegrationType": "AWS", "IntegrationMethod": "POST", "IntegrationUri": INVOKE}, "body"),
        ({"IntegrationType": "AWS_PROXY", "IntegrationMethod": "POST", "IntegrationUri": INVOKE}, "body"),
        (
            {
                "IntegrationType": "AWS",
                "IntegrationMethod": "POST",
                "IntegrationUri": "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem",
                "RequestParameters": {
                    "integration.request.header.id": "context.connectionId",
                    "integration.request.header.name": "route.request.body.name",
                },
            },
            "statuscode",
        ),
    ],
)
def test_integrations_of_every_kind(api: Any, chat: str, asked: dict[str, Any], selection: str) -> None:
    created = api.create_integration(ApiId=chat, **asked)
    expression = {
        "body": "${integration.response.body.errorMessage}",
        "statuscode": "${integration.response.statuscode}",
    }
    expected = {
        "IntegrationId": created["IntegrationId"],
        "IntegrationResponseSelectionExpression": expression[selection],
    }
    assert own(created) == {**DEFAULTS, **expected, **asked}
    assert own(api.get_integration(ApiId=chat, IntegrationId=created["IntegrationId"])) == own(created)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"IntegrationType": "HTTP", "IntegrationUri": "http://example.com"},
            "HttpMethod parameter method must be specified for integrationType HTTP",
        ),
        (
            {"IntegrationType": "AWS", "IntegrationMethod": "POST", "IntegrationUri": FUNCTION},
            "AWS ARN for integration must contain path or action",
        ),
        ({"IntegrationType": "MOCK", "TimeoutInMillis": 29001}, "Timeout should be between 50 ms and 29000 ms"),
        (
            {"IntegrationType": "AWS_PROXY", "IntegrationUri": INVOKE, "PayloadFormatVersion": "2.0"},
            "Unsupported PayloadFormatVersion: 2.0",
        ),
        (
            {"IntegrationType": "MOCK", "RequestParameters": {"append:header.a": "b"}},
            MAPPING.format("Invalid mapping expression parameter specified: append:header.a"),
        ),
        (
            {"IntegrationType": "MOCK", "RequestParameters": {"integration.request.header.a": "b"}},
            MAPPING.format("Invalid mapping expression specified: b"),
        ),
        (
            {"IntegrationType": "LAMBDA"},
            "Invalid integration type specified. Must be one of [AWS_PROXY, HTTP_PROXY, AWS, HTTP, MOCK]",
        ),
        (
            {"IntegrationType": "MOCK", "PassthroughBehavior": "ALWAYS"},
            "Invalid passthrough behavior specified. Must be one of [WHEN_NO_MATCH, WHEN_NO_TEMPLATES, NEVER]",
        ),
    ],
)
def test_integrations_that_cannot_be(
    api: Any, chat: str, aws_error: AwsError, asked: dict[str, Any], message: str
) -> None:
    assert aws_error(lambda: api.create_integration(ApiId=chat, **asked)) == ("BadRequestException", message, 400)


def test_integration_responses(api: Any, chat: str, aws_error: AwsError) -> None:
    integration = {
        "ApiId": chat,
        "IntegrationId": api.create_integration(ApiId=chat, IntegrationType="MOCK")["IntegrationId"],
    }
    members = {
        "ContentHandlingStrategy": "CONVERT_TO_TEXT",
        "IntegrationResponseKey": "/4\\d\\d/",
        "ResponseParameters": {"integration.response.header.a": "'b'"},
        "ResponseTemplates": {"application/json": "{}"},
        "TemplateSelectionExpression": "${integration.response.statuscode}",
    }
    created = api.create_integration_response(**integration, **members)
    one = {**integration, "IntegrationResponseId": created["IntegrationResponseId"]}
    assert own(created) == {"IntegrationResponseId": one["IntegrationResponseId"], **members}
    taken = aws_error(lambda: api.create_integration_response(**integration, IntegrationResponseKey="/4\\d\\d/"))
    assert (taken[0], taken[2]) == ("ConflictException", 409)
    wrong = aws_error(lambda: api.create_integration_response(**integration, IntegrationResponseKey="200"))
    assert wrong == ("BadRequestException", "Invalid integration response key specified: 200", 400)
    changed = api.update_integration_response(**one, IntegrationResponseKey="$default", ResponseTemplates={})
    assert own(api.get_integration_response(**one)) == own(changed)
    assert (changed["IntegrationResponseKey"], "ResponseTemplates" in changed) == ("$default", False)
    assert api.get_integration_responses(**integration)["Items"] == [own(changed)]
    api.delete_integration_response(**one)
    gone = ("NotFoundException", "Invalid IntegrationResponse identifier specified", 404)
    assert aws_error(lambda: api.get_integration_response(**one)) == gone
    again = api.create_integration_response(**integration, IntegrationResponseKey="$default")
    api.delete_integration(**integration)
    no_integration = ("NotFoundException", "Invalid Integration identifier specified", 404)
    assert aws_error(lambda: api.get_integration_responses(**integration)) == no_integration
    one["IntegrationResponseId"] = again["IntegrationResponseId"]
    assert aws_error(lambda: api.get_integration_response(**one)) == no_integration


def test_route_responses(api: Any, chat: str, aws_error: AwsError) -> None:
    api.create_model(ApiId=chat, Name="Answer", Schema="{}")
    route = {"ApiId": chat, "RouteId": api.create_route(ApiId=chat, RouteKey="join")["RouteId"]}
    members = {
        "ModelSelectionExpression": "default",
        "ResponseModels": {"default": "Answer"},
        "ResponseParameters": {"route.response.header.a": {"Required": False}},
        "RouteResponseKey": "$default",
    }
    created = api.create_route_response(**route, **members)
    one = {**route, "RouteResponseId": created["RouteResponseId"]}
    assert own(created) == {"RouteResponseId": one["RouteResponseId"], **members}
    assert api.get_route_responses(**route)["Items"] == [own(created)]
    second = aws_error(lambda: api.create_route_response(**route, RouteResponseKey="$default"))
    assert (second[0], second[2]) == ("ConflictException", 409)
    other = aws_error(lambda: api.update_route_response(**one, RouteResponseKey="x"))
    assert other == ("BadRequestException", "Currently, only $default is supported as a RouteResponseKey.", 400)
    changed = api.update_route_response(**one, ResponseModels={}, ResponseParameters={})
    assert own(api.get_route_response(**one)) == own(changed)
    assert not {"ResponseModels", "ResponseParameters"} & changed.keys()
    api.delete_route_response(**one)
    gone = ("NotFoundException", "Invalid RouteResponse identifier specified", 404)
    assert aws_error(lambda: api.get_route_response(**one)) == gone


def test_what_has_no_effect_is_reported(api: Any, chat: str, region: Any) -> None:
    uri = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
    api.create_integration(
        ApiId=chat, IntegrationType="AWS_PROXY", IntegrationUri=uri, ContentHandlingStrategy="CONVERT_TO_TEXT",
        RequestTemplates={"$default": "{}"},
    )  # fmt: skip
    api.create_model(ApiId=chat, Name="Answer", Schema="{}")
    route = api.create_route(ApiId=chat, RouteKey="join")["RouteId"]
    api.create_route_response(
        ApiId=chat, RouteId=route, RouteResponseKey="$default", ResponseModels={"$default": "Answer"}
    )
    listed = httpx.get(f"{region.endpoint}/_atoll/unsupported", trust_env=False).text
    for member in ("ContentHandlingStrategy", "RequestTemplates", "ResponseModels"):
        assert member in listed


def test_models(api: Any, chat: str, aws_error: AwsError) -> None:
    created = api.create_model(ApiId=chat, Name="Join", Schema=SCHEMA, Description="d")
    one = {"ApiId": chat, "ModelId": created["ModelId"]}
    assert own(created) == {
        "ContentType": "application/json",
        "Description": "d",
        "ModelId": one["ModelId"],
        "Name": "Join",
        "Schema": SCHEMA,
    }
    assert api.get_model_template(**one)["Value"] == (
        "#set($inputRoot = $input.path('$'))\n{\n"
        '  "id" : 42,\n'
        '  "tags" : [\n#foreach($elem in $inputRoot.tags)\n    "foo"#if($foreach.hasNext),#end\n#end\n  ]\n}'
    )
    taken = ("ConflictException", "Model with name Join already exists for this API", 409)
    assert aws_error(lambda: api.create_model(ApiId=chat, Name="Join", Schema="{}")) == taken
    named = ("BadRequestException", "Model name must be alphanumeric: a-b", 400)
    assert aws_error(lambda: api.create_model(ApiId=chat, Name="a-b", Schema="{}")) == named
    for schema in ("{", "[]", "[" * 20_000):
        assert aws_error(lambda schema=schema: api.update_model(**one, Schema=schema))[0] == "BadRequestException"  # type: ignore[misc]
    changed = api.update_model(**one, Name="Leave", Schema="{}")
    assert own(api.get_model(**one)) == own(changed)
    assert api.get_models(ApiId=chat)["Items"] == [own(changed)]
    api.delete_model(**one)
    gone = ("NotFoundException", "Invalid Model identifier specified", 404)
    assert aws_error(lambda: api.get_model(**one)) == gone


def test_http_apis_have_none_of_these(api: Any, api_id: str, integration: str, aws_error: AwsError) -> None:
    refused = "Currently, Models are not permitted for APIs with a protocol type of HTTP"
    assert aws_error(lambda: api.create_model(ApiId=api_id, Name="m", Schema="{}")) == (
        "BadRequestException",
        refused,
        400,
    )
    route = api.create_route(ApiId=api_id, RouteKey="GET /a")["RouteId"]
    answer = aws_error(lambda: api.create_route_response(ApiId=api_id, RouteId=route, RouteResponseKey="$default"))
    assert answer[1] == "RouteResponses are currently not supported for this API protocol type."
    id_ = integration.split("/")[1]
    one = aws_error(
        lambda: api.create_integration_response(ApiId=api_id, IntegrationId=id_, IntegrationResponseKey="$default")
    )
    assert one[1] == "IntegrationResponses are currently not supported for this API protocol type."


def test_a_deployment_and_a_throttled_stage(api: Any, chat: str, aws_error: AwsError) -> None:
    no_routes = ("BadRequestException", "Unable to deploy API because no routes exist in this API", 400)
    assert aws_error(lambda: api.create_deployment(ApiId=chat)) == no_routes
    api.create_route(ApiId=chat, RouteKey="join")
    deployment = api.create_deployment(ApiId=chat)["DeploymentId"]
    settings = {"DetailedMetricsEnabled": False, "ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 2.5}
    stage = api.create_stage(
        ApiId=chat,
        StageName="dev",
        DeploymentId=deployment,
        DefaultRouteSettings=settings,
        RouteSettings={"join": {"ThrottlingBurstLimit": 1}},
    )
    assert (stage["DeploymentId"], stage["DefaultRouteSettings"]) == (deployment, settings)
    wrong = aws_error(
        lambda: api.update_stage(ApiId=chat, StageName="dev", DefaultRouteSettings={"LoggingLevel": "ALL"})
    )
    assert wrong[1] == "Invalid logging level specified. Must be one of [OFF, ERROR, INFO]"


@pytest.mark.parametrize(
    "settings",
    [
        {
            "AccessLogSettings": {
                "DestinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:g",
                "Format": "$context.requestId",
            }
        },
        {"DefaultRouteSettings": {"LoggingLevel": "INFO"}},
    ],
)
def test_logs_need_a_role_in_the_accounts_settings(
    api: Any, chat: str, client: Callable[..., Any], aws_error: AwsError, settings: dict[str, Any]
) -> None:
    refused = aws_error(lambda: api.create_stage(ApiId=chat, StageName="dev", **settings))
    no_role = "CloudWatch Logs role ARN must be set in account settings to enable logging"
    assert refused == ("BadRequestException", no_role, 400)
    role = make_role(client, "logs", API_GATEWAY)
    policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    client("iam").attach_role_policy(RoleName="logs", PolicyArn=policy)
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    client("apigateway").update_account(patchOperations=[change])
    api.create_stage(ApiId=chat, StageName="dev", **settings)


def test_a_client_certificate_must_be_there(
    api: Any, chat: str, client: Callable[..., Any], aws_error: AwsError
) -> None:
    missing = aws_error(lambda: api.create_stage(ApiId=chat, StageName="dev", ClientCertificateId="nobody"))
    assert (missing[0], missing[2]) == ("NotFoundException", 404)
    certificate = client("apigateway").generate_client_certificate()["clientCertificateId"]
    stage = api.create_stage(ApiId=chat, StageName="dev", ClientCertificateId=certificate)
    assert stage["ClientCertificateId"] == certificate


def test_a_deleted_api_takes_everything_along(api: Any, chat: str, aws_error: AwsError) -> None:
    api.create_model(ApiId=chat, Name="m", Schema="{}")
    integration = api.create_integration(ApiId=chat, IntegrationType="MOCK")["IntegrationId"]
    api.create_integration_response(ApiId=chat, IntegrationId=integration, IntegrationResponseKey="$default")
    route = api.create_route(ApiId=chat, RouteKey="join", Target=f"integrations/{integration}")["RouteId"]
    api.create_route_response(ApiId=chat, RouteId=route, RouteResponseKey="$default")
    api.delete_api(ApiId=chat)
    assert aws_error(lambda: api.get_models(ApiId=chat))[0] == "NotFoundException"
