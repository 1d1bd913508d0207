"""TransactGetItems and TransactWriteItems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

VALIDATION = "ValidationException"
TWICE = (VALIDATION, "Transaction request cannot include multiple operations on one item", 400)
FAILED = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
NONE = {"Code": "None"}


def key(id_: object) -> dict[str, Any]:
    return {"id": {"S": str(id_)}}


def put(id_: object, table: str = "users", **more: Any) -> dict[str, Any]:
    item = more.pop("item", {})
    return {"Put": {"TableName": table, "Item": {**key(id_), **item}, **more}}


def delete(id_: object, table: str = "users", **more: Any) -> dict[str, Any]:
    return {"Delete": {"TableName": table, "Key": key(id_), **more}}


def check(id_: object, condition: str = "attribute_exists(id)", table: str = "users", **more: Any) -> dict[str, Any]:
    return {"ConditionCheck": {"TableName": table, "Key": key(id_), "ConditionExpression": condition, **more}}


def update(id_: object, expression: str = "ADD n :one", table: str = "users", **more: Any) -> dict[str, Any]:
    values = {"ExpressionAttributeValues": {":one": {"N": "1"}}}
    return {"Update": {"TableName": table, "Key": key(id_), "UpdateExpression": expression, **values, **more}}


def get(id_: object, table: str = "users", **more: Any) -> dict[str, Any]:
    return {"Get": {"TableName": table, "Key": key(id_), **more}}


ENUM = "failed to satisfy constraint: Member must satisfy enum value set"
WRONG_CAPACITY = f"Value 'x' at 'returnConsumedCapacity' {ENUM}: [INDEXES, TOTAL, NONE]"
WRONG_METRICS = f"Value 'y' at 'returnItemCollectionMetrics' {ENUM}: [SIZE, NONE]"
LONG_TOKEN = f"Value '{'t' * 37}' at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to 36"


def canceled(call: Callable[[], Any]) -> list[dict[str, Any]]:
    """The reasons for which the call must be canceled."""
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    reasons: list[dict[str, Any]] = response["CancellationReasons"]
    codes = ", ".join(reason["Code"] for reason in reasons)
    assert response["Error"] == {
        "Code": "TransactionCanceledException",
        "Message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
    }
    return reasons


def test_all_is_written(dynamodb: Any, make_table: Callable[..., str], account: str) -> None:
    make_table()
    make_table("others")
    for id_ in ("gone", "here"):
        dynamodb.put_item(TableName="users", Item=key(id_))
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/others"
    actions = [put(1, item={"v": {"S": "x"}}), delete("gone"), check("here"), update("counter"), update(1, table=arn)]
    answer = dynamodb.transact_write_items(TransactItems=actions)
    assert set(answer) == {"ResponseMetadata"}
    found = dynamodb.transact_get_items(
        TransactItems=[get(1, arn), get("gone"), get(1, ProjectionExpression="v"), get("here"), get("counter")]
    )
    assert found["Responses"] == [
        {"Item": {**key(1), "n": {"N": "1"}}},
        {},
        {"Item": {"v": {"S": "x"}}},
        {"Item": key("here")},
        {"Item": {**key("counter"), "n": {"N": "1"}}},
    ]
    assert "ConsumedCapacity" not in found


def test_reasons_stand_in_the_order_of_the_actions_and_nothing_is_written(
    dynamodb: Any, make_table: Callable[..., str]
) -> None:
    make_table()
    old = {**key("old"), "v": {"N": "1"}}
    dynamodb.put_item(TableName="users", Item=old)
    new = {"ConditionExpression": "attribute_not_exists(id)"}
    actions = [
        put("new"),
        put("old", **new, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
        check("nobody", ReturnValuesOnConditionCheckFailure="ALL_OLD"),
        delete("other", **new),
    ]
    assert canceled(lambda: dynamodb.transact_write_items(TransactItems=actions)) == [
        NONE, {**FAILED, "Item": old}, FAILED, NONE,
    ]  # fmt: skip
    mismatch = [
        {"Put": {"TableName": "users", "Item": {"id": {"N": "1"}}}},
        {"Put": {"TableName": "users", "Item": {"v": {"N": "1"}}}},
        {"Delete": {"TableName": "users", "Key": {"id": {"L": []}}}},
        put("new"),
        check("old", "v > :v", ExpressionAttributeValues={":v": {"N": "1"}}),
        update("other", "SET a = b + :one"),
        update("another", "SET v = :one", ConditionExpression="attribute_exists(id)"),
    ]
    invalid = "One or more parameter values were invalid: "
    assert canceled(lambda: dynamodb.transact_write_items(TransactItems=mismatch)) == [
        {"Code": "ValidationError", "Message": f"{invalid}Type mismatch for key id expected: S actual: N"},
        {"Code": "ValidationError", "Message": f"{invalid}Missing the key id in the item"},
        {"Code": "ValidationError", "Message": "The provided key element does not match the schema"},
        NONE,
        FAILED,
        {
            "Code": "ValidationError",
            "Message": "The provided expression refers to an attribute that does not exist in the item",
        },
        FAILED,
    ]
    assert canceled(
        lambda: dynamodb.transact_get_items(TransactItems=[get(1), {"Get": {"TableName": "users", "Key": {}}}])
    ) == [NONE, {"Code": "ValidationError", "Message": "The provided key element does not match the schema"}]
    assert dynamodb.describe_table(TableName="users")["Table"]["ItemCount"] == 1


def test_what_the_whole_request_is_refused_for(
    unchecked: Any, make_table: Callable[..., str], account: str, aws_error: Callable[..., Any]
) -> None:
    make_table()
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/users"
    not_found = ("ResourceNotFoundException", "Requested resource not found", 400)
    several = (VALIDATION, "TransactItems can only contain one of Check, Put, Update or Delete", 400)
    empty_key = (
        VALIDATION,
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: id",
        400,
    )
    empty_value = (
        VALIDATION,
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        400,
    )
    too_short = (
        VALIDATION,
        "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
        400,
    )
    large = [put(n, item={"v": {"S": "x" * 350_000}}) for n in range(12)]
    too_large = (VALIDATION, "The aggregate size of the items in the transaction exceeds 4 MB", 400)
    refused: list[tuple[list[Any], Any]] = [
        ([put(1), delete(1)], TWICE),
        ([put(1), check(1, table=arn)], TWICE),
        ([put(1), put(1, "nosuch")], not_found),
        ([put("x"), check("nobody"), put("")], empty_key),
        ([put(1), {}], several),
        ([{**put(1), **delete(2)}], several),
        ([], too_short),
        (large, too_large),
        ([put(1, item={"v": {}})], empty_value),
        ([check(1, "v =")], (VALIDATION, "Invalid ConditionExpression: Syntax error; token: \"<EOF>\", near: \"=\"", 400)),
    ]  # fmt: skip
    for actions, error in refused:
        assert aws_error(lambda actions=actions: unchecked.transact_write_items(TransactItems=actions)) == error, (
            actions
        )
    too_many = aws_error(lambda: unchecked.transact_write_items(TransactItems=[put(n) for n in range(101)]))
    limit = "Member must have length less than or equal to 100"
    assert too_many[1].endswith(f"]' at 'transactItems' failed to satisfy constraint: {limit}")
    assert aws_error(lambda: unchecked.transact_get_items(TransactItems=[get(1), get(1, arn)])) == TWICE
    assert aws_error(lambda: unchecked.transact_get_items(TransactItems=[get(1), get(1, "nosuch")])) == not_found
    assert aws_error(lambda: unchecked.transact_get_items(TransactItems=[])) == too_short
    assert unchecked.describe_table(TableName="users")["Table"]["ItemCount"] == 0
    for first in (0, 6):
        unchecked.transact_write_items(TransactItems=large[first : first + 6])
    assert aws_error(lambda: unchecked.transact_get_items(TransactItems=[get(n) for n in range(12)])) == too_large


def test_a_hundred_actions(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()
    dynamodb.transact_write_items(TransactItems=[put(n) for n in range(100)])
    found = dynamodb.transact_get_items(TransactItems=[get(n) for n in range(100)])
    assert found["Responses"] == [{"Item": key(n)} for n in range(100)]


def test_transactions_cost_twice_as_much(dynamodb: Any, make_table: Callable[..., str]) -> None:
    index = {
        "IndexName": "by-kind",
        "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    make_table(also=[{"AttributeName": "kind", "AttributeType": "S"}], GlobalSecondaryIndexes=[index])
    make_table("others")
    dynamodb.put_item(TableName="users", Item={**key("here"), "v": {"S": "x" * 5000}})
    request = {
        "TransactItems": [put(1, item={"kind": {"S": "k"}}), check("here"), delete(1, "others")],
        "ClientRequestToken": "once",
        "ReturnConsumedCapacity": "INDEXES",
    }
    units = {"CapacityUnits": 2.0, "WriteCapacityUnits": 2.0}
    assert dynamodb.transact_write_items(**request)["ConsumedCapacity"] == [
        {
            "TableName": "users",
            "CapacityUnits": 14.0,
            "WriteCapacityUnits": 14.0,
            "Table": {"CapacityUnits": 12.0, "WriteCapacityUnits": 12.0},
            "GlobalSecondaryIndexes": {"by-kind": units},
        },
        {"TableName": "others", **units, "Table": units},
    ]
    again = dynamodb.transact_write_items(**request)["ConsumedCapacity"]
    assert again[0] == {
        "TableName": "users",
        "CapacityUnits": 6.0,
        "ReadCapacityUnits": 6.0,
        "Table": {"CapacityUnits": 6.0, "ReadCapacityUnits": 6.0},
    }
    gets = [get("here"), get("nobody", "others")]
    assert dynamodb.transact_get_items(TransactItems=gets, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"] == [
        {"TableName": "users", "CapacityUnits": 4.0, "ReadCapacityUnits": 4.0},
        {"TableName": "others", "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0},
    ]


def test_item_collection_metrics(dynamodb: Any, make_table: Callable[..., str]) -> None:
    local = {
        "IndexName": "by-rank",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "rank", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    make_table(sort=("at", "N"), also=[{"AttributeName": "rank", "AttributeType": "N"}], LocalSecondaryIndexes=[local])
    actions = [put("a", item={"at": {"N": str(n)}}) for n in range(3)]
    answer = dynamodb.transact_write_items(TransactItems=actions, ReturnItemCollectionMetrics="SIZE")
    assert answer["ItemCollectionMetrics"] == {
        "users": [{"ItemCollectionKey": key("a"), "SizeEstimateRangeGB": [0.0, 1.0]}]
    }


def test_a_token_is_good_for_one_request_for_ten_minutes(own: Any, account: str, aws_error: Callable[..., Any]) -> None:
    dynamodb = own.client("dynamodb", key=account)
    dynamodb.create_table(
        TableName="users",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def advance(seconds: float) -> None:
        httpx.post(f"{own.endpoint}/_atoll/clock", json={"advance": seconds}, timeout=30).raise_for_status()

    new = {"ConditionExpression": "attribute_not_exists(id)"}
    request = {"TransactItems": [put(1, **new)], "ClientRequestToken": "t"}
    dynamodb.transact_write_items(**request)
    dynamodb.transact_write_items(**request)
    own.kill()
    own.start()
    dynamodb = own.client("dynamodb", key=account)
    dynamodb.transact_write_items(**request)
    mismatch = (
        "IdempotentParameterMismatchException",
        "DynamoDB rejected the request because you retried a request with a different payload but with an idempotent token "
        "that was already used.",
        400,
    )
    other = {"TransactItems": [put(2)], "ClientRequestToken": "t"}
    assert aws_error(lambda: dynamodb.transact_write_items(**other)) == mismatch
    assert aws_error(lambda: dynamodb.transact_write_items(**request, ReturnConsumedCapacity="TOTAL")) == mismatch
    assert canceled(lambda: dynamodb.transact_write_items(TransactItems=request["TransactItems"])) == [FAILED]
    advance(480)
    dynamodb.transact_write_items(**request)
    advance(121)
    assert canceled(lambda: dynamodb.transact_write_items(**request)) == [FAILED]
    dynamodb.transact_write_items(**other)
    assert any("DynamoDB transactions" in name for name in waits(own))
    advance(1200)
    assert not any("DynamoDB transactions" in name for name in waits(own))


def waits(region: Any) -> list[str]:
    """What the region's clock says is due next."""
    facts = httpx.get(f"{region.endpoint}/_atoll/clock").json()
    return [str(timer) for timer in facts["due"]]


def test_a_canceled_transaction_does_not_use_its_token_up(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()
    request = {"TransactItems": [check("here"), put(1)], "ClientRequestToken": "t"}
    assert canceled(lambda: dynamodb.transact_write_items(**request)) == [FAILED, NONE]
    dynamodb.put_item(TableName="users", Item=key("here"))
    dynamodb.transact_write_items(**request)
    assert dynamodb.get_item(TableName="users", Key=key(1))["Item"] == key(1)


def test_members_in_another_order_are_the_same_request(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()
    action = put(1, item={"a": {"N": "1"}, "b": {"N": "2"}})
    dynamodb.transact_write_items(TransactItems=[action], ClientRequestToken="t")
    turned = {"Put": {"Item": dict(reversed(action["Put"]["Item"].items())), "TableName": "users"}}
    dynamodb.transact_write_items(TransactItems=[turned], ClientRequestToken="t")


def test_what_is_wrong_with_a_request_is_told_in_an_order_of_its_own(
    unchecked: Any, aws_error: Callable[..., Any]
) -> None:
    wrong = {"ReturnItemCollectionMetrics": "y", "ReturnConsumedCapacity": "x", "ClientRequestToken": "t" * 37}
    expected = f"3 validation errors detected: {LONG_TOKEN}; {WRONG_CAPACITY}; {WRONG_METRICS}"
    for members in (wrong, dict(reversed(wrong.items()))):
        answer = aws_error(
            lambda members=members: unchecked.transact_write_items(TransactItems=[put(1, "nosuch")], **members)
        )
        assert answer == (VALIDATION, expected, 400)
