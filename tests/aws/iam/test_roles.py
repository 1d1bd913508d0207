"""Roles: as AWS makes, shows, lists, changes and deletes them, and what it refuses."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from tests.aws.iam.people import iam, user

__all__ = ["iam", "user"]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}]}


def make(iam, name="worker", **more):
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **more)["Role"]


def test_a_new_role_is_answered_with_what_was_asked_for(iam, account):
    role = make(iam, Path="/app/", Description="works", Tags=[{"Key": "team", "Value": "a"}])
    assert role.pop("CreateDate") - datetime.now(UTC) < timedelta(minutes=1)
    assert re.fullmatch(r"AROA[A-Z2-7]{17}", role.pop("RoleId"))
    assert role == {
        "Path": "/app/",
        "RoleName": "worker",
        "Arn": f"arn:aws:iam::{account}:role/app/worker",
        "AssumeRolePolicyDocument": TRUST,
        "Description": "works",
        "Tags": [{"Key": "team", "Value": "a"}],
    }


def test_get_role_adds_the_defaults_and_keeps_to_whole_seconds(iam):
    created = make(iam)
    role = iam.get_role(RoleName="worker")["Role"]
    assert role == created | {"MaxSessionDuration": 3600, "RoleLastUsed": {}}
    assert role["CreateDate"].microsecond == 0


def test_documents_come_back_as_they_were_given(iam):
    trust = json.loads(json.dumps(TRUST))
    trust["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceArn": "arn%3Aaws%3Aapigateway"}}
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust, indent=2))
    assert iam.get_role(RoleName="worker")["Role"]["AssumeRolePolicyDocument"] == trust


def test_names_are_unique_whatever_their_case(iam, aws_error):
    make(iam, "Worker")
    assert aws_error(lambda: make(iam, "wORKER")) == (
        "EntityAlreadyExists",
        "Role with name wORKER already exists.",
        409,
    )
    assert iam.get_role(RoleName="worker")["Role"]["RoleName"] == "Worker"


@pytest.mark.parametrize("operation", ["get_role", "delete_role", "list_attached_role_policies", "list_role_policies"])
def test_a_role_that_is_not_there(iam, aws_error, operation):
    assert aws_error(lambda: getattr(iam, operation)(RoleName="nobody")) == (
        "NoSuchEntity",
        "The role with name nobody cannot be found.",
        404,
    )


@pytest.mark.parametrize(
    "document",
    ["{", '{"Version":"2012-10-17","Statement":[]}', json.dumps(ALLOW)],
)
def test_what_is_no_trust_policy_is_refused(iam, aws_error, document):
    code, message, status = aws_error(lambda: iam.create_role(RoleName="worker", AssumeRolePolicyDocument=document))
    assert (code, status) == ("MalformedPolicyDocument", 400)
    assert message


def test_a_trust_policy_names_nobody_who_is_not_there(iam, aws_error, account):
    arn = f"arn:aws:iam::{account}:role/other"
    trust = json.dumps(TRUST).replace('{"Service": "lambda.amazonaws.com"}', json.dumps({"AWS": arn}))
    refused = ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{arn}"', 400)
    assert aws_error(lambda: iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)) == refused
    make(iam, "other")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)


def test_a_long_trust_policy_is_over_the_quota(iam, aws_error):
    trust = json.loads(json.dumps(TRUST))
    trust["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceArn": ["x" * 100] * 20}}
    assert aws_error(lambda: iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))) == (
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: 2048",
        409,
    )


def test_duplicate_tag_keys_are_refused(iam, aws_error):
    tags = [{"Key": "team", "Value": "a"}, {"Key": "Team", "Value": "b"}]
    assert aws_error(lambda: make(iam, Tags=tags)) == (
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        400,
    )


def test_updates(iam):
    make(iam)
    iam.update_role(RoleName="worker", Description="one", MaxSessionDuration=7200)
    role = iam.get_role(RoleName="worker")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("one", 7200)
    assert iam.update_role_description(RoleName="worker", Description="two")["Role"]["Description"] == "two"
    trust = json.loads(json.dumps(TRUST).replace("lambda", "events"))
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=json.dumps(trust))
    assert iam.get_role(RoleName="worker")["Role"]["AssumeRolePolicyDocument"] == trust


def test_a_role_with_policies_is_not_deleted(iam, aws_error):
    make(iam)
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
    iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    assert aws_error(lambda: iam.delete_role(RoleName="worker")) == (
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
        409,
    )
    iam.detach_role_policy(RoleName="worker", PolicyArn=arn)
    assert aws_error(lambda: iam.delete_role(RoleName="worker")) == (
        "DeleteConflict",
        "Cannot delete entity, must delete policies first.",
        409,
    )
    iam.delete_role_policy(RoleName="worker", PolicyName="p")
    iam.delete_role(RoleName="worker")
    assert aws_error(lambda: iam.get_role(RoleName="worker"))[0] == "NoSuchEntity"


def test_lists_are_by_name_in_pages_and_by_path(iam, aws_error):
    for name in ("c", "A", "e", "b", "d"):
        make(iam, name, Path="/odd/" if name in "Ace" else "/")
    first = iam.list_roles(MaxItems=2)
    assert [role["RoleName"] for role in first["Roles"]] == ["A", "b"]
    assert first["IsTruncated"]
    second = iam.list_roles(MaxItems=2, Marker=first["Marker"])
    assert [role["RoleName"] for role in second["Roles"]] == ["c", "d"]
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 1})
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == ["A", "b", "c", "d", "e"]
    odd = iam.list_roles(PathPrefix="/odd/")
    assert [role["RoleName"] for role in odd["Roles"]] == ["A", "c", "e"]
    assert odd["IsTruncated"] is False
    assert "Marker" not in odd
    assert aws_error(lambda: iam.list_roles(Marker="%"))[0] == "ValidationError"


def test_tags_of_a_role_fold_case(iam):
    make(iam, Tags=[{"Key": "Department", "Value": "finance"}])
    iam.tag_role(RoleName="worker", Tags=[{"Key": "department", "Value": "hr"}, {"Key": "a", "Value": ""}])
    assert iam.list_role_tags(RoleName="worker")["Tags"] == [
        {"Key": "a", "Value": ""},
        {"Key": "department", "Value": "hr"},
    ]
    iam.untag_role(RoleName="worker", TagKeys=["A", "absent"])
    assert iam.get_role(RoleName="worker")["Role"]["Tags"] == [{"Key": "department", "Value": "hr"}]


def test_more_than_fifty_tags(iam, aws_error):
    make(iam, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])
    assert aws_error(lambda: iam.tag_role(RoleName="worker", Tags=[{"Key": "one", "Value": ""}])) == (
        "LimitExceeded",
        "The number of tags has reached the maximum limit.",
        409,
    )


def test_inline_policies(iam, aws_error):
    make(iam)
    for name in ("b", "a"):
        iam.put_role_policy(RoleName="worker", PolicyName=name, PolicyDocument=json.dumps(ALLOW))
    assert iam.list_role_policies(RoleName="worker")["PolicyNames"] == ["a", "b"]
    assert iam.get_role_policy(RoleName="worker", PolicyName="a")["PolicyDocument"] == ALLOW
    iam.delete_role_policy(RoleName="worker", PolicyName="a")
    missing = ("NoSuchEntity", "The role policy with name a cannot be found.", 404)
    assert aws_error(lambda: iam.get_role_policy(RoleName="worker", PolicyName="a")) == missing
    assert aws_error(lambda: iam.delete_role_policy(RoleName="worker", PolicyName="a")) == missing


def test_inline_policies_share_a_quota_that_does_not_count_white_space(iam, aws_error):
    make(iam)
    large = ALLOW | {"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::" + "x" * 5200}]}
    iam.put_role_policy(RoleName="worker", PolicyName="one", PolicyDocument=json.dumps(large))
    assert aws_error(
        lambda: iam.put_role_policy(RoleName="worker", PolicyName="two", PolicyDocument=json.dumps(large))
    ) == ("LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role worker", 409)
    iam.put_role_policy(RoleName="worker", PolicyName="one", PolicyDocument=json.dumps(ALLOW) + " " * 20_000)


def test_no_instance_profiles(iam):
    make(iam)
    found = iam.list_instance_profiles_for_role(RoleName="worker")
    assert (found["InstanceProfiles"], found["IsTruncated"]) == ([], False)


def trusting(arn):
    statement = {"Effect": "Allow", "Principal": {"AWS": [arn]}, "Action": "sts:AssumeRole"}
    named = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:x": arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement, named]})


def test_a_trust_policy_means_a_user_whatever_it_is_called(iam, user, account):
    ann, arn = user("ann"), f"arn:aws:iam::{account}:user/ann"
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trusting(arn))["Role"]
    iam.update_user(UserName="ann", NewUserName="anna", NewPath="/staff/")
    shown, unchanged = iam.get_role(RoleName="worker")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert shown["Principal"] == {"AWS": [f"arn:aws:iam::{account}:user/staff/anna"]}
    assert unchanged["Condition"] == {"StringEquals": {"aws:x": arn}}
    assert ann("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]


def test_a_trust_policy_never_means_another_user_under_the_name_of_a_deleted_one(iam, user, account, aws_error):
    user("ann")
    arn, unique = (iam.get_user(UserName="ann")["User"][member] for member in ("Arn", "UserId"))
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trusting(arn))["Role"]
    iam.delete_access_key(
        UserName="ann", AccessKeyId=iam.list_access_keys(UserName="ann")["AccessKeyMetadata"][0]["AccessKeyId"]
    )
    iam.delete_user(UserName="ann")
    other = user("ann")("sts")
    assume = lambda: other.assume_role(RoleArn=role["Arn"], RoleSessionName="session")  # noqa: E731
    assert aws_error(assume)[0] == "AccessDenied"
    for shown in (iam.get_role(RoleName="worker")["Role"], *iam.list_roles()["Roles"]):
        assert shown["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": [unique]}
    dead = trusting(unique)
    assert aws_error(lambda: iam.update_assume_role_policy(RoleName="worker", PolicyDocument=dead)) == (
        "MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{unique}"', 400,
    )  # fmt: skip
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=trusting(arn))
    assert assume()["Credentials"]


def test_a_trust_policy_never_means_another_role_under_the_name_of_a_deleted_one(iam, account):
    unique = make(iam, "other")["RoleId"]
    trust = trusting(f"arn:aws:iam::{account}:role/other")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)
    iam.delete_role(RoleName="other")
    make(iam, "other")
    (shown,) = [r for r in iam.get_account_authorization_details()["RoleDetailList"] if r["RoleName"] == "worker"]
    assert shown["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {"AWS": [unique]}


@pytest.mark.parametrize("trust", ["trust.json", '{"Version": "2012-10-17",}', """ {"Statement": [}"""])
def test_a_trust_policy_that_is_no_json(iam, aws_error, trust):
    """What who forgets `file://` reads; policies of permissions have a syntax error instead."""
    told = ("MalformedPolicyDocument", "This policy contains invalid Json", 400)
    assert aws_error(lambda: iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)) == told
    make(iam)
    assert aws_error(lambda: iam.update_assume_role_policy(RoleName="worker", PolicyDocument=trust)) == told
    assert aws_error(lambda: iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=trust)) == (
        "MalformedPolicyDocument",
        "Syntax errors in policy.",
        400,
    )


def test_federated_principals(iam, account, aws_error):
    def trusting(federated):
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": federated},
            "Action": "sts:AssumeRoleWithWebIdentity",
        }
        return json.dumps({"Version": "2012-10-17", "Statement": statement})

    for bad in ("https://oidc.eks.eu-west-1.amazonaws.com/id/A1", "", "arn:aws:iam::1:oidc-provider/x", "google"):
        refused = aws_error(lambda bad=bad: iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusting(bad)))
        assert refused == (
            "MalformedPolicyDocument",
            "Federated principals must be valid domain names or SAML metadata ARNs",
            400,
        )
    good = ("accounts.google.com", f"arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com",
            f"arn:aws:iam::{account}:saml-provider/idp")  # fmt: skip
    for number, one in enumerate(good):
        iam.create_role(RoleName=f"r{number}", AssumeRolePolicyDocument=trusting(one))
