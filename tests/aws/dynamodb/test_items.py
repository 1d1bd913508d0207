"""PutItem, GetItem and DeleteItem."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

EVERYTHING: dict[str, Any] = {
    "id": {"S": "ünï"},
    "s": {"S": ""},
    "n": {"N": "-12.5"},
    "b": {"B": b"\x00\xff"},
    "empty": {"B": b""},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "null": {"NULL": True},
    "ss": {"SS": ["", "a"]},
    "ns": {"NS": ["1", "2.5"]},
    "bs": {"BS": [b"\x01", b"\x02"]},
    "l": {"L": [{"S": "x"}, {"L": []}, {"M": {}}]},
    "m": {"M": {"k": {"M": {"deep": {"N": "1"}}}}},
}
VALIDATION = "ValidationException"


def test_every_type_comes_back(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()
    assert "Item" not in dynamodb.get_item(TableName="users", Key={"id": {"S": "ünï"}})
    answer = dynamodb.put_item(TableName="users", Item=EVERYTHING)
    assert set(answer) == {"ResponseMetadata"}
    assert dynamodb.get_item(TableName="users", Key={"id": {"S": "ünï"}})["Item"] == EVERYTHING


def test_sets_come_back_in_an_order_of_their_own(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()
    sets = {
        "s": {"SS": ["b", "é", "B", "z"]},
        "n": {"NS": ["10", "9", "-1", "1E-3"]},
        "b": {"BS": [b"\xff", b"", b"\x01"]},
    }
    dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}, **sets, "l": {"L": [{"SS": ["2", "1"]}]}})
    added = {":s": {"SS": ["a", "b"]}, ":n": {"NS": ["9.5", "-2"]}, ":b": {"BS": [b"\x00"]}}
    answer = dynamodb.update_item(
        TableName="users", Key={"id": {"S": "1"}}, UpdateExpression="ADD s :s, n :n, b :b",
        ExpressionAttributeValues=added, ReturnValues="ALL_NEW",
    )  # fmt: skip
    assert answer["Attributes"] == {
        "id": {"S": "1"},
        "s": {"SS": ["B", "a", "b", "z", "é"]},
        "n": {"NS": ["-2", "-1", "0.001", "9", "9.5", "10"]},
        "b": {"BS": [b"", b"\x00", b"\x01", b"\xff"]},
        "l": {"L": [{"SS": ["1", "2"]}]},
    }


def test_numbers_are_normalised_and_name_one_item(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table("numbers", "n", "N")
    dynamodb.put_item(TableName="numbers", Item={"n": {"N": "1.00"}, "v": {"N": "1E3"}, "set": {"NS": ["007", "-0"]}})
    item = dynamodb.get_item(TableName="numbers", Key={"n": {"N": "0.1e1"}})["Item"]
    assert item == {"n": {"N": "1"}, "v": {"N": "1000"}, "set": {"NS": ["0", "7"]}}


def test_a_table_with_a_sort_key(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table("events", sort=("at", "N"))
    for at in ("1", "2"):
        dynamodb.put_item(TableName="events", Item={"id": {"S": "a"}, "at": {"N": at}, "v": {"S": at}})
    key = {"id": {"S": "a"}, "at": {"N": "2"}}
    assert dynamodb.get_item(TableName="events", Key=key)["Item"]["v"] == {"S": "2"}
    dynamodb.delete_item(TableName="events", Key=key)
    assert "Item" not in dynamodb.get_item(TableName="events", Key=key)
    assert "Item" in dynamodb.get_item(TableName="events", Key={"id": {"S": "a"}, "at": {"N": "1"}})


def test_put_replaces_whole_items_and_returns_the_old(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()
    first = dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}, "a": {"S": "x"}}, ReturnValues="ALL_OLD")
    assert "Attributes" not in first
    second = dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}, "b": {"S": "y"}}, ReturnValues="ALL_OLD")
    assert second["Attributes"] == {"id": {"S": "1"}, "a": {"S": "x"}}
    deleted = dynamodb.delete_item(TableName="users", Key={"id": {"S": "1"}}, ReturnValues="ALL_OLD")
    assert deleted["Attributes"] == {"id": {"S": "1"}, "b": {"S": "y"}}
    again = dynamodb.delete_item(TableName="users", Key={"id": {"S": "1"}}, ReturnValues="ALL_OLD")
    assert "Attributes" not in again


def test_conditions(dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    make_table()
    item = {"id": {"S": "1"}, "price": {"N": "650"}}
    new = {"TableName": "users", "Item": item, "ConditionExpression": "attribute_not_exists(id)"}
    dynamodb.put_item(**new)
    failed = ("ConditionalCheckFailedException", "The conditional request failed", 400)
    assert aws_error(lambda: dynamodb.put_item(**new)) == failed
    with pytest.raises(ClientError) as caught:
        dynamodb.put_item(**new, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.response["Item"] == item
    assert caught.value.response["Error"]["Message"] == "The conditional request failed"
    assert "message" not in caught.value.response  # with members beside it, the wire calls it Message
    expensive = {
        "TableName": "users",
        "Key": {"id": {"S": "1"}},
        "ConditionExpression": "#p BETWEEN :lo AND :hi",
        "ExpressionAttributeNames": {"#p": "price"},
    }
    low = {":lo": {"N": "500"}, ":hi": {"N": "600"}}
    assert aws_error(lambda: dynamodb.delete_item(**expensive, ExpressionAttributeValues=low)) == failed
    dynamodb.delete_item(**expensive, ExpressionAttributeValues={":lo": {"N": "500"}, ":hi": {"N": "6.5e2"}})
    assert "Item" not in dynamodb.get_item(TableName="users", Key={"id": {"S": "1"}})


def test_one_of_many_concurrent_creators_wins(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()

    def create(n: int) -> bool:
        try:
            dynamodb.put_item(
                TableName="users",
                Item={"id": {"S": "1"}, "n": {"N": str(n)}},
                ConditionExpression="attribute_not_exists(id)",
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(24))) == 1


def test_projection(dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    make_table()
    dynamodb.put_item(TableName="users", Item={**EVERYTHING, "id": {"S": "1"}})
    get = {"TableName": "users", "Key": {"id": {"S": "1"}}}
    answer = dynamodb.get_item(
        **get, ProjectionExpression="#m.k.deep, l[0], gone", ExpressionAttributeNames={"#m": "m"}
    )
    assert answer["Item"] == {"m": {"M": {"k": {"M": {"deep": {"N": "1"}}}}}, "l": {"L": [{"S": "x"}]}}
    assert dynamodb.get_item(**get, ProjectionExpression="gone")["Item"] == {}
    assert aws_error(lambda: dynamodb.get_item(**get, ProjectionExpression="name")) == (
        VALIDATION, "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: name", 400,
    )  # fmt: skip
    assert aws_error(lambda: dynamodb.get_item(**get, ProjectionExpression="id.x")) == (
        VALIDATION, "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: id", 400,
    )  # fmt: skip


def test_consumed_capacity(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()
    big = {"id": {"S": "1"}, "v": {"S": "x" * 9000}}
    put = dynamodb.put_item(TableName="users", Item=big, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert put == {"TableName": "users", "CapacityUnits": 9.0, "Table": {"CapacityUnits": 9.0}}
    smaller = dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}}, ReturnConsumedCapacity="TOTAL")
    assert smaller["ConsumedCapacity"] == {"TableName": "users", "CapacityUnits": 9.0}  # of the larger of both
    get = {"TableName": "users", "Key": {"id": {"S": "1"}}, "ReturnConsumedCapacity": "TOTAL"}
    assert dynamodb.get_item(**get)["ConsumedCapacity"]["CapacityUnits"] == 0.5
    assert dynamodb.get_item(**get, ConsistentRead=True)["ConsumedCapacity"]["CapacityUnits"] == 1.0
    dynamodb.put_item(TableName="users", Item=big)
    assert dynamodb.get_item(**get)["ConsumedCapacity"]["CapacityUnits"] == 1.5
    missing = dynamodb.delete_item(TableName="users", Key={"id": {"S": "2"}}, ReturnConsumedCapacity="TOTAL")
    assert missing["ConsumedCapacity"]["CapacityUnits"] == 1.0
    assert "ConsumedCapacity" not in dynamodb.get_item(**{**get, "ReturnConsumedCapacity": "NONE"})


MISMATCH = "The provided key element does not match the schema"
INVALID = "One or more parameter values were invalid: "
EMPTY = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"x": {"S": "1"}}, INVALID + "Missing the key id in the item"),
        ({"id": {"N": "1"}}, INVALID + "Type mismatch for key id expected: S actual: N"),
        ({"id": {"S": ""}}, EMPTY),
        ({"id": {"S": "x" * 2049}}, INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes"),
        ({"id": {"S": "1"}, "n": {"N": "1x"}}, "The parameter cannot be converted to a numeric value: 1x"),
        ({"id": {"S": "1"}, "v": {"S": "x" * 409600}}, "Item size has exceeded the maximum allowed size"),
    ],
)
def test_items_that_are_refused(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any], item: dict[str, Any], message: str
) -> None:
    make_table()
    assert aws_error(lambda: dynamodb.put_item(TableName="users", Item=item)) == (VALIDATION, message, 400)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({}, MISMATCH),
        ({"x": {"S": "1"}}, MISMATCH),
        ({"id": {"N": "1"}}, MISMATCH),
        ({"id": {"S": "1"}, "x": {"S": "1"}}, MISMATCH),
        ({"id": {"S": ""}}, EMPTY),
    ],
)
def test_keys_that_are_refused(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any], key: dict[str, Any], message: str
) -> None:
    make_table()
    expected = (VALIDATION, message, 400)
    assert aws_error(lambda: dynamodb.get_item(TableName="users", Key=key)) == expected
    assert aws_error(lambda: dynamodb.delete_item(TableName="users", Key=key)) == expected


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"ReturnValues": "ALL_NEW"}, "ReturnValues can only be ALL_OLD or NONE"),
        (
            {"Item": {"id": {"N": "x"}}, "ReturnValues": "ALL_NEW"},
            "The parameter cannot be converted to a numeric value: x",
        ),
        ({"Item": {"id": {"S": "x" * 500_000}}, "ReturnValues": "ALL_NEW"}, "ReturnValues can only be ALL_OLD or NONE"),
        (
            {"Expected": {"a": {"ComparisonOperator": "x"}}, "ConditionalOperator": "x"},
            "2 validation errors detected: Value 'x' at 'conditionalOperator' failed to satisfy constraint: Member must "
            "satisfy enum value set: [OR, AND]; Value 'x' at 'expected.a.member.comparisonOperator' failed to satisfy constraint: Member "
            "must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]",
        ),
        (
            {"ReturnValues": "hi"},
            "1 validation error detected: Value 'hi' at 'returnValues' failed to satisfy constraint: "
            "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
        ),
        (
            {"TableName": "a;"},
            "2 validation errors detected: Value 'a;' at 'tableName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; "
            "Value 'a;' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3",
        ),
        (
            {"ExpressionAttributeNames": {"#a": "a"}},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            {"ExpressionAttributeValues": {":a": {"S": "a"}}},
            "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
        ),
        ({"ConditionExpression": ""}, "Invalid ConditionExpression: The expression can not be empty;"),
        ({"ConditionExpression": "a = = b"}, 'Invalid ConditionExpression: Syntax error; token: "=", near: "= = b"'),
        (
            {"ConditionExpression": "attribute_exists(a)", "Expected": {"a": {"Exists": False}}},
            "Can not use both expression and non-expression parameters in the same request: "
            "Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}",
        ),
    ],
)
def test_requests_that_are_refused(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any], members: dict[str, Any], message: str
) -> None:
    make_table()
    call = {"TableName": "users", "Item": {"id": {"S": "1"}}, **members}
    assert aws_error(lambda: dynamodb.put_item(**call)) == (VALIDATION, message, 400)


def test_attributes_to_get(dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    make_table()
    dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}, "a.b": {"S": "x"}, "name": {"S": "y"}})
    get: dict[str, Any] = {"TableName": "users", "Key": {"id": {"S": "1"}}}
    found = dynamodb.get_item(**get, AttributesToGet=["a.b", "name", "gone"])
    assert found["Item"] == {"a.b": {"S": "x"}, "name": {"S": "y"}}
    assert dynamodb.get_item(**get, AttributesToGet=["gone"])["Item"] == {}
    assert aws_error(lambda: dynamodb.get_item(**get, AttributesToGet=["a", "b", "a"])) == (
        VALIDATION, "One or more parameter values were invalid: Duplicate value in attribute name: a", 400,
    )  # fmt: skip
    assert aws_error(lambda: dynamodb.get_item(**get, AttributesToGet=["a"], ProjectionExpression="b")) == (
        VALIDATION,
        "Can not use both expression and non-expression parameters in the same request: "
        "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
        400,
    )
    assert aws_error(lambda: dynamodb.get_item(**get, ProjectionExpression="id.x"))[1] == (
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: id"
    )


def test_a_table_that_is_not_there(dynamodb: Any, aws_error: Callable[..., Any]) -> None:
    missing = ("ResourceNotFoundException", "Requested resource not found", 400)
    assert aws_error(lambda: dynamodb.put_item(TableName="none", Item={"id": {"S": "1"}})) == missing
    assert aws_error(lambda: dynamodb.get_item(TableName="none", Key={"id": {"S": "1"}})) == missing
    assert aws_error(lambda: dynamodb.delete_item(TableName="none", Key={"id": {"S": "1"}})) == missing


def test_tables_named_by_arn(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any], account: str
) -> None:
    make_table()
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/users"
    dynamodb.put_item(TableName=arn, Item={"id": {"S": "1"}})
    assert dynamodb.get_item(TableName="users", Key={"id": {"S": "1"}})["Item"] == {"id": {"S": "1"}}
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    assert aws_error(lambda: dynamodb.get_item(TableName=elsewhere, Key={"id": {"S": "1"}})) == (
        VALIDATION, f"1 validation error detected: Invalid AWS region in '{elsewhere}'", 400,
    )  # fmt: skip
    stranger = "arn:aws:dynamodb:us-east-1:999999999999:table/users"
    code, message, _ = aws_error(lambda: dynamodb.get_item(TableName=stranger, Key={"id": {"S": "1"}}))
    assert code == "AccessDeniedException"
    assert "because no resource-based policy allows the dynamodb:GetItem action" in message


def test_accounts_and_regions_are_apart(
    client: Callable[..., Any], dynamodb: Any, make_table: Callable[..., str]
) -> None:
    make_table()
    dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}})
    elsewhere = client("dynamodb", "eu-west-1")
    assert elsewhere.list_tables()["TableNames"] == []
    with pytest.raises(elsewhere.exceptions.ResourceNotFoundException):
        elsewhere.get_item(TableName="users", Key={"id": {"S": "1"}})


LOCAL = {
    "also": [{"AttributeName": "rank", "AttributeType": "N"}],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by-rank",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "rank", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
}
GLOBAL = {
    "also": [{"AttributeName": "email", "AttributeType": "S"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-email",
            "KeySchema": [{"AttributeName": "email", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["name"]},
        }
    ],
}


def test_global_indexes_follow_their_table(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]
) -> None:
    make_table(**GLOBAL)

    def put(**item: str) -> Any:
        values = {name: {"S": value} for name, value in item.items()}
        return dynamodb.put_item(TableName="users", Item=values, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]

    def entries() -> tuple[int, int]:
        index = dynamodb.describe_table(TableName="users")["Table"]["GlobalSecondaryIndexes"][0]
        return index["ItemCount"], index["IndexSizeBytes"]

    assert put(id="1")["CapacityUnits"] == 1.0  # sparse: no email, no entry
    assert entries() == (0, 0)
    created = put(id="1", email="a@b", name="Ada", other="x" * 3000)
    assert created["GlobalSecondaryIndexes"] == {"by-email": {"CapacityUnits": 1.0}}
    assert created["CapacityUnits"] == 4.0
    assert entries() == (1, len("id1emaila@bnameAda"))
    assert "GlobalSecondaryIndexes" not in put(id="1", email="a@b", name="Ada", other="y")  # nothing projected changed
    moved = put(id="1", email="c@d", name="Ada", other="y")
    assert moved["GlobalSecondaryIndexes"] == {
        "by-email": {"CapacityUnits": 2.0}
    }  # the old entry goes, a new one comes
    dynamodb.delete_item(TableName="users", Key={"id": {"S": "1"}})
    assert entries() == (0, 0)
    assert aws_error(lambda: dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}, "email": {"N": "1"}})) == (
        VALIDATION, INVALID + "Type mismatch for Index Key email Expected: S Actual: N IndexName: by-email", 400,
    )  # fmt: skip


def test_item_collections(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table("games", sort=("at", "N"), **LOCAL)
    item = {"id": {"S": "a"}, "at": {"N": "1"}, "rank": {"N": "7"}}
    put = dynamodb.put_item(
        TableName="games", Item=item, ReturnItemCollectionMetrics="SIZE", ReturnConsumedCapacity="INDEXES"
    )
    assert put["ItemCollectionMetrics"] == {"ItemCollectionKey": {"id": {"S": "a"}}, "SizeEstimateRangeGB": [0.0, 1.0]}
    assert put["ConsumedCapacity"]["LocalSecondaryIndexes"] == {"by-rank": {"CapacityUnits": 1.0}}
    make_table()
    plain = dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}}, ReturnItemCollectionMetrics="SIZE")
    assert "ItemCollectionMetrics" not in plain
