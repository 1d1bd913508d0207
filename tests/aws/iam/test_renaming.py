"""Whoever renames or moves something needs the permission for what it is and for what it becomes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.functions import may


@pytest.fixture
def lead(client: Any, region: Any, account: str) -> Any:
    """IAM as somebody sees it who may do everything to users, groups and certificates of the path /team/."""
    iam = client("iam")
    iam.create_user(UserName="lead")
    for kind in ("user", "group"):
        document = may("iam:*", resource=f"arn:aws:iam::{account}:{kind}/team/*")
        iam.put_user_policy(UserName="lead", PolicyName=kind, PolicyDocument=document)
    iam.create_user(UserName="ann", Path="/team/")
    iam.create_group(GroupName="group", Path="/team/")
    iam.create_group(GroupName="admins")
    key = iam.create_access_key(UserName="lead")["AccessKey"]
    return region.client("iam", key["AccessKeyId"], key["SecretAccessKey"])


def test_nobody_moves_a_user_out_of_reach_or_into_it(lead: Any, account: str, aws_error: Any) -> None:
    code, message, status = aws_error(lambda: lead.update_user(UserName="ann", NewPath="/board/"))
    assert (code, status) == ("AccessDenied", 403)
    assert "is not authorized to perform: iam:UpdateUser on resource: user ann because" in message
    assert aws_error(lambda: lead.update_user(UserName="lead", NewPath="/team/"))[0] == "AccessDenied"
    lead.update_user(UserName="ann", NewUserName="anna")
    assert lead.get_user(UserName="anna")["User"]["Arn"] == f"arn:aws:iam::{account}:user/team/anna"


def test_nobody_moves_a_group_out_of_reach_or_into_it(lead: Any, aws_error: Any) -> None:
    assert aws_error(lambda: lead.update_group(GroupName="group", NewPath="/"))[0] == "AccessDenied"
    assert aws_error(lambda: lead.update_group(GroupName="admins", NewPath="/team/"))[0] == "AccessDenied"
    lead.update_group(GroupName="group", NewGroupName="others", NewPath="/team/below/")
    assert lead.get_group(GroupName="others")["Group"]["Path"] == "/team/below/"
