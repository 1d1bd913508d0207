"""Domains of the hosted pages: prefixes and names of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0b1c2d3e-1111-2222-3333-444455556666"


@pytest.fixture
def pool_id(pool: Callable[..., str]) -> str:
    return pool()


def described(idp: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = idp.describe_user_pool_domain(Domain=name)["DomainDescription"]
    return found


def test_a_prefix_is_given_shown_and_taken_away(idp: Any, pool_id: str, account: str, aws_error: Error) -> None:
    name = f"shop-{account}"
    assert described(idp, name) == {}
    idp.create_user_pool_domain(UserPoolId=pool_id, Domain=name)
    shown = described(idp, name)
    expected = {"UserPoolId": pool_id, "AWSAccountId": account, "Domain": name, "Status": "ACTIVE"}
    assert expected.items() <= shown.items()
    assert shown["CustomDomainConfig"] == {}
    assert shown["CloudFrontDistribution"].endswith(".cloudfront.net")
    assert shown["Version"]
    assert shown["S3Bucket"]
    assert idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["Domain"] == name
    idp.delete_user_pool_domain(UserPoolId=pool_id, Domain=name)
    assert described(idp, name) == {}
    assert "Domain" not in idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    gone = ("InvalidParameterException", "No such domain or user pool exists.", 400)
    assert aws_error(lambda: idp.delete_user_pool_domain(UserPoolId=pool_id, Domain=name)) == gone


def test_a_domain_is_one_pools_over_all_accounts(
    idp: Any, pool: Callable[..., str], pool_id: str, region: Any, account: str, aws_error: Error
) -> None:
    name = f"shop-{account}"
    idp.create_user_pool_domain(UserPoolId=pool_id, Domain=name)
    taken = ("InvalidParameterException", "Domain already associated with another user pool.", 400)
    another = pool()
    assert aws_error(lambda: idp.create_user_pool_domain(UserPoolId=another, Domain=name)) == taken
    stranger = region.client("cognito-idp", key=account[::-1])
    foreign = stranger.create_user_pool(PoolName="people")["UserPool"]["Id"]
    assert aws_error(lambda: stranger.create_user_pool_domain(UserPoolId=foreign, Domain=name)) == taken
    assert described(stranger, name) == {}
    second = aws_error(lambda: idp.create_user_pool_domain(UserPoolId=pool_id, Domain=f"other-{account}"))
    assert second[::2] == ("InvalidParameterException", 400)


def test_a_name_of_ones_own_has_a_certificate(idp: Any, pool_id: str, account: str, aws_error: Error) -> None:
    name, prefix = f"auth.a{account}.example.com", f"both-{account}"
    made = idp.create_user_pool_domain(
        UserPoolId=pool_id, Domain=name, CustomDomainConfig={"CertificateArn": CERTIFICATE}
    )
    idp.create_user_pool_domain(UserPoolId=pool_id, Domain=prefix)
    shown = described(idp, name)
    assert shown["CustomDomainConfig"] == {"CertificateArn": CERTIFICATE}
    assert shown["CloudFrontDistribution"] == made["CloudFrontDomain"]
    found = idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    assert (found["Domain"], found["CustomDomain"]) == (prefix, name)
    other = CERTIFICATE[:-1] + "7"
    updated = idp.update_user_pool_domain(UserPoolId=pool_id, Domain=name, CustomDomainConfig={"CertificateArn": other})
    assert updated["CloudFrontDomain"] == made["CloudFrontDomain"]
    assert described(idp, name)["CustomDomainConfig"] == {"CertificateArn": other}
    idp.delete_user_pool_domain(UserPoolId=pool_id, Domain=name)
    assert "CustomDomain" not in idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    elsewhere = {"CertificateArn": CERTIFICATE.replace("us-east-1", "eu-west-1")}
    refused = aws_error(
        lambda: idp.create_user_pool_domain(UserPoolId=pool_id, Domain=name, CustomDomainConfig=elsewhere)
    )
    assert refused[::2] == ("InvalidParameterException", 400)


@pytest.mark.parametrize("word", ["aws", "amazon", "cognito"])
def test_reserved_words_are_refused(idp: Any, pool_id: str, aws_error: Error, word: str) -> None:
    refused = aws_error(lambda: idp.create_user_pool_domain(UserPoolId=pool_id, Domain=f"my-{word}-pool"))
    assert refused == ("InvalidParameterException", f"Domain cannot contain reserved word: {word}", 400)


@pytest.mark.parametrize("name", ["Upper", "-a", "a-", "a.b", "a_b", "\u00e9", "a" * 64])
def test_a_prefix_is_lower_case_letters_digits_and_hyphens(idp: Any, pool_id: str, aws_error: Error, name: str) -> None:
    refused = aws_error(lambda: idp.create_user_pool_domain(UserPoolId=pool_id, Domain=name))
    assert refused[::2] == ("InvalidParameterException", 400)


def test_another_pools_domain_cannot_be_changed(
    idp: Any, pool: Callable[..., str], pool_id: str, account: str, aws_error: Error
) -> None:
    name, another = f"shop-{account}", pool()
    idp.create_user_pool_domain(UserPoolId=pool_id, Domain=name)
    gone = ("InvalidParameterException", "No such domain or user pool exists.", 400)
    assert aws_error(lambda: idp.delete_user_pool_domain(UserPoolId=another, Domain=name)) == gone
    assert aws_error(lambda: idp.update_user_pool_domain(UserPoolId=another, Domain=name)) == gone
