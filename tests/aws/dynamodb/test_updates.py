"""UpdateItem: what it makes of items, what it returns, what it refuses. What the actions do is in tests/unit/dynamodb/test_updates.py."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "
KEY = {"id": {"S": "1"}}
DOCUMENT = {"a": {"M": {"b": {"S": "dog"}, "c": {"L": [{"N": "1"}, {"N": "2"}, {"N": "3"}]}}}, "d": {"S": "cat"}}

Update = Callable[..., Any]


@pytest.fixture
def update(dynamodb: Any, make_table: Callable[..., str]) -> Update:
    """update("SET a = :a", a={"N": "1"}, …) updates the item "1" of the table users; members in capitals are the request's own."""
    make_table()

    def run(text: str | None = None, **more: Any) -> Any:
        values = {f":{name}": more.pop(name) for name in list(more) if name[0].islower()}
        if text is not None:
            more["UpdateExpression"] = text
        if values:
            more["ExpressionAttributeValues"] = values
        return dynamodb.update_item(**{"TableName": "users", "Key": KEY, **more})

    return run


@pytest.fixture
def stored(dynamodb: Any) -> Callable[..., Any]:
    """stored() is the item "1" of the table users, or None."""
    return lambda key=KEY: dynamodb.get_item(TableName="users", Key=key).get("Item")


def test_an_item_is_created_and_changed(update: Update, stored: Callable[..., Any]) -> None:
    assert set(update()) == {"ResponseMetadata"}
    assert stored() == KEY  # the key alone, where there is no action
    update("SET n = :n, t = :s ADD tags :t", n={"N": "1.0"}, s={"S": "x"}, t={"SS": ["a"]})
    update("SET n = n + :n REMOVE t DELETE tags :t", n={"N": "0.50"}, t={"SS": ["b"]})
    assert stored() == {**KEY, "n": {"N": "1.5"}, "tags": {"SS": ["a"]}}
    other = {"id": {"S": "2"}}
    update("ADD n :n", n={"N": "7"}, Key=other)
    assert stored(other) == {**other, "n": {"N": "7"}}


@pytest.mark.parametrize("text", ["REMOVE a", "REMOVE a.b, c[1]", "DELETE a :s", "DELETE a :s REMOVE b"])
def test_what_only_takes_away_creates_no_item(update: Update, stored: Callable[..., Any], text: str) -> None:
    values = {"s": {"SS": ["x"]}} if ":s" in text else {}
    answer = update(text, ReturnValues="ALL_NEW", ReturnConsumedCapacity="TOTAL", **values)
    assert "Attributes" not in answer
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 1.0
    assert stored() is None


def test_expressions_read_the_key_of_a_new_item(update: Update, stored: Callable[..., Any]) -> None:
    update("SET twin = id")
    assert stored() == {**KEY, "twin": {"S": "1"}}


@pytest.mark.parametrize(
    ("text", "values", "wanted", "attributes"),
    [
        ("SET d = :d", {"d": {"S": "x"}}, "NONE", None),
        ("SET d = :d", {"d": {"S": "x"}}, "ALL_OLD", {**KEY, **DOCUMENT}),
        ("SET d = :d", {"d": {"S": "x"}}, "ALL_NEW", {**KEY, **DOCUMENT, "d": {"S": "x"}}),
        ("SET d = :d, e = :d", {"d": {"S": "x"}}, "UPDATED_OLD", {"d": {"S": "cat"}}),
        ("SET d = :d, e = :d", {"d": {"S": "x"}}, "UPDATED_NEW", {"d": {"S": "x"}, "e": {"S": "x"}}),
        ("SET d = :d", {"d": {"S": "cat"}}, "UPDATED_OLD", {"d": {"S": "cat"}}),
        ("SET e = :d", {"d": {"S": "cat"}}, "UPDATED_OLD", None),
        ("REMOVE d", {}, "UPDATED_OLD", {"d": {"S": "cat"}}),
        ("REMOVE d", {}, "UPDATED_NEW", None),
        ("SET a.b = :d", {"d": {"S": "x"}}, "UPDATED_OLD", {"a": {"M": {"b": {"S": "dog"}}}}),
        ("SET a.c[1] = :d", {"d": {"S": "x"}}, "UPDATED_OLD", {"a": {"M": {"c": {"L": [{"N": "2"}]}}}}),
        (
            "SET a.c[1] = :d, a.b = :d",
            {"d": {"S": "x"}},
            "UPDATED_NEW",
            {"a": {"M": {"b": {"S": "x"}, "c": {"L": [{"S": "x"}]}}}},
        ),
        ("SET a.x = :d", {"d": {"S": "x"}}, "UPDATED_OLD", None),
        ("SET a.x = :d", {"d": {"S": "x"}}, "UPDATED_NEW", {"a": {"M": {"x": {"S": "x"}}}}),
        ("SET a.c[100] = :d", {"d": {"S": "x"}}, "UPDATED_NEW", None),  # the element is at 3
        ("REMOVE a.c[1], a.c[3]", {}, "UPDATED_OLD", {"a": {"M": {"c": {"L": [{"N": "2"}]}}}}),
        ("REMOVE a.c[1]", {}, "UPDATED_NEW", {"a": {"M": {"c": {"L": [{"N": "3"}]}}}}),  # what has moved up
    ],
)
def test_return_values(
    dynamodb: Any, update: Update, text: str, values: dict[str, Any], wanted: str, attributes: dict[str, Any] | None
) -> None:
    dynamodb.put_item(TableName="users", Item={**KEY, **DOCUMENT})
    assert update(text, ReturnValues=wanted, **values).get("Attributes") == attributes


def test_return_values_of_a_new_item(update: Update) -> None:
    for number, (wanted, attributes) in enumerate(
        [("ALL_OLD", None), ("UPDATED_OLD", None), ("ALL_NEW", {"n": {"N": "1"}}), ("UPDATED_NEW", {"n": {"N": "1"}})]
    ):
        key = {"id": {"S": str(number)}}
        answer = update("SET n = :n", n={"N": "1"}, Key=key, ReturnValues=wanted)
        assert answer.get("Attributes") == (attributes and ({**key, **attributes} if "ALL" in wanted else attributes))


def test_conditions_and_what_failed_them(dynamodb: Any, update: Update, stored: Callable[..., Any]) -> None:
    failed = dynamodb.exceptions.ConditionalCheckFailedException
    both = {"ConditionExpression": "n = :old", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    with pytest.raises(failed) as caught:
        update("SET n = :n", n={"N": "2"}, old={"N": "1"}, **both)
    assert "Item" not in caught.value.response
    update("SET n = :n", n={"N": "1"})
    with pytest.raises(failed) as caught:
        update("SET n = :n", n={"N": "2"}, old={"N": "5"}, **both)
    assert caught.value.response["Item"] == {**KEY, "n": {"N": "1"}}
    update("SET n = n + :old", old={"N": "1"}, **both)
    assert stored()["n"] == {"N": "2"}
    with pytest.raises(failed):
        update(ConditionExpression="attribute_not_exists(id)")


def test_counters_lose_no_count(update: Update, stored: Callable[..., Any]) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: update("ADD n :one", one={"N": "1"}, ReturnValues="UPDATED_NEW"), range(64)))
    assert sorted(int(answer["Attributes"]["n"]["N"]) for answer in answers) == list(range(1, 65))
    assert stored()["n"] == {"N": "64"}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"UpdateExpression": ""}, "Invalid UpdateExpression: The expression can not be empty;"),
        (
            {"UpdateExpression": "SET id = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}},
            INVALID + "Cannot update attribute id. This attribute is part of the key",
        ),
        ({"UpdateExpression": "REMOVE x, id.y"}, INVALID + "Cannot update attribute id. This attribute is part of the key"),
        (
            {"UpdateExpression": "SET x = id.y"},
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: id",
        ),
        (
            {"ConditionExpression": "attribute_exists(id[0])"},
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: id",
        ),
        (
            {"UpdateExpression": "REMOVE a", "ConditionExpression": "b = :v"},
            "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :v",
        ),
        (
            {"UpdateExpression": "SET a = :v", "ConditionExpression": "b = "},
            "Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :v",
        ),
        (
            {"UpdateExpression": "REMOVE a", "ExpressionAttributeValues": {":v": {"S": "x"}}},
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}",
        ),
        (
            {"ExpressionAttributeValues": {":v": {"S": "x"}}},
            "ExpressionAttributeValues can only be specified when using expressions: "
            "UpdateExpression and ConditionExpression are null",
        ),
        (
            {"ExpressionAttributeNames": {"#n": "x"}, "ExpressionAttributeValues": {":v": {"S": "x"}}},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            {"Key": {"id": {}}, "Expected": {"a": {}}, "AttributeUpdates": {}, "ConditionExpression": "", "UpdateExpression": ""},
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
            "{AttributeUpdates, Expected} Expression parameters: {UpdateExpression, ConditionExpression}",
        ),
        (
            {"Key": {"id": {}}, "UpdateExpression": "", "ExpressionAttributeNames": {}},
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
        (
            {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"S": "x" * 409_600}}},
            "Item size to update has exceeded the maximum allowed size",
        ),
        ({"Key": {"id": {"N": "1"}}, "UpdateExpression": "REMOVE id"}, "The provided key element does not match the schema"),
        (
            {"ReturnValues": "hi"},
            "1 validation error detected: Value 'hi' at 'returnValues' failed to satisfy constraint: "
            "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
        ),
    ],
)  # fmt: skip
def test_requests_that_are_refused(
    update: Update, stored: Callable[..., Any], aws_error: Callable[..., Any], members: dict[str, Any], message: str
) -> None:
    assert aws_error(lambda: update(**members)) == (VALIDATION, message, 400)
    assert stored() is None


def test_sizes_and_depths_are_those_of_the_new_item(
    dynamodb: Any, update: Update, aws_error: Callable[..., Any], stored: Callable[..., Any]
) -> None:
    half = {"S": "x" * 204_000}
    update("SET a = :v", v=half)
    too_large = (VALIDATION, "Item size to update has exceeded the maximum allowed size", 400)
    assert aws_error(lambda: update("SET b = a, c = a")) == too_large
    assert set(stored()) == {"id", "a"}
    update("SET b = a")
    assert aws_error(lambda: update("SET c = :v", v={"S": "x" * 2000})) == too_large
    update("SET c = :v REMOVE a", v=half)
    table = dynamodb.describe_table(TableName="users")["Table"]
    assert table["TableSizeBytes"] == len("id1bc") + 2 * 204_000
    nested: dict[str, Any] = {"S": "x"}
    for _ in range(15):
        nested = {"M": {"m": nested}}
    update("SET a = :v REMOVE b, c", v=nested)
    update(f"SET a{'.m' * 15} = a")
    update(f"SET a{'.m' * 30} = :v", v={"L": [{"S": "x"}]})
    assert aws_error(lambda: update(f"SET a{'.m' * 30} = :v", v={"L": [{"L": [{"S": "x"}]}]})) == (
        VALIDATION,
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
        400,
    )


GLOBAL: dict[str, Any] = {
    "also": [{"AttributeName": "email", "AttributeType": "S"}, {"AttributeName": "blob_", "AttributeType": "B"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-email",
            "KeySchema": [
                {"AttributeName": "email", "KeyType": "HASH"},
                {"AttributeName": "blob_", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["title"]},
        }
    ],
}
EMPTY_KEY = (
    "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a "
    "value that is not supported. The AttributeValue for a key attribute cannot contain an empty {} value."
)


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("SET email = :v", {":v": {"N": "1"}}, INVALID + "Type mismatch for Index Key email Expected: S Actual: N IndexName: by-email"),
        ("ADD email :v", {":v": {"N": "1"}}, INVALID + "Type mismatch for Index Key email Expected: S Actual: N IndexName: by-email"),
        ("SET email = n + n", {}, INVALID + "Type mismatch for Index Key email Expected: S Actual: N IndexName: by-email"),
        ("SET email = n", {}, "The update expression attempted to update the secondary index key to unsupported type"),
        ("SET email = :v", {":v": {"S": ""}}, EMPTY_KEY.format("string")),
        ("SET blob_ = :v", {":v": {"B": b""}}, EMPTY_KEY.format("binary")),
        (
            "SET email = :v",
            {":v": {"S": "x" * 2049}},
            "The update expression attempted to update the secondary index key beyond allowed size limits",
        ),
        (
            "SET x = email.y",
            {},
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: email",
        ),
    ],
)  # fmt: skip
def test_keys_of_indexes_that_are_refused(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any], text: str, values: dict[str, Any], message: str
) -> None:  # fmt: skip
    make_table(**GLOBAL)
    dynamodb.put_item(TableName="users", Item={**KEY, "n": {"N": "1"}})
    call = {
        "TableName": "users",
        "Key": KEY,
        "UpdateExpression": text,
        **({"ExpressionAttributeValues": values} if values else {}),
    }
    assert aws_error(lambda: dynamodb.update_item(**call)) == (VALIDATION, message, 400)


def test_capacity_of_indexes(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table(**GLOBAL)

    def units(text: str, **values: Any) -> tuple[float, float]:
        given = (
            {"ExpressionAttributeValues": {f":{name}": {"S": value} for name, value in values.items()}}
            if values
            else {}
        )
        answer = dynamodb.update_item(
            TableName="users", Key=KEY, UpdateExpression=text, ReturnConsumedCapacity="INDEXES", **given
        )["ConsumedCapacity"]
        index = answer.get("GlobalSecondaryIndexes", {}).get("by-email", {}).get("CapacityUnits", 0.0)
        assert answer["CapacityUnits"] == answer["Table"]["CapacityUnits"] + index
        return answer["Table"]["CapacityUnits"], index

    dynamodb.put_item(TableName="users", Item={**KEY, "blob_": {"B": b"x"}})
    assert units("SET email = :e, note = :o", e="a@b", o="x" * 3000) == (3.0, 1.0)  # an entry comes
    assert units("SET note = :o", o="y") == (3.0, 0.0)  # nothing of it changes; the table pays for the larger item
    assert units("SET title = :t", t="x" * 2000) == (2.0, 2.0)  # the entry is replaced
    assert units("SET email = :e", e="c@d") == (2.0, 4.0)  # the old one goes, a new one comes
    assert units("REMOVE email")[1] == 2.0  # the entry goes


def test_item_collections_are_told(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table(
        "games",
        sort=("at", "N"),
        also=[{"AttributeName": "rank", "AttributeType": "N"}],
        LocalSecondaryIndexes=[
            {
                "IndexName": "by-rank",
                "KeySchema": [
                    {"AttributeName": "id", "KeyType": "HASH"},
                    {"AttributeName": "rank", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    answer = dynamodb.update_item(
        TableName="games",
        Key={**KEY, "at": {"N": "1"}},
        UpdateExpression="SET #r = :r",
        ExpressionAttributeNames={"#r": "rank"},
        ExpressionAttributeValues={":r": {"N": "3"}},
        ReturnItemCollectionMetrics="SIZE",
        ReturnConsumedCapacity="INDEXES",
    )
    assert answer["ItemCollectionMetrics"] == {"ItemCollectionKey": KEY, "SizeEstimateRangeGB": [0.0, 1.0]}
    assert answer["ConsumedCapacity"]["LocalSecondaryIndexes"] == {"by-rank": {"CapacityUnits": 1.0}}


def test_a_table_that_is_not_there(dynamodb: Any, aws_error: Callable[..., Any]) -> None:
    assert aws_error(lambda: dynamodb.update_item(TableName="none", Key={})) == (
        "ResourceNotFoundException", "Requested resource not found", 400,
    )  # fmt: skip


def test_nothing_of_a_refused_update_is_kept(dynamodb: Any, update: Update, stored: Callable[..., Any]) -> None:
    dynamodb.put_item(TableName="users", Item={**KEY, "n": {"N": "1"}, "t": {"S": "x"}})
    with pytest.raises(ClientError):
        update("SET n = :n ADD t :n", n={"N": "2"})
    assert stored() == {**KEY, "n": {"N": "1"}, "t": {"S": "x"}}
