"""Models: what is wrong with a body, in the words of AWS's validator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from atoll.api_runtime.schemas import errors, validator


def wrong(schema: Any, body: Any, **others: Any) -> list[str]:
    models = {name: json.dumps(one) for name, one in {"M": schema, **others}.items()}
    return errors(validator("M", models), body)


@pytest.mark.parametrize(
    ("schema", "body", "expected"),
    [
        ({"required": ["b", "a"]}, {}, 'object has missing required properties (["a","b"])'),
        (
            {"type": "number"},
            "x",
            'instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])',
        ),
        (
            {"type": "object"},
            None,
            'instance type (null) does not match any allowed primitive type (allowed: ["object"])',
        ),
        ({"enum": ["a", "b"]}, "c", 'instance value ("c") not found in enum (possible values: ["a","b"])'),
        ({"minLength": 3}, "ab", 'string "ab" is too short (length: 2, required minimum: 3)'),
        ({"maxLength": 1}, "ab", 'string "ab" is too long (length: 2, maximum allowed: 1)'),
        ({"pattern": "^a"}, "b", 'ECMA 262 regex "^a" does not match input string "b"'),
        ({"minimum": 5}, 3, "numeric instance is lower than the required minimum (minimum: 5, found: 3)"),
        ({"maximum": 5}, 7, "numeric instance is greater than the required maximum (maximum: 5, found: 7)"),
        (
            {"minimum": 5, "exclusiveMinimum": True},
            5,
            "numeric instance is not strictly greater than the required minimum 5",
        ),
        ({"minItems": 1}, [], "array is too short: must have at least 1 elements but instance has 0 elements"),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            {"a": 1, "c": 2},
            'object instance has properties which are not allowed by the schema: ["c"]',
        ),
        ({"oneOf": [{"type": "string"}, {}]}, "x", "instance failed to match exactly one schema (matched 2 out of 2)"),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            1,
            "instance failed to match at least one required schema among 2",
        ),
        ({"uniqueItems": True}, [1, 1], "array must not contain duplicate elements"),
    ],
)
def test_errors(schema: Any, body: Any, expected: str) -> None:
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", **schema}
    assert wrong(schema, body) == [expected]


def test_models_refer_to_models() -> None:
    item = {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]}
    schema = {"type": "array", "items": {"$ref": "https://apigateway.amazonaws.com/restapis/x1/models/Item"}}
    assert wrong(schema, [{"a": 1}], Item=item) == []
    assert wrong(schema, [{}], Item=item) == ['object has missing required properties (["a"])']


def test_a_reference_to_nothing_lets_nothing_pass_and_asks_no_one() -> None:
    assert wrong({"$ref": "https://apigateway.amazonaws.com/restapis/x1/models/None"}, {}) != []
    assert wrong({"$ref": "http://127.0.0.1:1/schema"}, {}) != []
    assert errors(validator("M", {"M": "{"}), {}) == ["Invalid model schema"]


def test_patterns_that_blow_up_match_nothing_soon() -> None:
    assert wrong({"pattern": "^(a+)+$"}, "a" * 40 + "!") != []
    assert wrong({"patternProperties": {"^(a+)+$": {"type": "null"}}}, {"a" * 40 + "!": 1}) == []
    assert wrong({"patternProperties": {"^n": {"type": "number"}}}, {"n": "x"}) != []
