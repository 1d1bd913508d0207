"""Custom domain names as API Gateway v1 manages them; v2 shows the same ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/2f6cd7f0-1d7a-4e5c-9a35-1c7f5b6cf8ac"
REGIONAL = {"regionalCertificateArn": CERTIFICATE, "endpointConfiguration": {"types": ["REGIONAL"]}}


@pytest.fixture
def api(client: Callable[..., Any]) -> Any:
    """The API Gateway v1 client."""
    return client("apigateway")


def replace(path: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": path, "value": value}


def test_a_regional_domain_name_is_made_shown_changed_and_deleted(api: Any, account: str, aws_error: Any) -> None:
    name = f"shop.a{account}.example"
    made = api.create_domain_name(domainName=name, securityPolicy="TLS_1_2", tags={"a": "b"}, **REGIONAL)
    assert made["domainNameArn"] == f"arn:aws:apigateway:us-east-1::/domainnames/{name}"
    assert made["regionalDomainName"].startswith("d-")
    assert made["regionalDomainName"].endswith(".execute-api.us-east-1.amazonaws.com")
    assert made["regionalHostedZoneId"] == "Z1UJRXOUMOOFQ8"
    assert made["regionalCertificateArn"] == CERTIFICATE
    assert made["endpointConfiguration"] == {"types": ["REGIONAL"], "ipAddressType": "ipv4"}
    assert (made["domainNameStatus"], made["securityPolicy"]) == ("AVAILABLE", "TLS_1_2")
    assert made["routingMode"] == "BASE_PATH_MAPPING_ONLY"
    assert not made.keys() & {"distributionDomainName", "certificateArn", "mutualTlsAuthentication"}
    shown = api.get_domain_name(domainName=name)
    assert {key: shown[key] for key in made if key != "ResponseMetadata"} == {
        key: made[key] for key in made if key != "ResponseMetadata"
    }
    assert [item["domainName"] for item in api.get_domain_names()["items"]] == [name]

    other = CERTIFICATE.replace("2f6c", "aaaa")
    operations = [replace("/regionalCertificateArn", other), replace("/securityPolicy", "TLS_1_0")]
    changed = api.update_domain_name(domainName=name, patchOperations=operations)
    assert (changed["regionalCertificateArn"], changed["securityPolicy"]) == (other, "TLS_1_0")
    assert changed["regionalDomainName"] == made["regionalDomainName"]

    api.tag_resource(resourceArn=made["domainNameArn"], tags={"c": "d"})
    assert api.get_tags(resourceArn=made["domainNameArn"])["tags"] == {"a": "b", "c": "d"}
    api.delete_domain_name(domainName=name)
    missing = ("NotFoundException", "Invalid domain name identifier specified", 404)
    assert aws_error(lambda: api.get_domain_name(domainName=name)) == missing


def test_an_edge_domain_name_has_a_distribution(api: Any, account: str, aws_error: Any) -> None:
    name = f"edge.a{account}.example"
    made = api.create_domain_name(domainName=name, certificateArn=CERTIFICATE)
    assert made["endpointConfiguration"]["types"] == ["EDGE"]
    assert made["distributionDomainName"].endswith(".cloudfront.net")
    assert made["distributionHostedZoneId"] == "Z2FDTNDATAQYW2"
    assert made["certificateArn"] == CERTIFICATE
    assert "regionalDomainName" not in made
    operations = [
        replace("/endpointConfiguration/types/EDGE", "REGIONAL"),
        replace("/regionalCertificateArn", CERTIFICATE),
    ]
    changed = api.update_domain_name(domainName=name, patchOperations=operations)
    for path, value in (("/endpointConfiguration/ipAddressType", "ipv9"), ("/securityPolicy", "NONE")):
        patch = replace(path, value)
        code = aws_error(lambda patch=patch: api.update_domain_name(domainName=name, patchOperations=[patch]))[0]
        assert code == "BadRequestException"
    assert api.get_domain_name(domainName=name)["securityPolicy"] == "TLS_1_2"
    assert changed["regionalDomainName"].startswith("d-")
    assert "distributionDomainName" not in changed


def test_both_versions_of_the_api_see_a_domain_name(client: Callable[..., Any], account: str, aws_error: Any) -> None:
    first, second = client("apigateway"), client("apigatewayv2")
    one, two = f"one.a{account}.example", f"two.a{account}.example"
    first.create_domain_name(domainName=one, **REGIONAL)
    second.create_domain_name(DomainName=two, DomainNameConfigurations=[{"CertificateArn": CERTIFICATE}])
    assert [item["DomainName"] for item in second.get_domain_names()["Items"]] == [one, two]
    assert [item["domainName"] for item in first.get_domain_names()["items"]] == [one, two]
    [configuration] = second.get_domain_name(DomainName=one)["DomainNameConfigurations"]
    assert configuration["ApiGatewayDomainName"] == first.get_domain_name(domainName=one)["regionalDomainName"]
    text = "The domain name you provided already exists."
    taken = aws_error(lambda: first.create_domain_name(domainName=two, **REGIONAL))
    assert taken == ("BadRequestException", text, 400)
    second.delete_domain_name(DomainName=one)
    assert aws_error(lambda: first.get_domain_name(domainName=one))[0] == "NotFoundException"


def test_what_a_domain_name_cannot_be(api: Any, aws_error: Any) -> None:
    def create(name: str = "x.example", **members: Any) -> tuple[str, str, int]:
        error: tuple[str, str, int] = aws_error(lambda: api.create_domain_name(domainName=name, **members))
        return error

    bad = "BadRequestException"
    foreign = CERTIFICATE.replace("us-east-1", "eu-west-1")
    text = f"Invalid certificate ARN: {foreign}. Certificate must be in 'us-east-1'."
    assert create(certificateArn=foreign) == (bad, text, 400)
    assert create()[0] == bad
    assert create("no name", certificateArn=CERTIFICATE)[0] == bad
    assert create("x.example", endpointConfiguration={"types": ["EDGE", "REGIONAL"]})[0] == bad


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"mutualTlsAuthentication": {"truststoreUri": "s3://bucket/key"}}, "mutual TLS"),
        ({"routingMode": "ROUTING_RULE_ONLY"}, "routing rules"),
        ({"endpointConfiguration": {"types": ["PRIVATE"]}}, "private"),
        ({"policy": "{}"}, "private"),
        ({"certificateBody": "x"}, "uploaded"),
    ],
)
def test_what_is_refused_clearly(api: Any, aws_error: Any, members: dict[str, Any], named: str) -> None:
    code, text, status = aws_error(lambda: api.create_domain_name(domainName="x.example", **members))
    assert (code, status) == ("NotImplemented", 501)
    assert named in text


def test_domain_names_of_private_apis_are_refused_clearly(api: Any, aws_error: Any) -> None:
    private = aws_error(lambda: api.get_domain_name(domainName="x.example", domainNameId="abc"))
    assert private[::2] == ("NotImplemented", 501)
    assert "private" in private[1]
    association = aws_error(api.get_domain_name_access_associations)
    assert association[::2] == ("NotImplemented", 501)


def test_who_may_manage_which_domain_names(
    client: Callable[..., Any], region: Any, account: str, aws_error: Any
) -> None:
    """By their ARNs, tags, endpoint types and security policies."""
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = region.client("apigateway", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    statement = {
        "Effect": "Allow",
        "Action": "apigateway:*",
        "Resource": [
            "arn:aws:apigateway:us-east-1::/domainnames",
            f"arn:aws:apigateway:us-east-1::/domainnames/a.{account}.example",
        ],
        "Condition": {
            "StringEqualsIfExists": {"apigateway:Request/EndpointType": "REGIONAL", "aws:ResourceTag/team": "a"}
        },
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy)
    ann.create_domain_name(domainName=f"a.{account}.example", tags={"team": "a"}, **REGIONAL)
    edge = {"certificateArn": CERTIFICATE, "endpointConfiguration": {"types": ["EDGE"]}}
    refused = aws_error(lambda: ann.create_domain_name(domainName=f"b.{account}.example", **edge))
    assert refused[0] == "AccessDeniedException"
    ann.get_domain_name(domainName=f"a.{account}.example")
    owner = client("apigateway")
    owner.create_domain_name(domainName=f"b.{account}.example", **REGIONAL)
    assert aws_error(lambda: ann.get_domain_name(domainName=f"b.{account}.example"))[0] == "AccessDeniedException"
    owner.tag_resource(
        resourceArn=f"arn:aws:apigateway:us-east-1::/domainnames/a.{account}.example", tags={"team": "b"}
    )
    assert aws_error(lambda: ann.get_domain_name(domainName=f"a.{account}.example"))[0] == "AccessDeniedException"
