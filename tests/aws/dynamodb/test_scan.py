"""Scan: pages and segments that divide a table exactly, indexes, filters, and every refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "
START = "The provided starting key is invalid"
MISMATCH = "The provided key element does not match the schema"
A, ONE = {"S": "a"}, {"N": "1"}


@pytest.fixture
def stored(dynamodb: Any, events: str) -> list[dict[str, Any]]:
    items = []
    for n in range(20):
        item: dict[str, Any] = {"id": {"S": f"i{n % 7}"}, "at": {"S": str(n)}, "n": {"N": str(n)}, "v": {"S": "v"}}
        if n % 2:
            item |= {"kind": {"S": f"k{n % 3}"}, "rank": {"N": str(n % 5)}}
        dynamodb.put_item(TableName=events, Item=item)
        items.append(item)
    return items


def numbers(items: list[dict[str, Any]]) -> list[int]:
    return sorted(int(item["at"]["S"]) for item in items)


def paged(dynamodb: Any, **request: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = dynamodb.scan(**request)
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            return found
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def test_all_items_in_pages(dynamodb: Any, stored: list[dict[str, Any]]) -> None:
    whole = dynamodb.scan(TableName="events")
    assert (whole["Count"], whole["ScannedCount"], "LastEvaluatedKey" in whole) == (20, 20, False)
    assert numbers(whole["Items"]) == list(range(20))
    assert all(item in stored for item in whole["Items"])
    assert paged(dynamodb, TableName="events", Limit=3) == whole["Items"]
    exact = dynamodb.scan(TableName="events", Limit=20)
    assert exact["LastEvaluatedKey"] == {name: exact["Items"][-1][name] for name in ("id", "at")}


@pytest.mark.parametrize("index", ["local", "ranked", "kinds"])
def test_indexes_hold_the_items_that_have_their_keys(dynamodb: Any, stored: list[dict[str, Any]], index: str) -> None:
    whole = dynamodb.scan(TableName="events", IndexName=index)
    assert numbers(whole["Items"]) == list(range(1, 20, 2))
    assert paged(dynamodb, TableName="events", IndexName=index, Limit=3) == whole["Items"]
    attributes = {"local": {"id", "at", "rank"}, "ranked": {"id", "at", "kind", "rank", "v"}}
    assert set(whole["Items"][0]) == attributes.get(index, set(stored[1]))


@pytest.mark.parametrize("total", [2, 3, 5])
@pytest.mark.parametrize("index", [None, "kinds"])
def test_segments_divide_exactly(dynamodb: Any, stored: list[dict[str, Any]], total: int, index: str | None) -> None:
    more = {} if index is None else {"IndexName": index}
    found: list[dict[str, Any]] = []
    for segment in range(total):
        found += paged(dynamodb, TableName="events", Segment=segment, TotalSegments=total, Limit=2, **more)
    assert found == dynamodb.scan(TableName="events", **more)["Items"]


def test_a_start_key_of_another_segment(
    dynamodb: Any, stored: list[dict[str, Any]], aws_error: Callable[..., Any]
) -> None:
    last = dynamodb.scan(TableName="events")["Items"][-1]
    start = {name: last[name] for name in ("id", "at")}
    parallel = {"TableName": "events", "TotalSegments": 1000, "ExclusiveStartKey": start}
    refused = [aws_error(lambda s=s: dynamodb.scan(**parallel, Segment=s)) for s in (0, 1)]
    assert refused[0] == (
        VALIDATION,
        f"{START}: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: 1000 Segment: 0",
        400,
    )


def test_filters_and_projections(dynamodb: Any, stored: list[dict[str, Any]]) -> None:
    request: dict[str, Any] = {"TableName": "events", "ExpressionAttributeValues": {":n": {"N": "4"}}}
    answer = dynamodb.scan(**request, FilterExpression="n < :n")
    assert (numbers(answer["Items"]), answer["Count"], answer["ScannedCount"]) == ([0, 1, 2, 3], 4, 20)
    by_key = dynamodb.scan(
        TableName="events", FilterExpression="id = :i", ExpressionAttributeValues={":i": {"S": "i3"}}
    )
    assert numbers(by_key["Items"]) == [3, 10, 17]  # a scan may filter by its keys
    shown = dynamodb.scan(**request, FilterExpression="n < :n", ProjectionExpression="n")
    assert sorted(shown["Items"], key=str) == [{"n": {"N": str(n)}} for n in range(4)]
    counted = dynamodb.scan(**request, FilterExpression="n < :n", Select="COUNT")
    assert (counted["Count"], counted["ScannedCount"], "Items" in counted) == (4, 20, False)
    local = dynamodb.scan(TableName="events", IndexName="local", Select="ALL_ATTRIBUTES")
    assert all(item in stored for item in local["Items"])


def test_scan_filter(dynamodb: Any, stored: list[dict[str, Any]]) -> None:
    def found(operator: str | None = None, **conditions: tuple[Any, ...]) -> list[int]:
        given = {n: {"ComparisonOperator": op, "AttributeValueList": v} for n, (op, *v) in conditions.items()}
        joined = {} if operator is None else {"ConditionalOperator": operator}
        answer = dynamodb.scan(TableName="events", ScanFilter=given, **joined)
        assert answer["ScannedCount"] == 20
        return numbers(answer["Items"])

    assert found(n=("LT", {"N": "3"})) == [0, 1, 2]
    assert found(n=("IN", {"N": "3"}, {"N": "5"})) == [3, 5]
    assert found(n=("LT", {"N": "3"}), kind=("NOT_NULL",)) == [1]
    assert found("OR", n=("LT", {"N": "3"}), kind=("EQ", {"S": "k2"})) == [0, 1, 2, 5, 11, 17]
    assert found(id=("BEGINS_WITH", {"S": "i6"})) == [6, 13]
    some = dynamodb.scan(TableName="events", AttributesToGet=["v"], Limit=1)
    assert some["Items"] == [{"v": {"S": "v"}}]


def test_consumed_capacity(dynamodb: Any, events: str) -> None:
    for n in range(4):
        dynamodb.put_item(TableName=events, Item={"id": {"S": str(n)}, "at": A, "kind": A, "w": {"S": "w" * 3000}})
    all_ = dynamodb.scan(TableName=events, ReturnConsumedCapacity="TOTAL")
    assert all_["ConsumedCapacity"] == {"TableName": events, "CapacityUnits": 1.5}
    consistent = dynamodb.scan(TableName=events, ReturnConsumedCapacity="INDEXES", ConsistentRead=True)
    assert consistent["ConsumedCapacity"] == {
        "TableName": events, "CapacityUnits": 3.0, "Table": {"CapacityUnits": 3.0},
    }  # fmt: skip
    index = dynamodb.scan(TableName=events, IndexName="kinds", ReturnConsumedCapacity="INDEXES", Select="COUNT")
    assert index["ConsumedCapacity"] == {
        "TableName": events,
        "CapacityUnits": 1.5,
        "Table": {"CapacityUnits": 0.0},
        "GlobalSecondaryIndexes": {"kinds": {"CapacityUnits": 1.5}},
    }


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"Segment": 0},
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
        ),
        (
            {"TotalSegments": 4},
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
        ),
        (
            {"Segment": 5, "TotalSegments": 5},
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            "Segment: 5 is not less than TotalSegments: 5",
        ),
        ({"IndexName": "none"}, "The table does not have the specified index: none"),
        (
            {"IndexName": "ranked", "ConsistentRead": True},
            "Consistent reads are not supported on global secondary indexes",
        ),
        (
            {"IndexName": "ranked", "Select": "ALL_ATTRIBUTES"},
            INVALID + "Select type ALL_ATTRIBUTES is not supported for global secondary index ranked because its "
            "projection type is not ALL",
        ),
        (
            {"IndexName": "ranked", "ProjectionExpression": "w"},
            INVALID + "Global secondary index ranked does not project [w]",
        ),
        (
            {"Select": "SPECIFIC_ATTRIBUTES"},
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        ),
        (
            {"Select": "ALL_PROJECTED_ATTRIBUTES"},
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
        ),
        (
            {"Select": "ALL_PROJECTED_ATTRIBUTES", "ProjectionExpression": "v"},
            "Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES",
        ),
        (
            {"Select": "COUNT", "AttributesToGet": ["v"]},
            "Cannot specify the AttributesToGet when choosing to get only the Count",
        ),
        (
            {"AttributesToGet": ["v"], "FilterExpression": "attribute_exists(v)"},
            "Can not use both expression and non-expression parameters in the same request: "
            "Non-expression parameters: {AttributesToGet} Expression parameters: {FilterExpression}",
        ),
        (
            {"ExpressionAttributeValues": {":a": A}},
            "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null",
        ),
        (
            {"ExpressionAttributeNames": {"#a": "a"}},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            {"FilterExpression": "attribute_exists(id.x)"},
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: id",
        ),
        (
            {"ProjectionExpression": "kind.x"},
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: kind",
        ),
        ({"ConditionalOperator": "OR"}, "ConditionalOperator cannot be used without Filter or Expected"),
        (
            {"ConditionalOperator": "OR", "ScanFilter": {"v": {"ComparisonOperator": "NULL"}}},
            "ConditionalOperator can only be used when Filter or Expected has two or more elements",
        ),
        ({"ExclusiveStartKey": {"bad": A}}, f"{START}: {MISMATCH}"),
        ({"ExclusiveStartKey": {"id": A, "bad": A}}, f"{START}: {MISMATCH}"),
        ({"ExclusiveStartKey": {"id": A, "at": ONE}}, f"{START}: {MISMATCH}"),
        (
            {"ExclusiveStartKey": {"id": {}}},
            f"{START}: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
        ({"IndexName": "kinds", "ExclusiveStartKey": {"id": A, "at": A}}, START),
        ({"IndexName": "kinds", "ExclusiveStartKey": {"id": A, "at": A, "x": A}}, START),
        ({"IndexName": "kinds", "ExclusiveStartKey": {"id": A, "at": A, "kind": ONE}}, MISMATCH),
        ({"IndexName": "kinds", "ExclusiveStartKey": {"id": A, "at": ONE, "kind": A}}, f"{START}: {MISMATCH}"),
    ],
)
def test_scans_that_are_refused(
    dynamodb: Any, events: str, aws_error: Callable[..., Any], request_: dict[str, Any], message: str
) -> None:
    assert aws_error(lambda: dynamodb.scan(TableName=events, **request_)) == (VALIDATION, message, 400)


def test_a_table_that_is_not_there(dynamodb: Any, aws_error: Callable[..., Any]) -> None:
    missing = ("ResourceNotFoundException", "Requested resource not found", 400)
    assert aws_error(lambda: dynamodb.scan(TableName="none", IndexName="x" * 5)) == missing
