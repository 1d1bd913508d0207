"""GetAccountAuthorizationDetails: everything that says who may what, filtered and page by page."""

from __future__ import annotations

import json

import pytest
from tests.aws.iam.people import TRUST, document, iam

__all__ = ["iam"]
SQS = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"


@pytest.fixture
def arn(iam):
    """An account with one of each; the ARN of its policy."""
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document("s3:*"), Description="d")["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("sqs:*"), SetAsDefault=True)
    iam.create_user(UserName="ann", PermissionsBoundary=arn, Tags=[{"Key": "a", "Value": "b"}])
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document("s3:*"))
    iam.create_group(GroupName="devs")
    iam.add_user_to_group(GroupName="devs", UserName="ann")
    iam.put_group_policy(GroupName="devs", PolicyName="own", PolicyDocument=document("sns:*"))
    iam.attach_group_policy(GroupName="devs", PolicyArn=SQS)
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
    iam.attach_role_policy(RoleName="app", PolicyArn=arn)
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="app")
    return arn


def test_every_entity_with_its_policies(iam, account, arn):
    answer = iam.get_account_authorization_details()
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    (user,) = answer["UserDetailList"]
    assert (user["Arn"], user["GroupList"]) == (f"arn:aws:iam::{account}:user/ann", ["devs"])
    assert user["UserPolicyList"] == [{"PolicyName": "own", "PolicyDocument": json.loads(document("s3:*"))}]
    assert (user["PermissionsBoundary"], user["Tags"]) == (boundary, [{"Key": "a", "Value": "b"}])
    (group,) = answer["GroupDetailList"]
    assert group["GroupPolicyList"] == [{"PolicyName": "own", "PolicyDocument": json.loads(document("sns:*"))}]
    assert group["AttachedManagedPolicies"] == [{"PolicyName": "AmazonSQSFullAccess", "PolicyArn": SQS}]
    (role,) = answer["RoleDetailList"]
    assert role["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert role["AttachedManagedPolicies"] == [{"PolicyName": "p", "PolicyArn": arn}]
    assert (role["PermissionsBoundary"], role["RoleLastUsed"], role["RolePolicyList"]) == (boundary, {}, [])
    (profile,) = role["InstanceProfileList"]
    assert (profile["InstanceProfileName"], profile["Roles"][0]["RoleName"]) == ("web", "app")
    own, sqs = answer["Policies"]
    assert (own["Arn"], own["AttachmentCount"], own["PermissionsBoundaryUsageCount"]) == (arn, 1, 2)
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in own["PolicyVersionList"]] == [
        ("v2", True),
        ("v1", False),
    ]
    assert own["PolicyVersionList"][0]["Document"] == json.loads(document("sqs:*"))
    assert (own["Description"], sqs["Arn"]) == ("d", SQS)
    assert not answer["IsTruncated"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("User", "UserDetailList"),
        ("Group", "GroupDetailList"),
        ("Role", "RoleDetailList"),
        ("LocalManagedPolicy", "Policies"),
        ("AWSManagedPolicy", "Policies"),
    ],
)
def test_filters(iam, arn, wanted, found):
    answer = iam.get_account_authorization_details(Filter=[wanted])
    for name in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
        assert len(answer[name]) == (name == found)
    if found == "Policies":
        assert (answer[found][0]["Arn"] == SQS) is (wanted == "AWSManagedPolicy")


def test_pages_go_over_all_kinds(iam, arn):
    iam.create_user(UserName="bob")
    found, more = [], {}
    while more is not None:
        answer = iam.get_account_authorization_details(MaxItems=2, **more)
        shown = [*answer["UserDetailList"], *answer["GroupDetailList"], *answer["RoleDetailList"], *answer["Policies"]]
        assert len(shown) == 2
        found += [one["Arn"].rpartition(":")[2] for one in shown]
        more = {"Marker": answer["Marker"]} if answer["IsTruncated"] else None
    assert found == ["user/ann", "user/bob", "group/devs", "role/app", "policy/p", "policy/AmazonSQSFullAccess"]
