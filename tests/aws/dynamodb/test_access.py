"""Who may do what with a table: actions, table ARNs and DynamoDB's condition keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

TABLE = "arn:aws:dynamodb:us-east-1:{account}:table/users"


@pytest.fixture
def user(region: Any, client: Callable[..., Any], account: str) -> Callable[..., Any]:
    """user(statement, …) is a DynamoDB client of an IAM user with just these statements."""

    def make(*statements: dict[str, Any]) -> Any:
        iam = client("iam")
        iam.create_user(UserName="ann")
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **s} for s in statements]}
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        return region.client("dynamodb", key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    return make


def denied(error: tuple[str, str, int], action: str, account: str) -> bool:
    return error == (
        "AccessDeniedException",
        f"User: arn:aws:iam::{account}:user/ann is not authorized to perform: dynamodb:{action} on resource: "
        f"{TABLE.format(account=account)} because no identity-based policy allows the dynamodb:{action} action",
        400,
    )


def test_only_the_allowed_actions_on_the_allowed_table(
    user: Callable[..., Any], make_table: Callable[..., str], account: str, aws_error: Callable[..., Any]
) -> None:
    make_table()
    make_table("other")
    ann = user({"Action": ["dynamodb:PutItem", "dynamodb:GetItem"], "Resource": TABLE.format(account=account)})
    ann.put_item(TableName="users", Item={"id": {"S": "1"}})
    assert ann.get_item(TableName=TABLE.format(account=account), Key={"id": {"S": "1"}})["Item"] == {"id": {"S": "1"}}
    assert denied(aws_error(lambda: ann.delete_item(TableName="users", Key={"id": {"S": "1"}})), "DeleteItem", account)
    assert denied(aws_error(lambda: ann.describe_table(TableName="users")), "DescribeTable", account)
    assert aws_error(lambda: ann.put_item(TableName="other", Item={"id": {"S": "1"}}))[0] == "AccessDeniedException"


def test_leading_keys(
    user: Callable[..., Any], make_table: Callable[..., str], account: str, aws_error: Callable[..., Any]
) -> None:
    make_table(sort=("at", "N"))
    ann = user(
        {
            "Action": "dynamodb:*",
            "Resource": TABLE.format(account=account),
            "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}},
        }
    )
    own = {"id": {"S": "ann"}, "at": {"N": "1"}}
    ann.put_item(TableName="users", Item={**own, "v": {"S": "x"}})
    assert ann.get_item(TableName="users", Key=own)["Item"]["v"] == {"S": "x"}
    bobs = {"id": {"S": "bob"}, "at": {"N": "1"}}
    assert denied(aws_error(lambda: ann.put_item(TableName="users", Item=bobs)), "PutItem", account)
    assert denied(aws_error(lambda: ann.get_item(TableName="users", Key=bobs)), "GetItem", account)
    assert denied(aws_error(lambda: ann.delete_item(TableName="users", Key=bobs)), "DeleteItem", account)
    ann.delete_item(TableName="users", Key=own)


def test_attributes_and_what_is_selected(
    user: Callable[..., Any], make_table: Callable[..., str], account: str, aws_error: Callable[..., Any]
) -> None:
    make_table()
    ann = user(
        {
            "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
            "Resource": TABLE.format(account=account),
            "Condition": {
                "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "age"]},
                "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES", "dynamodb:ReturnValues": ["NONE"]},
            },
        }
    )
    ann.put_item(TableName="users", Item={"id": {"S": "1"}, "age": {"N": "1"}})
    get = {"TableName": "users", "Key": {"id": {"S": "1"}}}
    assert ann.get_item(**get, ProjectionExpression="age")["Item"] == {"age": {"N": "1"}}
    refused = [
        lambda: ann.get_item(**get),
        lambda: ann.get_item(**get, ProjectionExpression="age, #s", ExpressionAttributeNames={"#s": "salary"}),
    ]
    for call in refused:
        assert denied(aws_error(call), "GetItem", account)
    puts: list[dict[str, Any]] = [
        {"Item": {"id": {"S": "1"}, "salary": {"N": "1"}}},
        {"Item": {"id": {"S": "1"}}, "ReturnValues": "ALL_OLD"},
        {"Item": {"id": {"S": "1"}}, "ConditionExpression": "NOT (attribute_exists(id) AND size(salary) > age)"},
    ]
    for members in puts:
        assert denied(aws_error(lambda members=members: ann.put_item(TableName="users", **members)), "PutItem", account)


def test_updates_are_judged_by_all_attributes_that_they_name(
    user: Callable[..., Any], make_table: Callable[..., str], account: str, aws_error: Callable[..., Any]
) -> None:
    make_table()
    ann = user(
        {
            "Action": "dynamodb:UpdateItem",
            "Resource": TABLE.format(account=account),
            "Condition": {
                "ForAllValues:StringEquals": {
                    "dynamodb:Attributes": ["id", "age", "tags"],
                    "dynamodb:LeadingKeys": ["ann"],
                },
                "StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]},
            },
        }
    )
    update = {"TableName": "users", "Key": {"id": {"S": "ann"}}}
    one = {":one": {"N": "1"}}
    text = "SET age = if_not_exists(age, :one) + :one REMOVE tags[0].#x"
    ann.update_item(**update, UpdateExpression="SET age = :one, tags = id", ExpressionAttributeValues=one)
    ann.update_item(
        **update, UpdateExpression="ADD #a :one", ExpressionAttributeNames={"#a": "age"}, ExpressionAttributeValues=one,
        ConditionExpression="attribute_exists(tags)", ReturnValues="UPDATED_NEW",
    )  # fmt: skip
    ann.update_item(
        **update, AttributeUpdates={"age": {"Value": {"N": "1"}}}, Expected={"tags": {"Value": {"S": "ann"}}}
    )
    refused: list[dict[str, Any]] = [
        {"UpdateExpression": "SET pay = :one", "ExpressionAttributeValues": one},
        {"UpdateExpression": "REMOVE age, #p", "ExpressionAttributeNames": {"#p": "pay"}},
        {"UpdateExpression": "SET age = if_not_exists(pay.net, :one) + :one", "ExpressionAttributeValues": one},
        {"UpdateExpression": text.replace("tags", "pay"), "ExpressionAttributeValues": one},
        {"UpdateExpression": "ADD age :one", "ExpressionAttributeValues": one, "ConditionExpression": "pay < age"},
        {"UpdateExpression": "ADD age :one", "ExpressionAttributeValues": one, "ReturnValues": "ALL_NEW"},
        {"AttributeUpdates": {"pay": {"Action": "DELETE"}}},
        {"AttributeUpdates": {"age": {"Action": "DELETE"}}, "Expected": {"pay": {"Exists": False}}},
        {"Key": {"id": {"S": "bob"}}},
    ]
    for members in refused:
        error = aws_error(lambda members=members: ann.update_item(**{**update, **members}))
        assert denied(error, "UpdateItem", account), members
