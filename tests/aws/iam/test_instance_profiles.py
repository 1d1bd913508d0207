"""Instance profiles, and the role that one has."""

from __future__ import annotations

import re

import pytest
from tests.aws.iam.people import TRUST, document, iam, user

__all__ = ["iam", "user"]


@pytest.fixture
def profile(iam):
    """The profile web with the role app."""
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="web", Path="/fleet/")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="app")
    return "web"


def test_instance_profiles(iam, account, aws_error):
    made = iam.create_instance_profile(InstanceProfileName="Web", Tags=[{"Key": "a", "Value": "b"}])["InstanceProfile"]
    assert re.fullmatch(r"AIPA[A-Z2-7]{17}", made["InstanceProfileId"])
    assert made["Arn"] == f"arn:aws:iam::{account}:instance-profile/Web"
    assert (made["Roles"], made["Tags"]) == ([], [{"Key": "a", "Value": "b"}])
    assert iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"] == made
    assert aws_error(lambda: iam.create_instance_profile(InstanceProfileName="web")) == (
        "EntityAlreadyExists",
        "Instance Profile web already exists.",
        409,
    )
    iam.delete_instance_profile(InstanceProfileName="web")
    missing = ("NoSuchEntity", "Instance Profile web cannot be found.", 404)
    assert aws_error(lambda: iam.get_instance_profile(InstanceProfileName="web")) == missing
    assert aws_error(lambda: iam.delete_instance_profile(InstanceProfileName="web")) == missing


def test_a_profile_has_one_role(iam, profile, account, aws_error):
    got = iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    (role,) = got["Roles"]
    assert role["Arn"] == f"arn:aws:iam::{account}:role/app"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole"
    assert iam.list_instance_profiles_for_role(RoleName="app")["InstanceProfiles"][0]["Arn"] == got["Arn"]
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=TRUST)
    add = lambda: iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="other")  # noqa: E731
    assert aws_error(add) == ("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", 409)
    assert aws_error(lambda: iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="other")) == (
        "NoSuchEntity",
        "The role with name other cannot be found.",
        404,
    )
    assert aws_error(lambda: iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="x"))[1] == (
        "The role with name x cannot be found."
    )
    assert aws_error(lambda: iam.list_instance_profiles_for_role(RoleName="x"))[0] == "NoSuchEntity"


def test_delete_conflicts_of_roles_and_profiles(iam, profile, aws_error):
    conflict = ("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.", 409)
    assert aws_error(lambda: iam.delete_role(RoleName="app")) == conflict
    assert aws_error(lambda: iam.delete_instance_profile(InstanceProfileName="web")) == conflict
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="app")
    assert iam.list_instance_profiles_for_role(RoleName="app")["InstanceProfiles"] == []
    iam.delete_role(RoleName="app")
    iam.delete_instance_profile(InstanceProfileName="web")


def test_profiles_are_listed_by_name_and_path(iam, profile):
    iam.create_instance_profile(InstanceProfileName="Api")
    listed = iam.list_instance_profiles()["InstanceProfiles"]
    assert [one["InstanceProfileName"] for one in listed] == ["Api", "web"]
    assert len(listed[1]["Roles"]) == 1
    below = iam.list_instance_profiles(PathPrefix="/fleet/")["InstanceProfiles"]
    assert [one["InstanceProfileName"] for one in below] == ["web"]
    first = iam.list_instance_profiles(MaxItems=1)
    rest = iam.list_instance_profiles(Marker=first["Marker"])
    assert [one["InstanceProfileName"] for one in rest["InstanceProfiles"]] == ["web"]


def test_tags_of_a_profile(iam, profile):
    iam.tag_instance_profile(InstanceProfileName="web", Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}])
    iam.untag_instance_profile(InstanceProfileName="web", TagKeys=["b"])
    assert iam.list_instance_profile_tags(InstanceProfileName="web")["Tags"] == [{"Key": "a", "Value": "1"}]


def test_whoever_gives_instances_a_role_must_be_allowed_to_pass_it(iam, user, profile, account, aws_error):
    ann = user("ann")("iam")
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="app")
    iam.put_user_policy(
        UserName="ann", PolicyName="add", PolicyDocument=document("iam:AddRoleToInstanceProfile")
    )  # fmt: skip
    add = lambda: ann.add_role_to_instance_profile(InstanceProfileName="web", RoleName="app")  # noqa: E731
    assert aws_error(add) == (
        "AccessDenied",
        f"User: arn:aws:iam::{account}:user/ann is not authorized to perform: iam:PassRole on resource: "
        f"arn:aws:iam::{account}:role/app because no identity-based policy allows the iam:PassRole action",
        403,
    )
    iam.put_user_policy(UserName="ann", PolicyName="pass", PolicyDocument=document("iam:PassRole"))
    add()
    assert aws_error(lambda: ann.delete_instance_profile(InstanceProfileName="web"))[1].startswith(
        f"User: arn:aws:iam::{account}:user/ann is not authorized to perform: iam:DeleteInstanceProfile on resource: "
        "instance profile web because"
    )


def test_tag_keys_of_profiles_differ_by_case(iam):
    """docs: "Tags for IAM resources": those of users and roles do not."""
    tags = [{"Key": "A", "Value": "1"}, {"Key": "a", "Value": "2"}]
    iam.create_instance_profile(InstanceProfileName="web", Tags=tags)
    assert iam.list_instance_profile_tags(InstanceProfileName="web")["Tags"] == tags
