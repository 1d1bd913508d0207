"""Users and their access keys: an issued key signs for real, and may do what its policies say."""

from __future__ import annotations

import json
import re
from hashlib import sha256

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def document(action, effect="Allow", resource="*"):
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]}
    )


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def ann(iam, region):
    """The user ann: `ann("iam")` is a client under a key of hers."""
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    return lambda service: region.client(service, key=key["AccessKeyId"], secret=key["SecretAccessKey"])


def test_users(iam, account, aws_error):
    user = iam.create_user(UserName="Ann", Path="/staff/", Tags=[{"Key": "a", "Value": "b"}])["User"]
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", user["UserId"])
    assert user["Arn"] == f"arn:aws:iam::{account}:user/staff/Ann"
    assert iam.get_user(UserName="Ann")["User"] == user
    assert aws_error(lambda: iam.create_user(UserName="ann")) == (
        "EntityAlreadyExists",
        "User with name ann already exists.",
        409,
    )
    iam.create_user(UserName="bob")
    assert [one["UserName"] for one in iam.list_users()["Users"]] == ["Ann", "bob"]
    assert [one["UserName"] for one in iam.list_users(PathPrefix="/staff/")["Users"]] == ["Ann"]
    assert iam.list_groups_for_user(UserName="bob")["Groups"] == []
    iam.delete_user(UserName="bob")
    assert aws_error(lambda: iam.get_user(UserName="bob")) == (
        "NoSuchEntity",
        "The user with name bob cannot be found.",
        404,
    )


def test_access_keys(iam, aws_error):
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key["AccessKeyId"])
    assert len(key["SecretAccessKey"]) == 40
    iam.create_access_key(UserName="ann")
    assert aws_error(lambda: iam.create_access_key(UserName="ann")) == (
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
        409,
    )
    listed = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    assert (listed[0]["AccessKeyId"], listed[0]["Status"], len(listed)) == (key["AccessKeyId"], "Active", 2)
    assert aws_error(lambda: iam.delete_user(UserName="ann")) == (
        "DeleteConflict",
        "Cannot delete entity, must delete access keys first.",
        409,
    )
    for one in listed:
        iam.delete_access_key(UserName="ann", AccessKeyId=one["AccessKeyId"])
    assert aws_error(lambda: iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])) == (
        "NoSuchEntity",
        f"The Access Key with id {key['AccessKeyId']} cannot be found.",
        404,
    )
    iam.delete_user(UserName="ann")


def test_a_wrong_secret_is_refused(iam, region, aws_error):
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    sts = region.client("sts", key=key["AccessKeyId"], secret="wrong")
    assert aws_error(sts.get_caller_identity)[0] == "SignatureDoesNotMatch"


def test_an_inactive_key_is_refused(iam, ann, aws_error):
    assert ann("sts").get_caller_identity()
    (key,) = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert aws_error(ann("sts").get_caller_identity) == (
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
        403,
    )
    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Active")
    assert ann("sts").get_caller_identity()


def test_a_deleted_key_is_nobodys(iam, ann, aws_error):
    (key,) = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    assert aws_error(ann("sts").get_caller_identity) == (
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
        403,
    )


def test_a_user_may_do_what_its_policies_say(iam, ann, account, aws_error):
    who = f"User: arn:aws:iam::{account}:user/ann is not authorized to perform:"
    assert aws_error(ann("iam").list_roles) == (
        "AccessDenied",
        f"{who} iam:ListRoles on resource: arn:aws:iam::{account}:role/ because no identity-based policy allows the "
        "iam:ListRoles action",
        403,
    )
    iam.put_user_policy(UserName="ann", PolicyName="list", PolicyDocument=document("iam:ListRoles"))
    assert ann("iam").list_roles()["Roles"] == []
    assert aws_error(ann("iam").list_users)[0] == "AccessDenied"
    arn = iam.create_policy(PolicyName="deny", PolicyDocument=document("iam:List*", "Deny"))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    assert "with an explicit deny in an identity-based policy" in aws_error(ann("iam").list_roles)[1]
    iam.detach_user_policy(UserName="ann", PolicyArn=arn)
    assert ann("iam").list_roles()
    iam.delete_user_policy(UserName="ann", PolicyName="list")
    assert aws_error(ann("iam").list_roles)[0] == "AccessDenied"


def test_a_new_default_version_is_in_force_at_once(iam, ann, aws_error):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document("iam:ListRoles"))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    assert ann("iam").list_roles()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("iam:ListUsers"), SetAsDefault=True)
    assert aws_error(ann("iam").list_roles)[0] == "AccessDenied"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert ann("iam").list_roles()


def test_a_boundary_limits(iam, ann, aws_error):
    iam.put_user_policy(UserName="ann", PolicyName="all", PolicyDocument=document("iam:*"))
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=document("iam:ListRoles"))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=arn)
    assert ann("iam").list_roles()
    assert "because no permissions boundary allows the iam:ListUsers action" in aws_error(ann("iam").list_users)[1]


def test_resources_have_their_paths(iam, ann, account, aws_error):
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}],
        }
    )
    iam.create_role(RoleName="in", Path="/app/", AssumeRolePolicyDocument=trust)
    iam.create_role(RoleName="out", AssumeRolePolicyDocument=trust)
    allowed = document("iam:GetRole", resource=f"arn:aws:iam::{account}:role/app/*")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=allowed)
    assert ann("iam").get_role(RoleName="in")
    assert aws_error(lambda: ann("iam").get_role(RoleName="out")) == (
        "AccessDenied",
        f"User: arn:aws:iam::{account}:user/ann is not authorized to perform: iam:GetRole on resource: role out because "
        "no identity-based policy allows the iam:GetRole action",
        403,
    )


def test_conditions_on_what_is_attached(iam, ann, account, aws_error):
    iam.create_user(UserName="bob")
    policy = json.loads(document("iam:AttachUserPolicy"))
    policy["Statement"][0]["Condition"] = {
        "ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonSQSFullAccess"}
    }
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(policy))
    ann("iam").attach_user_policy(UserName="bob", PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
    denied = aws_error(
        lambda: ann("iam").attach_user_policy(UserName="bob", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    )
    assert denied[0] == "AccessDenied"


def test_conditions_on_the_tags_and_the_boundary_of_what_is_there(iam, ann, account, aws_error):
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
    iam.create_user(UserName="bob", PermissionsBoundary=limit, Tags=[{"Key": "team", "Value": "a"}])
    iam.create_user(UserName="eve")
    policy = json.loads(document(["iam:PutUserPolicy", "iam:GetUser"]))
    policy["Statement"][0]["Condition"] = {"StringEquals": {"aws:ResourceTag/team": "a"}}
    iam.put_user_policy(UserName="ann", PolicyName="tagged", PolicyDocument=json.dumps(policy))
    assert ann("iam").get_user(UserName="bob")
    assert aws_error(lambda: ann("iam").get_user(UserName="eve"))[0] == "AccessDenied"
    policy["Statement"][0]["Condition"] = {"StringEquals": {"iam:PermissionsBoundary": limit}}
    iam.put_user_policy(UserName="ann", PolicyName="tagged", PolicyDocument=json.dumps(policy))
    ann("iam").put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document("s3:GetObject"))
    denied = aws_error(
        lambda: ann("iam").put_user_policy(UserName="eve", PolicyName="p", PolicyDocument=document("s3:GetObject"))
    )
    assert denied[0] == "AccessDenied"


def test_conditions_on_the_boundary_and_tags_of_what_is_made(iam, ann, account, aws_error):
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
    policy = json.loads(document("iam:CreateUser"))
    policy["Statement"][0]["Condition"] = {
        "StringEquals": {"iam:PermissionsBoundary": limit, "aws:RequestTag/team": "a"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
    }
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(policy))
    tag = {"Key": "team", "Value": "a"}
    assert aws_error(lambda: ann("iam").create_user(UserName="bob", PermissionsBoundary=limit, Tags=[tag]))[1] == (
        f"User: arn:aws:iam::{account}:user/ann is not authorized to perform: iam:TagUser on resource: "
        f"arn:aws:iam::{account}:user/bob because no identity-based policy allows the iam:TagUser action"
    )  # docs: "Tags for IAM resources": who makes something with tags must be allowed to tag it
    iam.put_user_policy(UserName="ann", PolicyName="tags", PolicyDocument=document("iam:TagUser"))
    ann("iam").create_user(UserName="bob", PermissionsBoundary=limit, Tags=[tag])
    assert aws_error(lambda: ann("iam").create_user(UserName="eve", Tags=[tag]))[0] == "AccessDenied"
    two = [tag, {"Key": "other", "Value": ""}]
    denied = aws_error(lambda: ann("iam").create_user(UserName="eve", PermissionsBoundary=limit, Tags=two))
    assert denied[0] == "AccessDenied"


def test_who_names_nobody_means_itself(iam, ann, account, aws_error):
    own = document("iam:*", resource="arn:aws:iam::*:user/${aws:username}")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=own)
    assert ann("iam").get_user()["User"]["UserName"] == "ann"
    assert len(ann("iam").list_access_keys()["AccessKeyMetadata"]) == 1
    assert ann("iam").create_access_key()["AccessKey"]["UserName"] == "ann"
    iam.create_user(UserName="bob")
    assert aws_error(lambda: ann("iam").get_user(UserName="bob"))[0] == "AccessDenied"
    assert iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{account}:root"


def test_user_policies(iam, aws_error):
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document("s3:*"))
    assert iam.list_user_policies(UserName="ann")["PolicyNames"] == ["p"]
    assert iam.get_user_policy(UserName="ann", PolicyName="p")["PolicyDocument"] == json.loads(document("s3:*"))
    assert aws_error(lambda: iam.delete_user(UserName="ann"))[1] == "Cannot delete entity, must delete policies first."
    assert aws_error(lambda: iam.get_user_policy(UserName="ann", PolicyName="q")) == (
        "NoSuchEntity",
        "The user policy with name q cannot be found.",
        404,
    )


def test_tags_of_a_user(iam):
    iam.create_user(UserName="ann")
    iam.tag_user(UserName="ann", Tags=[{"Key": "a", "Value": "1"}])
    assert iam.list_user_tags(UserName="ann")["Tags"] == [{"Key": "a", "Value": "1"}]
    iam.untag_user(UserName="ann", TagKeys=["a"])
    assert iam.list_user_tags(UserName="ann")["Tags"] == []


def test_a_renamed_user_keeps_its_keys_groups_policies_and_password(iam, ann, account, aws_error):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document("iam:ListRoles"))["Policy"]["Arn"]
    limit = iam.create_policy(PolicyName="limit", PolicyDocument=document("iam:*"))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document("iam:ListUsers"))
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=limit)
    iam.create_group(GroupName="devs")
    iam.add_user_to_group(GroupName="devs", UserName="ann")
    iam.create_login_profile(UserName="ann", Password="Correct-horse-1")
    before = iam.get_user(UserName="ann")["User"]
    iam.create_user(UserName="bob")
    assert aws_error(lambda: iam.update_user(UserName="ann", NewUserName="BOB")) == (
        "EntityAlreadyExists",
        "User with name BOB already exists.",
        409,
    )
    iam.update_user(UserName="ann", NewUserName="Anna", NewPath="/staff/")
    renamed = f"arn:aws:iam::{account}:user/staff/Anna"
    assert ann("sts").get_caller_identity()["Arn"] == renamed
    assert ann("iam").list_roles()
    assert [one["UserName"] for one in ann("iam").list_users()["Users"]] == ["Anna", "bob"]
    assert iam.get_user(UserName="anna")["User"] == before | {"UserName": "Anna", "Path": "/staff/", "Arn": renamed}
    assert aws_error(lambda: iam.get_user(UserName="ann"))[0] == "NoSuchEntity"
    assert [one["UserName"] for one in iam.get_group(GroupName="devs")["Users"]] == ["Anna"]
    assert [one["UserName"] for one in iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"]] == ["Anna"]
    assert iam.get_policy(PolicyArn=limit)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    assert iam.list_access_keys(UserName="Anna")["AccessKeyMetadata"][0]["UserName"] == "Anna"
    assert iam.get_login_profile(UserName="Anna")["LoginProfile"]["UserName"] == "Anna"
    iam.create_user(UserName="ann")
    assert iam.list_groups_for_user(UserName="ann")["Groups"] == []


def test_a_session_of_a_renamed_user_may_do_what_the_user_may(iam, ann, region, account):
    session = ann("sts").get_session_token()["Credentials"]
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document("dynamodb:ListTables"))
    dynamodb = region.client(
        "dynamodb", session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
    )  # fmt: skip
    assert dynamodb.list_tables()["TableNames"] == []
    iam.update_user(UserName="ann", NewUserName="anna")
    assert dynamodb.list_tables()["TableNames"] == []
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="none", PolicyDocument=document("*", "Deny"))
    assert dynamodb.list_tables()["TableNames"] == []


def test_a_user_renamed_in_the_middle_of_a_request_may_finish_it(iam, region):
    """Whose key it is, is known before the body comes; what the user may do is asked after."""
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document("dynamodb:ListTables"))
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    headers = {
        "X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0",
        "Content-Length": "2", "X-Amz-Content-SHA256": sha256(b"{}").hexdigest(),
    }  # fmt: skip
    request = AWSRequest("POST", region.endpoint, headers)
    SigV4Auth(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "dynamodb", "us-east-1").add_auth(request)

    def renamed_first():
        iam.update_user(UserName="ann", NewUserName="anna")
        yield b"{}"

    answer = httpx.post(region.endpoint, headers=dict(request.headers), content=renamed_first())
    assert (answer.status_code, answer.text) == (200, '{"TableNames":[]}')


def test_what_a_user_has_is_in_the_way_of_its_deletion(iam, aws_error):
    """In AWS's words, one after the other."""
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.create_login_profile(UserName="ann", Password="Correct-horse-1")
    iam.create_group(GroupName="devs")
    iam.add_user_to_group(GroupName="devs", UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document("s3:*"))
    removals = {
        "delete access keys": lambda: iam.delete_access_key(UserName="ann", AccessKeyId=key),
        "delete login profile": lambda: iam.delete_login_profile(UserName="ann"),
        "remove users from group": lambda: iam.remove_user_from_group(UserName="ann", GroupName="devs"),
        "detach all policies": lambda: iam.detach_user_policy(
            UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess"
        ),
        "delete policies": lambda: iam.delete_user_policy(UserName="ann", PolicyName="own"),
    }
    for what, remove in removals.items():
        assert aws_error(lambda: iam.delete_user(UserName="ann")) == (
            "DeleteConflict",
            f"Cannot delete entity, must {what} first.",
            409,
        )
        remove()
    iam.delete_user(UserName="ann")


def test_names_and_paths_that_cannot_be_are_refused_in_iams_own_words(iam, aws_error):
    """As users of the CLI, Terraform and CloudFormation saw them; what else is wrong is told first."""
    characters = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    slashes = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
    for call, text in {
        lambda: iam.create_user(UserName="ann bee"): f"The specified value for userName is invalid. {characters}",
        lambda: iam.get_role(RoleName="a:b"): f"The specified value for roleName is invalid. {characters}",
        lambda: iam.create_group(GroupName="a/b"): f"The specified value for groupName is invalid. {characters}",
        lambda: iam.create_policy(PolicyName="a b", PolicyDocument=document("a:b")): (
            f"The specified value for policyName is invalid. {characters}"
        ),
        lambda: iam.create_user(UserName="ann", Path="staff"): f"The specified value for path is invalid. {slashes}",
        lambda: iam.create_policy(PolicyName="a", Path="a", PolicyDocument=document("a:b")): (
            f"The specified value for path is invalid. {slashes}"
        ),
        lambda: iam.create_user(UserName="ann bee", Path="staff" * 200): (
            "1 validation error detected: Value at 'path' failed to satisfy constraint: Member must have length less than or "
            "equal to 512"
        ),
    }.items():
        assert aws_error(call) == ("ValidationError", text, 400)
