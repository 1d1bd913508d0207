"""Event source mappings: what the operations answer and refuse, and that streams feed real functions. What a function got it writes to a
table of its own, so that tests see what a user would."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from .conftest import Lambda
from .feeding import READS_STREAMS, Fed, feed, grant

if TYPE_CHECKING:
    from tests.conftest import Region


@pytest.fixture
def fed(client: Callable[..., Any], fn: Lambda) -> Fed:
    return feed(client, fn)


def test_an_item_reaches_the_function(fed: Fed, eventually: Callable[..., Any], account: str) -> None:
    fed.function()
    made = fed.connect(BatchSize=1, MaximumRetryAttempts=1)
    arn = f"arn:aws:lambda:us-east-1:{account}"
    del made["ResponseMetadata"]["HTTPHeaders"], made["ResponseMetadata"]["RequestId"], made["LastModified"]
    assert made == {
        "ResponseMetadata": {"HTTPStatusCode": 202, "RetryAttempts": 0},
        "BatchSize": 1,
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {}},
        "EventSourceArn": fed.stream,
        "EventSourceMappingArn": f"{arn}:event-source-mapping:{made['UUID']}",
        "FunctionArn": f"{arn}:function:fn",
        "FunctionResponseTypes": [],
        "LastProcessingResult": "No records processed",
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": 1,
        "ParallelizationFactor": 1,
        "StartingPosition": "TRIM_HORIZON",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "TumblingWindowInSeconds": 0,
        "UUID": made["UUID"],
    }
    assert fed.get()["State"] == "Enabled"
    fed.put("hello world", binary={"B": b"foobar"})
    (event,) = eventually(fed.events, len)
    (record,) = event["Records"]
    created = record["dynamodb"].pop("ApproximateCreationDateTime")
    number = record["dynamodb"].pop("SequenceNumber")
    assert isinstance(created, int | float)
    assert number.isdigit()
    assert len(record.pop("eventID")) == 32
    assert record == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "Keys": {"id": {"S": "hello world"}},
            "NewImage": {"id": {"S": "hello world"}, "binary": {"B": "Zm9vYmFy"}},
            "SizeBytes": 38,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": fed.stream,
    }
    eventually(lambda: fed.get()["LastProcessingResult"], lambda result: result == "OK")


BAD = 'if any("bad" in record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]): raise ValueError("bad")'
REPORT = """return {"batchItemFailures": [
        {"itemIdentifier": record["dynamodb"]["SequenceNumber"]}
        for record in event["Records"] if "bad" in record["dynamodb"]["Keys"]["id"]["S"]]}"""


def until(fed: Fed, eventually: Callable[..., Any], *expected: list[str]) -> None:
    """Waits for these batches, and for no others."""
    assert eventually(fed.batches, lambda found: len(found) >= len(expected)) == list(expected)


def test_batches_are_as_large_as_the_mapping_says(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function()
    fed.put(*[str(n) for n in range(7)])
    fed.connect(BatchSize=3)
    until(fed, eventually, ["0", "1", "2"], ["3", "4", "5"], ["6"])


def test_a_payload_is_at_most_six_megabytes(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function()
    fed.put(*[str(n) for n in range(20)], large={"S": "x" * 390_000})
    fed.connect(MaximumBatchingWindowInSeconds=1)
    found = eventually(lambda: [len(batch) for batch in fed.batches()], lambda found: sum(found) == 20)
    assert found == [16, 4]


def test_latest_begins_with_what_is_written_afterwards(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function()
    fed.put("before")
    fed.connect(StartingPosition="LATEST")
    fed.put("after")
    until(fed, eventually, ["after"])


def test_a_batch_is_tried_again_and_then_given_up(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function(BAD)
    fed.put("bad", "good")
    fed.connect(MaximumRetryAttempts=1)
    eventually(fed.batches, lambda found: found == [["bad", "good"]] * 2)
    fed.put("next")
    until(fed, eventually, ["bad", "good"], ["bad", "good"], ["next"])


def test_what_came_of_the_last_records(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function(BAD)
    fed.connect(MaximumRetryAttempts=0)
    assert fed.get()["LastProcessingResult"] == "No records processed"
    fed.put("bad")
    eventually(lambda: fed.get()["LastProcessingResult"], lambda found: found == "PROBLEM: Function call failed")
    fed.put("good")
    eventually(lambda: fed.get()["LastProcessingResult"], lambda found: found == "OK")


def test_a_batch_is_split_until_the_bad_record_is_alone(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function(BAD)
    fed.put("1", "2", "bad", "4")
    fed.connect(MaximumRetryAttempts=0, BisectBatchOnFunctionError=True)
    until(fed, eventually, ["1", "2", "bad", "4"], ["1", "2"], ["bad", "4"], ["bad"], ["4"])


def test_only_what_failed_is_tried_again(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function(REPORT)
    fed.put("1", "2", "bad", "4")
    fed.connect(MaximumRetryAttempts=1, FunctionResponseTypes=["ReportBatchItemFailures"])
    until(fed, eventually, ["1", "2", "bad", "4"], ["bad", "4"])
    fed.put("5")
    until(fed, eventually, ["1", "2", "bad", "4"], ["bad", "4"], ["5"])


@pytest.mark.parametrize("answer", ["[]", "None", "{}", '{"batchItemFailures": []}', '{"batchItemFailures": None}'])
def test_answers_that_report_no_failure(fed: Fed, eventually: Callable[..., Any], answer: str) -> None:
    fed.function(f"return {answer}")
    fed.connect(FunctionResponseTypes=["ReportBatchItemFailures"])
    fed.put("1")
    until(fed, eventually, ["1"])
    eventually(lambda: fed.get()["LastProcessingResult"], lambda found: found == "OK")


def test_filters_choose_the_records(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function()
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"n": {"N": ["1", "2"]}}}}
    other = {"eventName": ["REMOVE"], "dynamodb": {"OldImage": {"id": {"S": [{"prefix": "b"}]}}}}
    filters = {"Filters": [{"Pattern": json.dumps(pattern)}, {"Pattern": json.dumps(other)}]}
    assert fed.connect(FilterCriteria=filters)["FilterCriteria"] == filters
    fed.put("a", n={"N": "1"})
    fed.put("a", n={"N": "2"})
    fed.put("b", n={"N": "3"})
    fed.dynamodb.delete_item(TableName="source", Key={"id": {"S": "a"}})
    fed.dynamodb.delete_item(TableName="source", Key={"id": {"S": "b"}})
    found = eventually(fed.events, lambda events: sum(len(event["Records"]) for event in events) >= 2)
    chosen = [
        (record["eventName"], record["dynamodb"]["Keys"]["id"]["S"]) for event in found for record in event["Records"]
    ]
    assert chosen == [("INSERT", "a"), ("REMOVE", "b")]


def test_lanes_keep_the_order_of_each_key(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function()
    for n in range(5):
        fed.put(*"abcdefgh", n={"N": str(n)})
    fed.connect(ParallelizationFactor=4, BatchSize=3)
    events = eventually(fed.events, lambda events: sum(len(event["Records"]) for event in events) >= 40)
    by_key: dict[str, list[int]] = {}
    for event in events:
        for record in event["Records"]:
            image = record["dynamodb"]["NewImage"]
            by_key.setdefault(image["id"]["S"], []).append(int(image["n"]["N"]))
    assert by_key == {key: [0, 1, 2, 3, 4] for key in "abcdefgh"}


def test_a_disabled_mapping_waits_and_goes_on_where_it_was(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function()
    uuid = fed.connect()["UUID"]
    fed.put("1")
    until(fed, eventually, ["1"])
    assert fed.fn.client.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    assert fed.get()["State"] == "Disabled"
    fed.put("2")
    enabled = fed.fn.client.update_event_source_mapping(UUID=uuid, Enabled=True, BatchSize=7)
    assert (enabled["State"], enabled["BatchSize"]) == ("Enabling", 7)
    until(fed, eventually, ["1"], ["2"])


def test_more_lanes_go_on_where_the_one_was(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function()
    uuid = fed.connect()["UUID"]
    fed.put("1")
    until(fed, eventually, ["1"])
    updated = fed.fn.client.update_event_source_mapping(UUID=uuid, ParallelizationFactor=3)
    assert updated["State"] == "Updating"
    fed.put("2")
    until(fed, eventually, ["1"], ["2"])


def test_a_deleted_mapping_is_gone(fed: Fed, aws_error: Callable[..., Any]) -> None:
    fed.function()
    uuid = fed.connect()["UUID"]
    assert fed.fn.client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    gone = ("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    assert aws_error(fed.get) == gone
    assert aws_error(lambda: fed.fn.client.delete_event_source_mapping(UUID=uuid)) == gone
    assert aws_error(lambda: fed.fn.client.update_event_source_mapping(UUID=uuid)) == gone
    assert fed.fn.client.list_event_source_mappings()["EventSourceMappings"] == []


def test_a_version_and_an_alias_are_fed(fed: Fed, eventually: Callable[..., Any], account: str) -> None:
    fed.function()
    fed.fn.client.publish_version(FunctionName="fn")
    fed.fn.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    arn = f"arn:aws:lambda:us-east-1:{account}:function:fn"
    assert fed.connect("fn:1")["FunctionArn"] == f"{arn}:1"
    assert fed.connect(f"{account}:fn:live")["FunctionArn"] == f"{arn}:live"
    fed.put("1")
    eventually(fed.batches, lambda found: found == [["1"], ["1"]])
    rows = fed.dynamodb.scan(TableName="seen")["Items"]
    assert {row["arn"]["S"] for row in rows} == {f"{arn}:1", f"{arn}:live"}
    listed = fed.fn.client.list_event_source_mappings(FunctionName="fn:live")["EventSourceMappings"]
    assert [one["FunctionArn"] for one in listed] == [f"{arn}:live"]


def test_a_throttled_function_uses_up_no_attempt(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function()
    fed.fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0)
    fed.connect(MaximumRetryAttempts=0)
    fed.put("1")
    eventually(lambda: fed.get()["LastProcessingResult"], lambda found: found == "PROBLEM: Function call failed")
    fed.fn.client.delete_function_concurrency(FunctionName="fn")
    until(fed, eventually, ["1"])


def test_a_function_that_is_deleted_and_made_again(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function()
    fed.connect()
    fed.fn.client.delete_function(FunctionName="fn")
    fed.put("1")
    eventually(lambda: fed.get()["LastProcessingResult"], lambda found: found.startswith("PROBLEM: Function not found"))
    fed.function()
    until(fed, eventually, ["1"])


def test_a_role_that_may_no_longer_read(fed: Fed, client: Callable[..., Any], eventually: Callable[..., Any]) -> None:
    fed.function()
    fed.connect()
    client("iam").detach_role_policy(RoleName="fn-role", PolicyArn=READS_STREAMS)
    fed.put("1")
    eventually(
        lambda: fed.get()["LastProcessingResult"], lambda found: found == f"PROBLEM: {cannot_access(fed.stream)}"
    )
    client("iam").attach_role_policy(RoleName="fn-role", PolicyArn=READS_STREAMS)
    until(fed, eventually, ["1"])


def cannot_access(stream: str) -> str:
    return (
        f"Cannot access stream {stream}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, "
        "and ListStreams Actions on your stream in IAM."
    )


def test_what_a_deleted_table_left_is_still_processed(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function()
    uuid = fed.connect(Enabled=False)["UUID"]
    assert fed.get()["State"] == "Disabled"
    fed.put("1")
    fed.dynamodb.delete_table(TableName="source")
    fed.fn.client.update_event_source_mapping(UUID=uuid, Enabled=True)
    until(fed, eventually, ["1"])


def test_one_function_that_fails_does_not_hold_up_another(fed: Fed, eventually: Callable[..., Any]) -> None:
    fed.function()
    fed.fn.create("broken", "def handler(event, context):\n    raise ValueError\n")
    fed.connect("broken")
    fed.connect()
    fed.put("1")
    until(fed, eventually, ["1"])
    for n in range(2, 6):
        fed.put(str(n))
        eventually(fed.batches, lambda found, n=n: [str(n)] in found)


def test_what_is_asked_of_a_mapping(fed: Fed, aws_error: Callable[..., Any], account: str) -> None:
    """The messages are AWS's (aws-observed/lambda_/test_lambda_api and …_integration_…)."""
    create = fed.fn.client.create_event_source_mapping
    queue = f"arn:aws:sqs:us-east-1:{account}:queue"
    invalid = "InvalidParameterValueException"
    nothing = {"FunctionName": "nobody"}
    stream = {"EventSourceArn": fed.stream, "StartingPosition": "LATEST"}
    fed.function()
    for request, message in (
        (nothing, "Unrecognized event source."),
        (nothing | {"EventSourceArn": queue}, "Function does not exist"),
        (nothing | stream, "Function does not exist"),
        ({"FunctionName": "fn:7"} | stream, "Function does not exist"),
        (
            nothing | {"EventSourceArn": queue, "DestinationConfig": {"OnSuccess": {"Destination": queue}}},
            "Unsupported DestinationConfig parameter for given event source mapping type.",
        ),
        (
            {"FunctionName": "fn", "EventSourceArn": queue, "ParallelizationFactor": 2},
            "Unsupported ParallelizationFactor parameter for given event source mapping type.",
        ),
        (
            {"FunctionName": "fn", "EventSourceArn": queue, "BatchSize": 11},
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        ),
        (
            {"FunctionName": "fn", "EventSourceArn": fed.stream},
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null.",
        ),
        (
            {"FunctionName": "fn", "EventSourceArn": fed.stream, "StartingPosition": "AT_TIMESTAMP"},
            f"Unsupported starting position for arn type: {fed.stream}",
        ),
        ({"FunctionName": "fn"} | stream | {"EventSourceArn": f"{fed.stream}9"}, f"Stream not found: {fed.stream}9"),
        *(
            ({"FunctionName": "fn", "FilterCriteria": {"Filters": [{"Pattern": text}]}} | stream, "Invalid filter pattern definition.")
            for text in ("single-string", '[{"eventName": ["INSERT"=123}]', "null", '"simple string"', '{"eventName": "INSERT"}', "[]")
        ),
        ({"FunctionName": "fn", "EventSourceArn": "arn:aws:s3:::bucket"}, "Unrecognized event source."),
    ):  # fmt: skip
        assert aws_error(lambda request=request: create(**request)) == (invalid, message, 400), request


def test_a_source_feeds_a_function_once(fed: Fed, aws_error: Callable[..., Any], account: str) -> None:
    fed.function()
    uuid = fed.connect()["UUID"]
    code, message, status = aws_error(lambda: fed.connect(StartingPosition="LATEST"))
    assert (code, status) == ("ResourceConflictException", 409)
    assert message == (
        f'The event source arn (" {fed.stream} ") and function (" fn ") provided mapping already exists. '
        f"Please update or delete the existing mapping with UUID {uuid}"
    )
    queue = f"arn:aws:sqs:us-east-1:{account}:queue"
    uuid = fed.fn.client.create_event_source_mapping(FunctionName="fn", EventSourceArn=queue)["UUID"]
    again = aws_error(lambda: fed.fn.client.create_event_source_mapping(FunctionName="fn", EventSourceArn=queue))
    assert again[1] == (
        f'An event source mapping with SQS arn (" {queue} ") and function (" fn ") already exists. '
        f"Please update or delete the existing mapping with UUID {uuid}"
    )


def test_a_role_that_may_not_read(fed: Fed, client: Callable[..., Any], aws_error: Callable[..., Any]) -> None:
    client("iam").detach_role_policy(RoleName="fn-role", PolicyArn=READS_STREAMS)
    fed.function()
    assert aws_error(fed.connect) == ("InvalidParameterValueException", cannot_access(fed.stream), 400)


def test_a_queue_is_kept_and_not_polled(fed: Fed, region: Region, account: str) -> None:
    fed.function()
    queue = f"arn:aws:sqs:us-east-1:{account}:queue"
    made = fed.fn.client.create_event_source_mapping(
        FunctionName="fn", EventSourceArn=queue, ScalingConfig={"MaximumConcurrency": 2}
    )
    told = httpx.get(f"{region.endpoint}/_atoll/unsupported").text
    assert "Atoll does not poll queues yet: the mapping is kept, and its function is not invoked" in told
    del made["LastModified"], made["ResponseMetadata"]
    assert made == {
        "BatchSize": 10,
        "EventSourceArn": queue,
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:{account}:event-source-mapping:{made['UUID']}",
        "FunctionArn": f"arn:aws:lambda:us-east-1:{account}:function:fn",
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
        "ScalingConfig": {"MaximumConcurrency": 2},
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
        "UUID": made["UUID"],
    }
    updated = fed.fn.client.update_event_source_mapping(UUID=made["UUID"], ScalingConfig={})
    assert "ScalingConfig" not in updated
    assert updated["State"] == "Updating"
    create, change = fed.fn.client.create_event_source_mapping, fed.fn.client.update_event_source_mapping
    off = create(FunctionName="fn", EventSourceArn=f"{queue}-other", Enabled=False)
    assert off["State"] == "Disabled"
    assert change(UUID=off["UUID"], Enabled=True)["State"] == "Enabling"


@pytest.mark.parametrize(
    ("arn", "what"),
    [
        ("arn:aws:kinesis:us-east-1:123456789012:stream/s", "Kinesis data streams"),
        ("arn:aws:kafka:us-east-1:123456789012:cluster/c/1", "Amazon MSK clusters"),
        ("arn:aws:mq:us-east-1:123456789012:broker:b:1", "Amazon MQ brokers"),
        ("arn:aws:rds:us-east-1:123456789012:cluster:c", "Amazon DocumentDB clusters"),
    ],
)
def test_sources_that_are_not_there(fn: Lambda, aws_error: Callable[..., Any], arn: str, what: str) -> None:
    create = fn.client.create_event_source_mapping
    code, message, status = aws_error(lambda: create(FunctionName="fn", EventSourceArn=arn, StartingPosition="LATEST"))
    assert (code, status) == ("NotImplemented", 501)
    assert message.startswith(f"lambda: {what} as event sources: Atoll has no service")


def test_lists_in_pages(fed: Fed, account: str) -> None:
    fed.function()
    for n in range(5):
        queue = f"arn:aws:sqs:us-east-1:{account}:queue{n}"
        fed.fn.client.create_event_source_mapping(FunctionName="fn", EventSourceArn=queue)
    pages = fed.fn.client.get_paginator("list_event_source_mappings").paginate(PaginationConfig={"PageSize": 2})
    found = [[one["EventSourceArn"][-1] for one in page["EventSourceMappings"]] for page in pages]
    assert [len(page) for page in found] == [2, 2, 1]
    assert sorted(name for page in found for name in page) == ["0", "1", "2", "3", "4"]
    (one,) = fed.fn.client.list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"]
    assert one["EventSourceArn"] == queue
    assert fed.fn.client.list_event_source_mappings(FunctionName="other")["EventSourceMappings"] == []


def test_permissions_name_the_function(
    fed: Fed, region: Region, client: Callable[..., Any], account: str, aws_error: Callable[..., Any]
) -> None:
    """Service authorization reference: the condition key lambda:FunctionArn."""
    fed.function()
    fed.function(name="other")
    iam, arn = client("iam"), f"arn:aws:lambda:us-east-1:{account}:function:fn"
    allowed = {
        "Effect": "Allow",
        "Action": [f"lambda:{verb}EventSourceMapping" for verb in ("Create", "Update", "Delete")],
        "Resource": "*",
        "Condition": {"StringEquals": {"lambda:FunctionArn": arn}},
    }
    iam.create_user(UserName="u")
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document)
    made = iam.create_access_key(UserName="u")["AccessKey"]
    theirs = region.client("lambda", key=made["AccessKeyId"], secret=made["SecretAccessKey"])
    source = {"EventSourceArn": fed.stream, "StartingPosition": "LATEST"}
    uuid = theirs.create_event_source_mapping(FunctionName="fn", **source)["UUID"]
    code, message, _ = aws_error(lambda: theirs.create_event_source_mapping(FunctionName="other", **source))
    assert code == "AccessDeniedException"
    assert "lambda:CreateEventSourceMapping on resource: *" in message
    assert aws_error(lambda: theirs.get_event_source_mapping(UUID=uuid))[0] == "AccessDeniedException"
    theirs.update_event_source_mapping(UUID=uuid, FunctionName="fn", BatchSize=2)
    others = fed.connect("other")["UUID"]
    for mapping, name in ((uuid, "other"), (others, "fn"), (others, "other")):
        refused = aws_error(lambda: theirs.update_event_source_mapping(UUID=mapping, FunctionName=name))  # noqa: B023
        assert refused[0] == "AccessDeniedException", (mapping, name)
    theirs.delete_event_source_mapping(UUID=uuid)


def test_a_trace_shows_a_batch(fed: Fed, region: Region, eventually: Callable[..., Any]) -> None:
    fed.function()
    uuid = fed.connect()["UUID"]
    fed.put("1")
    until(fed, eventually, ["1"])
    traces = httpx.get(f"{region.endpoint}/_atoll/trace", params={"limit": 200}).json()["traces"]
    batch = next(one for one in traces if one["name"] == f"event source mapping {uuid}")
    shown = httpx.get(f"{region.endpoint}/_atoll/trace/{batch['id']}").json()
    assert shown["attributes"]["records"] == "1"
    (row,) = fed.dynamodb.scan(TableName="seen")["Items"]
    assert shown["attributes"]["request"] == row["id"]["S"]


def test_tags(fed: Fed, aws_error: Callable[..., Any]) -> None:
    fed.function()
    arn = fed.connect(Tags={"a": "1"})["EventSourceMappingArn"]
    fed.fn.client.tag_resource(Resource=arn, Tags={"b": "2"})
    fed.fn.client.untag_resource(Resource=arn, TagKeys=["a"])
    assert fed.fn.client.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    assert fed.get()["State"] == "Enabled"
    nowhere = f"{arn.rpartition(':')[0]}:{uuid4()}"
    # IAM compares what the request says, so that a mapping must have one name only.
    for other in (nowhere, arn.replace("us-east-1", "eu-west-1"), arn.replace("arn:aws:", "arn:aws-cn:")):
        for call in (
            lambda: fed.fn.client.list_tags(Resource=other),  # noqa: B023
            lambda: fed.fn.client.tag_resource(Resource=other, Tags={"c": "3"}),  # noqa: B023
        ):
            assert aws_error(call) == ("ResourceNotFoundException", "The resource you requested does not exist.", 404)


def test_a_destination_that_the_role_may_not_send_to(
    fed: Fed, client: Callable[..., Any], aws_error: Callable[..., Any], account: str
) -> None:
    fed.function()
    queue = {"OnFailure": {"Destination": f"arn:aws:sqs:us-east-1:{account}:queue"}}
    assert aws_error(lambda: fed.connect(DestinationConfig=queue)) == (
        "InvalidParameterValueException",
        "The provided execution role does not have permissions to call SendMessage on SQS",
        400,
    )
    grant(client, "dynamodb:PutItem", "sqs:SendMessage")
    assert fed.connect(DestinationConfig=queue)["DestinationConfig"] == queue
