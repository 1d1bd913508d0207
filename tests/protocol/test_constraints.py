"""Broken constraints are reported in AWS's words."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest

from atoll.kernel.errors import ValidationFailed
from atoll.protocol.models import Models
from atoll.protocol.patterns import matcher

MODELS = Models()


def message(service: str, operation: str, params: dict[str, Any]) -> str:
    with pytest.raises(ValidationFailed) as caught:
        MODELS.codec(service).validate(operation, params)
    return caught.value.message


def test_required_members_must_not_be_null() -> None:
    assert message("dynamodb", "GetItem", {}) == (
        "2 validation errors detected: "
        "Value null at 'key' failed to satisfy constraint: Member must not be null; "
        "Value null at 'tableName' failed to satisfy constraint: Member must not be null"
    )


def test_what_is_wrong_is_listed_as_the_map_of_the_members_has_it() -> None:
    """AWS's order, as it was recorded in 2026: sixteen slots for up to twelve members, thirty-two for UpdateItem's thirteen."""

    def order(operation: str, params: dict[str, Any]) -> list[str]:
        return re.findall(r" at '(\w+)'", message("dynamodb", operation, params))

    assert order("PutItem", {"TableName": "", "Item": {}, "ReturnValues": "x"}) == ["returnValues", "tableName"]
    both = {"TableName": "t", "Key": {}, "ReturnValues": "x", "ReturnConsumedCapacity": "x"}
    assert order("UpdateItem", both) == ["returnConsumedCapacity", "returnValues"]


def test_members_of_listed_structures_are_named_by_position() -> None:
    keys = [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "SORT"}]
    attributes: list[Any] = []
    assert message(
        "dynamodb", "CreateTable", {"TableName": "t", "KeySchema": keys, "AttributeDefinitions": attributes}
    ) == (
        "1 validation error detected: Value 'SORT' at 'keySchema.2.member.keyType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [HASH, RANGE]"
    )


def test_ranges_and_lengths() -> None:
    assert message("dynamodb", "ListTables", {"Limit": 101}) == (
        "1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: "
        "Member must have value less than or equal to 100"
    )
    assert message("logs", "CreateLogGroup", {"logGroupName": "x" * 513}) == (
        f"1 validation error detected: Value '{'x' * 513}' at 'logGroupName' failed to satisfy constraint: "
        "Member must have length less than or equal to 512"
    )


def test_a_member_that_messages_call_otherwise() -> None:
    """A Query's Limit of 0 as AWS refuses it, recorded by the conformance suite nubo-db/dynamodb-conformance; a Scan's is like all."""
    below = "failed to satisfy constraint: Member must have value greater than or equal to 1"
    query, scan = (message("dynamodb", name, {"TableName": "t", "Limit": 0}) for name in ("Query", "Scan"))
    assert query == f"1 validation error detected: Value at 'Limit' {below}"
    assert scan == f"1 validation error detected: Value '0' at 'limit' {below}"


def test_patterns_are_shown_as_the_model_writes_them() -> None:
    """aws-observed/lambda_: TestLambdaFunction.test_create_lambda_exceptions."""
    params = {"FunctionName": "f", "Role": "r1", "Code": {}}
    pattern = MODELS.service("lambda").shape_for("RoleArn").metadata["pattern"]
    assert message("lambda", "CreateFunction", params) == (
        "1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {pattern}"
    )


def test_items_of_scalar_lists_are_reported_for_the_list() -> None:
    """aws-observed/lambda_: architectures."""
    params = {"FunctionName": "f", "Architectures": ["X86_64"]}
    assert message("lambda", "UpdateFunctionCode", params) == (
        "1 validation error detected: Value '[X86_64]' at 'architectures' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
    )


def test_iam_hides_values() -> None:
    """aws-observed/iam: service specific credentials."""
    assert message("iam", "ResetServiceSpecificCredential", {"ServiceSpecificCredentialId": "x" * 19 + "!"}) == (
        "1 validation error detected: Value at 'serviceSpecificCredentialId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w]+"
    )


def test_runtimes_are_left_to_lambda() -> None:
    MODELS.codec("lambda").validate(
        "CreateFunction",
        {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {}, "Runtime": "python9.9"},
    )


def test_proper_requests_pass() -> None:
    item = {"pk": {"S": "a"}, "m": {"M": {"l": {"L": [{"BOOL": True}, {"NULL": True}]}}}}
    MODELS.codec("dynamodb").validate("PutItem", {"TableName": "t", "Item": item})


@pytest.mark.parametrize("service", ["dynamodb", "lambda", "iam", "sts", "logs", "apigatewayv2"])
def test_every_operation_reports_what_it_requires(service: str) -> None:
    codec = MODELS.codec(service)
    for operation in codec.model.operation_names:
        shape = codec.model.operation_model(operation).input_shape
        if shape is not None and shape.required_members:
            text = message(service, operation, {})
            assert text.count("Member must not be null") == len(shape.required_members)
        else:
            codec.validate(operation, {})


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(([a-z])+.)+[A-Z]", "(.*a){1,500}", r"(\.[a-z.]+)*", "([:/].+)*", "[unclosed", r"\P{C}+"]
)
def test_patterns_that_run_away_or_do_not_compile_are_not_checked(pattern: str) -> None:
    assert matcher(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"[\w+=,.@-]+", "a-b", "ä"),
        (r"((/[A-Za-z0-9\.,\+@=_-]+)*)/", "/a/b/", "//"),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Straße 1", "a*"),
        (r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?", "f:$LATEST", "f::"),
    ],
)
def test_java_patterns_match_whole_values(pattern: str, good: str, bad: str) -> None:
    match = matcher(pattern)
    assert match is not None
    assert match(good)
    assert not match(bad)


def test_visible_characters_are_those_of_java_and_few_more() -> None:
    """Cognito's names, passwords' hints and addresses: no blanks, no control characters, no surrogates."""
    matches = matcher(r"^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$")
    assert matches is not None
    taken = {code for code in range(0x110000) if matches(chr(code))}
    assert {code for code in range(0x110000) if unicodedata.category(chr(code))[0] in "LMSNP"} <= taken
    wrong = {unicodedata.category(chr(code)) for code in taken} - {"Lu", "Ll", "Lt", "Lm", "Lo", "Cn", "Cf"}
    assert {kind[0] for kind in wrong} <= set("MNPS")
    assert not matches("a b")
    assert not matches("a\n")
    assert not matches("a\x00")
