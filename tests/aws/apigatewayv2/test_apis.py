"""CreateApi, GetApi, GetApis, UpdateApi, DeleteApi, DeleteCorsConfiguration."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

AwsError = Callable[[Callable[[], Any]], tuple[str, str, int]]


def own(response: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in response.items() if key not in ("ResponseMetadata", "CreatedDate")}


def test_a_new_api_has_awss_defaults(api: Any) -> None:
    created = api.create_api(Name="users", ProtocolType="HTTP")
    api_id = created["ApiId"]
    assert re.fullmatch(r"[a-z0-9]{10}", api_id)
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert own(created) == {
        "ApiId": api_id,
        "ApiEndpoint": f"https://{api_id}.execute-api.us-east-1.amazonaws.com",
        "ApiKeySelectionExpression": "$request.header.x-api-key",
        "DisableExecuteApiEndpoint": False,
        "IpAddressType": "ipv4",
        "Name": "users",
        "ProtocolType": "HTTP",
        "RouteSelectionExpression": "$request.method $request.path",
    }
    assert own(api.get_api(ApiId=api_id)) == {**own(created), "Tags": {}}


def test_update_changes_what_it_names(api: Any, api_id: str) -> None:
    cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 60}
    api.update_api(ApiId=api_id, Description="about", CorsConfiguration=cors)
    updated = api.update_api(ApiId=api_id, Name="renamed", DisableExecuteApiEndpoint=True)
    assert (updated["Name"], updated["Description"], updated["CorsConfiguration"]) == ("renamed", "about", cors)
    assert own(api.get_api(ApiId=api_id)) == own(updated)
    narrowed = api.update_api(ApiId=api_id, CorsConfiguration={"AllowOrigins": ["https://b.example"]})
    assert narrowed["CorsConfiguration"] == {**cors, "AllowOrigins": ["https://b.example"]}
    api.delete_cors_configuration(ApiId=api_id)
    assert "CorsConfiguration" not in api.get_api(ApiId=api_id)


def test_cors_names_are_kept_in_one_case(api: Any) -> None:
    cors = {"AllowHeaders": ["Content-Type"], "AllowMethods": ["get", "POST"], "ExposeHeaders": ["X-Id"]}
    created = api.create_api(Name="x", ProtocolType="HTTP", CorsConfiguration=cors)
    kept = {"AllowHeaders": ["content-type"], "AllowMethods": ["GET", "POST"], "ExposeHeaders": ["x-id"]}
    assert created["CorsConfiguration"] == kept
    with_all = {"AllowOrigins": ["*"], "AllowCredentials": True}
    with pytest.raises(
        api.exceptions.BadRequestException, match=r"allow-credentials is not supported if 'allow-origin' is \*"
    ):
        api.create_api(Name="x", ProtocolType="HTTP", CorsConfiguration=with_all)


def test_apis_come_in_pages_and_belong_to_their_account_and_region(
    api: Any, client: Callable[..., Any], region: Any
) -> None:
    made = {api.create_api(Name=f"api{i}", ProtocolType="HTTP")["ApiId"] for i in range(5)}
    pages = list(api.get_paginator("get_apis").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["Items"]) for page in pages] == [2, 2, 1]
    assert {item["ApiId"] for page in pages for item in page["Items"]} == made
    assert client("apigatewayv2", "eu-west-1").get_apis()["Items"] == []


def test_a_deleted_api_is_gone_with_all_its_parts(api: Any, api_id: str, integration: str, aws_error: AwsError) -> None:
    api.create_route(ApiId=api_id, RouteKey="GET /a", Target=integration)
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    assert api.delete_api(ApiId=api_id)["ResponseMetadata"]["HTTPStatusCode"] == 204
    for call in (api.get_api, api.delete_api, api.get_routes, api.get_integrations, api.get_stages):
        code, message, status = aws_error(lambda call=call: call(ApiId=api_id))  # type: ignore[misc]
        assert (code, status) == ("NotFoundException", 404)
        assert re.fullmatch(rf"Invalid API identifier specified \d{{12}}:{api_id}", message)


def test_another_accounts_api_is_not_found(api_id: str, region: Any, aws_error: AwsError) -> None:
    stranger = region.client("apigatewayv2", key="210987654321")
    expected = ("NotFoundException", f"Invalid API identifier specified 210987654321:{api_id}", 404)
    assert aws_error(lambda: stranger.get_api(ApiId=api_id)) == expected


def test_quick_create_makes_an_integration_a_route_and_a_stage(api: Any, account: str) -> None:
    function = f"arn:aws:lambda:us-east-1:{account}:function:f"
    api_id = api.create_api(Name="quick", ProtocolType="HTTP", Target=function)["ApiId"]
    (integration,) = api.get_integrations(ApiId=api_id)["Items"]
    (route,) = api.get_routes(ApiId=api_id)["Items"]
    (stage,) = api.get_stages(ApiId=api_id)["Items"]
    assert (integration["IntegrationUri"], integration["PayloadFormatVersion"]) == (function, "2.0")
    assert (integration["IntegrationMethod"], integration["TimeoutInMillis"]) == ("POST", 30000)
    assert (route["RouteKey"], route["Target"]) == ("$default", f"integrations/{integration['IntegrationId']}")
    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    assert all(made["ApiGatewayManaged"] for made in (integration, route, stage))


SELECTION = {"RouteSelectionExpression": "$request.body.action"}


def test_a_new_websocket_api_has_awss_defaults(api: Any) -> None:
    created = api.create_api(Name="chat", ProtocolType="WEBSOCKET", **SELECTION)
    api_id = created["ApiId"]
    assert own(created) == {
        "ApiId": api_id,
        "ApiEndpoint": f"wss://{api_id}.execute-api.us-east-1.amazonaws.com",
        "ApiKeySelectionExpression": "$request.header.x-api-key",
        "DisableExecuteApiEndpoint": False,
        "IpAddressType": "ipv4",
        "Name": "chat",
        "ProtocolType": "WEBSOCKET",
        "RouteSelectionExpression": "$request.body.action",
    }
    changed = api.update_api(
        ApiId=api_id,
        RouteSelectionExpression="${request.body.service}/${request.body.action}",
        ApiKeySelectionExpression="$context.authorizer.usageIdentifierKey",
        DisableSchemaValidation=True,
        Version="2",
    )
    assert own(api.get_api(ApiId=api_id)) == own(changed)
    assert (changed["DisableSchemaValidation"], changed["Version"]) == (True, "2")
    assert changed["RouteSelectionExpression"] == "${request.body.service}/${request.body.action}"


def test_quick_create_with_a_url_and_its_update(api: Any, account: str, aws_error: AwsError) -> None:
    api_id = api.create_api(Name="quick", ProtocolType="HTTP", Target="https://example.com/a", RouteKey="GET /a")[
        "ApiId"
    ]
    (integration,) = api.get_integrations(ApiId=api_id)["Items"]
    assert (integration["IntegrationType"], integration["IntegrationMethod"]) == ("HTTP_PROXY", "ANY")
    assert (integration["IntegrationUri"], integration["PayloadFormatVersion"]) == ("https://example.com/a", "1.0")
    assert api.get_routes(ApiId=api_id)["Items"][0]["RouteKey"] == "GET /a"
    function, role = f"arn:aws:lambda:us-east-1:{account}:function:f", f"arn:aws:iam::{account}:role/r"
    api.update_api(ApiId=api_id, Target=function, RouteKey="$default", CredentialsArn=role)
    (integration,) = api.get_integrations(ApiId=api_id)["Items"]
    assert (integration["IntegrationType"], integration["IntegrationMethod"]) == ("AWS_PROXY", "POST")
    assert (integration["IntegrationUri"], integration["PayloadFormatVersion"]) == (function, "2.0")
    assert (integration["CredentialsArn"], integration["ApiGatewayManaged"]) == (role, True)
    (route,) = api.get_routes(ApiId=api_id)["Items"]
    assert (route["RouteKey"], route["ApiGatewayManaged"]) == ("$default", True)
    plain = api.create_api(Name="plain", ProtocolType="HTTP")["ApiId"]
    assert aws_error(lambda: api.update_api(ApiId=plain, RouteKey="$default"))[0] == "BadRequestException"
    assert aws_error(lambda: api.update_api(ApiId=plain, Target=function))[0] == "BadRequestException"


LIMITED = 'Route selection expression is currently limited to "${request.method} ${request.path}"'


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"ProtocolType": "WEBSOCKET"}, "Invalid routeSelectionExpression"),
        ({"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "action"}, "Invalid routeSelectionExpression"),
        (
            {"ProtocolType": "WEBSOCKET", "CorsConfiguration": {"AllowOrigins": ["*"]}, **SELECTION},
            "Cors is not supported for WEBSOCKET protocolType",
        ),
        (
            {"ProtocolType": "WEBSOCKET", "Target": "https://example.com", **SELECTION},
            "Target is not supported for WEBSOCKET protocolType",
        ),
        ({"ProtocolType": "HTTP", "RouteSelectionExpression": "$request.body.action"}, LIMITED),
        (
            {"ProtocolType": "HTTP", "ApiKeySelectionExpression": "$request.body.key"},
            "Invalid apiKeySelectionExpression",
        ),
        ({"ProtocolType": "HTTP", "RouteKey": "GET /"}, "Target is required with RouteKey"),
        ({"ProtocolType": "HTTP", "Target": "http://"}, "Invalid HTTP endpoint specified for URI"),
        (
            {"ProtocolType": "HTTP", "CorsConfiguration": {"AllowOrigins": ["*"], "AllowCredentials": True}},
            "allow-credentials is not supported if 'allow-origin' is *",
        ),
    ],
)
def test_what_cannot_be_is_refused(api: Any, aws_error: AwsError, request_: dict[str, Any], message: str) -> None:
    assert aws_error(lambda: api.create_api(Name="x", **request_)) == ("BadRequestException", message, 400)
    assert api.get_apis()["Items"] == []


def test_vpc_links_portals_and_routing_rules_are_refused_by_name(api: Any, aws_error: AwsError) -> None:
    calls = [
        lambda: api.create_vpc_link(Name="l", SubnetIds=["subnet-1"]),
        lambda: api.get_vpc_links(),
        lambda: api.list_portals(),
        lambda: api.list_routing_rules(DomainName="a.example"),
    ]
    for call in calls:
        code, message, status = aws_error(call)
        assert (code, status) == ("NotImplemented", 501)
        assert "apigatewayv2" in message
