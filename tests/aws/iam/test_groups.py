"""Groups: their users, their policies, and what both come to in decisions about a member."""

from __future__ import annotations

import json
import re

import pytest
from botocore.exceptions import ClientError
from tests.aws.iam.people import document, iam, user

__all__ = ["iam", "user"]


def names(answer, noun):
    return [one[f"{noun}Name"] for one in answer[f"{noun}s"]]


def test_groups(iam, account, aws_error):
    group = iam.create_group(GroupName="Devs", Path="/staff/")["Group"]
    assert re.fullmatch(r"AGPA[A-Z2-7]{17}", group["GroupId"])
    assert group["Arn"] == f"arn:aws:iam::{account}:group/staff/Devs"
    iam.create_group(GroupName="admins")
    assert iam.get_group(GroupName="devs")["Group"] == group
    assert names(iam.list_groups(), "Group") == ["admins", "Devs"]
    assert iam.list_groups(PathPrefix="/staff/")["Groups"] == [group]
    assert aws_error(lambda: iam.create_group(GroupName="DEVS")) == (
        "EntityAlreadyExists",
        "Group with name DEVS already exists.",
        409,
    )
    iam.delete_group(GroupName="Devs")
    missing = ("NoSuchEntity", "The group with name Devs cannot be found.", 404)
    for call in (iam.get_group, iam.delete_group, iam.list_group_policies, iam.list_attached_group_policies):
        assert aws_error(lambda call=call: call(GroupName="Devs")) == missing


def test_members_of_a_group_come_page_by_page(iam):
    iam.create_group(GroupName="devs")
    for name in ("cid", "Ann", "bob"):
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName="devs", UserName=name)
    iam.add_user_to_group(GroupName="devs", UserName="ann")
    first = iam.get_group(GroupName="devs", MaxItems=2)
    assert names(first, "User") == ["Ann", "bob"]
    assert first["IsTruncated"]
    second = iam.get_group(GroupName="devs", MaxItems=2, Marker=first["Marker"])
    assert names(second, "User") == ["cid"]
    assert not second["IsTruncated"]
    iam.remove_user_from_group(GroupName="devs", UserName="bob")
    assert names(iam.get_group(GroupName="devs"), "User") == ["Ann", "cid"]


def test_groups_of_a_user_and_how_many_it_may_have(iam, aws_error):
    iam.create_user(UserName="ann")
    for number in range(11):
        iam.create_group(GroupName=f"g{number:02}")
    for number in range(10):
        iam.add_user_to_group(GroupName=f"g{9 - number:02}", UserName="ann")
    assert aws_error(lambda: iam.add_user_to_group(GroupName="g10", UserName="ann")) == (
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerUser: 10",
        409,
    )
    first = iam.list_groups_for_user(UserName="ann", MaxItems=9)
    assert names(first, "Group") == [f"g{number:02}" for number in range(9)]
    assert names(iam.list_groups_for_user(UserName="ann", Marker=first["Marker"]), "Group") == ["g09"]
    assert aws_error(lambda: iam.list_groups_for_user(UserName="bob"))[1] == "The user with name bob cannot be found."
    assert aws_error(lambda: iam.add_user_to_group(GroupName="g00", UserName="bob"))[0] == "NoSuchEntity"
    assert aws_error(lambda: iam.add_user_to_group(GroupName="x", UserName="ann"))[1] == (
        "The group with name x cannot be found."
    )


def test_delete_conflicts_of_groups(iam, aws_error):
    iam.create_group(GroupName="devs")
    iam.create_user(UserName="ann")
    iam.add_user_to_group(GroupName="devs", UserName="ann")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="devs", PolicyArn=arn)
    iam.put_group_policy(GroupName="devs", PolicyName="own", PolicyDocument=document("s3:*"))

    def conflict():
        code, message, status = aws_error(lambda: iam.delete_group(GroupName="devs"))
        assert (code, status) == ("DeleteConflict", 409)
        return message

    assert conflict() == "Cannot delete entity, must remove users from group first."
    assert aws_error(lambda: iam.delete_user(UserName="ann")) == (
        "DeleteConflict",
        "Cannot delete entity, must remove users from group first.",
        409,
    )
    iam.remove_user_from_group(GroupName="devs", UserName="ann")
    assert conflict() == "Cannot delete entity, must detach all policies first."
    assert aws_error(lambda: iam.delete_policy(PolicyArn=arn))[1] == "Cannot delete a policy attached to entities."
    iam.detach_group_policy(GroupName="devs", PolicyArn=arn)
    assert conflict() == "Cannot delete entity, must delete policies first."
    iam.delete_group_policy(GroupName="devs", PolicyName="own")
    iam.delete_group(GroupName="devs")
    iam.delete_user(UserName="ann")
    iam.delete_policy(PolicyArn=arn)


def test_policies_of_a_group(iam, aws_error):
    iam.create_group(GroupName="devs")
    iam.put_group_policy(GroupName="devs", PolicyName="own", PolicyDocument=document("s3:*"))
    got = iam.get_group_policy(GroupName="devs", PolicyName="own")
    assert (got["GroupName"], got["PolicyName"]) == ("devs", "own")
    assert got["PolicyDocument"] == json.loads(document("s3:*"))
    assert iam.list_group_policies(GroupName="devs")["PolicyNames"] == ["own"]
    assert aws_error(lambda: iam.delete_group_policy(GroupName="devs", PolicyName="x")) == (
        "NoSuchEntity",
        "The group policy with name x cannot be found.",
        404,
    )
    large = json.dumps(json.loads(document([f"s3:{number}{'x' * 90}" for number in range(55)])))
    assert aws_error(lambda: iam.put_group_policy(GroupName="devs", PolicyName="l", PolicyDocument=large)) == (
        "LimitExceeded",
        "Maximum policy size of 5120 bytes exceeded for group devs",
        409,
    )
    arns = [
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
        for number in range(11)
    ]
    for arn in arns[:10]:
        iam.attach_group_policy(GroupName="devs", PolicyArn=arn)
    assert aws_error(lambda: iam.attach_group_policy(GroupName="devs", PolicyArn=arns[10])) == (
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerGroup: 10",
        409,
    )
    attached = iam.list_attached_group_policies(GroupName="devs")["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == arns[:10]


def test_a_member_may_do_what_its_groups_policies_say(iam, user, aws_error):
    ann = user("ann")
    iam.create_group(GroupName="devs")
    iam.put_group_policy(GroupName="devs", PolicyName="own", PolicyDocument=document("iam:ListRoles"))
    denied = lambda call: aws_error(call)[0] == "AccessDenied"  # noqa: E731
    assert denied(ann("iam").list_roles)
    iam.add_user_to_group(GroupName="devs", UserName="ann")
    assert ann("iam").list_roles()["Roles"] == []
    arn = iam.create_policy(PolicyName="users", PolicyDocument=document("iam:ListUsers"))["Policy"]["Arn"]
    assert denied(ann("iam").list_users)
    iam.attach_group_policy(GroupName="devs", PolicyArn=arn)
    assert ann("iam").list_users()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("iam:ListRoles", "Deny"), SetAsDefault=True)
    assert aws_error(ann("iam").list_roles)[1].endswith(f"with an explicit deny in an identity-based policy: {arn}")
    iam.detach_group_policy(GroupName="devs", PolicyArn=arn)
    assert ann("iam").list_roles()
    iam.update_group(GroupName="devs", NewGroupName="makers")
    assert ann("iam").list_roles()
    iam.remove_user_from_group(GroupName="makers", UserName="ann")
    assert denied(ann("iam").list_roles)


def test_a_boundary_limits_what_groups_give(iam, user, aws_error):
    ann = user("ann")
    iam.create_group(GroupName="devs")
    iam.put_group_policy(GroupName="devs", PolicyName="all", PolicyDocument=document("iam:*"))
    iam.add_user_to_group(GroupName="devs", UserName="ann")
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=document("iam:ListRoles"))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=arn)
    assert ann("iam").list_roles()
    assert "because no permissions boundary allows the iam:ListUsers action" in aws_error(ann("iam").list_users)[1]


def test_a_renamed_group_keeps_its_users_and_policies(iam, account, aws_error):
    group = iam.create_group(GroupName="devs")["Group"]
    iam.create_group(GroupName="other")
    iam.create_user(UserName="ann")
    iam.add_user_to_group(GroupName="devs", UserName="ann")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
    iam.attach_group_policy(GroupName="devs", PolicyArn=arn)
    assert aws_error(lambda: iam.update_group(GroupName="devs", NewGroupName="Other")) == (
        "EntityAlreadyExists",
        "Group with name Other already exists.",
        409,
    )
    iam.update_group(GroupName="devs", NewGroupName="Makers", NewPath="/new/")
    renamed = iam.get_group(GroupName="Makers")
    assert renamed["Group"]["Arn"] == f"arn:aws:iam::{account}:group/new/Makers"
    assert renamed["Group"]["GroupId"] == group["GroupId"]
    assert names(renamed, "User") == ["ann"]
    assert names(iam.list_groups_for_user(UserName="ann"), "Group") == ["Makers"]
    assert iam.list_attached_group_policies(GroupName="makers")["AttachedPolicies"][0]["PolicyArn"] == arn
    entities = iam.list_entities_for_policy(PolicyArn=arn)
    assert entities["PolicyGroups"] == [{"GroupName": "Makers", "GroupId": group["GroupId"]}]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert aws_error(lambda: iam.get_group(GroupName="devs"))[0] == "NoSuchEntity"
    iam.update_group(GroupName="makers", NewGroupName="MAKERS")
    assert names(iam.get_group(GroupName="makers"), "User") == ["ann"]


def test_entities_for_a_policy_with_every_filter(iam):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
    iam.create_group(GroupName="devs", Path="/a/")
    iam.create_user(UserName="ann", Path="/a/")
    iam.create_user(UserName="bob", PermissionsBoundary=arn)
    iam.attach_group_policy(GroupName="devs", PolicyArn=arn)
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)

    def having(**filters):
        answer = iam.list_entities_for_policy(PolicyArn=arn, **filters)
        return names({"Groups": answer["PolicyGroups"]}, "Group") + names({"Users": answer["PolicyUsers"]}, "User")

    assert having() == ["devs", "ann", "bob"]
    assert having(EntityFilter="Group") == ["devs"]
    assert having(EntityFilter="User") == ["ann", "bob"]
    assert having(EntityFilter="LocalManagedPolicy") == []
    assert having(PathPrefix="/a/") == ["devs", "ann"]
    assert having(PolicyUsageFilter="PermissionsPolicy") == ["devs", "ann"]
    assert having(PolicyUsageFilter="PermissionsBoundary") == ["bob"]
    first = iam.list_entities_for_policy(PolicyArn=arn, MaxItems=2)
    assert first["IsTruncated"]
    rest = iam.list_entities_for_policy(PolicyArn=arn, Marker=first["Marker"])
    assert names({"Users": rest["PolicyUsers"]}, "User") == ["bob"]


def test_who_may_change_a_group(iam, user, account, aws_error):
    ann = user("ann")
    iam.create_group(GroupName="devs", Path="/staff/")
    allowed = document(["iam:GetGroup", "iam:AddUserToGroup"], resource=f"arn:aws:iam::{account}:group/staff/*")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=allowed)
    ann("iam").add_user_to_group(GroupName="devs", UserName="ann")
    assert names(ann("iam").get_group(GroupName="devs"), "User") == ["ann"]
    who = f"User: arn:aws:iam::{account}:user/ann is not authorized to perform:"
    assert aws_error(lambda: ann("iam").delete_group(GroupName="devs"))[1] == (
        f"{who} iam:DeleteGroup on resource: group devs because no identity-based policy allows the iam:DeleteGroup "
        "action"
    )
    assert aws_error(lambda: ann("iam").create_group(GroupName="x"))[1].startswith(
        f"{who} iam:CreateGroup on resource: arn:aws:iam::{account}:group/x because"
    )
    assert aws_error(ann("iam").list_groups)[1].startswith(
        f"{who} iam:ListGroups on resource: arn:aws:iam::{account}:group/ because"
    )


def test_an_explanation_names_the_group_whose_policy_decided(iam, user, region):
    ann = user("ann")("iam")
    iam.create_group(GroupName="devs")
    iam.put_group_policy(GroupName="devs", PolicyName="own", PolicyDocument=document("iam:ListRoles", "Deny"))
    iam.add_user_to_group(GroupName="devs", UserName="ann")
    with pytest.raises(ClientError) as caught:
        ann.list_roles()
    assert caught.value.response["Error"]["Message"].endswith("with an explicit deny in an identity-based policy")
    told = region.atoll("why", caught.value.response["ResponseMetadata"]["RequestId"]).stdout
    assert "inline, of group devs" in " ".join(told.split())
