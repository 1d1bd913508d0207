"""Query: order, pages, indexes, what is selected and charged, and every refusal."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "
START = "The provided starting key is invalid"
A, B = {"S": "a"}, {"S": "b"}
ONE = {"N": "1"}


def too_many(conditions: int, attributes: int) -> str:
    return f"The number of query conditions ({conditions}) exceeds the number of key attributes defined in the schema ({attributes})"


def refused(error: tuple[str, str, int], message: str) -> bool:
    assert error == (VALIDATION, message, 400)
    return True


def by_key(expression: str = "id = :a", index: str | None = None, /, **values: Any) -> dict[str, Any]:
    given = {f":{name}": value for name, value in (values or {"a": A}).items()}
    request: dict[str, Any] = {
        "TableName": "events",
        "KeyConditionExpression": re.sub(r"\bat\b", "#at", expression),
        "ExpressionAttributeValues": given,
    }
    if re.search(r"\bat\b", expression):
        request["ExpressionAttributeNames"] = {"#at": "at"}
    return request if index is None else request | {"IndexName": index}


def legacy(**conditions: tuple[Any, ...]) -> dict[str, Any]:
    return {"TableName": "events", "KeyConditions": comparisons(**conditions)}


def comparisons(**conditions: tuple[Any, ...]) -> dict[str, Any]:
    return {
        name: {"ComparisonOperator": operator, "AttributeValueList": list(values)}
        for name, (operator, *values) in conditions.items()
    }


@pytest.fixture
def stored(dynamodb: Any, events: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [
        {"id": A, "at": {"S": at}, "kind": {"S": kind}, "rank": {"N": rank}, "v": {"S": at}, "w": {"S": "long" * 20}}
        for at, kind, rank in (("1", "x", "10"), ("10", "x", "9"), ("2", "y", "-1"), ("é", "x", "9"))
    ]
    items.append({"id": A, "at": {"S": "sparse"}, "name": {"S": "none"}})
    items.append({"id": B, "at": {"S": "1"}, "kind": {"S": "x"}, "rank": {"N": "9.5"}})
    for item in items:
        dynamodb.put_item(TableName=events, Item=item)
    return items


def ats(answer: dict[str, Any]) -> list[str]:
    return [item["at"]["S"] for item in answer["Items"]]


def test_a_partition_in_the_order_of_its_sort_key(dynamodb: Any, stored: list[dict[str, Any]]) -> None:
    answer = dynamodb.query(**by_key())
    assert ats(answer) == ["1", "10", "2", "sparse", "é"]
    assert answer["Items"][0] == stored[0]
    assert (answer["Count"], answer["ScannedCount"]) == (5, 5)
    assert set(answer) == {"Items", "Count", "ScannedCount", "ResponseMetadata"}
    assert ats(dynamodb.query(**by_key(), ScanIndexForward=False)) == ["é", "sparse", "2", "10", "1"]
    nothing = dynamodb.query(**by_key("id = :z", z={"S": "z"}))
    assert (nothing["Items"], nothing["Count"], nothing["ScannedCount"]) == ([], 0, 0)


@pytest.mark.parametrize(
    ("condition", "values", "found"),
    [
        ("at = :b", {"b": "10"}, ["10"]),
        ("at < :b", {"b": "10"}, ["1"]),
        ("at <= :b", {"b": "10"}, ["1", "10"]),
        ("at > :b", {"b": "10"}, ["2", "sparse", "é"]),
        ("at >= :b", {"b": "10"}, ["10", "2", "sparse", "é"]),
        (":b >= at", {"b": "10"}, ["1", "10"]),
        (":b < at", {"b": "10"}, ["2", "sparse", "é"]),
        ("at BETWEEN :b AND :c", {"b": "10", "c": "2"}, ["10", "2"]),
        ("begins_with(at, :b)", {"b": "1"}, ["1", "10"]),
        ("(begins_with(at, :b))", {"b": "é"}, ["é"]),
    ],
)
def test_conditions_on_the_sort_key(
    dynamodb: Any, stored: list[dict[str, Any]], condition: str, values: dict[str, str], found: list[str]
) -> None:
    given = {name: {"S": value} for name, value in values.items()}
    assert ats(dynamodb.query(**by_key(f"id = :a AND {condition}", a=A, **given))) == found
    assert ats(dynamodb.query(**by_key(f"{condition} AND (id = :a)", a=A, **given))) == found


def test_indexes_are_sparse_and_in_their_own_order(dynamodb: Any, stored: list[dict[str, Any]]) -> None:
    ranked = dynamodb.query(**by_key("kind = :x", "ranked", x={"S": "x"}))
    assert [item["rank"]["N"] for item in ranked["Items"]] == ["9", "9", "9.5", "10"]
    assert ranked["Items"][-1] == {name: stored[0][name] for name in ("id", "at", "kind", "rank", "v")}
    high = dynamodb.query(**by_key("kind = :x AND #r > :n", "ranked", x={"S": "x"}, n={"N": "9.0"}) | ranks())
    assert [item["rank"]["N"] for item in high["Items"]] == ["9.5", "10"]
    local = dynamodb.query(**by_key("id = :a", "local"), ConsistentRead=True)
    assert ats(local) == ["2", "10", "é", "1"]
    assert local["Items"][0] == {name: stored[2][name] for name in ("id", "at", "rank")}
    assert dynamodb.query(**by_key("kind = :x", "kinds", x={"S": "x"}))["Count"] == 4


def ranks() -> dict[str, Any]:
    return {"ExpressionAttributeNames": {"#r": "rank"}}


@pytest.mark.parametrize("index", [None, "local", "ranked", "kinds"])
@pytest.mark.parametrize("forward", [True, False])
def test_pages_neither_lose_nor_double(
    dynamodb: Any, stored: list[dict[str, Any]], index: str | None, forward: bool
) -> None:
    request = by_key("kind = :x", index, x={"S": "x"}) if index in ("ranked", "kinds") else by_key("id = :a", index)
    request["ScanIndexForward"] = forward
    whole = dynamodb.query(**request)
    keys = {"id", "at"} | {"local": {"rank"}, "ranked": {"kind", "rank"}, "kinds": {"kind"}}.get(index or "", set())
    found: list[dict[str, Any]] = []
    request["Limit"] = 1
    for _ in whole["Items"]:
        page = dynamodb.query(**request)
        assert (page["Count"], page["ScannedCount"]) == (1, 1)
        assert page["LastEvaluatedKey"] == {name: page["Items"][0][name] for name in keys}
        found += page["Items"]
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    assert found == whole["Items"]
    last = dynamodb.query(**request)  # the last page but one ended with Limit, and could not know that it was the last
    assert (last["Count"], "LastEvaluatedKey" in last) == (0, False)


def test_filters_see_what_was_read(dynamodb: Any, stored: list[dict[str, Any]]) -> None:
    request = by_key("id = :a", a=A, v={"S": "2"})
    answer = dynamodb.query(**request, FilterExpression="v = :v")
    assert (ats(answer), answer["Count"], answer["ScannedCount"]) == (["2"], 1, 5)
    limited = dynamodb.query(**request, FilterExpression="v = :v", Limit=2)
    assert (limited["Items"], limited["Count"], limited["ScannedCount"]) == ([], 0, 2)
    assert limited["LastEvaluatedKey"] == {"id": A, "at": {"S": "10"}}
    other_key = dynamodb.query(**by_key("kind = :x", "ranked", x={"S": "x"}, b=B), FilterExpression="id = :b")
    assert ats(other_key) == ["1"]  # the table's key may be filtered by in an index


def test_what_is_selected(dynamodb: Any, stored: list[dict[str, Any]]) -> None:
    counted = dynamodb.query(**by_key(), Select="COUNT")
    assert (counted["Count"], counted["ScannedCount"], "Items" in counted) == (5, 5, False)
    projected = dynamodb.query(**by_key(), ProjectionExpression="v, gone", Limit=1)
    assert projected["Items"] == [{"v": {"S": "1"}}]
    assert projected["LastEvaluatedKey"] == {"id": A, "at": {"S": "1"}}
    specific = dynamodb.query(**by_key(), ProjectionExpression="v", Select="SPECIFIC_ATTRIBUTES", Limit=1)
    assert specific["Items"] == projected["Items"]
    of_index = dynamodb.query(**by_key("id = :a", "local"), Select="ALL_PROJECTED_ATTRIBUTES", Limit=1)
    assert set(of_index["Items"][0]) == {"id", "at", "rank"}
    whole = dynamodb.query(**by_key("id = :a", "local"), Select="ALL_ATTRIBUTES", Limit=1)
    assert whole["Items"] == [stored[2]]
    fetched = dynamodb.query(**by_key("id = :a", "local"), ProjectionExpression="w", Limit=1)
    assert fetched["Items"] == [{"w": stored[2]["w"]}]
    all_of_all = dynamodb.query(**by_key("kind = :x", "kinds", x={"S": "x"}), Select="ALL_ATTRIBUTES")
    assert stored[0] in all_of_all["Items"]
    names = {"ExpressionAttributeNames": {"#w": "w"}}
    filtered = dynamodb.query(
        **by_key("id = :a", "local", a=A, w={"S": "long"}), **names, FilterExpression="contains(#w, :w)"
    )
    assert ats(filtered) == ["2", "10", "é", "1"]  # fetched for the filter
    assert set(filtered["Items"][0]) == {"id", "at", "rank"}


def units(answer: dict[str, Any]) -> dict[str, Any]:
    capacity: dict[str, Any] = answer["ConsumedCapacity"]
    assert capacity.pop("TableName") == "events"
    return capacity


def test_consumed_capacity(dynamodb: Any, events: str) -> None:
    for at in "1234":
        item = {
            "id": A,
            "at": {"S": at},
            "kind": {"S": "x"},
            "rank": ONE,
            "v": {"S": "v" * 3000},
            "w": {"S": "w" * 3000},
        }
        dynamodb.put_item(TableName=events, Item=item)

    def cost(request: dict[str, Any], wanted: str = "INDEXES", **more: Any) -> dict[str, Any]:
        return units(dynamodb.query(**request, ReturnConsumedCapacity=wanted, **more))

    table = by_key()
    assert "ConsumedCapacity" not in dynamodb.query(**table, ReturnConsumedCapacity="NONE")
    assert cost(table, "TOTAL") == {"CapacityUnits": 3.0}  # 24 KB together are 6 reads of 4 KB, not 8
    assert cost(table) == {"CapacityUnits": 3.0, "Table": {"CapacityUnits": 3.0}}
    assert cost(table, ConsistentRead=True) == {"CapacityUnits": 6.0, "Table": {"CapacityUnits": 6.0}}
    assert cost(table, "TOTAL", Limit=1) == {"CapacityUnits": 1.0}
    assert cost(table, "TOTAL", ProjectionExpression="id", FilterExpression="attribute_exists(gone)") == {
        "CapacityUnits": 3.0
    }
    assert cost(by_key("id = :z", z={"S": "z"}), "TOTAL") == {"CapacityUnits": 0.5}
    global_ = cost(by_key("kind = :x", "ranked", x={"S": "x"}))
    assert global_ == {
        "CapacityUnits": 1.5,
        "Table": {"CapacityUnits": 0.0},
        "GlobalSecondaryIndexes": {"ranked": {"CapacityUnits": 1.5}},
    }
    local = by_key("id = :a", "local")
    assert cost(local) == {
        "CapacityUnits": 0.5,
        "Table": {"CapacityUnits": 0.0},
        "LocalSecondaryIndexes": {"local": {"CapacityUnits": 0.5}},
    }
    assert cost(local, Select="ALL_ATTRIBUTES", ConsistentRead=True) == {
        "CapacityUnits": 9.0,  # each of four items fetched costs 2 units
        "Table": {"CapacityUnits": 8.0},
        "LocalSecondaryIndexes": {"local": {"CapacityUnits": 1.0}},
    }


def test_keys_of_several_attributes(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]
) -> None:
    names = ("tenant", "region", "year", "month", "day")
    make_table(
        "events",
        also=[{"AttributeName": name, "AttributeType": "S" if name in ("tenant", "region") else "N"} for name in names],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "dates",
                "KeySchema": [
                    {"AttributeName": name, "KeyType": "HASH" if name in ("tenant", "region") else "RANGE"}
                    for name in names
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    dates = [(2024, 2, 1), (2024, 10, 1), (2024, 10, 9), (2024, 10, 10), (2025, 1, 1)]
    for n, date in enumerate(dates):
        key = {name: {"N": str(part)} for name, part in zip(names[2:], date, strict=True)}
        dynamodb.put_item(TableName="events", Item={"id": {"S": str(9 - n)}, "tenant": A, "region": B, **key})
    dynamodb.put_item(TableName="events", Item={"id": {"S": "sparse"}, "tenant": A, "region": B, "year": {"N": "2024"}})

    def asked(text: str, **values: Any) -> dict[str, Any]:
        found = {name: name for name in ("#y", "#m", "#d", "#r") if name in text}
        long = {"#y": "year", "#m": "month", "#d": "day", "#r": "region"}
        return {
            "TableName": "events",
            "IndexName": "dates",
            "KeyConditionExpression": text,
            "ExpressionAttributeNames": {name: long[name] for name in found},
            "ExpressionAttributeValues": {
                f":{n}": v if isinstance(v, dict) else {"N": str(v)} for n, v in values.items()
            },
        }

    def found(text: str, **values: Any) -> list[str]:
        return [item["id"]["S"] for item in dynamodb.query(**asked(text, **values))["Items"]]

    both = {"t": A, "r": B}
    assert found("tenant = :t AND #r = :r", **both) == ["9", "8", "7", "6", "5"]
    assert found("#r = :r AND #y = :y AND tenant = :t", **both, y=2024) == ["9", "8", "7", "6"]
    assert found("tenant = :t AND #r = :r AND #y = :y AND #m > :m", **both, y=2024, m=2) == ["8", "7", "6"]
    assert found(
        "tenant = :t AND #r = :r AND #y = :y AND #m = :m AND #d BETWEEN :d AND :e", **both, y=2024, m=10, d=2, e=9
    ) == ["7"]
    page = dynamodb.query(**asked("tenant = :t AND #r = :r AND #y <= :y", **both, y=2024), Limit=2)
    assert set(page["LastEvaluatedKey"]) == {"id", *names}
    rest = dynamodb.query(
        **asked("tenant = :t AND #r = :r AND #y <= :y", **both, y=2024), ExclusiveStartKey=page["LastEvaluatedKey"]
    )
    assert [item["id"]["S"] for item in rest["Items"]] == ["7", "6"]

    def error(text: str, **values: Any) -> str:
        code, message, _ = aws_error(lambda: dynamodb.query(**asked(text, **values)))
        assert code == VALIDATION
        return str(message)

    gap = "RANGE key attributes {} must have equality conditions specified in the query because a condition is present on key attribute {}"
    assert error("tenant = :t AND #r = :r AND #y = :y AND #d = :d", **both, y=1, d=1) == gap.format("month", "day")
    assert error("tenant = :t AND #r = :r AND #y > :y AND #m = :m", **both, y=1, m=1) == gap.format("year", "month")
    assert error("tenant = :t AND #r = :r AND #d = :d", **both, d=1) == gap.format("year, month", "day")
    assert error("tenant = :t AND #y = :y", t=A, y=1) == "Query condition missed key schema element: region"
    assert error("tenant = :t AND #r > :r", **both) == "Query key condition not supported"
    assert error("tenant = :t AND #r = :r AND id = :t", **both) == "Query condition missed key schema element: year"


@pytest.mark.parametrize(
    ("expression", "values", "message"),
    [
        ("id = :a AND at = :a AND v = :a", {}, too_many(3, 2)),
        ("at = :a", {}, "Query condition missed key schema element: id"),
        ("v = :a", {}, "Query condition missed key schema element: id"),
        ("id = :a AND v = :a", {}, "Query condition missed key schema element: at"),
        ("id > :a", {}, "Query key condition not supported"),
        ("begins_with(id, :a)", {}, "Query key condition not supported"),
        ("id = :a AND at > :n", {"n": ONE}, INVALID + "Condition parameter type does not match schema type"),
        ("id = :n", {"n": ONE}, INVALID + "Condition parameter type does not match schema type"),
        ("id = :a OR at = :a", {}, "Invalid operator used in KeyConditionExpression: OR"),
        ("NOT id = :a", {}, "Invalid operator used in KeyConditionExpression: NOT"),
        ("id IN (:a)", {}, "Invalid operator used in KeyConditionExpression: IN"),
        ("id <> :a", {}, "Invalid operator used in KeyConditionExpression: <>"),
        ("attribute_exists(id)", None, "Invalid operator used in KeyConditionExpression: attribute_exists"),
        ("contains(id, :a)", {}, "Invalid operator used in KeyConditionExpression: contains"),
        (
            "begins_with(:a, at)", {},
            "Invalid condition in KeyConditionExpression: begins_with operator must have the key attribute as its first operand",
        ),
        (
            ":a BETWEEN id AND at", {},
            "Invalid condition in KeyConditionExpression: BETWEEN operator must have the key attribute as its first operand",
        ),
        ("id = :a AND size(at) > :n", {"n": ONE}, "KeyConditionExpressions cannot contain nested operations"),
        ("id = :a AND at > v", {}, "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"),
        ("id = :a AND at.x = :a", {}, "KeyConditionExpressions cannot have conditions on nested attributes"),
        (":a = :a", {}, "Invalid condition in KeyConditionExpression: No key attribute specified"),
        ("id = :a AND at > :a AND at < :a", {},
         "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key"),
        (
            "id = :a AND begins_with(at, :n)", {"n": ONE},
            "Invalid KeyConditionExpression: Incorrect operand type for operator or function; "
            "operator or function: begins_with, operand type: N",
        ),
        (
            "id = :a AND at BETWEEN :b AND :a", {"b": B},
            "Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            "lower bound operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {S:a}",
        ),
        ("((id = :a))", {}, "Invalid KeyConditionExpression: The expression has redundant parentheses;"),
        ("", {}, "Invalid KeyConditionExpression: The expression can not be empty;"),
        (
            "id = :e", {"e": {"S": ""}},
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            "empty string value. Key: id",
        ),
        ("id = :e", {"e": {"S": "x" * 2049}}, INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes"),
        (
            "id = :z", {},
            "Invalid KeyConditionExpression: An expression attribute value used in expression is not defined; attribute value: :z",
        ),
        ("id = :a", {"z": A}, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:z}"),
    ],
)  # fmt: skip
def test_key_conditions_that_are_refused(
    dynamodb: Any, events: str, aws_error: Callable[..., Any],
    expression: str, values: dict[str, Any] | None, message: str,
) -> None:  # fmt: skip
    request = by_key(expression, **{"a": A, **(values or {})})
    if values is None:
        del request["ExpressionAttributeValues"]
    elif ":a" not in expression:
        del request["ExpressionAttributeValues"][":a"]
    if not request["ExpressionAttributeValues" if values is not None else "TableName"]:
        del request["ExpressionAttributeValues"]
    assert refused(aws_error(lambda: dynamodb.query(**request)), message)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"TableName": "events"}, "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."),
        (by_key("id = :a", "none"), "The table does not have the specified index: none"),
        (by_key("kind = :a", "ranked") | {"ConsistentRead": True}, "Consistent reads are not supported on global secondary indexes"),
        (by_key("id = :a AND at = :a", "kinds"), too_many(2, 1)),
        (
            by_key("kind = :a", "ranked") | {"Select": "ALL_ATTRIBUTES"},

                INVALID + "Select type ALL_ATTRIBUTES is not supported for global secondary index ranked because its "
                "projection type is not ALL",
        ),
        (by_key("kind = :a", "ranked") | {"ProjectionExpression": "w, v, x"},
            INVALID + "Global secondary index ranked does not project [w, x]"),
        (by_key() | {"FilterExpression": "at = :a", "ExpressionAttributeNames": {"#n": "v"}},
            "Invalid FilterExpression: Attribute name is a reserved keyword; reserved keyword: at"),
        (
            by_key() | {"FilterExpression": "#n = :a", "ExpressionAttributeNames": {"#n": "at"}},
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: at",
        ),
        (
            by_key("kind = :a", "kinds") | {"FilterExpression": "v = :a OR attribute_exists(kind.x)"},
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: kind",
        ),
        (
            by_key() | {"FilterExpression": "kind.x = :a"},
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: kind",
        ),
        (
            by_key() | {"ProjectionExpression": "id[0]"},
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: id",
        ),
        (by_key() | {"Select": "SPECIFIC_ATTRIBUTES"},
            "1 validation error detected: Must specify the AttributesToGet or ProjectionExpression when "
            "choosing to get SPECIFIC_ATTRIBUTES"),
        (by_key() | {"Select": "ALL_PROJECTED_ATTRIBUTES"},
            "1 validation error detected: ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an "
            "IndexName"),
        (by_key() | {"Select": "COUNT", "ProjectionExpression": "v"},
            "1 validation error detected: Cannot specify the ProjectionExpression when choosing to get only "
            "the Count"),
        (by_key() | {"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "v"},
            "1 validation error detected: Cannot specify the ProjectionExpression when choosing to get "
            "ALL_ATTRIBUTES"),
        (legacy(id=("EQ", A)) | {"Select": "COUNT", "AttributesToGet": ["v"]},
            "1 validation error detected: Cannot specify the AttributesToGet when choosing to get only the "
            "Count"),
        (by_key() | {"Select": "count"},
            "1 validation error detected: Value 'count' at 'select' failed to satisfy constraint: Member "
            "must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, "
            "ALL_PROJECTED_ATTRIBUTES]"),
        (by_key() | {"ProjectionExpression": "a, a.b"},
            "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or "
            "rewrite one of these paths; path one: [a], path two: [a, b]"),
    ],
)  # fmt: skip
def test_queries_that_are_refused(
    dynamodb: Any, events: str, aws_error: Callable[..., Any], request_: dict[str, Any], message: str
) -> None:
    assert refused(aws_error(lambda: dynamodb.query(**request_)), message)


MISMATCH = "The provided key element does not match the schema"
LIMITED = by_key("id = :a AND at > :b", a=A, b=B)


@pytest.mark.parametrize(
    ("request_", "start", "message"),
    [
        (by_key(), {"id": A}, START),
        (by_key(), {"id": A, "bad": A}, START),
        (by_key(), {"id": A, "at": B, "v": A}, START),
        (by_key(), {"id": ONE, "at": A}, MISMATCH),
        (by_key(), {"id": A, "at": ONE}, MISMATCH),
        (by_key(), {"id": B, "at": A}, "The provided starting key is outside query boundaries based on provided conditions"),
        (LIMITED, {"id": A, "at": A}, "The provided starting key does not match the range key predicate"),
        (LIMITED, {"id": B, "at": {"S": "c"}}, "The query can return at most one row and cannot be restarted"),
        (by_key("kind = :a", "kinds"), {"id": A, "at": A}, START),
        (by_key("kind = :a", "kinds"), {"id": ONE, "at": A, "kind": A}, f"{START}: {MISMATCH}"),
        (by_key("kind = :a", "kinds"), {"id": A, "x": A, "kind": A}, f"{START}: {MISMATCH}"),
        (by_key("kind = :a", "kinds"), {"id": A, "at": A, "kind": ONE}, MISMATCH),
        (by_key(), {"id": {"SS": []}}, f"{START}: {INVALID}An string set  may not be empty"),
        (by_key(), {"id": {"NS": []}}, f"{INVALID}An number set  may not be empty"),
        (by_key(), {"id": {"N": "x"}}, "The parameter cannot be converted to a numeric value: x"),
        (
            by_key(), {"id": {"S": ""}, "at": A},

                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
                "contain an empty string value. Key: id",
        ),
        (by_key("at = :a"), {"id": A, "at": ONE}, "Query condition missed key schema element: id"),
    ],
)  # fmt: skip
def test_start_keys_that_are_refused(
    dynamodb: Any, events: str, aws_error: Callable[..., Any],
    request_: dict[str, Any], start: dict[str, Any], message: str,
) -> None:  # fmt: skip
    assert refused(aws_error(lambda: dynamodb.query(**request_, ExclusiveStartKey=start)), message)


def test_a_start_key_need_not_exist(dynamodb: Any, stored: list[dict[str, Any]]) -> None:
    assert ats(dynamodb.query(**by_key(), ExclusiveStartKey={"id": A, "at": {"S": "11"}})) == ["2", "sparse", "é"]
    back = dynamodb.query(**by_key(), ExclusiveStartKey={"id": A, "at": {"S": "11"}}, ScanIndexForward=False)
    assert ats(back) == ["10", "1"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (("EQ", {"S": "10"}), ["10"]),
        (("LT", {"S": "10"}), ["1"]),
        (("LE", {"S": "10"}), ["1", "10"]),
        (("GT", {"S": "2"}), ["sparse", "é"]),
        (("GE", {"S": "2"}), ["2", "sparse", "é"]),
        (("BETWEEN", {"S": "10"}, {"S": "2"}), ["10", "2"]),
        (("BEGINS_WITH", {"S": "1"}), ["1", "10"]),
    ],
)
def test_key_conditions_from_before_expressions(
    dynamodb: Any, stored: list[dict[str, Any]], condition: tuple[Any, ...], found: list[str]
) -> None:
    assert ats(dynamodb.query(**legacy(id=("EQ", A), at=condition))) == found


def test_query_filter(dynamodb: Any, stored: list[dict[str, Any]]) -> None:
    request = legacy(id=("EQ", A))
    one = dynamodb.query(**request, QueryFilter=comparisons(v=("EQ", {"S": "2"})))
    assert (ats(one), one["ScannedCount"]) == (["2"], 5)
    two = comparisons(v=("EQ", {"S": "2"}), kind=("EQ", {"S": "x"}))
    assert ats(dynamodb.query(**request, QueryFilter=two)) == []
    assert ats(dynamodb.query(**request, QueryFilter=two, ConditionalOperator="OR")) == ["1", "10", "2", "é"]
    assert ats(dynamodb.query(**request, QueryFilter=comparisons(kind=("NULL",)))) == ["sparse"]
    some = dynamodb.query(**request, AttributesToGet=["v", "gone"], Limit=1)
    assert some["Items"] == [{"v": {"S": "1"}}]
    values = {"ExpressionAttributeValues": {":v": {"S": "2"}}}
    assert ats(dynamodb.query(**request, FilterExpression="v = :v", **values)) == ["2"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (legacy(), "Conditions can be of length 1 or 2 only"),
        (legacy(id=("EQ", A), at=("EQ", A), v=("EQ", A)), too_many(3, 2)),
        (legacy(id=("EQ", A), v=("EQ", A)), "Query condition missed key schema element: at"),
        (legacy(id=("NE", A)), "Attempted conditional constraint is not an indexable operation"),
        (legacy(id=("EQ", A), at=("CONTAINS", A)), "Attempted conditional constraint is not an indexable operation"),
        (legacy(id=("EQ", A), at=("NULL",)), "Attempted conditional constraint is not an indexable operation"),
        (legacy(id=("LE", A)), "Query key condition not supported"),
        (legacy(id=("EQ", ONE)), INVALID + "Condition parameter type does not match schema type"),
        (legacy(id=("EQ",)), INVALID + "Invalid number of argument(s) for the EQ ComparisonOperator"),
        (legacy(id=("EQ", A), at=("BEGINS_WITH", ONE)), INVALID + "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"),
        (
            legacy(id=("EQ", A), at=("BETWEEN", B, A)),
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
        ),
        (
            legacy(id=("EQ", A)) | {"QueryFilter": comparisons(at=("EQ", A))},
            "QueryFilter can only contain non-primary key attributes: Primary key attribute: at",
        ),
        (
            legacy(id=("EQ", A)) | {"ConditionalOperator": "OR"},
            "ConditionalOperator cannot be used without Filter or Expected",
        ),
        (
            by_key() | legacy(id=("EQ", A)) | {"AttributesToGet": ["v"]},
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
            "{AttributesToGet, KeyConditions} Expression parameters: {KeyConditionExpression}",
        ),
        (
            legacy(id=("EQ", A)) | {"ExpressionAttributeNames": {"#a": "a"}},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            legacy(id=("EQ", A)) | {"ExpressionAttributeValues": {":a": A}, "ProjectionExpression": "v"},
            "ExpressionAttributeValues can only be specified when using expressions: FilterExpression and KeyConditionExpression are null",
        ),
        (legacy(id=("EQ", A)) | {"AttributesToGet": ["v", "v"]}, INVALID + "Duplicate value in attribute name: v"),
    ],
)  # fmt: skip
def test_legacy_queries_that_are_refused(
    dynamodb: Any, events: str, aws_error: Callable[..., Any], request_: dict[str, Any], message: str
) -> None:
    assert refused(aws_error(lambda: dynamodb.query(**request_)), message)


def test_a_table_that_is_not_there(dynamodb: Any, aws_error: Callable[..., Any]) -> None:
    missing = ("ResourceNotFoundException", "Requested resource not found", 400)
    assert aws_error(lambda: dynamodb.query(**by_key("at = :a"), ExclusiveStartKey={"z": A})) == missing
