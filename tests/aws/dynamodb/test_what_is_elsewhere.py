"""What DynamoDB does with services that are not here: asked what there is, it says truthfully that there is nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


def test_kinesis_destinations(dynamodb: Any, make_table: Callable[..., str], aws_error: Error) -> None:
    make_table()
    stream = {"TableName": "users", "StreamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/changes"}
    described = dynamodb.describe_kinesis_streaming_destination(TableName="users")
    assert (described["TableName"], described["KinesisDataStreamDestinations"]) == ("users", [])
    assert aws_error(lambda: dynamodb.disable_kinesis_streaming_destination(**stream)) == (
        "ValidationException",
        "Table is not in a valid state to enable Kinesis Streaming Destination: KinesisStreamingDestination must be "
        "ACTIVE to perform DISABLE operation.",
        400,
    )
    assert aws_error(lambda: dynamodb.update_kinesis_streaming_destination(**stream))[1] == (
        "Table is not in a valid state to enable Kinesis Streaming Destination: Kinesis streaming is not in ACTIVE "
        f"state. Updates are only allowed in ACTIVE state. TableName: users, kdsArn: {stream['StreamArn']}"
    )
    assert aws_error(lambda: dynamodb.enable_kinesis_streaming_destination(**stream)) == (
        "NotImplemented",
        "Atoll does not implement dynamodb:EnableKinesisStreamingDestination: there is no Kinesis yet to which changes "
        "could go.",
        501,
    )
    assert aws_error(lambda: dynamodb.describe_kinesis_streaming_destination(TableName="none")) == (
        "ResourceNotFoundException", "Requested resource not found: Table: none not found", 400,
    )  # fmt: skip


def test_global_tables(dynamodb: Any, make_table: Callable[..., str], aws_error: Error) -> None:
    make_table()
    missing = "Global table with name: 'users' does not exist."
    legacy = (
        "ValidationException",
        "One or more parameter values were invalid: DynamoDB global tables version 2017.11.29 is not supported. We "
        "recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy).",
        400,
    )
    name = {"GlobalTableName": "users"}
    region = {"RegionName": "eu-west-1"}
    assert dynamodb.list_global_tables()["GlobalTables"] == []
    assert aws_error(lambda: dynamodb.describe_global_table(**name)) == (
        "GlobalTableNotFoundException", f"Global table not found: {missing}", 400,
    )  # fmt: skip
    for call in (dynamodb.describe_global_table_settings, dynamodb.update_global_table_settings):
        assert aws_error(lambda call=call: call(**name)) == ("GlobalTableNotFoundException", missing, 400)
    assert aws_error(lambda: dynamodb.create_global_table(**name, ReplicationGroup=[region])) == legacy
    assert aws_error(lambda: dynamodb.update_global_table(**name, ReplicaUpdates=[{"Create": region}])) == legacy
    assert aws_error(lambda: dynamodb.update_global_table(**name, ReplicaUpdates=[])) == (
        "ValidationException", "One or more parameter values were invalid", 400,
    )  # fmt: skip
    assert aws_error(lambda: dynamodb.update_global_table(**name, ReplicaUpdates=[{"Delete": region}]))[0] == (
        "GlobalTableNotFoundException"
    )
    for call in (dynamodb.describe_table_replica_auto_scaling, dynamodb.update_table_replica_auto_scaling):
        assert aws_error(lambda call=call: call(TableName="users")) == ("ResourceNotFoundException", missing, 400)


def test_exports_and_imports(dynamodb: Any, account: str, aws_error: Error) -> None:
    table = f"arn:aws:dynamodb:us-east-1:{account}:table/users"
    assert dynamodb.list_exports()["ExportSummaries"] == []
    assert dynamodb.list_imports()["ImportSummaryList"] == []
    export, elsewhere = f"{table}/export/1", f"{table}/export/1".replace("us-east-1", "eu-west-1")
    assert aws_error(lambda: dynamodb.describe_export(ExportArn=export)) == (
        "ExportNotFoundException", f"Export not found: Export not found: {export}", 400,
    )  # fmt: skip
    assert aws_error(lambda: dynamodb.describe_export(ExportArn=elsewhere))[1] == "Export not found: Invalid export arn"
    assert aws_error(lambda: dynamodb.describe_import(ImportArn=f"{table}/import/1"))[0] == "ImportNotFoundException"
    for call in (
        lambda: dynamodb.describe_export(ExportArn=f"{table}/import/1"),
        lambda: dynamodb.describe_export(ExportArn=table),
    ):
        assert aws_error(call) == ("ValidationException", "Invalid Export ARN", 400)
    assert aws_error(lambda: dynamodb.describe_import(ImportArn=export)) == (
        "ValidationException", "Invalid Import ARN", 400,
    )  # fmt: skip
    create = {
        "TableName": "users",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    source = {"S3BucketSource": {"S3Bucket": "b"}, "InputFormat": "CSV", "TableCreationParameters": create}
    assert aws_error(lambda: dynamodb.import_table(**source)) == (
        "NotImplemented",
        "Atoll does not implement dynamodb:ImportTable: there is no S3 yet that could hold the files.",
        501,
    )
