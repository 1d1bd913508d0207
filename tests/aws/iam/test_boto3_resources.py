"""boto3's resources and waiters for IAM, as scripts use them: what they read of answers is there."""

from __future__ import annotations

import json

import boto3
import pytest
from tests.aws.iam.people import iam

__all__ = ["iam"]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
READS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


@pytest.fixture
def resource(region, account):
    return boto3.resource(
        "iam", endpoint_url=region.endpoint, region_name="us-east-1", aws_access_key_id=account,
        aws_secret_access_key="test",
    )  # fmt: skip


def test_users_groups_and_policies(resource, iam, account):
    user = resource.create_user(UserName="bob")
    iam.get_waiter("user_exists").wait(UserName="bob")
    group = resource.create_group(GroupName="staff")
    group.add_user(UserName="bob")
    policy = resource.create_policy(PolicyName="reads", PolicyDocument=json.dumps(READS))
    iam.get_waiter("policy_exists").wait(PolicyArn=policy.arn)
    policy.attach_user(UserName="bob")
    user.create_policy(PolicyName="own", PolicyDocument=json.dumps(READS))
    key = user.create_access_key_pair()
    key.deactivate()
    assert [one.name for one in user.groups.all()] == ["staff"]
    assert [one.name for one in group.users.all()] == [one.name for one in policy.attached_users.all()] == ["bob"]
    assert [one.arn for one in user.attached_policies.all()] == [policy.arn]
    assert (policy.attachment_count, policy.default_version.document) == (1, READS)
    assert user.Policy("own").policy_document == READS
    assert [(one.id, one.status) for one in user.access_keys.all()] == [(key.id, "Inactive")]
    assert resource.AccountSummary().summary_map["Users"] == 1
    user.update(NewUserName="rob")
    assert resource.User("rob").arn == f"arn:aws:iam::{account}:user/rob"


def test_roles_and_instance_profiles(resource, iam):
    role = resource.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.get_waiter("role_exists").wait(RoleName="worker")
    profile = resource.create_instance_profile(InstanceProfileName="machine")
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="machine")
    profile.add_role(RoleName="worker")
    assert role.assume_role_policy_document == TRUST
    assert [one.name for one in role.instance_profiles.all()] == ["machine"]
    profile.reload()
    assert [one.name for one in profile.roles] == ["worker"]
