"""What terraform changes of a table in place, a table that it imports, items, tags and a stream's policy: all in three applies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack


def test_every_change_in_place(stack: Callable[[str], Stack]) -> None:
    orders = stack("changing-table")
    dynamodb = orders.region.client("dynamodb")
    dynamodb.create_table(
        TableName="found",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        OnDemandThroughput={"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 10},
    )

    assert "Apply complete! Resources: 1 imported, 4 added, 0 changed, 0 destroyed." in orders.apply().stdout
    (stream,) = streams_of(orders)

    orders.edit("main.tf", "step      = 0", "step      = 1")
    table = ["billing_mode", "stream_arn", "stream_view_type", "tags", "tags_all", "enabled", "enabled"]
    policy_of_the_new_stream = ["id", "policy", "resource_arn", "revision_id"]
    others = ["deletion_protection_enabled", "item", "state", "S", "value", "read"]
    assert sorted(orders.changed()) == sorted([*table, *policy_of_the_new_stream, *others])
    assert [one for one in streams_of(orders) if one != stream] == [
        dynamodb.describe_table(TableName="orders")["Table"]["LatestStreamArn"]
    ]
    assert dynamodb.get_item(TableName="orders", Key={"customer": {"S": "joy"}, "placed": {"N": "1"}})["Item"] == {
        "customer": {"S": "joy"}, "placed": {"N": "1"}, "state": {"S": "paid"}, "picture": {"B": b"\x00\x01\xff"},
        "names": {"SS": ["x", "y"]}, "lines": {"L": [{"M": {"none": {"NULL": True}}}, {"BOOL": False}]},
    }  # fmt: skip
    indexes = dynamodb.describe_table(TableName="orders")["Table"]["GlobalSecondaryIndexes"]
    assert {index["IndexName"]: index["ItemCount"] for index in indexes} == {"states": 1, "pictures": 1}

    orders.edit("main.tf", "step      = 1", "step      = 2")
    table = ["billing_mode", "read_capacity", "table_class", "write_capacity", "enabled"]
    assert sorted(orders.changed()) == sorted([*table, "deletion_protection_enabled", "read"])
    (index,) = dynamodb.describe_table(TableName="orders")["Table"]["GlobalSecondaryIndexes"]
    assert index["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total", "weight"]}
    ttl = dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
    assert orders.plan_is_empty()

    orders.destroy()
    assert dynamodb.list_tables()["TableNames"] == []


def streams_of(stack: Stack) -> list[str]:
    streams = stack.region.client("dynamodbstreams").list_streams(TableName="orders")["Streams"]
    return [stream["StreamArn"] for stream in streams]
