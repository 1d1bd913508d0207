"""What API Gateway accepts without effect depends on the API that is there: it is noted, and refused under --strict."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.admin.test_strict import ask, reported

if TYPE_CHECKING:
    from tests.conftest import Region

ACCOUNT = "000000000000"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
INVOKE = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
CERTIFICATE = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555"
POOL = f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/us-east-1_abc"
V1, V2 = "apigateway", "apigatewayv2"
DOCUMENT = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {}}
TLS = "x-amazon-apigateway-security-policy"


def http(region: Region) -> dict[str, Any]:
    """A new HTTP API with a stage."""
    api = region.client(V2, key=ACCOUNT)
    api_id = api.create_api(Name="h", ProtocolType="HTTP")["ApiId"]
    api.create_stage(ApiId=api_id, StageName="s")
    return {"ApiId": api_id}


def websocket(region: Region) -> dict[str, Any]:
    """A new WebSocket API."""
    api = region.client(V2, key=ACCOUNT)
    return {
        "ApiId": api.create_api(Name="w", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.a")["ApiId"]
    }


def rest(region: Region) -> dict[str, Any]:
    """A method of a new REST API."""
    api = region.client(V1, key=ACCOUNT)
    made = api.create_rest_api(name="r")
    place = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    api.put_method(**place, authorizationType="NONE")
    return place


def stage(region: Region) -> dict[str, Any]:
    """A stage of a new REST API."""
    api, place = region.client(V1, key=ACCOUNT), rest(region)
    api.put_integration(**place, type="MOCK")
    api.create_deployment(restApiId=place["restApiId"], stageName="s")
    return {"restApiId": place["restApiId"], "stageName": "s"}


def nothing(_region: Region) -> dict[str, Any]:
    return {}


def patch(path: str, value: str) -> dict[str, Any]:
    return {"patchOperations": [{"op": "replace", "path": path, "value": value}]}


def settings(**given: Any) -> dict[str, Any]:
    return {"StageName": "s", "DefaultRouteSettings": given}


PROXY = {"IntegrationType": "AWS_PROXY", "IntegrationUri": FUNCTION, "PayloadFormatVersion": "2.0"}
CASES: list[tuple[str, str, Callable[[Any], dict[str, Any]], dict[str, Any], str]] = [
    (V1, "UpdateStage", stage, patch("/*/*/metrics/enabled", "true"), "metrics/enabled"),
    (V1, "UpdateStage", stage, patch("/tracingEnabled", "true"), "tracingEnabled"),
    (V1, "ImportRestApi", nothing, {"body": json.dumps({**DOCUMENT, TLS: "TLS_1_2"}).encode()}, TLS),
    (
        V1, "GetExport", stage, {"exportType": "oas30", "parameters": {"extensions": "postman"}},
        "parameters.extensions",
    ),
    (V1, "PutIntegration", rest, {"type": "AWS_PROXY", "uri": INVOKE}, "integrationHttpMethod"),
    (
        V1, "CreateDomainName", nothing, {"domainName": "v1.example.com", "regionalCertificateArn": CERTIFICATE,
        "endpointConfiguration": {"types": ["REGIONAL"]}}, "regionalCertificateArn",
    ),
    (V2, "CreateRoute", http, {"RouteKey": "GET /", "RequestModels": {"a/b": "m"}}, "RequestModels"),
    (V2, "UpdateApi", http, {"DisableSchemaValidation": True}, "DisableSchemaValidation"),
    (V2, "CreateIntegration", http, {**PROXY, "RequestTemplates": {"a/b": "x"}}, "RequestTemplates"),
    (V2, "UpdateStage", http, settings(DetailedMetricsEnabled=True), "DefaultRouteSettings.DetailedMetricsEnabled"),
    (V2, "UpdateStage", http, {"StageName": "s", "ClientCertificateId": "abc"}, "ClientCertificateId"),
    (
        V2, "CreateIntegration", websocket, {**PROXY, "PayloadFormatVersion": "1.0", "IntegrationMethod": "POST",
        "ContentHandlingStrategy": "CONVERT_TO_TEXT"}, "ContentHandlingStrategy",
    ),
    (
        V2, "CreateDomainName", nothing, {"DomainName": "v2.example.com", "DomainNameConfigurations":
        [{"CertificateArn": CERTIFICATE, "EndpointType": "REGIONAL"}]}, "DomainNameConfigurations.CertificateArn",
    ),
]  # fmt: skip
"""Service, operation, what must be there (and its place in the request), the rest of the request, the property's name."""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, own: Region) -> Iterator[Region]:
    """A region under --strict."""
    region = type(own)(tmp_path_factory.mktemp("strict") / "data", ("--strict",)).start()
    yield region
    region.stop()


@pytest.mark.parametrize(
    ("service", "operation", "there", "given", "prop"), CASES, ids=[f"{case[1]}.{case[4]}" for case in CASES]
)
def test_what_has_no_effect(
    own: Region,
    strict: Region,
    service: str,
    operation: str,
    there: Callable[[Any], dict[str, Any]],
    given: Any,
    prop: str,
) -> None:
    before = reported(own, service, operation, prop)
    assert ask(own, service, operation, {**there(own), **given})[0] == ""
    assert reported(own, service, operation, prop) == before + 1
    code, message, status = ask(strict, service, operation, {**there(strict), **given})
    if prop == "integrationHttpMethod":  # AWS refuses that
        assert message == "Enumeration value for HttpMethod must be non-empty"
        return
    assert (code, status) == ("NotImplemented", 501)
    assert message.startswith(f"Atoll does not honour {prop} of {service}:{operation}: ")
