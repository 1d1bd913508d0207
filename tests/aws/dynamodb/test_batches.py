"""BatchGetItem and BatchWriteItem."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

VALIDATION = "ValidationException"
TWICE = (VALIDATION, "Provided list of item keys contains duplicates", 400)
ONE_OF_BOTH = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
AT = "1 validation error detected: Value at"
NO_TABLES = (
    "at 'requestItems' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 255, "
    "Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]"
)
TOO_SHORT = "Member must have length greater than or equal to"
ONLY_IN_EXPRESSIONS = "ExpressionAttributeNames can only be specified when using expressions"
NOT_FOUND = ("ResourceNotFoundException", "Requested resource not found", 400)


def key(id_: object) -> dict[str, Any]:
    return {"id": {"S": str(id_)}}


def put(id_: object, **more: Any) -> dict[str, Any]:
    return {"PutRequest": {"Item": {**key(id_), **more}}}


def delete(id_: object) -> dict[str, Any]:
    return {"DeleteRequest": {"Key": key(id_)}}


@pytest.fixture
def arn(account: str) -> str:
    return f"arn:aws:dynamodb:us-east-1:{account}:table/users"


def test_a_batch_puts_and_deletes_in_several_tables(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()
    make_table("events", sort=("at", "N"))
    dynamodb.put_item(TableName="users", Item=key("gone"))
    answer = dynamodb.batch_write_item(
        RequestItems={"users": [put(1, v={"S": "x"}), delete("gone"), delete("never")], "events": [put("a", at={"N": "1"})]}
    )  # fmt: skip
    assert answer["UnprocessedItems"] == {}
    assert set(answer) == {"UnprocessedItems", "ResponseMetadata"}
    found = dynamodb.batch_get_item(
        RequestItems={
            "users": {"Keys": [key(1), key("gone")]},
            "events": {"Keys": [{**key("a"), "at": {"N": "1.0"}}]},
        }
    )
    assert found["Responses"] == {"users": [{**key(1), "v": {"S": "x"}}], "events": [{**key("a"), "at": {"N": "1"}}]}
    assert found["UnprocessedKeys"] == {}


def test_tables_by_name_and_by_arn(
    dynamodb: Any, make_table: Callable[..., str], arn: str, aws_error: Callable[..., Any]
) -> None:
    make_table()
    dynamodb.batch_write_item(RequestItems={"users": [put(1)], arn: [put(2)]})
    found = dynamodb.batch_get_item(RequestItems={"users": {"Keys": [key(2)]}, arn: {"Keys": [key(1)]}})
    assert found["Responses"] == {"users": [key(2)], arn: [key(1)]}
    assert aws_error(lambda: dynamodb.batch_write_item(RequestItems={"users": [put(1)], arn: [delete(1)]})) == TWICE
    both = {"users": {"Keys": [key(1)]}, arn: {"Keys": [key(1)]}}
    assert aws_error(lambda: dynamodb.batch_get_item(RequestItems=both)) == TWICE


def test_a_batch_reads_parts_of_items_by_table(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()
    make_table("others")
    items = [put(1, a={"N": "1"}, b={"S": "x"}), put(2, b={"S": "y"}), put(3)]
    dynamodb.batch_write_item(RequestItems={"users": items, "others": items})
    keys = [key(n) for n in (1, 2, 3, 4)]
    found = dynamodb.batch_get_item(
        RequestItems={
            "users": {"Keys": keys, "ProjectionExpression": "#a, b", "ExpressionAttributeNames": {"#a": "a"}},
            "others": {"Keys": keys, "ProjectionExpression": "id"},
        }
    )
    assert found["Responses"]["users"] == [{"a": {"N": "1"}, "b": {"S": "x"}}, {"b": {"S": "y"}}, {}]
    assert found["Responses"]["others"] == [key(1), key(2), key(3)]


def test_what_batches_cost(dynamodb: Any, make_table: Callable[..., str]) -> None:
    also = [{"AttributeName": "kind", "AttributeType": "S"}]
    index = {
        "IndexName": "by-kind",
        "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    make_table(also=also, GlobalSecondaryIndexes=[index])
    make_table("others")
    request = {"users": [put(1, kind={"S": "k"}), put(2, v={"S": "x" * 1500})], "others": [delete(1)]}
    written = dynamodb.batch_write_item(RequestItems=request, ReturnConsumedCapacity="INDEXES")
    assert written["ConsumedCapacity"] == [
        {
            "TableName": "users",
            "CapacityUnits": 4.0,
            "Table": {"CapacityUnits": 3.0},
            "GlobalSecondaryIndexes": {"by-kind": {"CapacityUnits": 1.0}},
        },
        {"TableName": "others", "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}},
    ]
    keys = {"users": {"Keys": [key(n) for n in (1, 2, 3)]}, "others": {"Keys": [key(1)], "ConsistentRead": True}}
    read = dynamodb.batch_get_item(RequestItems=keys, ReturnConsumedCapacity="TOTAL")
    assert read["ConsumedCapacity"] == [
        {"TableName": "users", "CapacityUnits": 1.5},
        {"TableName": "others", "CapacityUnits": 1.0},
    ]


def test_item_collection_metrics_by_table(dynamodb: Any, make_table: Callable[..., str]) -> None:
    local = {
        "IndexName": "by-rank",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "rank", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    make_table(sort=("at", "N"), also=[{"AttributeName": "rank", "AttributeType": "N"}], LocalSecondaryIndexes=[local])
    make_table("others")
    answer = dynamodb.batch_write_item(
        RequestItems={"users": [put("a", at={"N": "1"}), put("a", at={"N": "2"}), put("b", at={"N": "1"})], "others": [put(1)]},
        ReturnItemCollectionMetrics="SIZE",
    )  # fmt: skip
    assert answer["ItemCollectionMetrics"] == {
        "users": [
            {"ItemCollectionKey": key("a"), "SizeEstimateRangeGB": [0.0, 1.0]},
            {"ItemCollectionKey": key("b"), "SizeEstimateRangeGB": [0.0, 1.0]},
        ]
    }


def test_16_mb_of_items_and_no_more(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()
    large = {"S": "x" * 399_900}
    for first in range(0, 50, 25):
        dynamodb.batch_write_item(RequestItems={"users": [put(n, v=large) for n in range(first, first + 25)]})
    part = {
        "Keys": [key(n) for n in range(50)],
        "ConsistentRead": True,
        "ProjectionExpression": "#i",
        "ExpressionAttributeNames": {"#i": "id"},
    }
    found = dynamodb.batch_get_item(RequestItems={"users": part}, ReturnConsumedCapacity="TOTAL")
    assert len(found["Responses"]["users"]) == 41
    assert found["UnprocessedKeys"] == {"users": {**part, "Keys": part["Keys"][41:]}}
    assert found["ConsumedCapacity"][0]["CapacityUnits"] == 41 * 98.0
    rest = dynamodb.batch_get_item(RequestItems=found["UnprocessedKeys"])
    assert [item["id"]["S"] for item in rest["Responses"]["users"]] == [str(n) for n in range(41, 50)]


WRITES_REFUSED = [
    ({}, "The requestItems parameter is required for BatchWriteItem"),
    ({"users": [put(n) for n in range(20)], "others": [put(n) for n in range(6)]}, "Too many items requested for the BatchWriteItem call"),
    ({"nosuch": [{}]}, ONE_OF_BOTH),
    ({"nosuch": [{**put(1), **delete(1)}]}, ONE_OF_BOTH),
    ({"nosuch": [put(1, a={})]}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
    ({"nosuch": [put(1, a={"S": "x" * 409_600})]}, "Item size has exceeded the maximum allowed size"),
    ({"users": [{"PutRequest": {"Item": {"v": {"S": "x"}}}}]}, "The provided key element does not match the schema"),
    ({"users": [{"PutRequest": {"Item": {"id": {"N": "1"}}}}]}, "The provided key element does not match the schema"),
    ({"users": [{"DeleteRequest": {"Key": {**key(1), "more": {"S": "x"}}}}]}, "The provided key element does not match the schema"),
    (
        {"users": [put("")]},
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id",
    ),
    (
        {"users": [put(1, kind={"N": "1"})]},
        "One or more parameter values were invalid: Type mismatch for Index Key kind Expected: S Actual: N IndexName: by-kind",
    ),
]  # fmt: skip


def test_writes_that_are_refused_write_nothing(
    unchecked: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]
) -> None:
    index = {
        "IndexName": "by-kind",
        "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    make_table(also=[{"AttributeName": "kind", "AttributeType": "S"}], GlobalSecondaryIndexes=[index])
    make_table("others")
    for request, message in WRITES_REFUSED:
        bad: Any = {"others": [put("first")], **request} if request else {}
        answer = aws_error(lambda bad=bad: unchecked.batch_write_item(RequestItems=bad))
        assert answer == (VALIDATION, message, 400), request
    for twice in ([put(1), delete(1)], [delete(1), put(1)], [put(1), put(1, v={"S": "x"})]):
        request = {"others": [put("first")], "users": twice}
        assert aws_error(lambda request=request: unchecked.batch_write_item(RequestItems=request)) == TWICE
    _, message, _ = aws_error(
        lambda: unchecked.batch_write_item(RequestItems={"others": [put("first")], "a": [put(1)]})
    )
    assert re.fullmatch(r"1 validation error detected: Value '\{.+\}' " + re.escape(NO_TABLES), message)
    unknown = {"others": [put("first")], "nosuch": [put(1), delete(1)]}
    assert aws_error(lambda: unchecked.batch_write_item(RequestItems=unknown)) == NOT_FOUND
    many = r"1 validation error detected: Value '\{users=\[.+\]\}' at 'requestItems' failed to satisfy constraint: Map value must satisfy "
    limits = r"constraint: \[Member must have length less than or equal to 25, Member must have length greater than or equal to 1\]"
    for count in (0, 26):
        code, message, _ = aws_error(
            lambda count=count: unchecked.batch_write_item(RequestItems={"users": [put(n) for n in range(count)]})
        )
        assert code == VALIDATION
        assert re.fullmatch((many + limits).replace(".+", ".*"), message, re.DOTALL)
    for table in ("users", "others"):
        assert unchecked.describe_table(TableName=table)["Table"]["ItemCount"] == 0


def test_reads_that_are_refused(unchecked: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    make_table()
    hundred = [key(n) for n in range(100)]
    refused: list[tuple[Any, str]] = [
        ({}, f"{AT} 'RequestItems' failed to satisfy constraint: {TOO_SHORT} 1"),
        ({"users": {"Keys": hundred}, "nosuch": {"Keys": [key(1)]}}, "Too many items requested for the BatchGetItem call"),
        ({"nosuch": {"Keys": [key(1), key(2), key(1)]}}, TWICE[1]),
        ({"users": {"Keys": [{"x": {"S": "1"}}]}}, "The provided key element does not match the schema"),
        ({"users": {"Keys": [{}]}}, "The provided key element does not match the schema"),
        ({"nosuch": {"Keys": [{"id": {"NS": []}}]}}, "One or more parameter values were invalid: An number set  may not be empty"),
        ({"nosuch": {"Keys": [key(1)], "ProjectionExpression": ""}}, "Invalid ProjectionExpression: The expression can not be empty;"),
        ({"nosuch": {"Keys": [key(1)], "ExpressionAttributeNames": {"#a": "a"}}}, ONLY_IN_EXPRESSIONS),
        ({"bad!name": {"Keys": [{"id": {"B": b"x"}}]}},
         AT.removesuffix(" at") + """ '{"bad!name":{"Keys":[{"id":{"B":"eA=="}}]}}' """ + NO_TABLES),
        ({"users": {"Keys": []}}, f"{AT} 'RequestItems.users.member.Keys' failed to satisfy constraint: {TOO_SHORT} 1"),
        ({"users": {"Keys": [*hundred, key(100)]}},
         f"{AT} 'RequestItems.users.member.Keys' failed to satisfy constraint: Member must have length less than or equal to 100"),
    ]  # fmt: skip
    for request, message in refused:
        answer = aws_error(lambda request=request: unchecked.batch_get_item(RequestItems=request))
        assert answer == (VALIDATION, message, 400), request
    unknown = {"users": {"Keys": [key(1)]}, "nosuch": {"Keys": [{}]}}
    assert aws_error(lambda: unchecked.batch_get_item(RequestItems=unknown)) == NOT_FOUND
