"""What a destination is told of records that were given up, as AWS was seen to tell it (aws-observed/lambda_, on_failure_destination)."""

from __future__ import annotations

import json
from typing import Any

from atoll.services.lambda_.event_sources.batches import Answer, Batch, Record
from atoll.services.lambda_.event_sources.delivery import failure_record
from atoll.services.lambda_.event_sources.store import Mapping

STREAM = "arn:aws:dynamodb:us-east-1:111111111111:table/t/stream/l"
RECORDS = [Record("100", 1657720081.0, b'{"n":1}'), Record("101", 1657720082.0, b'{"n":2}')]


def told(destination: str, **more: Any) -> Any:
    settings = {"DestinationConfig": {"OnFailure": {"Destination": destination}}}
    mapping = Mapping("u", "111111111111", "us-east-1", STREAM, "fn", None, True, settings, 0.0, "r")
    given = {"condition": "RetryAttemptsExhausted", "answer": Answer(b"", "Unhandled")} | more
    batch = Batch(RECORDS, invocations=2)
    return json.loads(failure_record(mapping, batch, request_id="id", shard="s", now=1657720083.25, **given))


def test_retries_exhausted() -> None:
    assert told("arn:aws:sqs:us-east-1:111111111111:q") == {
        "requestContext": {
            "requestId": "id",
            "functionArn": "arn:aws:lambda:us-east-1:111111111111:function:fn",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2022-07-13T13:48:03.250Z",
        "DDBStreamBatchInfo": {
            "shardId": "s",
            "startSequenceNumber": "100",
            "endSequenceNumber": "101",
            "approximateArrivalOfFirstRecord": "2022-07-13T13:48:01Z",
            "approximateArrivalOfLastRecord": "2022-07-13T13:48:02Z",
            "batchSize": 2,
            "streamArn": STREAM,
        },
    }


def test_age() -> None:
    record = told("arn:aws:sqs:us-east-1:111111111111:q", condition="RecordAgeExceeded", answer=None)
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert "responseContext" not in record


def test_a_reported_failure_is_no_error_of_the_function() -> None:
    record = told("arn:aws:sqs:us-east-1:111111111111:q", answer=Answer(b"", None))
    assert record["responseContext"]["functionError"] is None


def test_a_bucket_is_given_the_records() -> None:
    assert told("arn:aws:s3:::b")["payload"] == {"Records": [{"n": 1}, {"n": 2}]}
    assert "payload" not in told("arn:aws:sns:us-east-1:111111111111:t")
