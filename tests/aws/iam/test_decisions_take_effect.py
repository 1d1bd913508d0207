"""Decisions are cached by policy version: every change of a policy takes effect with the very next call, also after kill -9."""

from __future__ import annotations

import json

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests import in_the_middle

LIST = "dynamodb:ListTables"


def document(*actions, effect="Allow"):
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Caller:
    """A user with a key of its own, and what it may."""

    def __init__(self, region, iam):
        self.region, self.iam = region, iam
        iam.create_user(UserName="bob")
        key = iam.create_access_key(UserName="bob")["AccessKey"]
        self.key, self.secret = key["AccessKeyId"], key["SecretAccessKey"]

    def may(self):
        """Whether it may list tables, asked twice: the second time whatever the first one left behind is there."""
        client = self.region.client("dynamodb", self.key, self.secret)
        first, second = (self._answer(client.list_tables) for _ in range(2))
        assert first is second
        return first

    def _answer(self, call):
        try:
            call()
        except ClientError as error:
            return {"AccessDeniedException": False}[error.response["Error"]["Code"]]
        return True


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def bob(region, iam):
    return Caller(region, iam)


def test_inline_policies(iam, bob):
    assert not bob.may()
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document(LIST))
    assert bob.may()
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document("dynamodb:GetItem"))
    assert not bob.may()
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document(LIST))
    iam.put_user_policy(UserName="bob", PolicyName="never", PolicyDocument=document(LIST, effect="Deny"))
    assert not bob.may()
    iam.delete_user_policy(UserName="bob", PolicyName="never")
    assert bob.may()
    iam.delete_user_policy(UserName="bob", PolicyName="p")
    assert not bob.may()


def test_managed_policies_and_their_versions(iam, bob):
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document(LIST))["Policy"]["Arn"]
    assert not bob.may()
    iam.attach_user_policy(UserName="bob", PolicyArn=arn)
    assert bob.may()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("s3:*"), SetAsDefault=True)
    assert not bob.may()
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert bob.may()
    iam.detach_user_policy(UserName="bob", PolicyArn=arn)
    assert not bob.may()


def test_groups(iam, bob):
    iam.create_group(GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=document(LIST))
    assert not bob.may()
    iam.add_user_to_group(GroupName="g", UserName="bob")
    assert bob.may()
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=document("s3:*"))
    assert not bob.may()
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=document(LIST))
    assert bob.may()
    iam.update_group(GroupName="g", NewGroupName="h")
    assert bob.may()
    iam.remove_user_from_group(GroupName="h", UserName="bob")
    assert not bob.may()
    iam.add_user_to_group(GroupName="h", UserName="bob")
    iam.delete_group_policy(GroupName="h", PolicyName="p")
    assert not bob.may()


def test_boundaries(iam, bob):
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document(LIST))
    arn = iam.create_policy(PolicyName="limit", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
    assert bob.may()
    iam.put_user_permissions_boundary(UserName="bob", PermissionsBoundary=arn)
    assert not bob.may()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("dynamodb:*"), SetAsDefault=True)
    assert bob.may()
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert not bob.may()
    iam.delete_user_permissions_boundary(UserName="bob")
    assert bob.may()


def test_tags_of_the_principal(iam, bob):
    tagged = {
        "Effect": "Allow",
        "Action": LIST,
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [tagged]})
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=text)
    assert not bob.may()
    iam.tag_user(UserName="bob", Tags=[{"Key": "team", "Value": "red"}])
    assert bob.may()
    iam.tag_user(UserName="bob", Tags=[{"Key": "team", "Value": "blue"}])
    assert not bob.may()
    iam.untag_user(UserName="bob", TagKeys=["team"])
    assert not bob.may()


def test_keys(iam, bob, aws_error):
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document(LIST))
    assert bob.may()
    client = bob.region.client("dynamodb", bob.key, bob.secret)
    iam.update_access_key(UserName="bob", AccessKeyId=bob.key, Status="Inactive")
    assert aws_error(client.list_tables)[0] == "UnrecognizedClientException"
    iam.update_access_key(UserName="bob", AccessKeyId=bob.key, Status="Active")
    assert bob.may()
    iam.delete_access_key(UserName="bob", AccessKeyId=bob.key)
    assert aws_error(client.list_tables)[0] == "UnrecognizedClientException"


@pytest.fixture
def session(region, client, account):
    """A role's session: a client for DynamoDB."""
    trusted = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    arn = client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=text)["Role"]["Arn"]
    given = client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    return region.client("dynamodb", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def test_a_running_session_of_a_role(iam, session, aws_error):
    iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=document(LIST))
    assert session.list_tables()["TableNames"] == []
    iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=document("s3:*"))
    code, message, _ = aws_error(session.list_tables)
    assert code == "AccessDeniedException"
    assert message.endswith(f"because no identity-based policy allows the {LIST} action")


def test_a_session_of_a_role_that_was_deleted_may_nothing(iam, session, aws_error):
    iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=document(LIST))
    assert session.list_tables()["TableNames"] == []
    trust = json.dumps(iam.get_role(RoleName="worker")["Role"]["AssumeRolePolicyDocument"])
    iam.delete_role_policy(RoleName="worker", PolicyName="p")
    iam.delete_role(RoleName="worker")
    assert aws_error(session.list_tables)[0] == "AccessDeniedException"
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=document(LIST))
    assert aws_error(session.list_tables)[0] == "AccessDeniedException"  # another role of the same name


def test_policies_of_resources(client, bob, account, aws_error):
    dynamodb = client("dynamodb")
    schema = {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    attributes = [{"AttributeName": "k", "AttributeType": "S"}]
    arn = dynamodb.create_table(TableName="table", AttributeDefinitions=attributes, **schema)["TableDescription"][
        "TableArn"
    ]
    mine = bob.region.client("dynamodb", bob.key, bob.secret)
    gift = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:user/bob"},
        "Action": "dynamodb:GetItem",
        "Resource": arn,
    }

    def allow(**changes):
        text = json.dumps({"Version": "2012-10-17", "Statement": [gift | changes]})
        dynamodb.put_resource_policy(ResourceArn=arn, Policy=text)

    def read():
        return mine.get_item(TableName="table", Key={"k": {"S": "a"}})

    assert aws_error(read)[0] == "AccessDeniedException"
    allow()
    assert "Item" not in read()
    allow(Action="dynamodb:PutItem")
    assert aws_error(read)[0] == "AccessDeniedException"
    allow()
    assert "Item" not in read()
    dynamodb.delete_resource_policy(ResourceArn=arn)
    assert aws_error(read)[0] == "AccessDeniedException"


def test_what_was_acknowledged_holds_after_kill_9(new_region):
    region = new_region()
    iam = region.client("iam")
    bob = Caller(region, iam)
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="bob")
    for allowed in (True, False, True):
        text = document(LIST if allowed else "s3:*")
        region.client("iam").put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=text)
        region.kill()
        region.start()
        assert bob.may() is allowed
    arn = region.client("iam").create_policy(PolicyName="limit", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
    assert bob.may()
    region.client("iam").put_user_permissions_boundary(UserName="bob", PermissionsBoundary=arn)
    region.kill()
    region.start()
    assert not bob.may()


def test_nor_by_the_policy_of_a_resource(iam, client, session, aws_error):
    """Neither one that means the role, nor one that means everyone."""
    dynamodb = client("dynamodb")
    schema = {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    attributes = [{"AttributeName": "k", "AttributeType": "S"}]
    made = dynamodb.create_table(TableName="table", AttributeDefinitions=attributes, **schema)["TableDescription"]
    role = iam.get_role(RoleName="worker")["Role"]["Arn"]
    here = {"IpAddress": {"aws:SourceIp": "127.0.0.1"}}
    gift = {"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": made["TableArn"]}
    gifts = [gift | {"Principal": {"AWS": role}}, gift | {"Principal": "*", "Condition": here}]
    text = json.dumps({"Version": "2012-10-17", "Statement": gifts})
    dynamodb.put_resource_policy(ResourceArn=made["TableArn"], Policy=text)
    assert session.scan(TableName="table")["Items"] == []
    iam.delete_role(RoleName="worker")
    code, message, _ = aws_error(lambda: session.scan(TableName="table"))
    assert code == "AccessDeniedException"
    assert message.endswith("because no identity-based policy allows the dynamodb:Scan action")


@pytest.mark.parametrize("how", ["deactivated", "deleted", "user deleted"])
def test_a_key_that_goes_in_the_middle_of_a_request_is_not_used(iam, bob, how):
    """Whose key it is, is known before the body comes; the request is done after."""
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document(LIST))

    def revoke():
        if how == "deactivated":
            iam.update_access_key(UserName="bob", AccessKeyId=bob.key, Status="Inactive")
            return
        iam.delete_access_key(UserName="bob", AccessKeyId=bob.key)
        if how == "user deleted":
            iam.delete_user_policy(UserName="bob", PolicyName="p")
            iam.delete_user(UserName="bob")

    who = Credentials(bob.key, bob.secret)
    answer = in_the_middle.call(bob.region, who, "DynamoDB_20120810.ListTables", {}, revoke)
    assert answer.status == 400
    assert json.loads(answer.text) == {
        "__type": "com.amazon.coral.service#UnrecognizedClientException",
        "message": "The security token included in the request is invalid.",
    }


def test_a_user_is_who_it_is_called_when_the_request_is_done(iam, bob, account):
    """Also for conditions, which know names alone."""
    allowed = json.loads(document(LIST))
    allowed["Statement"][0]["Condition"] = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{account}:user/bob"}}
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=json.dumps(allowed))
    who, list_tables = Credentials(bob.key, bob.secret), "DynamoDB_20120810.ListTables"
    assert in_the_middle.call(bob.region, who, list_tables, {}, lambda: None).status == 200
    answer = in_the_middle.call(
        bob.region, who, list_tables, {}, lambda: iam.update_user(UserName="bob", NewUserName="rob")
    )
    assert answer.status == 400
    assert f"User: arn:aws:iam::{account}:user/rob is not authorized to perform: dynamodb:ListTables" in answer.text
