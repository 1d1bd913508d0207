"""Log groups, streams, tags and retention."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


@pytest.fixture
def logs(client: Callable[..., Any]) -> Any:
    return client("logs")


def test_a_group(logs: Any, account: str) -> None:
    logs.create_log_group(logGroupName="/app/one", tags={"env": "test"})
    (group,) = logs.describe_log_groups()["logGroups"]
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:/app/one"
    assert abs(group.pop("creationTime") / 1000 - time.time()) < 60
    assert group == {
        "logGroupName": "/app/one", "arn": f"{arn}:*", "logGroupArn": arn, "logGroupClass": "STANDARD",
        "metricFilterCount": 0, "storedBytes": 0, "deletionProtectionEnabled": False,
    }  # fmt: skip
    (found,) = logs.describe_log_groups(logGroupNamePattern="One")["logGroups"]
    del found["creationTime"], group["storedBytes"], group["deletionProtectionEnabled"]
    assert found == group  # AWS's search by pattern leaves these out
    logs.delete_log_group(logGroupName="/app/one")
    assert logs.describe_log_groups()["logGroups"] == []


def test_errors(logs: Any, aws_error: Error) -> None:
    no_group = ("ResourceNotFoundException", "The specified log group does not exist.", 400)
    no_stream = ("ResourceNotFoundException", "The specified log stream does not exist.", 400)
    assert aws_error(lambda: logs.delete_log_group(logGroupName="g")) == no_group
    assert aws_error(lambda: logs.create_log_stream(logGroupName="g", logStreamName="s")) == no_group
    assert aws_error(lambda: logs.describe_log_streams(logGroupName="g")) == no_group
    assert aws_error(lambda: logs.put_retention_policy(logGroupName="g", retentionInDays=7)) == no_group
    assert aws_error(lambda: logs.filter_log_events(logGroupName="g")) == no_group
    logs.create_log_group(logGroupName="g")
    assert aws_error(lambda: logs.create_log_group(logGroupName="g")) == (
        "ResourceAlreadyExistsException", "The specified log group already exists", 400,
    )  # fmt: skip
    assert aws_error(lambda: logs.delete_log_stream(logGroupName="g", logStreamName="s")) == no_stream
    assert aws_error(lambda: logs.get_log_events(logGroupName="g", logStreamName="s")) == no_stream
    assert aws_error(lambda: logs.filter_log_events(logGroupName="g", logStreamNames=["s"])) == no_stream
    event = [{"timestamp": int(time.time() * 1000), "message": "m"}]
    assert aws_error(lambda: logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=event)) == no_stream
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    assert aws_error(lambda: logs.create_log_stream(logGroupName="g", logStreamName="s")) == (
        "ResourceAlreadyExistsException", "The specified log stream already exists", 400,
    )  # fmt: skip
    assert aws_error(lambda: logs.describe_log_groups(logGroupNamePrefix="a", logGroupNamePattern="b"))[:2] == (
        "InvalidParameterException",
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
    )
    code, message, _ = aws_error(lambda: logs.put_retention_policy(logGroupName="g", retentionInDays=2))
    assert code == "InvalidParameterException"
    assert message.startswith(
        "1 validation error detected: Value '2' at 'retentionInDays' failed to satisfy constraint"
    )


def test_names_that_are_refused(logs: Any, aws_error: Error) -> None:
    code, long = "InvalidParameterException", "a" * 513
    too_long = (code, "Invalid LogGroup or LogStream, both must have length less than or equal to 512.", 400)
    event = {"timestamp": int(time.time() * 1000), "message": "m"}
    for call in (
        lambda: logs.create_log_group(logGroupName=long),
        lambda: logs.describe_log_streams(logGroupName=long),
        lambda: logs.create_log_stream(logGroupName="g", logStreamName=long),
        lambda: logs.put_log_events(logGroupName="g", logStreamName=long, logEvents=[event]),
    ):
        assert aws_error(call) == too_long
    logs.create_log_group(logGroupName=long[1:])
    for name in ("aws/x", "AWS/x"):
        assert aws_error(lambda name=name: logs.create_log_group(logGroupName=name)) == (
            code, "Log groups starting with AWS/ are reserved for AWS.", 400,
        )  # fmt: skip
    logs.create_log_group(logGroupName="/aws/x")


def test_groups_are_found_by_prefix_and_pattern_in_pages(logs: Any) -> None:
    for name in ("a/one", "a/two", "b/one"):
        logs.create_log_group(logGroupName=name)

    def names(**query: Any) -> list[str]:
        return [one["logGroupName"] for page in logs.get_paginator("describe_log_groups").paginate(
            PaginationConfig={"PageSize": 1}, **query) for one in page["logGroups"]]  # fmt: skip

    assert names() == ["a/one", "a/two", "b/one"]
    assert names(logGroupNamePrefix="a/") == ["a/one", "a/two"]
    assert names(logGroupNamePattern="ONE") == ["a/one", "b/one"]
    full = logs.describe_log_groups(limit=3)
    assert "nextToken" not in full


def test_streams_by_name_and_by_last_event(logs: Any, account: str, aws_error: Error) -> None:
    logs.create_log_group(logGroupName="g")
    now = int(time.time() * 1000)
    for name, ago in (("s1", 1000), ("s2", 3000), ("s3", 2000), ("t", None)):
        logs.create_log_stream(logGroupName="g", logStreamName=name)
        if ago is not None:
            events = [{"timestamp": now - ago, "message": "m"}, {"timestamp": now - ago + 10, "message": "n"}]
            logs.put_log_events(logGroupName="g", logStreamName=name, logEvents=events)

    def names(**query: Any) -> list[str]:
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupName="g", PaginationConfig={"PageSize": 2}, **query
        )
        return [one["logStreamName"] for page in pages for one in page["logStreams"]]

    assert names() == ["s1", "s2", "s3", "t"]
    assert names(descending=True) == ["t", "s3", "s2", "s1"]
    assert names(logStreamNamePrefix="s", descending=True) == ["s3", "s2", "s1"]
    assert names(orderBy="LastEventTime", descending=True) == ["s1", "s3", "s2", "t"]
    assert aws_error(
        lambda: logs.describe_log_streams(logGroupName="g", orderBy="LastEventTime", logStreamNamePrefix="s")
    )[1] == ("Cannot order by LastEventTime with a logStreamNamePrefix.")
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:g"
    found = logs.describe_log_streams(logGroupIdentifier=arn)["logStreams"]
    assert found[0]["arn"] == f"{arn}:log-stream:s1"
    assert (found[0]["firstEventTimestamp"], found[0]["lastEventTimestamp"]) == (now - 1000, now - 990)
    assert "lastEventTimestamp" not in found[3]


def test_tags(logs: Any, account: str) -> None:
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:g"
    logs.create_log_group(logGroupName="g", tags={"env": "testing1"})
    logs.tag_resource(resourceArn=arn, tags={"test1": "val1", "test2": "val2"})
    logs.tag_log_group(logGroupName="g", tags={"test3": "val3"})
    everything = {"env": "testing1", "test1": "val1", "test2": "val2", "test3": "val3"}
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == everything
    assert logs.list_tags_log_group(logGroupName="g")["tags"] == everything
    logs.untag_log_group(logGroupName="g", tags=["env", "test1"])
    logs.untag_resource(resourceArn=arn, tagKeys=["test3"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"test2": "val2"}


def test_retention_is_kept_and_taken_back(logs: Any) -> None:
    logs.create_log_group(logGroupName="g")
    logs.put_retention_policy(logGroupName="g", retentionInDays=7)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 7
    logs.delete_retention_policy(logGroupName="g")
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]


def test_what_is_past_its_retention_is_gone(logs: Any) -> None:
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    now = int(time.time() * 1000)
    day = 86_400_000
    for timestamp in (now - 3 * day, now - 1000):
        logs.put_log_events(
            logGroupName="g", logStreamName="s", logEvents=[{"timestamp": timestamp, "message": str(timestamp)}]
        )
    assert len(logs.filter_log_events(logGroupName="g")["events"]) == 2
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    kept = [str(now - 1000)]
    assert [event["message"] for event in logs.filter_log_events(logGroupName="g")["events"]] == kept
    found = logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)["events"]
    assert [event["message"] for event in found] == kept
    deadline = time.monotonic() + 60
    while logs.describe_log_groups()["logGroups"][0]["storedBytes"] != len(kept[0]) + 26:
        assert time.monotonic() < deadline, "the task did not delete the old line"
        time.sleep(0.02)
    again = logs.put_log_events(
        logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now - 2 * day, "message": "old"}]
    )
    assert again["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}


def test_a_stream_that_is_made_again_is_empty(logs: Any) -> None:
    logs.create_log_group(logGroupName="g")
    now = int(time.time() * 1000)
    for message in ("old", "new"):
        logs.create_log_stream(logGroupName="g", logStreamName="s")
        assert logs.filter_log_events(logGroupName="g")["events"] == []
        assert logs.get_log_events(logGroupName="g", logStreamName="s")["events"] == []
        logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now, "message": message}])
        (event,) = logs.filter_log_events(logGroupName="g")["events"]
        assert event["message"] == message
        logs.delete_log_stream(logGroupName="g", logStreamName="s")
    deadline = time.monotonic() + 60
    while logs.describe_log_groups()["logGroups"][0]["storedBytes"]:
        assert time.monotonic() < deadline, "the task did not delete the streams' lines"
        time.sleep(0.02)
    logs.delete_log_group(logGroupName="g")
    logs.create_log_group(logGroupName="g")
    assert logs.describe_log_streams(logGroupName="g")["logStreams"] == []


def test_an_arn_of_elsewhere_names_no_group_here(client: Callable[..., Any], account: str, aws_error: Error) -> None:
    """A group of the same name in this account must not answer for another region's or another account's."""
    logs = client("logs")
    logs.create_log_group(logGroupName="g")
    here = f"arn:aws:logs:us-east-1:{account}:log-group:g"
    assert logs.filter_log_events(logGroupIdentifier=here)["events"] == []
    code, _, _ = aws_error(lambda: logs.filter_log_events(logGroupIdentifier=here.replace("us-east-1", "eu-west-1")))
    assert code == "ResourceNotFoundException"
    code, message, _ = aws_error(
        lambda: logs.filter_log_events(logGroupIdentifier=here.replace(account, "999999999999"))
    )
    assert code == "AccessDeniedException"
    assert "arn:aws:logs:us-east-1:999999999999:log-group:g:log-stream:" in message
