"""OIDC providers: made, changed, listed, tagged, deleted."""

from __future__ import annotations

import pytest

THUMBPRINT = "a" * 40


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def arn(iam):
    return iam.create_open_id_connect_provider(
        Url="https://issuer.example/path", ClientIDList=["app"], ThumbprintList=[THUMBPRINT]
    )["OpenIDConnectProviderArn"]


def test_a_provider(iam, arn, account):
    assert arn == f"arn:aws:iam::{account}:oidc-provider/issuer.example/path"
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert found["Url"] == "issuer.example/path"
    assert (found["ClientIDList"], found["ThumbprintList"], found["Tags"]) == (["app"], [THUMBPRINT], [])
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": arn}]


def test_clients_and_thumbprints(iam, arn):
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="more")
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="more")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="app")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="none")
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["b" * 40, "c" * 40])
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (found["ClientIDList"], found["ThumbprintList"]) == (["more"], ["b" * 40, "c" * 40])


def test_what_is_refused(iam, arn, account, aws_error):
    create = iam.create_open_id_connect_provider
    url = "https://issuer.example/path"
    assert aws_error(lambda: create(Url=url)) == (
        "EntityAlreadyExists", f"Provider with url {url} already exists.", 409,
    )  # fmt: skip
    invalid = ("ValidationError", "Invalid Open ID Connect Provider URL", 400)
    for wrong in ("example.org", "http://example.org", "ftp://localhost", "https://", "https://a?b", "http://[::"):
        assert aws_error(lambda wrong=wrong: create(Url=wrong)) == invalid
    assert aws_error(lambda: create(Url="https://a.example", ThumbprintList=[f"{n}" * 40 for n in range(6)])) == (
        "InvalidInput", "Thumbprint list must contain fewer than 5 entries.", 400,
    )  # fmt: skip
    many = [str(n) for n in range(101)]
    assert aws_error(lambda: create(Url="https://a.example", ClientIDList=many)) == (
        "LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100", 409,
    )  # fmt: skip


def test_deleting(iam, arn, aws_error):
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert aws_error(lambda: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)) == (
        "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}", 404,
    )  # fmt: skip
    assert aws_error(lambda: iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)) == (
        "NoSuchEntity", f"OpenId connect Provider {arn} cannot be found.", 404,
    )  # fmt: skip


def test_tags(iam, arn, aws_error):
    iam.tag_open_id_connect_provider(
        OpenIDConnectProviderArn=arn, Tags=[{"Key": "k1", "Value": "v1"}, {"Key": "k2", "Value": "v2"}]
    )
    iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=["k2"])
    listed = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)
    assert (listed["Tags"], listed["IsTruncated"]) == ([{"Key": "k1", "Value": "v1"}], False)
    many = [{"Key": f"m{n}", "Value": ""} for n in range(50)]
    assert aws_error(lambda: iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=many)) == (
        "LimitExceeded", "The number of tags has reached the maximum limit.", 409,
    )  # fmt: skip
