"""GetFederationToken: for somebody else, and what such sessions may; GetAccessKeyInfo."""

from __future__ import annotations

import json
import re

import pytest


def document(*actions, **more):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


LOGS = document("logs:DescribeLogGroups")


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def ann(iam, region):
    """Clients of the user ann, who may vouch for others, list log groups and tables, and use IAM."""
    iam.create_user(UserName="ann")
    mine = document("sts:*", "logs:DescribeLogGroups", "dynamodb:ListTables", "iam:*")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=mine)
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    return lambda service: region.client(service, key=key["AccessKeyId"], secret=key["SecretAccessKey"])


def test_a_federated_user(ann, session, account):
    answer = ann("sts").get_federation_token(Name="Bob", Policy=LOGS, DurationSeconds=900)
    arn = f"arn:aws:sts::{account}:federated-user/Bob"
    assert answer["FederatedUser"] == {"FederatedUserId": f"{account}:Bob", "Arn": arn}
    assert answer["PackedPolicySize"] > 0
    caller = session(answer, "sts").get_caller_identity()
    assert (caller["UserId"], caller["Arn"]) == (f"{account}:Bob", arn)


def test_it_may_what_both_the_user_and_the_policy_allow(ann, iam, session, account, aws_error):
    policy = document("logs:DescribeLogGroups", "dynamodb:DescribeLimits")
    answer = ann("sts").get_federation_token(Name="Bob", Policy=policy)
    assert session(answer, "logs").describe_log_groups()["logGroups"] == []
    arn = f"arn:aws:sts::{account}:federated-user/Bob"
    limits = aws_error(session(answer, "dynamodb").describe_limits)
    assert limits[1].startswith(f"User: {arn} is not authorized to perform: dynamodb:DescribeLimits")
    assert "no identity-based policy" in limits[1]
    assert "no session policy" in aws_error(session(answer, "dynamodb").list_tables)[1]
    iam.delete_user_policy(UserName="ann", PolicyName="p")
    assert aws_error(session(answer, "logs").describe_log_groups)[0] == "AccessDeniedException"


def test_without_a_policy_it_may_nothing(ann, session, aws_error):
    answer = ann("sts").get_federation_token(Name="Bob")
    assert answer["PackedPolicySize"] == 0
    assert aws_error(session(answer, "logs").describe_log_groups)[0] == "AccessDeniedException"


def test_it_has_no_iam_and_of_sts_only_who_it_is(ann, iam, session, account, aws_error):
    answer = ann("sts").get_federation_token(Name="Bob", Policy=document("*"))
    assert aws_error(session(answer, "iam").list_users)[0] == "InvalidClientTokenId"
    sts = session(answer, "sts")
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
        }
    )
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assert aws_error(lambda: sts.assume_role(RoleArn=role, RoleSessionName="me"))[0] == "AccessDenied"
    assert aws_error(lambda: sts.get_federation_token(Name="Eve"))[0] == "AccessDenied"
    assert sts.get_caller_identity()


def test_who_may_vouch(iam, region, account, aws_error):
    iam.create_user(UserName="eve")
    key = iam.create_access_key(UserName="eve")["AccessKey"]
    sts = region.client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert aws_error(lambda: sts.get_federation_token(Name="Bob")) == (
        "AccessDenied",
        f"User: arn:aws:iam::{account}:user/eve is not authorized to perform: sts:GetFederationToken on resource: "
        f"arn:aws:sts::{account}:federated-user/Bob because no identity-based policy allows the sts:GetFederationToken action",
        403,
    )


def test_sessions_do_not_vouch(ann, session, aws_error):
    given = ann("sts").get_session_token()
    assert aws_error(lambda: session(given, "sts").get_federation_token(Name="Bob")) == (
        "AccessDenied",
        "Cannot call GetFederationToken with session credentials",
        403,
    )


def test_tags_of_federated_users(ann, iam, session, aws_error):
    policy = document("logs:DescribeLogGroups", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    vouch = ann("sts").get_federation_token
    tagged = vouch(Name="Bob", Policy=policy, Tags=[{"Key": "team", "Value": "red"}])
    assert session(tagged, "logs").describe_log_groups()
    assert (
        aws_error(session(vouch(Name="Bob", Policy=policy), "logs").describe_log_groups)[0] == "AccessDeniedException"
    )
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document("sts:GetFederationToken"))
    refused = aws_error(lambda: vouch(Name="Bob", Policy=policy, Tags=[{"Key": "team", "Value": "red"}]))
    assert "sts:TagSession" in refused[1]


def test_the_root_vouches(client, session, aws_error):
    answer = client("sts").get_federation_token(Name="Bob", Policy=LOGS)
    assert session(answer, "logs").describe_log_groups()["logGroups"] == []
    assert aws_error(session(answer, "dynamodb").list_tables)[0] == "AccessDeniedException"


def test_which_account_a_key_is_of(ann, iam, client, account, aws_error):
    key = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"][0]["AccessKeyId"]
    stranger = client("sts")
    assert stranger.get_access_key_info(AccessKeyId=key)["Account"] == account
    given = ann("sts").get_session_token()["Credentials"]["AccessKeyId"]
    assert stranger.get_access_key_info(AccessKeyId=given)["Account"] == account
    assert re.fullmatch(r"\d{12}", stranger.get_access_key_info(AccessKeyId="AKIAIOSFODNN7EXAMPLE")["Account"])
    assert (
        aws_error(lambda: stranger.get_access_key_info(AccessKeyId="ASIAIOSFODNN7EXAMPLE"))[0] == "InvalidClientTokenId"
    )
