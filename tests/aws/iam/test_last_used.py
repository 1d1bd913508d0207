"""When access keys and roles were last used: the first use in a quarter of an hour is noted, and stays over a restart."""

from __future__ import annotations

import datetime
import json
import time

import pytest
from tests.aws.iam.people import document

NEVER = {"ServiceName": "N/A", "Region": "N/A"}


@pytest.fixture
def region(new_region):
    """A region of the test's own: its clock moves."""
    return new_region()


@pytest.fixture
def iam(region):
    return region.client("iam", key="123456789012")


@pytest.fixture
def ann(iam, region):
    """The user ann: her key's id, and clients under it."""
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    make = lambda service, where="us-east-1": region.client(  # noqa: E731
        service, key["AccessKeyId"], key["SecretAccessKey"], region=where
    )
    return key["AccessKeyId"], make


def test_an_access_keys_last_use(iam, region, ann, aws_error):
    key, client = ann
    answer = iam.get_access_key_last_used(AccessKeyId=key)
    assert (answer["UserName"], answer["AccessKeyLastUsed"]) == ("ann", NEVER)
    client("sts", "eu-west-1").get_caller_identity()
    first = iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    assert (first["ServiceName"], first["Region"]) == ("sts", "eu-west-1")
    assert abs(first["LastUsedDate"].timestamp() - time.time()) < 60
    assert aws_error(client("dynamodb").list_tables)[0] == "AccessDeniedException"
    assert iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"] == first
    region.atoll("clock", "advance", "15m")
    assert aws_error(client("dynamodb").list_tables)[0] == "AccessDeniedException"
    later = iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    assert (later["ServiceName"], later["Region"]) == ("dynamodb", "us-east-1")
    assert later["LastUsedDate"] - first["LastUsedDate"] >= datetime.timedelta(minutes=15)


def test_last_uses_stay_over_a_restart(iam, region, ann):
    key, client = ann
    client("sts").get_caller_identity()
    before = iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    region.kill()
    region.start()
    assert iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"] == before
    client("sts", "eu-west-1").get_caller_identity()
    assert iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"] == before


def test_a_wrong_signature_is_no_use(iam, region, ann, aws_error):
    key, _ = ann
    assert aws_error(region.client("sts", key, "wrong").get_caller_identity)[0] == "SignatureDoesNotMatch"
    assert iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"] == NEVER


def test_who_may_ask_for_a_keys_last_use(iam, region, ann, aws_error):
    key, client = ann
    denied = (
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: iam:GetAccessKeyLastUsed on resource:"
    )
    assert aws_error(lambda: client("iam").get_access_key_last_used(AccessKeyId=key))[1].startswith(
        f"{denied} user ann"
    )
    allowed = document("iam:GetAccessKeyLastUsed", resource="arn:aws:iam::123456789012:user/ann")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=allowed)
    assert client("iam").get_access_key_last_used(AccessKeyId=key)["UserName"] == "ann"
    other = region.client("iam", key="210987654321")
    assert aws_error(lambda: other.get_access_key_last_used(AccessKeyId=key)) == (
        "AccessDenied",
        "User: arn:aws:iam::210987654321:root is not authorized to perform: iam:GetAccessKeyLastUsed on resource: "
        f"access key {key}",
        403,
    )
    iam.delete_access_key(UserName="ann", AccessKeyId=key)
    assert aws_error(lambda: iam.get_access_key_last_used(AccessKeyId=key))[0] == "AccessDenied"


def test_a_roles_last_use(iam, region):
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}],
    }
    arn = iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    sts = region.client("sts", key="123456789012")
    session = sts.assume_role(RoleArn=arn, RoleSessionName="s1")["Credentials"]
    assert iam.get_role(RoleName="app")["Role"]["RoleLastUsed"] == {}
    keys = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    region.client("sts", *keys, region="eu-west-1").get_caller_identity()
    used = iam.get_role(RoleName="app")["Role"]["RoleLastUsed"]
    assert used["Region"] == "eu-west-1"
    assert abs(used["LastUsedDate"].timestamp() - time.time()) < 60
    iam.delete_role(RoleName="app")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust))
    assert iam.get_role(RoleName="app")["Role"]["RoleLastUsed"] == {}


def test_uses_are_dated_by_the_regions_clock(region, iam, ann):
    key, client = ann
    region.atoll("clock", "set", "2031-01-01")
    client("sts").get_caller_identity()
    used = iam.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]["LastUsedDate"]
    assert used.date() == datetime.date(2031, 1, 1)
