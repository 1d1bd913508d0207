"""PutLogEvents, GetLogEvents, FilterLogEvents: limits, order, paging."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
HOUR = 3_600_000


class Logs:
    """A client with a group `g` and short cuts."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.now = int(time.time() * 1000)
        client.create_log_group(logGroupName="g")

    def stream(self, name: str = "s") -> None:
        self.client.create_log_stream(logGroupName="g", logStreamName=name)

    def put(self, events: Iterable[tuple[int, str]], stream: str = "s") -> Any:
        """Events at `now` plus an offset in ms."""
        lines = [{"timestamp": self.now + offset, "message": message} for offset, message in events]
        return self.client.put_log_events(logGroupName="g", logStreamName=stream, logEvents=lines)

    def get(self, **query: Any) -> Any:
        return self.client.get_log_events(logGroupName="g", logStreamName="s", **query)

    def filter(self, **query: Any) -> Any:
        return self.client.filter_log_events(logGroupName="g", **query)


@pytest.fixture
def logs(client: Callable[..., Any]) -> Logs:
    made = Logs(client("logs"))
    made.stream()
    return made


def messages(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_what_was_put_is_got(logs: Logs) -> None:
    answer = logs.put([(-10, "one"), (-10, "two"), (-5, "drei ☃")])
    assert answer["nextSequenceToken"].isdigit()
    assert "rejectedLogEventsInfo" not in answer
    first, second, third = logs.filter()["events"]
    assert (first["timestamp"], first["message"], first["logStreamName"]) == (logs.now - 10, "one", "s")
    assert abs(first["ingestionTime"] - time.time() * 1000) < 60_000
    assert len(first["eventId"]) == 56
    assert first["eventId"] < second["eventId"] < third["eventId"]
    assert third["message"] == "drei ☃"
    assert set(logs.get()["events"][0]) == {"timestamp", "message", "ingestionTime"}


def test_batches_that_are_refused(logs: Logs, aws_error: Error) -> None:
    code = "InvalidParameterException"
    assert aws_error(lambda: logs.put([(0, "b"), (-1, "a")])) == (
        code, "Log events in a single PutLogEvents request must be in chronological order.", 400,
    )  # fmt: skip
    assert aws_error(lambda: logs.put([(-25 * HOUR, "a"), (0, "b")])) == (
        code, "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.", 400,
    )  # fmt: skip
    assert "rejectedLogEventsInfo" not in logs.put([(-1, "x" * (1_048_576 - 2 * 26 - 3)), (0, "☃")])
    assert aws_error(lambda: logs.put([(-1, "x" * (1_048_576 - 2 * 26 - 2)), (0, "☃")])) == (
        code, "Upload too large: 1048577 bytes exceeds limit of 1048576", 400,
    )  # fmt: skip
    assert aws_error(lambda: logs.put([(0, "x")] * 10_001))[0] == code
    assert aws_error(lambda: logs.client.describe_log_groups(limit=51)) == (
        code,
        "1 validation error detected: Value '51' at 'limit' failed to satisfy constraint: Member must have value less than "
        "or equal to 50",
        400,
    )


def test_events_out_of_time_are_left_out(logs: Logs) -> None:
    old = logs.put([(-14 * 24 * HOUR - 5000, "old"), (-14 * 24 * HOUR + 60_000, "kept")])
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    new = logs.put([(0, "now"), (3 * HOUR, "later")])
    assert new["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert messages(logs.filter()) == ["kept", "now"]


def test_a_window_includes_its_start_and_not_its_end(logs: Logs) -> None:
    logs.put([(-3000, "a"), (-2000, "b"), (-1000, "c")])
    window = {"startTime": logs.now - 3000, "endTime": logs.now - 1000}
    assert messages(logs.get(**window)) == ["a", "b"]
    assert messages(logs.filter(**window)) == ["a", "b", "c"]  # FilterLogEvents includes it
    assert messages(logs.filter(startTime=logs.now - 2999, endTime=logs.now - 1001)) == ["b"]


def test_get_pages_forward_and_backward(logs: Logs) -> None:
    logs.put([(-100 + n, f"{n}") for n in range(10)])
    latest = logs.get(limit=3)
    assert messages(latest) == ["7", "8", "9"]
    before = logs.get(limit=3, nextToken=latest["nextBackwardToken"])
    assert messages(before) == ["4", "5", "6"]
    assert messages(logs.get(limit=3, nextToken=before["nextForwardToken"])) == ["7", "8", "9"]
    head = logs.get(limit=8, startFromHead=True)
    assert messages(head) == [str(n) for n in range(8)]
    rest = logs.get(limit=8, startFromHead=True, nextToken=head["nextForwardToken"])
    assert messages(rest) == ["8", "9"]
    end = logs.get(nextToken=rest["nextForwardToken"])
    assert end["events"] == []
    assert end["nextForwardToken"] == rest["nextForwardToken"]
    assert messages(logs.get(limit=1, nextToken=end["nextBackwardToken"])) == ["9"]
    logs.put([(0, "more")])
    assert messages(logs.get(nextToken=end["nextForwardToken"])) == ["more"]


def test_an_empty_stream_can_be_followed(logs: Logs) -> None:
    empty = logs.get(startFromHead=True)
    assert empty["events"] == []
    logs.put([(0, "first")])
    assert messages(logs.get(nextToken=empty["nextForwardToken"])) == ["first"]


def test_late_batches_fall_into_their_place(logs: Logs) -> None:
    logs.put([(-5000, "a"), (-4000, "c"), (-3000, "e")])
    logs.put([(-4500, "b"), (-3500, "d")])
    logs.put([(-20_000, "z")])
    assert messages(logs.get(startFromHead=True)) == list("zabcde")
    assert messages(logs.get(limit=4)) == list("bcde")
    assert messages(logs.filter()) == list("zabcde")


def test_filter_interleaves_streams_in_pages(logs: Logs, aws_error: Error) -> None:
    logs.stream("t1")
    logs.stream("t2")
    logs.put([(-30 + 3 * n, f"s{n}") for n in range(5)])
    logs.put([(-29 + 3 * n, f"t1-{n}") for n in range(5)], "t1")
    logs.put([(-28 + 3 * n, f"t2-{n}") for n in range(5)], "t2")
    expected = [text for n in range(5) for text in (f"s{n}", f"t1-{n}", f"t2-{n}")]
    assert messages(logs.filter()) == expected
    assert messages(logs.filter(interleaved=True, logStreamNamePrefix="t")) == [e for e in expected if e[0] == "t"]
    assert messages(logs.filter(logStreamNames=["s", "t2"])) == [e for e in expected if not e.startswith("t1")]
    assert messages(logs.filter(logStreamNames=["t1"])) == [f"t1-{n}" for n in range(5)]
    found, token = [], {}
    while True:
        page = logs.filter(limit=4, **token)
        assert len(page["events"]) <= 4
        found += messages(page)
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert found == expected
    both = {"logStreamNames": ["s"], "logStreamNamePrefix": "t"}
    assert aws_error(lambda: logs.filter(**both))[0] == "InvalidParameterException"


def test_foreign_tokens_are_refused(logs: Logs, aws_error: Error) -> None:
    refused = ("InvalidParameterException", "The specified nextToken is invalid.", 400)
    for token in ("nonsense", "a", "f/12/s", "kwE", "//", "☃"):
        assert aws_error(lambda token=token: logs.filter(nextToken=token)) == refused
        assert aws_error(lambda token=token: logs.get(nextToken=token)) == refused
    with_group = logs.client
    with_group.create_log_group(logGroupName="other")
    logs.put([(-2, "a"), (-1, "b")])
    token = logs.filter(limit=1)["nextToken"]
    assert aws_error(lambda: with_group.filter_log_events(logGroupName="other", nextToken=token)) == refused


def test_long_streams_come_in_whole(logs: Logs) -> None:
    """More than one page of chunks, and more than 1 MB."""
    line = "x" * 2000
    for batch in range(4):
        logs.put([(-60_000 + batch * 10_000 + n, f"{batch}-{n} {line}") for n in range(500)])
    expected = [f"{batch}-{n}" for batch in range(4) for n in range(500)]
    pages = logs.client.get_paginator("filter_log_events").paginate(logGroupName="g")
    assert [e["message"].split()[0] for page in pages for e in page["events"]] == expected
    found, token = [], None
    while True:
        page = logs.get(startFromHead=True, **({"nextToken": token} if token else {}))
        if not page["events"]:
            break
        found += [e["message"].split()[0] for e in page["events"]]
        token = page["nextForwardToken"]
    assert found == expected
    back, token = [], None
    while True:
        page = logs.get(**({"nextToken": token} if token else {}))
        if not page["events"]:
            break
        back = [e["message"].split()[0] for e in page["events"]] + back
        token = page["nextBackwardToken"]
    assert back == expected


def test_lines_far_apart(logs: Logs) -> None:
    """More chunks than one transaction or one page holds."""
    step = 20_000
    assert "rejectedLogEventsInfo" not in logs.put([(-700 * step + n * step, f"{n}") for n in range(700)])
    expected = [f"{n}" for n in range(700)]
    assert messages(logs.filter()) == expected
    assert messages(logs.get()) == expected
    assert messages(logs.get(limit=250)) == expected[450:]
    start = logs.now - 100 * step
    assert messages(logs.get(startTime=start, startFromHead=True, limit=2)) == ["600", "601"]
    (stream,) = logs.client.describe_log_streams(logGroupName="g")["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (logs.now - 700 * step, logs.now - step)


def test_filter_patterns(logs: Logs, aws_error: Error) -> None:
    logs.put([(-3, "[ERROR] disk full"), (-2, '{"level": "warn", "ms": 12}'), (-1, "GET /x 404")])
    assert messages(logs.filter(filterPattern="ERROR")) == ["[ERROR] disk full"]
    assert messages(logs.filter(filterPattern="{ $.ms > 10 }")) == ['{"level": "warn", "ms": 12}']
    assert messages(logs.filter(filterPattern="[method, path, status = 4*]")) == ["GET /x 404"]
    assert messages(logs.filter(filterPattern="?GET ?warn")) == ['{"level": "warn", "ms": 12}', "GET /x 404"]
    assert aws_error(lambda: logs.filter(filterPattern='{ $.ms > "x" }'))[:2] == (
        "InvalidParameterException", "Invalid filter pattern",
    )  # fmt: skip


def test_permissions_are_by_group_and_stream(
    logs: Logs, region: Any, client: Callable[..., Any], account: str, aws_error: Error
) -> None:
    iam = client("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    policy = {
        "Effect": "Allow", "Action": ["logs:FilterLogEvents", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:us-east-1:{account}:log-group:g:*",
    }  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document)
    user = region.client("logs", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    event = {"timestamp": logs.now, "message": "m"}
    user.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])
    assert messages(user.filter_log_events(logGroupName="g")) == ["m"]
    code, message, status = aws_error(lambda: user.get_log_events(logGroupName="g", logStreamName="s"))
    assert (code, status) == ("AccessDeniedException", 400)
    assert f"logs:GetLogEvents on resource: arn:aws:logs:us-east-1:{account}:log-group:g:log-stream:s" in message
    assert aws_error(lambda: user.filter_log_events(logGroupName="h"))[0] == "AccessDeniedException"
