"""Resource policies of tables: what they are, and whom they let in and keep out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


@pytest.fixture
def table(make_table: Callable[..., str], account: str) -> str:
    """The ARN of a table."""
    make_table()
    return f"arn:aws:dynamodb:us-east-1:{account}:table/users"


@pytest.fixture
def allow(account: str, table: str) -> Callable[..., dict[str, Any]]:
    """allow("dynamodb:GetItem", principal) is a statement."""

    def make(action: str | list[str], principal: Any, **more: Any) -> dict[str, Any]:
        return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": table, **more}

    return make


@pytest.fixture
def user(region: Any) -> Callable[..., tuple[Any, str]]:
    """user(account, name, statement, …): a client of an IAM user with these statements, and its ARN."""

    def make(account: str, name: str, *statements: dict[str, Any]) -> tuple[Any, str]:
        iam = region.client("iam", key=account)
        iam.create_user(UserName=name)
        if statements:
            policy = document(*({"Effect": "Allow", "Resource": "*", **one} for one in statements))
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        client = region.client("dynamodb", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
        return client, f"arn:aws:iam::{account}:user/{name}"

    return make


def test_put_get_delete(dynamodb: Any, table: str, account: str, allow: Any, aws_error: Error) -> None:
    none = f"Resource-based policy not found for the provided ResourceArn: {table}"
    assert aws_error(lambda: dynamodb.get_resource_policy(ResourceArn=table)) == ("PolicyNotFoundException", none, 400)
    assert "RevisionId" not in dynamodb.delete_resource_policy(ResourceArn=table)
    policy = document(allow(["dynamodb:GetItem"], {"AWS": account}, Sid="Read"))
    first = dynamodb.put_resource_policy(ResourceArn=table, Policy=policy)["RevisionId"]
    assert len(first) == 13
    assert first.isdigit()
    found = dynamodb.get_resource_policy(ResourceArn=table)
    assert found["RevisionId"] == first
    assert found["Policy"] == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow",'
        f'"Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":"dynamodb:GetItem","Resource":"{table}"}}]}}'
    )
    same = document(allow("dynamodb:GetItem", {"AWS": [f"arn:aws:iam::{account}:root"]}, Sid="Read"))
    assert dynamodb.put_resource_policy(ResourceArn=table, Policy=same)["RevisionId"] == first
    other = document(allow(["dynamodb:GetItem", "dynamodb:Query"], {"AWS": account}))
    second = dynamodb.put_resource_policy(ResourceArn=table, Policy=other, ExpectedRevisionId=first)["RevisionId"]
    assert int(second) > int(first)
    prefix = "Resource-based policy not found for the provided ResourceArn: "
    stale = (
        f"{prefix}Requested update for policy with revision id {first}, but the policy associated to target table users "
        f"has revision id {second}."
    )
    for change in (
        lambda: dynamodb.put_resource_policy(ResourceArn=table, Policy=policy, ExpectedRevisionId=first),
        lambda: dynamodb.delete_resource_policy(ResourceArn=table, ExpectedRevisionId=first),
    ):
        assert aws_error(change) == ("PolicyNotFoundException", stale, 400)
    put = lambda: dynamodb.put_resource_policy(  # noqa: E731
        ResourceArn=table, Policy=policy, ExpectedRevisionId="NO_POLICY"
    )
    assert aws_error(put)[1] == (
        f"{prefix}Requested policy update expecting none to be present for table users, but a policy exists with "
        f"revision id {second}."
    )
    assert dynamodb.delete_resource_policy(ResourceArn=table)["RevisionId"] == second
    assert aws_error(lambda: dynamodb.delete_resource_policy(ResourceArn=table, ExpectedRevisionId=second))[1] == (
        f"{prefix}Requested update for policy with revision id {second}, but table users has no associated policy."
    )
    put()
    dynamodb.delete_table(TableName="users")
    assert aws_error(lambda: dynamodb.get_resource_policy(ResourceArn=table)) == (
        "ResourceNotFoundException", "Requested resource not found: Table: users not found", 400,
    )  # fmt: skip


def test_a_policy_goes_with_its_table(dynamodb: Any, table: str, make_table: Any, allow: Any, account: str) -> None:
    dynamodb.put_resource_policy(ResourceArn=table, Policy=document(allow("dynamodb:GetItem", {"AWS": account})))
    dynamodb.delete_table(TableName="users")
    make_table(ResourcePolicy=document(allow("dynamodb:Query", {"AWS": account})))
    assert '"Action":"dynamodb:Query"' in dynamodb.get_resource_policy(ResourceArn=table)["Policy"]
    dynamodb.delete_table(TableName="users")
    make_table()
    with pytest.raises(dynamodb.exceptions.PolicyNotFoundException):
        dynamodb.get_resource_policy(ResourceArn=table)


def test_documents_that_are_refused(dynamodb: Any, table: str, allow: Any, account: str, aws_error: Error) -> None:
    def refused(policy: str) -> str:
        code, message, _ = aws_error(lambda: dynamodb.put_resource_policy(ResourceArn=table, Policy=policy))
        assert code == VALIDATION
        return message

    own = {"AWS": account}
    malformed = f"{INVALID}Invalid policy document: "
    assert refused("{not json") == refused("") == f"{malformed}This policy contains invalid Json"
    assert refused("[" * 5000) == f"{malformed}This policy contains invalid Json"
    assert refused(document()) == f"{malformed}Could not parse the policy: Statement is empty!"
    without = {name: value for name, value in allow("dynamodb:GetItem", own).items() if name != "Resource"}
    assert refused(document(without)) == f"{malformed}Missing required field Resource"
    twice = allow("dynamodb:GetItem", own, Sid="s")
    assert refused(document(twice, twice)) == f"{malformed}The Statement Ids in the policy are not unique"
    assert refused(document(allow("dynamodb:GetItem", {"AWS": "ann"}))) == (
        f"{INVALID}Invalid principal in policy document."
    )
    assert refused(document(allow(["dynamodb:GetRecords", "s3:GetObject"], own))) == (
        f'{malformed}The following action names are invalid: "dynamodb:GetRecords", "s3:GetObject"'
    )
    for everyone in ("*", {"AWS": "*"}):
        assert refused(document(allow("dynamodb:GetItem", everyone))) == (
            "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure "
            "least-privilege form of access"
        )
    valid = document(allow("dynamodb:GetItem", own))
    assert refused(valid + " " * 20_480) == f"{INVALID}Maximum policy size of 20480 bytes exceeded"
    dynamodb.put_resource_policy(ResourceArn=table, Policy=valid + " " * (20_480 - len(valid)))


def test_what_a_policy_can_hang_on(dynamodb: Any, table: str, aws_error: Error) -> None:
    def refused(arn: str) -> tuple[str, str, int]:
        return aws_error(lambda: dynamodb.get_resource_policy(ResourceArn=arn))

    assert refused("users") == (VALIDATION, f"{INVALID}ARNs must start with 'arn:': users", 400)
    for arn in (table.replace("us-east-1", "eu-west-1"), table.replace("arn:aws:", "arn:aws-cn:")):
        assert refused(arn) == (VALIDATION, f"{INVALID}Invalid resource Arn: {arn}", 400)
    index, backup, stream = f"{table}/index/i", f"{table}/backup/01-1", f"{table}/stream/2000-01-01T00:00:00.000"
    assert refused(index) == (
        VALIDATION,
        f"{INVALID}Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {index}",
        400,
    )
    assert refused(backup) == (VALIDATION, f"{INVALID}Provided Arn is not a DynamoDB resource arn: {backup}", 400)
    assert refused(stream) == (
        "ResourceNotFoundException",
        "Requested resource not found: Stream: 2000-01-01T00:00:00.000 not found for Table: users",
        400,
    )


def test_it_lets_a_user_of_the_account_in_and_keeps_one_out(
    dynamodb: Any, table: str, account: str, allow: Any, user: Any, aws_error: Error
) -> None:
    ann, ann_arn = user(account, "ann")
    bob, bob_arn = user(account, "bob", {"Action": "dynamodb:*"})
    item = {"id": {"S": "1"}}
    dynamodb.put_resource_policy(
        ResourceArn=table,
        Policy=document(
            allow(["dynamodb:PutItem", "dynamodb:GetItem"], {"AWS": ann_arn}),
            {"Effect": "Deny", "Principal": {"AWS": bob_arn}, "Action": "dynamodb:PutItem", "Resource": table},
        ),
    )
    ann.put_item(TableName="users", Item=item)
    assert ann.get_item(TableName=table, Key=item)["Item"] == bob.get_item(TableName="users", Key=item)["Item"] == item
    assert aws_error(lambda: ann.delete_item(TableName="users", Key=item)) == (
        "AccessDeniedException",
        f"User: {ann_arn} is not authorized to perform: dynamodb:DeleteItem on resource: {table} because no "
        "identity-based policy allows the dynamodb:DeleteItem action",
        400,
    )
    assert aws_error(lambda: bob.put_item(TableName="users", Item=item)) == (
        "AccessDeniedException",
        f"User: {bob_arn} is not authorized to perform: dynamodb:PutItem on resource: {table} with an explicit deny in a "
        "resource-based policy",
        400,
    )


def test_a_stranger_needs_both_policies(
    dynamodb: Any, table: str, account: str, allow: Any, user: Any, aws_error: Error
) -> None:
    other = f"{(int(account) + 1) % 10**12:012d}"
    cat, cat_arn = user(other, "cat", {"Action": "dynamodb:*"})
    dan, dan_arn = user(other, "dan")
    item = {"id": {"S": "1"}}

    def denied(client: Any, arn: str, why: str) -> None:
        text = f"User: {arn} is not authorized to perform: dynamodb:PutItem on resource: {table} because no {why}"
        assert aws_error(lambda: client.put_item(TableName=table, Item=item)) == (
            "AccessDeniedException", f"{text} policy allows the dynamodb:PutItem action", 400,
        )  # fmt: skip

    denied(cat, cat_arn, "resource-based")
    denied(dan, dan_arn, "identity-based")
    dynamodb.put_resource_policy(
        ResourceArn=table, Policy=document(allow(["dynamodb:PutItem", "dynamodb:DescribeTable"], {"AWS": other}))
    )
    denied(dan, dan_arn, "identity-based")
    cat.put_item(TableName=table, Item=item)
    assert dynamodb.get_item(TableName="users", Key=item)["Item"] == item
    assert cat.describe_table(TableName=table)["Table"]["TableArn"] == table
    with pytest.raises(cat.exceptions.ResourceNotFoundException):
        cat.put_item(TableName="users", Item=item)
    assert aws_error(lambda: cat.get_item(TableName=table, Key=item))[1].endswith(
        "because no resource-based policy allows the dynamodb:GetItem action"
    )
    dynamodb.delete_resource_policy(ResourceArn=table)
    denied(cat, cat_arn, "resource-based")


def test_what_a_stranger_may_never_do(
    dynamodb: Any, table: str, account: str, allow: Any, region: Any, aws_error: Error
) -> None:
    """docs: "DynamoDB API operations supported by resource-based policies": settings and backups have no cross-account support."""
    other = f"{(int(account) + 1) % 10**12:012d}"
    stranger = region.client("dynamodb", key=other)
    dynamodb.put_resource_policy(ResourceArn=table, Policy=document(allow("dynamodb:*", {"AWS": other})))
    recovery = {"PointInTimeRecoveryEnabled": True}
    for call in (
        lambda: stranger.describe_time_to_live(TableName=table),
        lambda: stranger.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "at"}
        ),
        lambda: stranger.describe_continuous_backups(TableName=table),
        lambda: stranger.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery),
        lambda: stranger.create_backup(TableName=table, BackupName="taken"),
        lambda: stranger.list_backups(TableName=table),
        lambda: stranger.describe_contributor_insights(TableName=table),
        lambda: stranger.update_contributor_insights(TableName=table, ContributorInsightsAction="ENABLE"),
        lambda: stranger.list_contributor_insights(TableName=table),
        lambda: stranger.describe_kinesis_streaming_destination(TableName=table),
        lambda: stranger.restore_table_to_point_in_time(
            SourceTableArn=table, TargetTableName="taken", UseLatestRestorableTime=True
        ),
    ):
        assert aws_error(call) == (
            VALIDATION, "This action is only supported by accounts that match the resource owner's account", 400,
        )  # fmt: skip
    assert dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    tag = {"Key": "seen", "Value": "yes"}
    stranger.tag_resource(ResourceArn=table, Tags=[tag])  # tags and tables can be shared
    assert dynamodb.list_tags_of_resource(ResourceArn=table)["Tags"] == [tag]
    stranger.update_table(TableName=table, DeletionProtectionEnabled=True)
    assert dynamodb.describe_table(TableName="users")["Table"]["DeletionProtectionEnabled"]


@pytest.mark.parametrize("owner", ["~", "*", "", "000000000001"])
def test_no_table_is_made_under_another_account(dynamodb: Any, account: str, aws_error: Error, owner: str) -> None:
    """An ARN may say what it will: an account that is none would be nobody's, and no reset would find the table."""
    arn = f"arn:aws:dynamodb:us-east-1:{owner}:table/users"
    key = {"AttributeName": "id"}
    code, _, _ = aws_error(
        lambda: dynamodb.create_table(
            TableName=arn,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[key | {"AttributeType": "S"}],
            KeySchema=[key | {"KeyType": "HASH"}],
        )
    )
    assert code == ("AccessDeniedException" if owner.isdigit() else VALIDATION)


def test_whoever_locks_themselves_out_must_confirm_it(
    dynamodb: Any, table: str, account: str, user: Any, aws_error: Error
) -> None:
    ann, ann_arn = user(account, "ann", {"Action": "dynamodb:*"})
    lock = document(
        {
            "Effect": "Deny", "Principal": "*", "Resource": table,
            "Action": ["dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy"],
        }
    )  # fmt: skip
    message = "The new resource policy will not allow you to update the resource policy in the future."
    assert aws_error(lambda: ann.put_resource_policy(ResourceArn=table, Policy=lock)) == (
        "AccessDeniedException", message, 400,
    )  # fmt: skip
    ann.put_resource_policy(ResourceArn=table, Policy=lock, ConfirmRemoveSelfResourceAccess=True)
    denied = (
        f"User: {ann_arn} is not authorized to perform: dynamodb:DeleteResourcePolicy on resource: {table} with an "
        "explicit deny in a resource-based policy"
    )
    assert aws_error(lambda: ann.delete_resource_policy(ResourceArn=table))[1] == denied
    assert aws_error(lambda: dynamodb.put_resource_policy(ResourceArn=table, Policy=lock))[0] == "AccessDeniedException"
    dynamodb.delete_resource_policy(ResourceArn=table)  # the account's root always can
    ann.describe_table(TableName="users")


@pytest.mark.parametrize(
    "condition",
    [
        {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}},
        {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
        {"StringEquals": {"aws:ResourceTag/stage": "live"}},
    ],
)
def test_also_where_it_is_a_fact_of_the_request_that_locks_them_out(
    dynamodb: Any, table: str, account: str, client: Any, user: Any, aws_error: Error, condition: Any
) -> None:
    ann, _ = user(account, "ann", {"Action": "dynamodb:*"})
    deny = {"Effect": "Deny", "Principal": "*", "Resource": table, "Action": "dynamodb:PutResourcePolicy"}
    lock = document(deny | {"Condition": condition})
    if "IpAddress" not in condition:
        ann.put_resource_policy(ResourceArn=table, Policy=lock)  # not yet
    client("iam").tag_user(UserName="ann", Tags=[{"Key": "team", "Value": "blue"}])
    ann.delete_resource_policy(ResourceArn=table)
    dynamodb.tag_resource(ResourceArn=table, Tags=[{"Key": "stage", "Value": "live"}])
    message = "The new resource policy will not allow you to update the resource policy in the future."
    assert aws_error(lambda: ann.put_resource_policy(ResourceArn=table, Policy=lock)) == (
        "AccessDeniedException", message, 400,
    )  # fmt: skip
    elsewhere = document(deny | {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}})
    ann.put_resource_policy(ResourceArn=table, Policy=elsewhere)
