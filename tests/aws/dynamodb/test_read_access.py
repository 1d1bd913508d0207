"""Who may Query and Scan what: tables and indexes, leading keys, attributes, and what is selected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

A, B = {"S": "a"}, {"S": "b"}


@pytest.fixture
def user(user: Callable[..., Any]) -> Callable[..., Any]:
    """user(Action=…, …) is a DynamoDB client of an IAM user with just this statement."""
    return lambda **statement: user(statement)


def denied(error: tuple[str, str, int], action: str, resource: str, account: str) -> bool:
    assert error == (
        "AccessDeniedException",
        f"User: arn:aws:iam::{account}:user/ann is not authorized to perform: dynamodb:{action} on resource: "
        f"{resource} because no identity-based policy allows the dynamodb:{action} action",
        400,
    )
    return True


def by_key(expression: str = "id = :a", value: Any = A, **more: Any) -> dict[str, Any]:
    return {
        "TableName": "events",
        "KeyConditionExpression": expression,
        "ExpressionAttributeValues": {":a": value},
        **more,
    }


def test_tables_and_indexes_are_resources_of_their_own(
    user: Callable[..., Any], events: str, account: str, aws_error: Callable[..., Any]
) -> None:
    table = f"arn:aws:dynamodb:us-east-1:{account}:table/events"
    ann = user(Action=["dynamodb:Query", "dynamodb:Scan"], Resource=f"{table}/index/ranked")
    assert ann.query(**by_key("kind = :a", IndexName="ranked"))["Count"] == 0
    assert ann.scan(TableName=table, IndexName="ranked")["Count"] == 0
    assert denied(aws_error(lambda: ann.query(**by_key())), "Query", table, account)
    assert denied(aws_error(lambda: ann.scan(TableName="events")), "Scan", table, account)
    other = f"{table}/index/kinds"
    assert denied(aws_error(lambda: ann.query(**by_key("kind = :a", IndexName="kinds"))), "Query", other, account)


def test_leading_keys_of_a_query(
    user: Callable[..., Any], events: str, account: str, aws_error: Callable[..., Any]
) -> None:
    ann = user(
        Action="dynamodb:Query",
        Resource="*",
        Condition={
            "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    )
    allowed = [
        by_key(),
        by_key("(:a = #i) AND begins_with(#t, :a)", ExpressionAttributeNames={"#i": "id", "#t": "at"}),
        by_key("kind = :a", IndexName="kinds"),
        {"TableName": "events", "KeyConditions": {"id": {"ComparisonOperator": "EQ", "AttributeValueList": [A]}}},
    ]
    for request in allowed:
        assert ann.query(**request)["Count"] == 0
    refused = [
        by_key(value=B),
        by_key("kind = :a", B, IndexName="kinds"),
        {"TableName": "events", "KeyConditions": {"id": {"ComparisonOperator": "EQ", "AttributeValueList": [B]}}},
        by_key("at = :a"),
    ]
    for request in refused:
        assert aws_error(lambda request=request: ann.query(**request))[0] == "AccessDeniedException"


def test_attributes_and_what_is_selected(user: Callable[..., Any], events: str, aws_error: Callable[..., Any]) -> None:
    ann = user(
        Action=["dynamodb:Query", "dynamodb:Scan"],
        Resource="*",
        Condition={
            "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "at", "v", "kind"]},
            "StringEquals": {"dynamodb:Select": ["SPECIFIC_ATTRIBUTES", "COUNT"]},
            "StringNotEqualsIfExists": {"dynamodb:ReturnConsumedCapacity": "INDEXES"},
        },
    )
    names = {"ExpressionAttributeNames": {"#v": "v"}}
    ann.query(**by_key(), **names, ProjectionExpression="#v")
    ann.query(**by_key(), Select="COUNT", ReturnConsumedCapacity="TOTAL")
    ann.scan(TableName="events", AttributesToGet=["v"])
    ann.scan(TableName="events", Select="COUNT", FilterExpression="attribute_exists(v.x)")
    keys = {"id": {"ComparisonOperator": "EQ", "AttributeValueList": [A]}}
    refused = [
        lambda: ann.query(**by_key()),
        lambda: ann.query(**by_key("kind = :a", IndexName="kinds")),
        lambda: ann.query(**by_key(), ProjectionExpression="secret"),
        lambda: ann.query(**by_key(), Select="COUNT", FilterExpression="attribute_exists(secret)"),
        lambda: ann.query(
            TableName="events",
            Select="COUNT",
            KeyConditions=keys,
            QueryFilter={"secret": {"ComparisonOperator": "NULL"}},
        ),
        lambda: ann.query(**by_key(), Select="COUNT", ReturnConsumedCapacity="INDEXES"),
        lambda: ann.scan(TableName="events", AttributesToGet=["secret"]),
        lambda: ann.scan(TableName="events", Select="COUNT", ScanFilter={"secret": {"ComparisonOperator": "NULL"}}),
        lambda: ann.scan(TableName="events"),
    ]
    for call in refused:
        assert aws_error(call)[0] == "AccessDeniedException"


def test_the_leading_key_is_found_however_it_is_written(
    dynamodb: Any, user: Callable[..., Any], make_table: Callable[..., str], aws_error: Callable[..., Any]
) -> None:
    names = ("owner", "year", "month", "day")
    make_table(
        "events", "id", "N",
        also=[{"AttributeName": name, "AttributeType": "N"} for name in names],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "dates",
                "KeySchema": [{"AttributeName": n, "KeyType": "HASH" if n == "owner" else "RANGE"} for n in names],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )  # fmt: skip
    ann = user(
        Action=["dynamodb:Query", "dynamodb:GetItem"],
        Resource="*",
        Condition={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["1"]}},
    )
    nested = "#y = :one AND (#m = :one AND #o = :o)"
    aliases = {"ExpressionAttributeNames": {"#y": "year", "#m": "month", "#o": "owner"}}

    def dates(owner: str) -> dict[str, Any]:
        values = {":one": {"N": "1"}, ":o": {"N": owner}}
        return {
            "TableName": "events", "IndexName": "dates", "KeyConditionExpression": nested,
            "ExpressionAttributeValues": values, **aliases,
        }  # fmt: skip

    assert ann.query(**dates("1.0"))["Count"] == 0
    assert "Item" not in ann.get_item(TableName="events", Key={"id": {"N": "1.00"}})
    assert aws_error(lambda: ann.query(**dates("2")))[0] == "AccessDeniedException"
    assert aws_error(lambda: ann.get_item(TableName="events", Key={"id": {"N": "2"}}))[0] == "AccessDeniedException"
