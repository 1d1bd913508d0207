"""Global indexes that UpdateTable creates, changes and deletes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

VALIDATION, LIMIT = "ValidationException", "LimitExceededException"
INVALID = "One or more parameter values were invalid: "
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
ALL = {"ProjectionType": "ALL"}


def attributes(**kinds: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()]


def key(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": n, "KeyType": k} for n, k in zip(names, ("HASH", "RANGE"), strict=False)]


def create(name: str, *names: str, **more: Any) -> dict[str, Any]:
    return {"Create": {"IndexName": name, "KeySchema": key(*names), "Projection": ALL, **more}}


def delete(name: str) -> dict[str, Any]:
    return {"Delete": {"IndexName": name}}


def update(name: str, **more: Any) -> dict[str, Any]:
    return {"Update": {"IndexName": name, **more}}


@pytest.fixture
def change(dynamodb: Any) -> Callable[..., Any]:
    """change(create("by-kind", "kind"), kind="S") updates the table "users"; it returns what the answer says of it."""

    def call(*updates: dict[str, Any], more: dict[str, Any] | None = None, **kinds: str) -> Any:
        request = {"AttributeDefinitions": attributes(**kinds)} if kinds else {}
        return dynamodb.update_table(
            TableName="users", GlobalSecondaryIndexUpdates=list(updates), **request, **(more or {})
        )["TableDescription"]

    return call


def settled(dynamodb: Any) -> dict[str, Any]:
    """The table "users" as soon as no index comes or goes any more: what Terraform and CloudFormation wait for."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        table: dict[str, Any] = dynamodb.describe_table(TableName="users")["Table"]
        states = {index["IndexStatus"] for index in table.get("GlobalSecondaryIndexes", ())}
        if table["TableStatus"] == "ACTIVE" and states <= {"ACTIVE"}:
            return table
        time.sleep(0.01)
    raise AssertionError("the indexes do not settle")


def test_an_index_is_filled_from_what_is_there(
    dynamodb: Any, make_table: Callable[..., str], change: Callable[..., Any], account: str
) -> None:
    make_table()
    for n in range(60):
        dynamodb.put_item(TableName="users", Item={"id": {"S": str(n)}, "kind": {"S": "a" if n % 2 else "b"}})
    dynamodb.put_item(TableName="users", Item={"id": {"S": "wrong"}, "kind": {"N": "1"}})
    dynamodb.put_item(TableName="users", Item={"id": {"S": "empty"}, "kind": {"S": ""}})
    dynamodb.put_item(TableName="users", Item={"id": {"S": "long"}, "kind": {"S": "x" * 2049}})
    answer = change(create("by-kind", "kind"), kind="S", id="S")
    assert answer["TableStatus"] == "UPDATING"
    (index,) = answer["GlobalSecondaryIndexes"]
    assert (index["IndexStatus"], index["Backfilling"]) == ("CREATING", False)
    assert answer["AttributeDefinitions"] == attributes(id="S", kind="S")
    (index,) = settled(dynamodb)["GlobalSecondaryIndexes"]
    assert index.pop("IndexSizeBytes") == sum(len(f"id{n}kinda") for n in range(60))
    assert index == {
        "IndexName": "by-kind",
        "KeySchema": key("kind"),
        "Projection": ALL,
        "IndexStatus": "ACTIVE",
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "ItemCount": 60,
        "IndexArn": f"arn:aws:dynamodb:us-east-1:{account}:table/users/index/by-kind",
        "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"},
    }
    dynamodb.delete_item(TableName="users", Key={"id": {"S": "wrong"}})
    dynamodb.put_item(TableName="users", Item={"id": {"S": "long"}, "kind": {"S": "a"}})
    assert settled(dynamodb)["GlobalSecondaryIndexes"][0]["ItemCount"] == 61


def test_as_terraform_does(dynamodb: Any, make_table: Callable[..., str], change: Callable[..., Any]) -> None:
    """Adds an index, then replaces it by two others: one change at a time, the next one when the table has settled."""
    make_table()
    dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}, "kind": {"S": "a"}, "rank": {"N": "1"}})
    change(create("by-kind", "kind"), id="S", kind="S")
    settled(dynamodb)
    answer = change(delete("by-kind"), id="S", kind="S", rank="N")
    assert answer["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    table = settled(dynamodb)
    assert "GlobalSecondaryIndexes" not in table
    assert table["AttributeDefinitions"] == attributes(id="S")
    change(create("by-kind", "kind", "rank", Projection={"ProjectionType": "KEYS_ONLY"}), id="S", kind="S", rank="N")
    settled(dynamodb)
    change(create("by-rank", "rank"), id="S", kind="S", rank="N")
    table = settled(dynamodb)
    assert [(i["IndexName"], i["ItemCount"]) for i in table["GlobalSecondaryIndexes"]] == [
        ("by-kind", 1),
        ("by-rank", 1),
    ]
    assert table["AttributeDefinitions"] == attributes(id="S", kind="S", rank="N")


def test_a_kill_while_an_index_is_filled(new_region: Callable[..., Any]) -> None:
    region = new_region()
    dynamodb = region.client("dynamodb")
    dynamodb.create_table(
        TableName="users", BillingMode="PAY_PER_REQUEST", KeySchema=key("id"), AttributeDefinitions=attributes(id="S")
    )
    for n in range(400):
        dynamodb.put_item(TableName="users", Item={"id": {"S": str(n)}, "kind": {"S": "a"}})
    dynamodb.update_table(
        TableName="users",
        AttributeDefinitions=attributes(kind="S"),
        GlobalSecondaryIndexUpdates=[create("by-kind", "kind")],
    )
    region.kill()
    region.start()
    for n in range(50):
        dynamodb.delete_item(TableName="users", Key={"id": {"S": str(n)}})
    (index,) = settled(dynamodb)["GlobalSecondaryIndexes"]
    assert (index["ItemCount"], index["IndexStatus"]) == (350, "ACTIVE")


def test_units_of_an_index(dynamodb: Any, make_table: Callable[..., str], change: Callable[..., Any]) -> None:
    make_table(BillingMode="PROVISIONED", ProvisionedThroughput=UNITS)
    change(create("by-kind", "kind", ProvisionedThroughput=UNITS), kind="S")
    settled(dynamodb)
    answer = change(update("by-kind", ProvisionedThroughput={"ReadCapacityUnits": 3, "WriteCapacityUnits": 2}))
    assert answer["TableStatus"] == "ACTIVE"
    (index,) = answer["GlobalSecondaryIndexes"]
    assert (index["IndexStatus"], index["ProvisionedThroughput"]["ReadCapacityUnits"]) == ("UPDATING", 1)
    change(update("by-kind", ProvisionedThroughput=UNITS))
    (index,) = settled(dynamodb)["GlobalSecondaryIndexes"]
    assert index["ProvisionedThroughput"].items() >= {**UNITS, "NumberOfDecreasesToday": 1}.items()
    assert {"LastIncreaseDateTime", "LastDecreaseDateTime"} < set(index["ProvisionedThroughput"])
    assert index["WarmThroughput"]["ReadUnitsPerSecond"] == 3  # the most it ever had


REDEFINED = (
    "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. "
    "Existing schema: Schema:[SchemaElement: key{rank:N:HASH}] New schema: Schema:[SchemaElement: key{rank:S:HASH}]"
)
NO_CHANGE = (
    "The provisioned throughput for the index global will not change. The requested value equals the current value. "
    "Current ReadCapacityUnits provisioned for index global: 1. Requested ReadCapacityUnits: 1. "
    "Current WriteCapacityUnits provisioned for index global: 1. Requested WriteCapacityUnits: 1. "
    "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
)
ONE = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
ADDED = create("added", "kind", ProvisionedThroughput=UNITS)


@pytest.mark.parametrize(
    ("updates", "more", "code", "message"),
    [
        ([{}], {}, VALIDATION, INVALID + "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
         "GlobalSecondaryIndexUpdate.Delete must not be null"),
        ([{**ADDED, **delete("global")}], {}, VALIDATION,
         INVALID + "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"),
        ([delete("global"), create("global", "kind")], {}, VALIDATION,
         INVALID + "Only one global secondary index update per index is allowed simultaneously. Index: global"),
        ([], {"DeletionProtectionEnabled": True}, VALIDATION, INVALID + "List of GlobalSecondaryIndexUpdates is empty"),
        ([delete("none")], {}, "ResourceNotFoundException", "Requested resource not found: Index none for table users"),
        ([update("none", ProvisionedThroughput=UNITS)], {}, "ResourceNotFoundException",
         "Requested resource not found: Index none for table users"),
        ([delete("local")], {}, VALIDATION, "Cannot delete an index that is not a GlobalSecondaryIndex: local"),
        ([update("local", ProvisionedThroughput=UNITS)], {}, VALIDATION,
         "Cannot update an index that is not a GlobalSecondaryIndex: local"),
        ([update("global", ProvisionedThroughput=UNITS)], {}, VALIDATION, NO_CHANGE),
        ([create("global", "nothing")], {}, VALIDATION, "Attempting to create an index which already exists"),
        ([ADDED], {"AttributeDefinitions": None}, VALIDATION, INVALID + "AttributeDefinitions is not specified for index: added"),
        ([create("added", "other", ProvisionedThroughput=UNITS)], {}, VALIDATION,
         INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
         "Keys: [other], AttributeDefinitions: [id, at, rank, kind]"),
        ([create("added", "rank", ProvisionedThroughput=UNITS)], {"AttributeDefinitions": attributes(rank="S")}, VALIDATION,
         INVALID + REDEFINED),
        ([create("added", "kind")], {}, VALIDATION,
         INVALID + "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: added"),
        ([create("added", "kind", ProvisionedThroughput=UNITS, Projection={})], {}, VALIDATION,
         INVALID + "Unknown ProjectionType: null"),
        ([create("added", "kind", ProvisionedThroughput=UNITS, OnDemandThroughput={"MaxReadRequestUnits": 1})], {}, VALIDATION,
         INVALID + "MaxReadRequestUnits for OnDemandThroughput for index: added cannot be specified when table BillingMode is "
         "PROVISIONED."),
        ([ADDED, create("more", "kind", ProvisionedThroughput=UNITS)], {}, LIMIT, ONE),
        ([ADDED, delete("global")], {}, LIMIT, ONE),
        ([ADDED], {"ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 2}}, VALIDATION,
         INVALID + "You cannot create or delete index while updating table IOPS"),
        ([delete("global")], {"ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 2}}, VALIDATION,
         INVALID + "You cannot create or delete index while updating table IOPS"),
        ([ADDED], {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}}, VALIDATION,
         INVALID + "You cannot create or delete index while changing stream status"),
        ([ADDED], {"WarmThroughput": {"ReadUnitsPerSecond": 5}}, VALIDATION,
         INVALID + "Create global secondary index cannot be specified when updating WarmThroughput"),
        ([ADDED], {"TableClass": "STANDARD"}, VALIDATION,
         INVALID + "TableClass modification must be the only operation in the request"),
    ],
)  # fmt: skip
def test_what_is_refused(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any], updates: list[Any], more: dict[str, Any],
    code: str, message: str,
) -> None:  # fmt: skip
    make_table(
        sort=("at", "N"), BillingMode="PROVISIONED", ProvisionedThroughput=UNITS, also=attributes(rank="N"),
        LocalSecondaryIndexes=[{"IndexName": "local", "KeySchema": key("id", "rank"), "Projection": ALL}],
        GlobalSecondaryIndexes=[
            {"IndexName": "global", "KeySchema": key("rank"), "Projection": ALL, "ProvisionedThroughput": UNITS}
        ],
    )  # fmt: skip
    request = {"AttributeDefinitions": attributes(id="S", at="N", rank="N", kind="S"), **more}
    request = {name: value for name, value in request.items() if value is not None}
    before = dynamodb.describe_table(TableName="users")["Table"]
    call = lambda: dynamodb.update_table(TableName="users", GlobalSecondaryIndexUpdates=updates, **request)  # noqa: E731
    assert aws_error(call) == (code, message, 400)
    assert dynamodb.describe_table(TableName="users")["Table"] == before


def test_units_on_demand(
    dynamodb: Any, make_table: Callable[..., str], change: Callable[..., Any], aws_error: Callable[..., Any]
) -> None:
    make_table(GlobalSecondaryIndexes=[{"IndexName": "same", "KeySchema": key("id"), "Projection": ALL}])
    assert aws_error(lambda: change(create("new", "kind", ProvisionedThroughput=UNITS), kind="S"))[:2] == (
        VALIDATION,
        INVALID
        + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: new when BillingMode is PAY_PER_REQUEST",
    )
    assert aws_error(lambda: change(update("same", ProvisionedThroughput=UNITS)))[:2] == (
        VALIDATION,
        INVALID
        + "The only Updates for index: same when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, "
        "WarmThroughput",
    )
    change(update("same", OnDemandThroughput={"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 6}))
    change(update("same", OnDemandThroughput={"MaxReadRequestUnits": -1}))
    (index,) = settled(dynamodb)["GlobalSecondaryIndexes"]
    assert index["OnDemandThroughput"] == {"MaxWriteRequestUnits": 6}
    provisioned = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS}
    assert aws_error(lambda: dynamodb.update_table(TableName="users", **provisioned))[:2] == (
        VALIDATION,
        INVALID + "ProvisionedThroughput must be specified for index: same",
    )
    answer = change(update("same", ProvisionedThroughput=UNITS), more=provisioned)
    assert answer["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 1
    (index,) = settled(dynamodb)["GlobalSecondaryIndexes"]
    assert "OnDemandThroughput" not in index
    assert index["WarmThroughput"]["ReadUnitsPerSecond"] == 12000  # what it could take before


def test_twenty_indexes(
    dynamodb: Any, make_table: Callable[..., str], change: Callable[..., Any], aws_error: Callable[..., Any]
) -> None:
    indexes = [{"IndexName": f"index-{n}", "KeySchema": key("id"), "Projection": ALL} for n in range(20)]
    make_table(GlobalSecondaryIndexes=indexes)
    assert aws_error(lambda: change(create("more", "kind"), kind="S"))[:2] == (
        LIMIT,
        "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20",
    )
