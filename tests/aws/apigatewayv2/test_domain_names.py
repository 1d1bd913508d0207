"""Custom domain names of HTTP and WebSocket APIs: as API Gateway v2 manages them, and how they are called, by Host header."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import pytest

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/2f6cd7f0-1d7a-4e5c-9a35-1c7f5b6cf8ac"
CONFIGURATION = {"CertificateArn": CERTIFICATE, "EndpointType": "REGIONAL", "SecurityPolicy": "TLS_1_2"}


@pytest.fixture
def domain(api: Any, account: str) -> str:
    """A custom domain name of this test's own."""
    name = f"api.a{account}.example"
    api.create_domain_name(DomainName=name, DomainNameConfigurations=[CONFIGURATION])
    return name


def test_a_domain_name_is_made_shown_changed_and_deleted(api: Any, account: str, aws_error: Any) -> None:
    name = f"shop.a{account}.example"
    made = api.create_domain_name(DomainName=name, DomainNameConfigurations=[CONFIGURATION], Tags={"team": "a"})
    [configuration] = made["DomainNameConfigurations"]
    assert made["DomainNameArn"] == f"arn:aws:apigateway:us-east-1::/domainnames/{name}"
    assert made["ApiMappingSelectionExpression"] == "$request.basepath"
    assert made["RoutingMode"] == "API_MAPPING_ONLY"
    assert configuration["ApiGatewayDomainName"].startswith("d-")
    assert configuration["ApiGatewayDomainName"].endswith(".execute-api.us-east-1.amazonaws.com")
    assert configuration["HostedZoneId"] == "Z1UJRXOUMOOFQ8"
    assert configuration["DomainNameStatus"] == "AVAILABLE"
    shown = api.get_domain_name(DomainName=name)
    assert shown["DomainNameConfigurations"] == made["DomainNameConfigurations"]
    assert [one["DomainName"] for one in api.get_domain_names()["Items"]] == [name]

    other = CERTIFICATE.replace("2f6c", "aaaa")
    changed = api.update_domain_name(DomainName=name, DomainNameConfigurations=[{"CertificateArn": other}])
    assert changed["DomainNameConfigurations"][0]["CertificateArn"] == other
    assert changed["DomainNameConfigurations"][0]["ApiGatewayDomainName"] == configuration["ApiGatewayDomainName"]

    api.tag_resource(ResourceArn=made["DomainNameArn"], Tags={"env": "dev"})
    api.untag_resource(ResourceArn=made["DomainNameArn"], TagKeys=["team"])
    assert api.get_tags(ResourceArn=made["DomainNameArn"])["Tags"] == {"env": "dev"}

    api.delete_domain_name(DomainName=name)
    missing = ("NotFoundException", "Invalid domain name identifier specified", 404)
    assert aws_error(lambda: api.get_domain_name(DomainName=name)) == missing


def test_what_a_domain_name_cannot_be(
    api: Any, domain: str, client: Callable[..., Any], region: Any, aws_error: Any
) -> None:
    def create(name: str = "x.example", **members: Any) -> tuple[str, str, int]:
        arguments = {"DomainNameConfigurations": [CONFIGURATION], **members}
        error: tuple[str, str, int] = aws_error(lambda: api.create_domain_name(DomainName=name, **arguments))
        return error

    bad = "BadRequestException"
    assert create(domain) == (bad, "The domain name you provided already exists.", 400)
    elsewhere = region.client("apigatewayv2", key="210987654321")
    taken = aws_error(lambda: elsewhere.create_domain_name(DomainName=domain, DomainNameConfigurations=[CONFIGURATION]))
    assert taken == (bad, "The domain name you provided already exists.", 400)
    assert aws_error(lambda: elsewhere.get_domain_name(DomainName=domain))[0] == "NotFoundException"
    assert create("no domain")[0] == bad
    assert create(DomainNameConfigurations=[]) == (bad, "Invalid input. Expected one domain name configuration", 400)
    for odd in ({"IpAddressType": "ipv9"}, {"SecurityPolicy": "NONE"}, {"EndpointType": "EDGE"}):
        assert create(DomainNameConfigurations=[{**CONFIGURATION, **odd}])[0] == bad
    foreign = CERTIFICATE.replace("us-east-1", "eu-west-1")
    told = f"Invalid certificate ARN: {foreign}. Certificate must be in 'us-east-1'."
    assert create(DomainNameConfigurations=[{**CONFIGURATION, "CertificateArn": foreign}]) == (bad, told, 400)


def test_mutual_tls_and_routing_rules_are_refused_clearly(api: Any, aws_error: Any) -> None:
    def create(**members: Any) -> tuple[str, str, int]:
        error: tuple[str, str, int] = aws_error(
            lambda: api.create_domain_name(DomainName="x.example", DomainNameConfigurations=[CONFIGURATION], **members)
        )
        return error

    code, text, status = create(MutualTlsAuthentication={"TruststoreUri": "s3://bucket/key"})
    assert (code, status) == ("NotImplemented", 501)
    assert "mutual TLS" in text
    code, text, _ = create(RoutingMode="ROUTING_RULE_ONLY")
    assert code == "NotImplemented"
    assert "routing rules" in text


def test_calls_reach_the_api_by_its_host_header(
    api: Any, echo: str, domain: str, region: Any, need: Callable[[object, str], None]
) -> None:
    """The whole domain name is mapped; curl finds it with --resolve, httpx sends the Host header."""
    api.create_api_mapping(DomainName=domain, ApiId=echo, Stage="$default")
    response = httpx.get(f"{region.endpoint}/users/1?a=b", headers={"host": domain}, trust_env=False)
    event = response.json()
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/users/1"
    assert event["requestContext"]["domainName"] == domain
    assert event["requestContext"]["domainPrefix"] == "api"
    assert event["requestContext"]["apiId"] == echo

    need(shutil.which("curl"), "curl")
    target = f"http://{domain}:{region.port}/hello"
    command = ["curl", "-s", "--noproxy", "*", "--resolve", f"{domain}:{region.port}:127.0.0.1", target]
    answered = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=30).stdout)
    assert answered["rawPath"] == "/hello"
    assert answered["headers"]["host"] == f"{domain}:{region.port}"


def test_a_wildcard_domain_name_answers_for_its_subdomains(api: Any, echo: str, account: str, region: Any) -> None:
    name = f"*.w{account}.example"
    api.create_domain_name(DomainName=name, DomainNameConfigurations=[CONFIGURATION])
    api.create_api_mapping(DomainName=name, ApiId=echo, Stage="$default")

    def status(host: str) -> int:
        return httpx.get(f"{region.endpoint}/", headers={"host": host}, trust_env=False).status_code

    assert status(f"acme.w{account}.example") == 200
    assert status(f"w{account}.example") == 403
    assert status(f"a.b.w{account}.example") == 403


def test_a_disabled_endpoint_leaves_the_domain_name(api: Any, echo: str, domain: str, region: Any, call: Any) -> None:
    api.create_api_mapping(DomainName=domain, ApiId=echo, Stage="$default")
    api.update_api(ApiId=echo, DisableExecuteApiEndpoint=True)
    assert call(echo).status_code == 404
    assert httpx.get(region.endpoint, headers={"host": domain}, trust_env=False).status_code == 200


def test_a_host_that_nobody_has_never_reaches_the_management_apis(region: Any, domain: str) -> None:
    """DNS rebinding: a page whose own name is made to point here sends its own Host header."""

    def post(host: str) -> httpx.Response:
        headers = {
            "host": host,
            "x-amz-target": "DynamoDB_20120810.ListTables",
            "content-type": "application/x-amz-json-1.0",
        }
        return httpx.post(region.endpoint, headers=headers, content=b"{}", trust_env=False)

    refused = post("evil.example")
    assert refused.status_code == 403
    assert refused.json() == {"message": "This region does not answer for the host evil.example."}
    assert httpx.get(f"{region.endpoint}/_atoll/status", headers={"host": "evil.example"}).status_code == 403
    answered = post(domain)  # there is no mapping
    assert (answered.status_code, answered.text) == (403, '{"message":"Forbidden"}')


def test_a_deleted_domain_name_answers_no_more(api: Any, echo: str, domain: str, region: Any) -> None:
    api.create_api_mapping(DomainName=domain, ApiId=echo, Stage="$default")
    api.delete_domain_name(DomainName=domain)
    gone = httpx.get(region.endpoint, headers={"host": domain}, trust_env=False)
    assert (gone.status_code, gone.json()["message"]) == (403, f"This region does not answer for the host {domain}.")
