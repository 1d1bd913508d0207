"""Managed policies: the account's own and AWS's, their versions, and what they hang on."""

from __future__ import annotations

import json
import re

import pytest

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def document(action="dynamodb:GetItem"):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def arn(iam):
    return iam.create_policy(PolicyName="reader", PolicyDocument=json.dumps(document()))["Policy"]["Arn"]


def test_a_new_policy(iam, account):
    policy = iam.create_policy(
        PolicyName="reader", Path="/app/", PolicyDocument=json.dumps(document()), Description="reads"
    )["Policy"]
    assert re.fullmatch(r"ANPA[A-Z2-7]{17}", policy.pop("PolicyId"))
    assert policy.pop("CreateDate") == policy.pop("UpdateDate")
    expected = {
        "PolicyName": "reader",
        "Arn": f"arn:aws:iam::{account}:policy/app/reader",
        "Path": "/app/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
    }
    assert policy == expected
    found = iam.get_policy(PolicyArn=policy["Arn"])["Policy"]
    assert expected.items() <= found.items()
    assert (found["Description"], found["Tags"]) == ("reads", [])


def test_names_are_unique_whatever_their_path_and_case(iam, arn, aws_error):
    assert aws_error(
        lambda: iam.create_policy(PolicyName="Reader", Path="/x/", PolicyDocument=json.dumps(document()))
    ) == ("EntityAlreadyExists", "A policy called Reader already exists. Duplicate names are not allowed.", 409)


def test_a_long_policy_is_over_the_quota(iam, aws_error):
    long = document(["s3:Get" + "x" * 100] * 60)
    assert aws_error(lambda: iam.create_policy(PolicyName="long", PolicyDocument=json.dumps(long))) == (
        "LimitExceeded",
        "Cannot exceed quota for PolicySize: 6144",
        409,
    )


def test_a_policy_that_is_not_there(iam, account, aws_error):
    arn = f"arn:aws:iam::{account}:policy/nothing"
    missing = ("NoSuchEntity", f"Policy {arn} was not found.", 404)
    assert aws_error(lambda: iam.get_policy(PolicyArn=arn)) == missing
    assert aws_error(lambda: iam.delete_policy(PolicyArn=arn)) == missing
    unattachable = ("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404)
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)
    assert aws_error(lambda: iam.attach_role_policy(RoleName="worker", PolicyArn=arn)) == unattachable
    assert aws_error(lambda: iam.detach_role_policy(RoleName="worker", PolicyArn=arn)) == missing
    assert aws_error(lambda: iam.attach_role_policy(RoleName="worker", PolicyArn="longer-than-twenty-characters")) == (
        "ValidationError",
        "Invalid ARN:  Could not be parsed!",
        400,
    )


def test_versions(iam, arn, aws_error):
    second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document("s3:Get*")))["PolicyVersion"]
    assert (second["VersionId"], second["IsDefaultVersion"]) == ("v2", False)
    third = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document("sqs:*")), SetAsDefault=True)[
        "PolicyVersion"
    ]
    assert (third["VersionId"], third["IsDefaultVersion"]) == ("v3", True)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == document("s3:Get*")
    for _ in range(2):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document()))
    assert aws_error(lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document()))) == (
        "LimitExceeded",
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
        409,
    )
    assert aws_error(lambda: iam.delete_policy_version(PolicyArn=arn, VersionId="v3")) == (
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
        409,
    )
    iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    sixth = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document()))["PolicyVersion"]
    assert sixth["VersionId"] == "v6"
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [one["VersionId"] for one in versions] == ["v6", "v4", "v3", "v2", "v1"]
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v1"
    assert aws_error(lambda: iam.get_policy_version(PolicyArn=arn, VersionId="v5")) == (
        "NoSuchEntity",
        f"Policy {arn} version v5 does not exist or is not attachable.",
        404,
    )


def test_deletion(iam, arn, aws_error):
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document("s3:Get*")))
    assert aws_error(lambda: iam.delete_policy(PolicyArn=arn)) == (
        "DeleteConflict",
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
        "The default version is deleted with the policy.",
        409,
    )
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    attached = ("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    assert aws_error(lambda: iam.delete_policy(PolicyArn=arn)) == attached
    iam.detach_user_policy(UserName="ann", PolicyArn=arn)
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=arn)
    assert aws_error(lambda: iam.delete_policy(PolicyArn=arn)) == attached
    iam.delete_user_permissions_boundary(UserName="ann")
    iam.delete_policy(PolicyArn=arn)
    assert aws_error(lambda: iam.get_policy(PolicyArn=arn))[0] == "NoSuchEntity"


def test_attachments(iam, arn, aws_error):
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
    iam.attach_role_policy(RoleName="worker", PolicyArn=BASIC)
    iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName="worker")["AttachedPolicies"] == [
        {"PolicyName": "reader", "PolicyArn": arn},
        {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC},
    ]
    found = iam.list_attached_role_policies(RoleName="worker", PathPrefix="/service-role/")["AttachedPolicies"]
    assert [one["PolicyArn"] for one in found] == [BASIC]
    first = iam.list_attached_role_policies(RoleName="worker", MaxItems=1)
    assert first["IsTruncated"]
    rest = iam.list_attached_role_policies(RoleName="worker", MaxItems=1, Marker=first["Marker"])
    assert [one["PolicyArn"] for one in rest["AttachedPolicies"]] == [BASIC]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert iam.get_policy(PolicyArn=BASIC)["Policy"]["AttachmentCount"] == 1
    iam.detach_role_policy(RoleName="worker", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 0
    assert aws_error(lambda: iam.detach_role_policy(RoleName="worker", PolicyArn=arn)) == (
        "NoSuchEntity",
        f"Policy {arn} was not found.",
        404,
    )


def test_ten_attachments_at_most(iam, aws_error):
    iam.create_user(UserName="ann")
    arns = [one["Arn"] for one in iam.list_policies(Scope="AWS", MaxItems=11)["Policies"]]
    for one in arns[:10]:
        iam.attach_user_policy(UserName="ann", PolicyArn=one)
    assert aws_error(lambda: iam.attach_user_policy(UserName="ann", PolicyArn=arns[10])) == (
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerUser: 10",
        409,
    )


def test_entities_for_policy(iam, arn):
    for name in ("b", "a"):
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    iam.create_user(UserName="ann")
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=arn)
    found = iam.list_entities_for_policy(PolicyArn=arn)
    assert [one["RoleName"] for one in found["PolicyRoles"]] == ["a", "b"]
    assert found["PolicyRoles"][0]["RoleId"] == role["RoleId"]
    assert [one["UserName"] for one in found["PolicyUsers"]] == ["ann"]
    assert found["PolicyGroups"] == []
    permissions = iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsPolicy")
    assert permissions["PolicyUsers"] == []
    users = iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="User")
    assert (users["PolicyRoles"], len(users["PolicyUsers"])) == ([], 1)
    pages = iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn, PaginationConfig={"PageSize": 2})
    assert [(len(page["PolicyRoles"]), len(page["PolicyUsers"])) for page in pages] == [(2, 0), (0, 1)]


def test_aws_managed_policies(iam, account, aws_error):
    policy = iam.get_policy(PolicyArn=BASIC)["Policy"]
    assert (policy["Path"], policy["PolicyName"]) == ("/service-role/", "AWSLambdaBasicExecutionRole")
    version = iam.get_policy_version(PolicyArn=BASIC, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert "logs:PutLogEvents" in version["Document"]["Statement"][0]["Action"]
    assert aws_error(lambda: iam.delete_policy(PolicyArn=BASIC)) == (
        "AccessDenied",
        f"User: arn:aws:iam::{account}:root is not authorized to perform: iam:DeletePolicy on resource: policy {BASIC}",
        403,
    )


def test_a_power_user_may_all_but_change_who_may_what(iam, region, aws_error):
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = region.client("iam", key["AccessKeyId"], key["SecretAccessKey"])
    assert ann.list_roles()["Roles"] == []
    assert aws_error(lambda: ann.create_user(UserName="bob"))[0] == "AccessDenied"
    assert region.client("dynamodb", key["AccessKeyId"], key["SecretAccessKey"]).list_tables()["TableNames"] == []


def test_lists(iam, arn):
    for name in ("z", "a"):
        iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document()))
    assert [one["PolicyName"] for one in iam.list_policies(Scope="Local")["Policies"]] == ["a", "reader", "z"]
    pages = iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 7})
    everything = [one["PolicyName"] for page in pages for one in page["Policies"]]
    assert everything[:3] == ["a", "reader", "z"]
    assert len(everything) == len(set(everything)) > 50
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="worker", PolicyArn=BASIC)
    assert [one["Arn"] for one in iam.list_policies(OnlyAttached=True)["Policies"]] == [BASIC]
    found = iam.list_policies(Scope="AWS", PathPrefix="/service-role/")["Policies"]
    assert {one["Path"] for one in found} == {"/service-role/"}


def test_tags_of_a_policy_keep_case(iam, arn):
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "team", "Value": "a"}, {"Key": "Team", "Value": "b"}])
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Tags"] == [
        {"Key": "Team", "Value": "b"},
        {"Key": "team", "Value": "a"},
    ]
    iam.untag_policy(PolicyArn=arn, TagKeys=["team"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "Team", "Value": "b"}]


def test_boundaries(iam, arn, account, aws_error):
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)["Role"]
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    assert role["PermissionsBoundary"] == boundary
    assert iam.get_role(RoleName="worker")["Role"]["PermissionsBoundary"] == boundary
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=BASIC)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 0
    iam.delete_role_permissions_boundary(RoleName="worker")
    assert "PermissionsBoundary" not in iam.get_role(RoleName="worker")["Role"]
    missing = f"arn:aws:iam::{account}:policy/nothing"
    assert aws_error(lambda: iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=missing)) == (
        "NoSuchEntity",
        f"Scope ARN: {missing} does not exist or is not attachable.",
        404,
    )
