"""Who a caller is, and a user's own temporary credentials."""

from __future__ import annotations

import json
import re

import pytest


@pytest.fixture
def ann(client, region):
    """The user ann, who may do everything: `ann("iam")` is a client under a key of hers."""
    iam = client("iam")
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    return lambda service: region.client(service, key=key["AccessKeyId"], secret=key["SecretAccessKey"])


def test_the_root_of_an_account(client, account):
    found = client("sts").get_caller_identity()
    assert (found["UserId"], found["Account"], found["Arn"]) == (account, account, f"arn:aws:iam::{account}:root")


def test_a_user(client, ann, account):
    user_id = client("iam").get_user(UserName="ann")["User"]["UserId"]
    found = ann("sts").get_caller_identity()
    assert (found["UserId"], found["Account"], found["Arn"]) == (user_id, account, f"arn:aws:iam::{account}:user/ann")


def test_nobody_is_denied_its_own_identity(client, ann):
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    client("iam").put_user_policy(UserName="ann", PolicyName="none", PolicyDocument=json.dumps(deny))
    assert ann("sts").get_caller_identity()["Arn"].endswith("user/ann")


def test_a_users_session_has_no_iam(ann, region, aws_error):
    given = ann("sts").get_session_token(DurationSeconds=900)["Credentials"]
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", given["AccessKeyId"])

    def client(service):
        return region.client(
            service, key=given["AccessKeyId"], secret=given["SecretAccessKey"], token=given["SessionToken"]
        )

    assert client("sts").get_caller_identity()["Arn"].endswith("user/ann")
    assert ann("iam").list_roles()
    invalid = "The security token included in the request is invalid."
    assert aws_error(client("iam").list_roles) == ("InvalidClientTokenId", invalid, 403)
    assert aws_error(client("sts").get_session_token) == (
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
        403,
    )
