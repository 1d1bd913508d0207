"""The aws CLI's own commands, where it does more than boto3: documents that it decodes, lists, and the report's base 64."""

from __future__ import annotations

import base64
import json

from tests.aws.iam.people import document, iam
from tests.aws_cli import aws_cli

__all__ = ["aws_cli", "iam"]


def test_an_administrators_commands(aws_cli, iam):
    iam.create_group(GroupName="devs")
    iam.create_user(UserName="ann")
    iam.put_group_policy(GroupName="devs", PolicyName="p", PolicyDocument=document("s3:*"))
    aws_cli("iam", "add-user-to-group", "--user-name", "ann", "--group-name", "devs")
    policy = aws_cli("iam", "get-group-policy", "--group-name", "devs", "--policy-name", "p")
    assert policy["PolicyDocument"] == json.loads(document("s3:*"))
    details = aws_cli("iam", "get-account-authorization-details", "--filter", "User", "Group")
    assert details["UserDetailList"][0]["GroupList"] == ["devs"]
    assert details["GroupDetailList"][0]["GroupPolicyList"][0]["PolicyDocument"] == json.loads(document("s3:*"))
    iam.generate_credential_report()
    report = base64.b64decode(aws_cli("iam", "get-credential-report")["Content"]).decode()
    assert [line.partition(",")[0] for line in report.splitlines()] == ["user", "<root_account>", "ann"]
