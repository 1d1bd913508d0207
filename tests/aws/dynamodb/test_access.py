"""Who may do what with a table: actions, table ARNs and DynamoDB's condition keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

TABLE = "arn:aws:dynamodb:us-east-1:{account}:table/users"


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


def key(id_: str) -> dict[str, Any]:
    return {"id": {"S": id_}}


def on_users(action: str, **more: Any) -> dict[str, Any]:
    return {action: {"TableName": "users", **more}}


UPDATE = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}}
ACTIONS = {
    "PutItem": on_users("Put", Item=key("put")),
    "UpdateItem": on_users("Update", Key=key("update"), **UPDATE),
    "DeleteItem": on_users("Delete", Key=key("delete")),
    "ConditionCheckItem": on_users("ConditionCheck", Key=key("check"), ConditionExpression="attribute_not_exists(id)"),
}


@pytest.mark.parametrize("missing", ACTIONS)
def test_each_action_of_a_transaction_is_judged(
    user: Callable[..., Any], make_table: Callable[..., str], account: str, aws_error: Callable[..., Any], missing: str
) -> None:
    make_table()
    ann = user({
        "Action": [f"dynamodb:{action}" for action in ACTIONS if action != missing], "Resource": TABLE.format(account=account)
    })  # fmt: skip
    everything = list(ACTIONS.values())
    assert denied(aws_error(lambda: ann.transact_write_items(TransactItems=everything)), missing, account)
    ann.transact_write_items(TransactItems=[part for action, part in ACTIONS.items() if action != missing])
    gets = [on_users("Get", Key=key("put"))]
    assert denied(aws_error(lambda: ann.transact_get_items(TransactItems=gets)), "GetItem", account)


def test_writes_only_within_transactions(
    user: Callable[..., Any], make_table: Callable[..., str], account: str, aws_error: Callable[..., Any]
) -> None:
    """AWS's example "Allow only transactional operations"."""
    make_table()
    ann = user(
        {
            "Action": [f"dynamodb:{action}" for action in (*ACTIONS, "GetItem")],
            "Resource": TABLE.format(account=account),
            "Condition": {
                "ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems", "TransactGetItems"]}
            },
        }
    )
    ann.transact_write_items(TransactItems=list(ACTIONS.values()))
    assert ann.transact_get_items(TransactItems=[on_users("Get", Key=key("put"))])["Responses"] == [
        {"Item": key("put")}
    ]
    assert denied(aws_error(lambda: ann.put_item(TableName="users", Item=key("1"))), "PutItem", account)
    assert denied(aws_error(lambda: ann.get_item(TableName="users", Key=key("1"))), "GetItem", account)


def test_every_key_of_a_batch_or_transaction_must_be_ones_own(
    user: Callable[..., Any], make_table: Callable[..., str], account: str, aws_error: Callable[..., Any]
) -> None:
    make_table()
    make_table("others")
    ann = user(
        {
            "Action": "dynamodb:*",
            "Resource": TABLE.format(account=account),
            "Condition": {
                "ForAllValues:StringEquals": {
                    "dynamodb:LeadingKeys": ["${aws:username}", "shared"],
                    "dynamodb:Attributes": ["id", "a"],
                }
            },
        }
    )

    def write(*requests: dict[str, Any], table: str = "users") -> Any:
        return ann.batch_write_item(RequestItems={table: list(requests)})

    mine, shared, other = ({"PutRequest": {"Item": key(id_)}} for id_ in ("ann", "shared", "bob"))
    write(mine, shared)
    assert denied(aws_error(lambda: write(mine, other)), "BatchWriteItem", account)
    assert denied(aws_error(lambda: write({"DeleteRequest": {"Key": key("bob")}}, mine)), "BatchWriteItem", account)
    secret = {"PutRequest": {"Item": {**key("ann"), "salary": {"N": "1"}}}}
    assert denied(aws_error(lambda: write(secret)), "BatchWriteItem", account)
    assert aws_error(lambda: write(mine, table="others"))[0] == "AccessDeniedException"

    def read(*ids: str) -> Any:
        return ann.batch_get_item(
            RequestItems={"users": {"Keys": [key(id_) for id_ in ids], "ProjectionExpression": "a"}}
        )

    assert len(read("ann", "shared")["Responses"]["users"]) == 2
    assert denied(aws_error(lambda: read("ann", "bob")), "BatchGetItem", account)
    update = on_users("Update", Key=key("ann"), **UPDATE)
    ann.transact_write_items(TransactItems=[update, on_users("Delete", Key=key("shared"))])
    bobs = on_users("Delete", Key=key("bob"))
    assert denied(aws_error(lambda: ann.transact_write_items(TransactItems=[update, bobs])), "DeleteItem", account)
