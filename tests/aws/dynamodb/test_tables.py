"""CreateTable, DescribeTable, UpdateTable, DeleteTable and ListTables."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

HASH = [{"AttributeName": "id", "KeyType": "HASH"}]
DEFINED = [{"AttributeName": "id", "AttributeType": "S"}]
SIMPLE = {"TableName": "users", "KeySchema": HASH, "AttributeDefinitions": DEFINED, "BillingMode": "PAY_PER_REQUEST"}
VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "


def range_key(name: str) -> dict[str, str]:
    return {"AttributeName": name, "KeyType": "RANGE"}


NOTHING = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
    "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
)


def test_an_on_demand_table(dynamodb: Any, account: str) -> None:
    created = dynamodb.create_table(**SIMPLE)["TableDescription"]
    assert created["TableStatus"] == "CREATING"
    assert created["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    assert "WarmThroughput" not in created
    table = dynamodb.describe_table(TableName="users")["Table"]
    moment = table["BillingModeSummary"].pop("LastUpdateToPayPerRequestDateTime")
    assert moment == table.pop("CreationDateTime") == created["CreationDateTime"]
    assert table == {
        "AttributeDefinitions": DEFINED,
        "TableName": "users",
        "KeySchema": HASH,
        "TableStatus": "ACTIVE",
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "TableArn": f"arn:aws:dynamodb:us-east-1:{account}:table/users",
        "TableId": created["TableId"],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "DeletionProtectionEnabled": False,
        "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"},
    }
    dynamodb.get_waiter("table_exists").wait(TableName="users", WaiterConfig={"Delay": 1, "MaxAttempts": 1})


def test_a_provisioned_table(dynamodb: Any) -> None:
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 3}
    dynamodb.create_table(TableName="users", KeySchema=HASH, AttributeDefinitions=DEFINED, ProvisionedThroughput=units)
    table = dynamodb.describe_table(TableName="users")["Table"]
    assert table["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **units}
    assert "BillingModeSummary" not in table
    assert table["WarmThroughput"] == {"ReadUnitsPerSecond": 5, "WriteUnitsPerSecond": 3, "Status": "ACTIVE"}


def test_counts_are_of_the_moment(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()
    for n in ("1", "22", "1"):
        dynamodb.put_item(TableName="users", Item={"id": {"S": n}, "v": {"S": "xyz"}})
    table = dynamodb.describe_table(TableName="users")["Table"]
    assert (table["ItemCount"], table["TableSizeBytes"]) == (2, len("id1vxyz") + len("id22vxyz"))
    dynamodb.delete_item(TableName="users", Key={"id": {"S": "1"}})
    table = dynamodb.describe_table(TableName="users")["Table"]
    assert (table["ItemCount"], table["TableSizeBytes"]) == (1, len("id22vxyz"))


def index(name: str, *keys: dict[str, str], **more: Any) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": list(keys), "Projection": {"ProjectionType": "ALL"}, **more}


def include(*names: str) -> dict[str, Any]:
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(names)}


TWO = [*HASH, range_key("at")]
DEFINED_TWO = [*DEFINED, {"AttributeName": "at", "AttributeType": "N"}]
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"TableName": "ab"},
            "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 3",
        ),
        (
            {"TableName": "a" * 256},
            f"1 validation error detected: Value '{'a' * 256}' at 'tableName' failed to satisfy constraint: "
            "Member must have length less than or equal to 255",
        ),
        (
            {"TableName": "a b c"},
            "1 validation error detected: Value 'a b c' at 'tableName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            {"ProvisionedThroughput": UNITS},
            INVALID
            + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"BillingMode": "PROVISIONED"},
            INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        ),
        (
            {"KeySchema": [{"AttributeName": "no", "KeyType": "HASH"}]},
            INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
            "Keys: [no], AttributeDefinitions: [id]",
        ),
        ({"KeySchema": TWO}, "Invalid KeySchema: Some index key attribute have no definition"),
        (
            {"AttributeDefinitions": DEFINED_TWO},
            INVALID
            + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
        ),
        ({"KeySchema": [range_key("id")]}, "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
        (
            {"KeySchema": [HASH[0], {"AttributeName": "at", "KeyType": "HASH"}], "AttributeDefinitions": DEFINED_TWO},
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
        ),
        (
            {"KeySchema": [HASH[0], range_key("id")], "AttributeDefinitions": DEFINED_TWO},
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ),
        (
            {"KeySchema": None, "AttributeDefinitions": None},
            "2 validation errors detected: "
            "Value null at 'attributeDefinitions' failed to satisfy constraint: Member must not be null; "
            "Value null at 'keySchema' failed to satisfy constraint: Member must not be null",
        ),
        ({"AttributeDefinitions": DEFINED * 2}, "Attribute Name is duplicated: id"),
        ({"GlobalSecondaryIndexes": []}, INVALID + "List of GlobalSecondaryIndexes is empty"),
        (
            {"LocalSecondaryIndexes": [index("by-at", *TWO)], "AttributeDefinitions": DEFINED_TWO},
            INVALID
            + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        ),
        (
            {
                "GlobalSecondaryIndexes": [index("one", *HASH), index("one", *HASH)],
            },
            INVALID + "Duplicate index name: one",
        ),
        (
            {"GlobalSecondaryIndexes": [index("one", *HASH, ProvisionedThroughput=UNITS)]},
            INVALID
            + "ProvisionedThroughput should not be specified for index: one when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"GlobalSecondaryIndexes": [index("one", *HASH)], "AttributeDefinitions": DEFINED_TWO},
            INVALID + "Some AttributeDefinitions are not used. AttributeDefinitions: [id, at], keys used: [id]",
        ),
        (
            {"GlobalSecondaryIndexes": [index("one", *HASH, Projection={"ProjectionType": "INCLUDE"})]},
            INVALID + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            INVALID + "Table is being created with a stream enabled, UpdateViewType is required",
        ),
        (
            {"SSESpecification": {"Enabled": False, "SSEType": "KMS"}},
            INVALID + "SSEType can not be specified if Enabled is false",
        ),
        (
            {"KeySchema": [*HASH, range_key("other")], "AttributeDefinitions": DEFINED_TWO},
            "Invalid KeySchema: Some index key attribute have no definition",
        ),
        ({"AttributeDefinitions": []}, "Invalid KeySchema: Some index key attribute have no definition"),
        (
            {
                "KeySchema": TWO,
                "AttributeDefinitions": DEFINED_TWO,
                "LocalSecondaryIndexes": [index("one", *TWO, range_key("rank"))],
            },
            "1 validation error detected: Value '[KeySchemaElement(attributeName=id, keyType=HASH), "
            "KeySchemaElement(attributeName=at, keyType=RANGE), KeySchemaElement(attributeName=rank, keyType=RANGE)]' at "
            "'localSecondaryIndexes.1.member.keySchema' failed to satisfy constraint: "
            "Member must have length less than or equal to 2",
        ),
        (  # what is not used is found before anything else of the indexes
            {
                "GlobalSecondaryIndexes": [index("one", *HASH, Projection={}), index("one", *HASH)],
                "AttributeDefinitions": DEFINED_TWO,
            },
            INVALID + "Some AttributeDefinitions are not used. AttributeDefinitions: [id, at], keys used: [id]",
        ),
        (
            {
                "GlobalSecondaryIndexes": [
                    index(f"index-{n}", *HASH, Projection=include(*(f"a{m}" for m in range(20)))) for n in range(5)
                ]
                + [index("more", *HASH, Projection=include("a"))]
            },
            INVALID + "Number of NonKeyAttributes of all indexes exceeds the per-table limit of 100",
        ),
        (
            {"GlobalSecondaryIndexes": [index(f"index-{n}", *HASH) for n in range(21)]},
            INVALID + "GlobalSecondaryIndex count exceeds the per-table limit of 20",
        ),
        (
            {
                "KeySchema": TWO,
                "AttributeDefinitions": DEFINED_TWO,
                "LocalSecondaryIndexes": [index(f"index-{n}", *TWO) for n in range(6)],
            },
            INVALID + "Number of LocalSecondaryIndexes exceeds per-table limit of 5",
        ),
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": -1}},
            INVALID + "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
        ),
        (
            {
                "BillingMode": "PROVISIONED",
                "ProvisionedThroughput": UNITS,
                "OnDemandThroughput": {"MaxReadRequestUnits": 1},
            },
            INVALID
            + "MaxReadRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED.",
        ),
        (
            {"GlobalSecondaryIndexes": [index("one", *HASH, OnDemandThroughput={"MaxWriteRequestUnits": 0})]},
            INVALID + "Requested MaxWriteRequestUnits for OnDemandThroughput for index : one is outside of valid range",
        ),
        (
            {"WarmThroughput": {"ReadUnitsPerSecond": 11_999}},
            INVALID
            + "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput for OnDemand. "
            "See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
            "#on-demand-capacity-mode-initial",
        ),
        (
            {
                "BillingMode": "PROVISIONED",
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
                "WarmThroughput": {"ReadUnitsPerSecond": 1, "WriteUnitsPerSecond": 1},
            },
            INVALID + "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than WriteCapacityUnits of "
            "ProvisionedThroughput",
        ),
        (
            {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
            "Duplicate Tag Keys provided as input: Duplicate Tag Key found a",
        ),
    ],
)
def test_what_create_table_refuses(
    dynamodb: Any, aws_error: Callable[..., Any], change: dict[str, Any], message: str
) -> None:
    members = {name: value for name, value in {**SIMPLE, **change}.items() if value is not None}
    assert aws_error(lambda: dynamodb.create_table(**members)) == (VALIDATION, message, 400)


def test_replicas_are_refused_by_name(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]
) -> None:
    source = {"GlobalTableSourceArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/users"}
    assert aws_error(lambda: dynamodb.create_table(**SIMPLE, **source)) == (
        "NotImplemented",
        "Atoll does not implement GlobalTableSourceArn of dynamodb:CreateTable: it is one region.",
        501,
    )
    replica = [{"Create": {"RegionName": "eu-west-1"}}]
    assert aws_error(lambda: dynamodb.update_table(TableName=make_table(), ReplicaUpdates=replica)) == (
        "NotImplemented",
        "Atoll does not implement ReplicaUpdates of dynamodb:UpdateTable: it is one region.",
        501,
    )


def test_a_name_is_taken_once(dynamodb: Any, aws_error: Callable[..., Any]) -> None:
    dynamodb.create_table(**SIMPLE)
    taken = ("ResourceInUseException", "Table already exists: users", 400)
    assert aws_error(lambda: dynamodb.create_table(**SIMPLE)) == taken


def test_indexes_are_described(dynamodb: Any, account: str) -> None:
    dynamodb.create_table(
        TableName="users",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=TWO,
        AttributeDefinitions=[*DEFINED_TWO, {"AttributeName": "rank", "AttributeType": "N"}],
        LocalSecondaryIndexes=[index("local", *HASH, range_key("rank"))],
        GlobalSecondaryIndexes=[index("global", {"AttributeName": "rank", "KeyType": "HASH"}, range_key("at"))],
    )
    table = dynamodb.describe_table(TableName="users")["Table"]
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/users/index/"
    assert table["LocalSecondaryIndexes"] == [
        {
            "IndexName": "local",
            "KeySchema": [*HASH, range_key("rank")],
            "Projection": {"ProjectionType": "ALL"},
            "IndexSizeBytes": 0,
            "ItemCount": 0,
            "IndexArn": arn + "local",
        }
    ]
    assert table["GlobalSecondaryIndexes"] == [
        {
            "IndexName": "global",
            "KeySchema": [{"AttributeName": "rank", "KeyType": "HASH"}, range_key("at")],
            "Projection": {"ProjectionType": "ALL"},
            "IndexStatus": "ACTIVE",
            "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
            "IndexSizeBytes": 0,
            "ItemCount": 0,
            "IndexArn": arn + "global",
            "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"},
        }
    ]


def test_deletion(dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    missing = ("ResourceNotFoundException", "Requested resource not found: Table: users not found", 400)
    assert aws_error(lambda: dynamodb.delete_table(TableName="users")) == missing
    make_table(DeletionProtectionEnabled=True)
    dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}})
    assert aws_error(lambda: dynamodb.delete_table(TableName="users")) == (
        VALIDATION,
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
        400,
    )
    dynamodb.update_table(TableName="users", DeletionProtectionEnabled=False)
    assert dynamodb.delete_table(TableName="users")["TableDescription"]["TableStatus"] == "DELETING"
    assert aws_error(lambda: dynamodb.describe_table(TableName="users")) == missing
    make_table()
    assert "Item" not in dynamodb.get_item(TableName="users", Key={"id": {"S": "1"}})
    assert dynamodb.describe_table(TableName="users")["Table"]["ItemCount"] == 0


def test_updates(dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    make_table()
    units = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3}

    def update(**change: Any) -> Any:
        return dynamodb.update_table(TableName="users", **change)["TableDescription"]

    assert update(BillingMode="PROVISIONED", ProvisionedThroughput=units)["TableStatus"] == "UPDATING"
    table = dynamodb.describe_table(TableName="users")["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert (table["TableStatus"], table["ProvisionedThroughput"]["WriteCapacityUnits"]) == ("ACTIVE", 3)
    code, message, _ = aws_error(lambda: update(ProvisionedThroughput=units))
    assert code == VALIDATION
    assert message.startswith(
        "The provisioned throughput for the table will not change. The requested value equals the current value. "
        "Current ReadCapacityUnits provisioned for the table: 2. Requested ReadCapacityUnits: 2. "
    )
    answer = update(ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 4})["ProvisionedThroughput"]
    assert (answer["ReadCapacityUnits"], answer["WriteCapacityUnits"]) == (2, 3)  # those in force while it is UPDATING
    assert {"LastIncreaseDateTime", "LastDecreaseDateTime"} < set(answer)
    assert answer["NumberOfDecreasesToday"] == 0
    throughput = dynamodb.describe_table(TableName="users")["Table"]["ProvisionedThroughput"]
    assert {"LastIncreaseDateTime", "LastDecreaseDateTime"} < set(throughput)
    assert throughput["NumberOfDecreasesToday"] == 1
    update(BillingMode="PAY_PER_REQUEST")
    table = dynamodb.describe_table(TableName="users")["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    update(TableClass="STANDARD_INFREQUENT_ACCESS")
    table = dynamodb.describe_table(TableName="users")["Table"]
    assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    update(OnDemandThroughput={"MaxReadRequestUnits": 10})
    table = dynamodb.describe_table(TableName="users")["Table"]
    assert table["OnDemandThroughput"] == {"MaxReadRequestUnits": 10}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, NOTHING),
        (
            {"DeletionProtectionEnabled": True, "BillingMode": "PAY_PER_REQUEST"},
            INVALID + "DeletionProtection modification must be the only operation in the request",
        ),
        (
            {"ProvisionedThroughput": UNITS},
            INVALID
            + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ),
        ({"GlobalSecondaryIndexUpdates": []}, NOTHING),
        ({"StreamSpecification": {"StreamEnabled": False}}, "Table has no stream to disable: TableName: users"),
        ({"SSESpecification": {"Enabled": False}}, INVALID + "Table is already encrypted by default"),
        (
            {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": UNITS},
            INVALID + "ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"BillingMode": "PROVISIONED"},
            INVALID + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED",
        ),
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": 0}},
            INVALID + "Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range",
        ),
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": 5}, "TableClass": "STANDARD"},
            INVALID + "TableClass modification must be the only operation in the request",
        ),
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": 5}, "StreamSpecification": {"StreamEnabled": False}},
            INVALID + "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request",
        ),
        (
            {"ProvisionedThroughput": UNITS, "StreamSpecification": {"StreamEnabled": False}},
            INVALID + "You cannot modify stream status while updating table IOPS",
        ),
        (
            {"WarmThroughput": {"WriteUnitsPerSecond": 3999}},
            INVALID
            + "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, "
            "decreasing WarmThroughput is not supported",
        ),
        (
            {"WarmThroughput": {"ReadUnitsPerSecond": 13_000}, "DeletionProtectionEnabled": True},
            INVALID + "DeletionProtection modification must be the only operation in the request",
        ),
    ],
)
def test_what_update_table_refuses(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any], change: dict[str, Any], message: str
) -> None:
    make_table()
    assert aws_error(lambda: dynamodb.update_table(TableName="users", **change)) == (VALIDATION, message, 400)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"OnDemandThroughput": {"MaxReadRequestUnits": 40_001}},
            "Requested MaxReadRequestUnits for OnDemandThroughput for table exceeds TableMaxReadCapacityUnits of the account in "
            "region us-east-1",
        ),
        (
            {"WarmThroughput": {"WriteUnitsPerSecond": 40_001}},
            "Requested WriteUnitsPerSecond for WarmThroughput for table exceeds TableMaxWriteCapacityUnits of the account in "
            "region us-east-1",
        ),
    ],
)
def test_quotas_of_a_table(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any], change: dict[str, Any], message: str
) -> None:
    limited = ("LimitExceededException", f"Subscriber limit exceeded: {message}", 400)
    assert aws_error(lambda: make_table(**change)) == limited
    make_table()
    assert aws_error(lambda: dynamodb.update_table(TableName="users", **change)) == limited


def test_the_table_class_changes_twice_a_month(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]
) -> None:
    make_table()

    def change(table_class: str) -> str:
        return str(dynamodb.update_table(TableName="users", TableClass=table_class)["TableDescription"]["TableStatus"])

    assert change("STANDARD") == "UPDATING"  # it is
    assert change("STANDARD_INFREQUENT_ACCESS") == "UPDATING"
    change("STANDARD")
    assert aws_error(lambda: change("STANDARD_INFREQUENT_ACCESS"))[:2] == (
        "LimitExceededException",
        "Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s).",
    )


def test_warm_throughput_only_grows(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table(BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 1})

    def warm(**change: Any) -> tuple[int, int]:
        dynamodb.update_table(TableName="users", **change)
        now = dynamodb.describe_table(TableName="users")["Table"]["WarmThroughput"]
        return now["ReadUnitsPerSecond"], now["WriteUnitsPerSecond"]

    assert warm(ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 2}) == (9, 2)
    assert warm(WarmThroughput={"WriteUnitsPerSecond": 50}) == (9, 50)
    assert warm(BillingMode="PAY_PER_REQUEST") == (12_000, 4_000)
    assert warm(WarmThroughput={"ReadUnitsPerSecond": 13_000}) == (13_000, 4_000)
    assert warm(BillingMode="PROVISIONED", ProvisionedThroughput=UNITS) == (13_000, 4_000)


def test_names_are_described_in_order(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table(
        "users", "z", also=[{"AttributeName": "a", "AttributeType": "S"}],
        GlobalSecondaryIndexes=[
            index("last", {"AttributeName": "a", "KeyType": "HASH"}, Projection=include("y", "b")),
            index("first", {"AttributeName": "z", "KeyType": "HASH"}),
        ],
    )  # fmt: skip
    table = dynamodb.describe_table(TableName="users")["Table"]
    assert [attribute["AttributeName"] for attribute in table["AttributeDefinitions"]] == ["a", "z"]
    assert [given["IndexName"] for given in table["GlobalSecondaryIndexes"]] == ["last", "first"]
    assert table["GlobalSecondaryIndexes"][0]["Projection"]["NonKeyAttributes"] == ["b", "y"]


HUGE = {"ReadCapacityUnits": 10**12 + 1, "WriteCapacityUnits": 1}


def test_units_out_of_bounds(dynamodb: Any, aws_error: Callable[..., Any]) -> None:
    refused = "Given value 1000000000001 for ReadCapacityUnits is out of bounds"
    table = {**SIMPLE, "BillingMode": "PROVISIONED", "ProvisionedThroughput": HUGE}
    assert aws_error(lambda: dynamodb.create_table(**table)) == (VALIDATION, refused, 400)
    table |= {"ProvisionedThroughput": UNITS, "GlobalSecondaryIndexes": [index("one", *HASH)]}
    table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"] = HUGE
    assert aws_error(lambda: dynamodb.create_table(**table)) == (VALIDATION, f"{refused} for index one", 400)
    table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"] = UNITS
    dynamodb.create_table(**table)
    change = [{"Update": {"IndexName": "one", "ProvisionedThroughput": HUGE}}]
    assert aws_error(
        lambda: dynamodb.update_table(TableName=SIMPLE["TableName"], GlobalSecondaryIndexUpdates=change)
    ) == (VALIDATION, f"{refused} for index one", 400)


def test_encryption_names_a_key_that_stays(dynamodb: Any, make_table: Callable[..., str], account: str) -> None:
    make_table(SSESpecification={"Enabled": True})
    described = dynamodb.describe_table(TableName="users")["Table"]["SSEDescription"]
    assert (described["SSEType"], described["Status"]) == ("KMS", "ENABLED")
    uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    assert re.fullmatch(f"arn:aws:kms:us-east-1:{account}:key/{uuid}", described["KMSMasterKeyArn"])
    updated = dynamodb.update_table(TableName="users", DeletionProtectionEnabled=False)["TableDescription"]
    assert updated["SSEDescription"] == described
    make_table("other", SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/aws/dynamodb"})
    assert dynamodb.describe_table(TableName="other")["Table"]["SSEDescription"] == described


def test_listing_in_pages(dynamodb: Any, make_table: Callable[..., str]) -> None:
    names = [make_table(f"table-{n}") for n in (3, 1, 2)]
    assert dynamodb.list_tables()["TableNames"] == sorted(names)
    assert "LastEvaluatedTableName" not in dynamodb.list_tables(Limit=3)
    first = dynamodb.list_tables(Limit=2)
    assert (first["TableNames"], first["LastEvaluatedTableName"]) == (["table-1", "table-2"], "table-2")
    rest = dynamodb.list_tables(ExclusiveStartTableName="table-2", Limit=2)
    assert rest["TableNames"] == ["table-3"]


def test_what_has_no_effect_is_reported(region: Any, dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table(SSESpecification={"Enabled": True})
    with urllib.request.urlopen(f"{region.endpoint}/_atoll/unsupported") as answer:
        reported = {
            (e["operation"], e["property"]) for e in json.load(answer)["unsupported"] if e["service"] == "dynamodb"
        }
    assert ("CreateTable", "SSESpecification.Enabled") in reported


def test_limits_and_endpoints(dynamodb: Any, region: Any) -> None:
    assert dynamodb.describe_limits()["TableMaxReadCapacityUnits"] == 40000
    assert dynamodb.describe_endpoints()["Endpoints"][0]["Address"] == region.endpoint.removeprefix("http://")


def test_no_more_than_ten_broken_constraints_are_told(unchecked: Any, aws_error: Callable[..., Any]) -> None:
    _, message, _ = aws_error(
        lambda: unchecked.create_table(
            TableName="t-1",
            KeySchema=HASH,
            AttributeDefinitions=DEFINED,
            LocalSecondaryIndexes=[{}] * 9,
            GlobalSecondaryIndexes=[{}],
        )
    )
    broken = message.removeprefix("10 validation errors detected: ").split("; ")
    assert len(broken) == 10
    assert all(text.startswith("Value null at 'globalSecondaryIndexes.1.member.") for text in broken[:3])
    assert all(text.startswith("Value null at 'localSecondaryIndexes.") for text in broken[3:])
