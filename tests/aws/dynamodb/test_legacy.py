"""Expected, ConditionalOperator and AttributeUpdates: what came before expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "
KEY = {"id": {"S": "1"}}
ITEM: dict[str, Any] = {
    **KEY,
    "n": {"N": "5"},
    "s": {"S": "hello"},
    "b": {"B": b"hi there"},
    "flag": {"BOOL": True},
    "none": {"NULL": True},
    "ns": {"NS": ["1", "2"]},
    "ss": {"SS": ["a", "b"]},
    "l": {"L": [{"N": "1"}, {"S": "x"}]},
    "m": {"M": {"k": {"S": "v"}}},
    "a.b": {"S": "dotted"},
}


@pytest.fixture
def table(dynamodb: Any, make_table: Callable[..., str]) -> str:
    """A table with an item of all types."""
    name = make_table()
    dynamodb.put_item(TableName=name, Item=ITEM)
    return name


def compare(operator: str, *values: Any) -> dict[str, Any]:
    return {"ComparisonOperator": operator, **({"AttributeValueList": list(values)} if values else {})}


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ({}, True),
        ({"n": {"Value": {"N": "5.0"}}}, True),
        ({"n": {"Value": {"N": "6"}}}, False),
        ({"flag": {"Value": {"BOOL": True}, "Exists": True}}, True),
        ({"gone": {"Value": {"N": "6"}}}, False),
        ({"gone": {"Exists": False}}, True),
        ({"n": {"Exists": False}}, False),
        ({"a.b": {"Value": {"S": "dotted"}}}, True),  # names are taken as they are
        ({"ns": compare("EQ", {"NS": ["2", "1"]})}, True),
        ({"m": compare("EQ", {"M": {"k": {"S": "v"}}})}, True),
        ({"n": {"ComparisonOperator": "EQ", "Value": {"N": "5"}}}, True),
        ({"n": compare("NE", {"N": "6"})}, True),
        ({"n": compare("NE", {"S": "5"})}, True),
        ({"gone": compare("NE", {"S": "5"})}, True),
        ({"n": compare("NE", {"N": "5"})}, False),
        ({"n": compare("LE", {"N": "5"})}, True),
        ({"n": compare("LT", {"N": "5"})}, False),
        ({"s": compare("GE", {"S": "hell"})}, True),
        ({"b": compare("GT", {"B": b"zzz"})}, False),
        ({"n": compare("GT", {"S": "1"})}, False),
        ({"none": compare("NOT_NULL")}, True),  # it is there, whatever it is
        ({"none": compare("NULL")}, False),
        ({"gone": compare("NULL")}, True),
        ({"gone": compare("NOT_NULL")}, False),
        ({"s": compare("CONTAINS", {"S": "ell"})}, True),
        ({"ns": compare("CONTAINS", {"N": "2.0"})}, True),
        ({"l": compare("CONTAINS", {"S": "x"})}, True),
        ({"s": compare("CONTAINS", {"N": "1"})}, False),
        ({"s": compare("NOT_CONTAINS", {"S": "dog"})}, True),
        ({"s": compare("NOT_CONTAINS", {"N": "1"})}, True),
        ({"s": compare("NOT_CONTAINS", {"S": "ell"})}, False),
        ({"gone": compare("NOT_CONTAINS", {"S": "x"})}, False),  # as CONTAINS: nothing is contained, and nothing not contained
        ({"s": compare("BEGINS_WITH", {"S": "hell"})}, True),
        ({"n": compare("BEGINS_WITH", {"S": "5"})}, False),
        ({"n": compare("IN", {"N": "1"}, {"N": "5"})}, True),
        ({"ns": compare("IN", {"N": "1"}, {"N": "2"})}, False),
        ({"n": compare("BETWEEN", {"N": "5"}, {"N": "7"})}, True),
        ({"s": compare("BETWEEN", {"S": "i"}, {"S": "z"})}, False),
        ({"n": {"Value": {"N": "5"}}, "gone": {"Exists": False}}, True),
        ({"n": {"Value": {"N": "5"}}, "s": {"Exists": False}}, False),
    ],
)  # fmt: skip
def test_what_expected_demands(
    dynamodb: Any, table: str, aws_error: Callable[..., Any], expected: dict[str, Any], holds: bool
) -> None:
    calls = [
        lambda: dynamodb.update_item(
            TableName=table, Key=KEY, Expected=expected, AttributeUpdates={"u": {"Value": {"N": "1"}}}
        ),
        lambda: dynamodb.put_item(TableName=table, Item=ITEM, Expected=expected),
        lambda: dynamodb.delete_item(TableName=table, Key=KEY, Expected=expected),
    ]
    for call in calls:
        if holds:
            call()
        else:
            failed = ("ConditionalCheckFailedException", "The conditional request failed", 400)
            assert aws_error(call) == failed
    assert ("Item" in dynamodb.get_item(TableName=table, Key=KEY)) is not holds


def test_one_of_several_is_enough(dynamodb: Any, table: str, aws_error: Callable[..., Any]) -> None:
    expected = {"n": {"Value": {"N": "6"}}, "s": compare("BEGINS_WITH", {"S": "h"})}
    dynamodb.update_item(TableName=table, Key=KEY, Expected=expected, ConditionalOperator="OR")
    for more in ({}, {"ConditionalOperator": "AND"}):
        error = aws_error(lambda more=more: dynamodb.update_item(TableName=table, Key=KEY, Expected=expected, **more))
        assert error[0] == "ConditionalCheckFailedException"
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as caught:
        dynamodb.delete_item(TableName=table, Key=KEY, Expected=expected, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.response["Item"] == ITEM


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Expected": {"a": {}}}, INVALID + "Value must be provided when Exists is null for Attribute: a"),
        ({"Expected": {"a": {"Exists": True}}}, INVALID + "Value must be provided when Exists is true for Attribute: a"),
        (
            {"Expected": {"a": {"Exists": False, "Value": {"S": "x"}}}},
            INVALID + "Value cannot be used when Exists is false for Attribute: a",
        ),
        (
            {"Expected": {"a": {"Value": {"S": "x"}, **compare("EQ", {"S": "x"})}}},
            INVALID + "Value and AttributeValueList cannot be used together for Attribute: a",
        ),
        (
            {"Expected": {"a": {"Exists": True, **compare("EQ", {"S": "x"})}}},
            INVALID + "Exists and ComparisonOperator cannot be used together for Attribute: a",
        ),
        (
            {"Expected": {"a": compare("EQ")}},
            INVALID + "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a",
        ),
        (
            {"Expected": {"a": {"AttributeValueList": [{"S": "x"}]}}},
            INVALID + "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
        ),
        (
            {"Expected": {"a": compare("EQ", {"N": "1"}, {"N": "2"})}},
            INVALID + "Invalid number of argument(s) for the EQ ComparisonOperator",
        ),
        (
            {"Expected": {"a": compare("NULL", {"N": "1"})}},
            INVALID + "Invalid number of argument(s) for the NULL ComparisonOperator",
        ),
        (
            {"Expected": {"a": compare("BETWEEN", {"N": "1"})}},
            INVALID + "Invalid number of argument(s) for the BETWEEN ComparisonOperator",
        ),
        (
            {"Expected": {"a": {"ComparisonOperator": "IN", "AttributeValueList": []}}},
            INVALID + "Invalid number of argument(s) for the IN ComparisonOperator",
        ),
        (
            {"Expected": {"a": compare("IN", {"N": "1"}, {"S": "2"})}},
            INVALID + "AttributeValues inside AttributeValueList must be of same type",
        ),
        (
            {"Expected": {"a": compare("BEGINS_WITH", {"N": "1"})}},
            INVALID + "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type",
        ),
        (
            {"Expected": {"a": compare("CONTAINS", {"L": []})}},
            INVALID + "ComparisonOperator CONTAINS is not valid for L AttributeValue type",
        ),
        (
            {"Expected": {"a": compare("LT", {"SS": ["x"]})}},
            INVALID + "ComparisonOperator LT is not valid for SS AttributeValue type",
        ),
        (
            {"Expected": {"a": compare("BETWEEN", {"N": "4"}, {"N": "3"})}},
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
        ),
        ({"Expected": {"a": {"Value": {"N": "x"}}}}, "The parameter cannot be converted to a numeric value: x"),
        ({"ConditionalOperator": "AND"}, "ConditionalOperator cannot be used without Filter or Expected"),
        ({"ConditionalOperator": "OR", "Expected": {}}, "ConditionalOperator cannot be used without Filter or Expected"),
        (
            {"ConditionalOperator": "AND", "Expected": {"a": {"Exists": False}}},
            "ConditionalOperator can only be used when Filter or Expected has two or more elements",
        ),
        (
            {"ConditionalOperator": "AND", "Expected": {}, "ConditionExpression": "attribute_exists(id)"},
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: "
            "{Expected, ConditionalOperator} Expression parameters: {ConditionExpression}",
        ),
    ],
)  # fmt: skip
def test_conditions_that_are_refused(
    dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any], members: dict[str, Any], message: str
) -> None:
    make_table()
    refused = (VALIDATION, message, 400)
    assert aws_error(lambda: dynamodb.put_item(TableName="users", Item=KEY, **members)) == refused
    assert aws_error(lambda: dynamodb.delete_item(TableName="users", Key=KEY, **members)) == refused
    assert aws_error(lambda: dynamodb.update_item(TableName="users", Key=KEY, **members)) == refused


@pytest.mark.parametrize(
    ("updates", "change"),
    [
        ({}, {}),
        ({"n": {"Value": {"S": "x"}}, "new": {"Action": "PUT", "Value": {"L": []}}}, {"n": {"S": "x"}, "new": {"L": []}}),
        ({"n": {"Action": "DELETE"}, "gone": {"Action": "DELETE"}}, {"n": None}),
        ({"n": {"Action": "ADD", "Value": {"N": "-7.5"}}, "new": {"Action": "ADD", "Value": {"N": "1"}}},
         {"n": {"N": "-2.5"}, "new": {"N": "1"}}),
        ({"ss": {"Action": "ADD", "Value": {"SS": ["b", "c"]}}, "new": {"Action": "ADD", "Value": {"BS": [b"x"]}}},
         {"ss": {"SS": ["a", "b", "c"]}, "new": {"BS": [b"x"]}}),
        ({"l": {"Action": "ADD", "Value": {"L": [{"S": "y"}]}}}, {"l": {"L": [{"N": "1"}, {"S": "x"}, {"S": "y"}]}}),
        ({"ss": {"Action": "DELETE", "Value": {"SS": ["b", "c"]}}, "gone": {"Action": "DELETE", "Value": {"NS": ["1"]}}},
         {"ss": {"SS": ["a"]}}),
        ({"ns": {"Action": "DELETE", "Value": {"NS": ["1", "2.0"]}}}, {"ns": None}),
        ({"a.b": {"Action": "DELETE"}}, {"a.b": None}),
    ],
)  # fmt: skip
def test_what_attribute_updates_do(dynamodb: Any, table: str, updates: dict[str, Any], change: dict[str, Any]) -> None:
    answer = dynamodb.update_item(TableName=table, Key=KEY, AttributeUpdates=updates, ReturnValues="UPDATED_NEW")
    new = dynamodb.get_item(TableName=table, Key=KEY)["Item"]
    assert {name: new.get(name) for name in {**ITEM, **new} if new.get(name) != ITEM.get(name)} == change
    assert answer.get("Attributes", {}) == {name: new[name] for name in updates if name in new}


def test_attribute_updates_of_an_absent_item(dynamodb: Any, make_table: Callable[..., str]) -> None:
    make_table()

    def update(key: str, updates: dict[str, Any]) -> Any:
        dynamodb.update_item(TableName="users", Key={"id": {"S": key}}, AttributeUpdates=updates)
        return dynamodb.get_item(TableName="users", Key={"id": {"S": key}}).get("Item")

    assert update("1", {"a": {"Action": "DELETE"}, "b": {"Action": "DELETE", "Value": {"SS": ["x"]}}}) is None
    assert update("2", {}) == {"id": {"S": "2"}}
    assert update("3", {"a": {"Action": "DELETE"}, "b": {"Value": {"S": "x"}}}) == {"id": {"S": "3"}, "b": {"S": "x"}}


@pytest.mark.parametrize(
    ("updates", "message"),
    [
        ({"x": {}}, INVALID + "Only DELETE action is allowed when no attribute value is specified"),
        ({"x": {"Action": "ADD"}}, INVALID + "Only DELETE action is allowed when no attribute value is specified"),
        (
            {"x": {"Action": "DELETE", "Value": {"S": "1"}}},
            INVALID + "DELETE action with value is not supported for the type S",
        ),
        (
            {"x": {"Action": "DELETE", "Value": {"L": []}}},
            INVALID + "DELETE action with value is not supported for the type L",
        ),
        ({"x": {"Action": "ADD", "Value": {"M": {}}}}, INVALID + "ADD action is not supported for the type M"),
        ({"x": {"Value": {"SS": []}}}, INVALID + "An string set  may not be empty"),
        ({"id": {"Value": {"S": "x"}}}, INVALID + "Cannot update attribute id. This attribute is part of the key"),
        ({"ss": {"Action": "ADD", "Value": {"NS": ["1"]}}}, "Type mismatch for attribute to update"),
        ({"n": {"Action": "DELETE", "Value": {"NS": ["1"]}}}, "Type mismatch for attribute to update"),
        ({"s": {"Action": "ADD", "Value": {"N": "1"}}}, "Type mismatch for attribute to update"),
    ],
)
def test_attribute_updates_that_are_refused(
    dynamodb: Any, table: str, aws_error: Callable[..., Any], updates: dict[str, Any], message: str
) -> None:
    call = {"TableName": table, "Key": KEY, "AttributeUpdates": updates}
    assert aws_error(lambda: dynamodb.update_item(**call)) == (VALIDATION, message, 400)
    assert dynamodb.get_item(TableName=table, Key=KEY)["Item"] == ITEM
