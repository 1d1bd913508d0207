"""Users, groups, login profiles, instance profiles and the account's settings: applied, changed, destroyed by terraform."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack


def test_apply_use_change_and_destroy(stack: Callable[[str], Stack]) -> None:
    people = stack("people")
    people.apply()
    assert people.plan_is_empty()

    key, secret, password = (people.run("output", "-raw", name).stdout for name in ("key", "secret", "password"))
    ann = people.region.client("iam", key, secret)
    assert [role["RoleName"] for role in ann.list_roles()["Roles"]] == ["app"]
    ann.change_password(OldPassword=password, NewPassword="another-1-password")

    people.edit("main.tf", 'name = "devs"\n  path = "/staff/"', 'name = "makers"\n  path = "/new/"')
    people.edit("main.tf", 'name = "ann"', 'name = "anna"')
    people.edit("main.tf", "minimum_password_length        = 10", "minimum_password_length        = 12")
    people.edit("main.tf", "groups = [aws_iam_group.admins.name] # ann's", "groups = [aws_iam_group.guests.name]")
    people.apply()
    assert people.plan_is_empty()
    root = people.region.client("iam")
    assert [group["GroupName"] for group in root.list_groups()["Groups"]] == ["admins", "guests", "makers"]
    assert [user["UserName"] for user in root.get_group(GroupName="makers")["Users"]] == ["anna", "bob"]

    people.destroy()
    assert root.list_users()["Users"] == root.list_groups()["Groups"] == root.list_roles()["Roles"] == []
    assert root.list_instance_profiles()["InstanceProfiles"] == root.list_account_aliases()["AccountAliases"] == []
