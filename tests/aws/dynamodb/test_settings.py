"""Tags, time to live and continuous backups of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

VALIDATION = "ValidationException"


def test_tags(dynamodb: Any, make_table: Callable[..., str], account: str, aws_error: Callable[..., Any]) -> None:
    make_table(Tags=[{"Key": "a", "Value": "1"}])
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/users"
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [
        {"Key": "a", "Value": "2"},
        {"Key": "b", "Value": ""},
    ]
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["a", "gone"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": ""}]
    missing = arn + "-not"
    not_found = ("ResourceNotFoundException", f"Requested resource not found: ResourcArn: {missing} not found", 400)
    assert aws_error(lambda: dynamodb.list_tags_of_resource(ResourceArn=missing)) == not_found
    assert aws_error(lambda: dynamodb.tag_resource(ResourceArn=missing, Tags=[{"Key": "a", "Value": ""}])) == not_found
    assert aws_error(lambda: dynamodb.untag_resource(ResourceArn=missing, TagKeys=["a"])) == (
        "ResourceNotFoundException", "Requested resource not found", 400,
    )  # fmt: skip
    short = arn.replace("users", "ab")
    assert aws_error(lambda: dynamodb.list_tags_of_resource(ResourceArn=short)) == (
        VALIDATION, f"Invalid TableArn: Invalid ResourceArn provided as input {short}", 400,
    )  # fmt: skip
    assert aws_error(lambda: dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": ""}])) == (
        VALIDATION, "Tag Key cannot be prefixed with aws:, Key: aws:x", 400,
    )  # fmt: skip
    assert aws_error(
        lambda: dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": f"t{n}", "Value": ""} for n in range(50)])
    ) == (VALIDATION, "Number of Tags exceed the current limit for the provided ResourceArn", 400)
    dynamodb.delete_table(TableName="users")
    make_table()
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == []


def test_tags_come_in_pages(dynamodb: Any, make_table: Callable[..., str], account: str) -> None:
    make_table(Tags=[{"Key": f"t{n:02}", "Value": "x"} for n in range(25)])
    pages = dynamodb.get_paginator("list_tags_of_resource").paginate(
        ResourceArn=f"arn:aws:dynamodb:us-east-1:{account}:table/users"
    )
    sizes = [[tag["Key"] for tag in page["Tags"]] for page in pages]
    assert [len(page) for page in sizes] == [10, 10, 5]
    assert [key for page in sizes for key in page] == [f"t{n:02}" for n in range(25)]


def test_time_to_live(dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    make_table()

    def update(attribute: str, *, enabled: bool) -> Any:
        return dynamodb.update_time_to_live(
            TableName="users", TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute}
        )

    def described() -> dict[str, Any]:
        return dynamodb.describe_time_to_live(TableName="users")["TimeToLiveDescription"]

    assert described() == {"TimeToLiveStatus": "DISABLED"}
    assert aws_error(lambda: update("ttl", enabled=False)) == (VALIDATION, "TimeToLive is already disabled", 400)
    assert update("ttl", enabled=True)["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": "ttl"}
    assert described() == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    assert aws_error(lambda: update("ttl", enabled=True)) == (VALIDATION, "TimeToLive is already enabled", 400)
    assert aws_error(lambda: update("other", enabled=True)) == (
        VALIDATION, "TimeToLive is active on a different AttributeName: current AttributeName is ttl", 400,
    )  # fmt: skip
    update("ttl", enabled=False)
    assert described() == {"TimeToLiveStatus": "DISABLED"}


def test_continuous_backups(dynamodb: Any, make_table: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    assert aws_error(lambda: dynamodb.describe_continuous_backups(TableName="users")) == (
        "TableNotFoundException", "Table not found: users", 400,
    )  # fmt: skip
    make_table()
    described = dynamodb.describe_continuous_backups(TableName="users")["ContinuousBackupsDescription"]
    assert described == {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
    }

    def update(**specification: Any) -> Any:
        return dynamodb.update_continuous_backups(TableName="users", PointInTimeRecoverySpecification=specification)

    update(PointInTimeRecoveryEnabled=True, RecoveryPeriodInDays=7)
    recovery = dynamodb.describe_continuous_backups(TableName="users")["ContinuousBackupsDescription"]
    recovery = recovery["PointInTimeRecoveryDescription"]
    assert (recovery["PointInTimeRecoveryStatus"], recovery["RecoveryPeriodInDays"]) == ("ENABLED", 7)
    assert recovery["EarliestRestorableDateTime"] <= recovery["LatestRestorableDateTime"]
    assert aws_error(lambda: update(PointInTimeRecoveryEnabled=False, RecoveryPeriodInDays=7)) == (
        VALIDATION,
        "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.",
        400,
    )
