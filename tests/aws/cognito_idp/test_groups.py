"""Groups of users: what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.functions import may

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


@pytest.fixture
def pool_id(pool: Callable[..., str]) -> str:
    return pool()


def test_a_group_is_made_changed_and_deleted(idp: Any, pool_id: str, account: str, aws_error: Error) -> None:
    role = f"arn:aws:iam::{account}:role/admins"
    given = {"UserPoolId": pool_id, "GroupName": "admins", "Description": "may all", "RoleArn": role, "Precedence": 0}
    made = idp.create_group(**given)["Group"]
    assert given.items() <= made.items()
    assert idp.get_group(UserPoolId=pool_id, GroupName="admins")["Group"] == made
    assert aws_error(lambda: idp.create_group(**given))[::2] == ("GroupExistsException", 400)
    changed = idp.update_group(UserPoolId=pool_id, GroupName="admins", Precedence=7)["Group"]
    assert (changed["Precedence"], changed["Description"], changed["RoleArn"]) == (7, "may all", role)
    assert changed["LastModifiedDate"] > changed["CreationDate"] == made["CreationDate"]
    idp.delete_group(UserPoolId=pool_id, GroupName="admins")
    gone = ("ResourceNotFoundException", "Group not found.", 400)
    assert aws_error(lambda: idp.get_group(UserPoolId=pool_id, GroupName="admins")) == gone
    assert aws_error(lambda: idp.update_group(UserPoolId=pool_id, GroupName="admins")) == gone
    assert aws_error(lambda: idp.delete_group(UserPoolId=pool_id, GroupName="admins")) == gone


def test_a_group_without_settings_shows_none(idp: Any, pool_id: str) -> None:
    made = idp.create_group(UserPoolId=pool_id, GroupName="plain")["Group"]
    assert made.keys() == {"GroupName", "UserPoolId", "LastModifiedDate", "CreationDate"}


def test_groups_are_listed_in_pages(idp: Any, pool_id: str) -> None:
    for number in range(5):
        idp.create_group(UserPoolId=pool_id, GroupName=f"g{number}")
    pages = list(idp.get_paginator("list_groups").paginate(UserPoolId=pool_id, PaginationConfig={"PageSize": 2}))
    assert [[one["GroupName"] for one in page["Groups"]] for page in pages] == [["g0", "g1"], ["g2", "g3"], ["g4"]]
    assert len(idp.list_groups(UserPoolId=pool_id, Limit=0)["Groups"]) == 5


def test_who_gives_a_group_a_role_must_be_allowed_to_pass_it(
    client: Callable[..., Any], region: Any, pool_id: str, account: str, aws_error: Error
) -> None:
    iam = client("iam")
    iam.create_user(UserName="clerk")
    iam.put_user_policy(UserName="clerk", PolicyName="may", PolicyDocument=may("cognito-idp:*"))
    key = iam.create_access_key(UserName="clerk")["AccessKey"]
    clerk = region.client("cognito-idp", key["AccessKeyId"], key["SecretAccessKey"])
    role = f"arn:aws:iam::{account}:role/admins"
    assert clerk.create_group(UserPoolId=pool_id, GroupName="plain")
    for call in (
        lambda: clerk.create_group(UserPoolId=pool_id, GroupName="admins", RoleArn=role),
        lambda: clerk.update_group(UserPoolId=pool_id, GroupName="plain", RoleArn=role),
    ):
        code, message, _ = aws_error(call)
        assert code == "AccessDeniedException"
        assert f"is not authorized to perform: iam:PassRole on resource: {role}" in message


def test_a_group_that_is_deleted_has_no_members(idp: Any, pool: Callable[..., str], user: Callable[..., str]) -> None:
    pool_id = pool()
    user(pool_id, "ada")
    idp.create_group(UserPoolId=pool_id, GroupName="admins")
    idp.admin_add_user_to_group(UserPoolId=pool_id, GroupName="admins", Username="ada")
    idp.delete_group(UserPoolId=pool_id, GroupName="admins")
    assert idp.admin_list_groups_for_user(UserPoolId=pool_id, Username="ada")["Groups"] == []
    idp.create_group(UserPoolId=pool_id, GroupName="admins")
    assert idp.list_users_in_group(UserPoolId=pool_id, GroupName="admins")["Users"] == []
