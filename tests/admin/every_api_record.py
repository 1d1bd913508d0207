"""Something of everything that API Gateway stores for an account, made with boto3."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
from tests.aws.apigateway.mock_api import call, mock_api, plan_with_key

if TYPE_CHECKING:
    from tests.admin.conftest import Owner

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/2f6cd7f0-1d7a-4e5c-9a35-1c7f5b6cf8ac"
POOL_KEYS = {"Issuer": "https://issuer.example", "Audience": ["app"]}
SET = [{"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "100"}]
OPENAPI = {
    "openapi": "3.0.1",
    "info": {"title": "imported", "version": "1"},
    "paths": {"/a/{b}": {"get": {"responses": {"200": {"description": "ok"}}}}},
}


def make(owner: Owner) -> tuple[list[str], list[str]]:
    """The ids of the REST APIs, and of the HTTP and WebSocket APIs."""
    return _rest(owner), [_http(owner), _websocket(owner)]


def _rest(owner: Owner) -> list[str]:
    gateway = owner.client("apigateway")
    api = mock_api(gateway, tags={"a": "b"})
    named = {"restApiId": api}
    plan, key, value = plan_with_key(gateway, api, quota={"limit": 5, "period": "DAY"}, tags={"a": "b"})
    assert call(owner.region, api, value).status_code == 200
    used = [{"op": "replace", "path": "/remaining", "value": "9"}]
    gateway.update_usage(usagePlanId=plan, keyId=key, patchOperations=used)
    gateway.create_model(**named, name="Pet", contentType="application/json", schema='{"type": "object"}')
    gateway.create_request_validator(**named, name="all", validateRequestBody=True)
    gateway.put_gateway_response(**named, responseType="UNAUTHORIZED", statusCode="418")
    function = f"arn:aws:lambda:us-east-1:{owner.account}:function:none"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    gateway.create_authorizer(
        **named, name="token", type="TOKEN", authorizerUri=uri, identitySource="method.request.header.Authorization"
    )
    gateway.create_documentation_part(**named, location={"type": "API"}, properties='{"description": "Pets"}')
    gateway.create_documentation_version(**named, documentationVersion="1")
    canary = {"percentTraffic": 10.0, "stageVariableOverrides": {"a": "b"}}
    gateway.create_deployment(**named, stageName="dev", canarySettings=canary)
    gateway.update_stage(**named, stageName="dev", patchOperations=SET)
    gateway.tag_resource(resourceArn=f"arn:aws:apigateway:us-east-1::/restapis/{api}/stages/dev", tags={"a": "b"})
    gateway.generate_client_certificate(tags={"a": "b"})
    imported: str = gateway.import_rest_api(body=json.dumps(OPENAPI))["id"]
    name = f"rest.a{owner.account}.example"
    gateway.create_domain_name(domainName=name, certificateArn=CERTIFICATE, tags={"a": "b"})
    gateway.create_base_path_mapping(domainName=name, restApiId=api, stage="dev", basePath="v1")
    role = owner.client("iam").create_role(RoleName="logs", AssumeRolePolicyDocument=_trust())["Role"]["Arn"]
    gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])
    return [api, imported]


def _http(owner: Owner) -> str:
    gateway = owner.client("apigatewayv2")
    api: str = gateway.create_api(Name="http", ProtocolType="HTTP", Tags={"a": "b"})["ApiId"]
    gateway.create_authorizer(
        ApiId=api,
        Name="jwt",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration=POOL_KEYS,
    )
    proxy = {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "GET", "PayloadFormatVersion": "1.0"}
    integration = gateway.create_integration(ApiId=api, IntegrationUri="http://127.0.0.1:9", **proxy)["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="GET /pets", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True, Tags={"a": "b"})
    gateway.create_deployment(ApiId=api)
    name = f"http.a{owner.account}.example"
    configuration = {"CertificateArn": CERTIFICATE, "EndpointType": "REGIONAL"}
    gateway.create_domain_name(DomainName=name, DomainNameConfigurations=[configuration])
    gateway.create_api_mapping(DomainName=name, ApiId=api, Stage="$default", ApiMappingKey="v2")
    url = f"{owner.region.endpoint}/_aws/execute-api/{api}/%24default/pets"
    assert httpx.get(url, trust_env=False).status_code == 503  # there, with nobody behind it
    gateway.import_api(Body=json.dumps(OPENAPI))
    return api


def _websocket(owner: Owner) -> str:
    gateway = owner.client("apigatewayv2")
    api: str = gateway.create_api(
        Name="websocket", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action"
    )["ApiId"]
    integration = gateway.create_integration(ApiId=api, IntegrationType="MOCK")["IntegrationId"]
    gateway.create_integration_response(ApiId=api, IntegrationId=integration, IntegrationResponseKey="$default")
    route = gateway.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")["RouteId"]
    gateway.create_route_response(ApiId=api, RouteId=route, RouteResponseKey="$default")
    gateway.create_model(ApiId=api, Name="Message", ContentType="application/json", Schema='{"type": "object"}')
    deployment = gateway.create_deployment(ApiId=api)["DeploymentId"]
    gateway.create_stage(ApiId=api, StageName="live", DeploymentId=deployment)
    return api


def _trust() -> str:
    who = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [who]})
