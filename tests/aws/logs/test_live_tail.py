"""StartLiveTail, with boto3 and bare sockets: event streams that go on until somebody leaves."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

if TYPE_CHECKING:
    from tests.conftest import Region

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
ROLE_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


class Tailed:
    """A client, the groups `g` and `h` in an account, and short cuts."""

    def __init__(self, region: Region, account: str) -> None:
        self.region, self.account = region, account
        self.client = region.client("logs", key=account)
        for group in ("g", "h"):
            self.client.create_log_group(logGroupName=group)
            self.client.create_log_stream(logGroupName=group, logStreamName="s")

    def arn(self, group: str = "g") -> str:
        return f"arn:aws:logs:us-east-1:{self.account}:log-group:{group}"

    def put(self, *messages: str, group: str = "g", stream: str = "s", ago: float = 0) -> None:
        now = int((time.time() - ago) * 1000)
        events = [{"timestamp": now, "message": message} for message in messages]
        self.client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def tail(self, *groups: str, **settings: Any) -> Any:
        """An open session's stream."""
        arns = [self.arn(group) for group in groups or ("g",)]
        return self.client.start_live_tail(logGroupIdentifiers=arns, **settings)["responseStream"]

    def sessions(self) -> list[str]:
        """What the region says of this account's sessions."""
        answer = urllib3.request("GET", f"{self.region.endpoint}/_atoll/status").json()
        return [line for line in answer["running"]["logs"] if self.account in line]


@pytest.fixture
def logs(region: Region, account: str) -> Tailed:
    return Tailed(region, account)


def started(stream: Any) -> Iterator[dict[str, Any]]:
    """The events of a stream, behind its sessionStart."""
    events = iter(stream)
    assert "sessionStart" in next(events)
    return events


def results(events: Iterator[dict[str, Any]], count: int, updates: int = 12) -> list[dict[str, Any]]:
    """The first log events of a session, at least `count`."""
    found: list[dict[str, Any]] = []
    for _ in range(updates):
        found += next(events)["sessionUpdate"]["sessionResults"]
        if len(found) >= count:
            return found
    raise AssertionError(f"only {found}")


def messages(events: Iterator[dict[str, Any]], count: int) -> list[str]:
    return [result["message"] for result in results(events, count)]


def ended(logs: Tailed) -> float:
    """Waits until no session is open; the seconds that it took."""
    began = time.monotonic()
    while logs.sessions():
        assert time.monotonic() - began < 60, logs.sessions()
        time.sleep(0.02)
    return time.monotonic() - began


def test_a_session_says_what_it_is_and_then_what_comes(logs: Tailed) -> None:
    logs.put("before")
    answer = logs.client.start_live_tail(
        logGroupIdentifiers=[logs.arn()], logStreamNames=["s"], logEventFilterPattern="?b ?o"
    )
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/vnd.amazon.eventstream"
    with closing(answer["responseStream"]) as stream:
        events = iter(stream)
        start = next(events)["sessionStart"]
        assert start.pop("requestId") == answer["ResponseMetadata"]["RequestId"]
        assert len(start.pop("sessionId")) == 36
        assert start == {
            "logGroupIdentifiers": [logs.arn()],
            "logStreamNames": ["s"],
            "logEventFilterPattern": "?b ?o",
        }
        logs.put("one", "drei ☃", "two")
        logs.put("boo", ago=3600)
        found = results(events, 3)
    assert [event["message"] for event in found] == ["boo", "one", "two"]
    assert {event["logGroupIdentifier"] for event in found} == {logs.arn()}
    assert set(found[0]) == {"logGroupIdentifier", "logStreamName", "message", "timestamp", "ingestionTime"}
    assert abs(found[0]["ingestionTime"] - found[0]["timestamp"] - 3_600_000) < 5000


def test_an_update_comes_every_second_also_an_empty_one(logs: Tailed) -> None:
    def three(events: Iterator[dict[str, Any]]) -> float:
        began = time.monotonic()
        for _ in range(3):
            update = next(events)["sessionUpdate"]
            assert update == {"sessionMetadata": {"sampled": False}, "sessionResults": []}
        return time.monotonic() - began

    with closing(logs.tail()) as stream:
        events = started(stream)
        next(events)
        # A busy machine may hold up this reader or the region for a while, but not each time.
        assert any(2.7 < three(events) < 4 for _ in range(10))


def test_groups_streams_and_patterns_are_chosen(logs: Tailed) -> None:
    with (
        closing(logs.tail("g", "h", logEventFilterPattern="{ $.level = 4* }")) as both,
        closing(logs.tail(logStreamNamePrefixes=["web", "db-"])) as prefixed,
    ):
        of_both, of_prefixes = started(both), started(prefixed)
        for stream in ("web-1", "db", "db-1"):  # as yet unknown streams belong to it
            logs.client.create_log_stream(logGroupName="g", logStreamName=stream)
            logs.put(json.dumps({"level": 404, "in": stream}), stream=stream)
        logs.put('{"level": 500}', '{"level": 400}', group="h")
        assert sorted(e["logStreamName"] for e in results(of_both, 4)) == ["db", "db-1", "s", "web-1"]
        assert sorted(e["logStreamName"] for e in results(of_prefixes, 2)) == ["db-1", "web-1"]


def test_a_burst_is_sampled_down_to_500_events(logs: Tailed) -> None:
    with closing(logs.tail()) as stream:
        events = started(stream)
        next(events)
        for batch in range(4):
            logs.put(*[f"{batch}/{number}" for number in range(300)])
        updates = [next(events)["sessionUpdate"] for _ in range(3)]
        assert all(len(update["sessionResults"]) <= 500 for update in updates)
        full = [update for update in updates if update["sessionMetadata"]["sampled"]]
        assert full
        assert all(len(update["sessionResults"]) == 500 for update in full)
        assert any(result["message"].startswith("3/") for update in updates for result in update["sessionResults"])
        logs.put("after")
        assert messages(events, 1) == ["after"]


def test_large_events_leave_in_updates_of_a_megabyte(logs: Tailed) -> None:
    with closing(logs.tail()) as stream:
        events = started(stream)
        for letter in "abc":
            logs.put(letter * 700_000)
        assert [len(result["message"]) for result in results(events, 3)] == [700_000] * 3


def test_lines_that_come_late_are_found_behind_many_others(logs: Tailed) -> None:
    now = int(time.time() * 1000)
    for hour in range(1, 4):
        lines = [{"timestamp": now - hour * 3_600_000 + 1100 * n, "message": "old"} for n in range(100)]
        logs.client.put_log_events(logGroupName="g", logStreamName="s", logEvents=lines)
    with closing(logs.tail()) as stream:
        events = started(stream)
        logs.put("late", ago=5 * 3600)
        logs.put("now")
        assert messages(events, 2) == ["late", "now"]


def test_a_group_that_is_made_again_is_listened_to(logs: Tailed) -> None:
    with closing(logs.tail()) as stream:
        events = started(stream)
        logs.client.delete_log_group(logGroupName="g")
        next(events)
        next(events)
        logs.client.create_log_group(logGroupName="g")
        logs.client.create_log_stream(logGroupName="g", logStreamName="s")
        logs.put("again")
        assert messages(events, 1) == ["again"]


def test_a_client_that_leaves_leaves_nothing_behind(logs: Tailed) -> None:
    first, second = logs.tail(), logs.tail("g", "h")
    of_first, of_second = started(first), started(second)
    assert logs.sessions() == [f"2 Live Tail of {logs.account} in us-east-1"]
    logs.put("both")
    assert messages(of_first, 1) == messages(of_second, 1) == ["both"]
    first.close()
    second.close()
    ended(logs)


def test_a_session_ends_when_its_client_leaves_and_not_with_the_next_update(logs: Tailed) -> None:
    """That would be up to a second later. A busy machine may hold it up once, but not each time."""

    def leave() -> float:
        stream = logs.tail()
        next(started(stream))
        stream.close()
        return ended(logs)

    assert any(leave() < 0.7 for _ in range(10))


def test_no_more_than_15_sessions(logs: Tailed, aws_error: Error) -> None:
    streams = [logs.tail() for _ in range(15)]
    assert aws_error(logs.tail) == ("LimitExceededException", "Rate exceeded", 400)
    logs.region.client("logs", key=logs.account, region="eu-west-1").create_log_group(logGroupName="g")
    streams.pop().close()
    ended_one = time.monotonic() + 60
    while len(streams) < 15:
        assert time.monotonic() < ended_one
        try:
            streams.append(logs.tail())
        except logs.client.exceptions.LimitExceededException:
            time.sleep(0.05)
    for stream in streams:
        stream.close()
    ended(logs)


def test_what_is_refused_before_the_stream(logs: Tailed, aws_error: Error) -> None:
    c = logs.client
    invalid = [
        {"logGroupIdentifiers": ["g"]},
        {"logGroupIdentifiers": [logs.arn() + ":*"]},
        {"logGroupIdentifiers": [logs.arn()], "logStreamNames": ["s"], "logStreamNamePrefixes": ["s"]},
        {"logGroupIdentifiers": [logs.arn("g"), logs.arn("h")], "logStreamNames": ["s"]},
        {"logGroupIdentifiers": [logs.arn("g"), logs.arn("h")], "logStreamNamePrefixes": ["s"]},
        {"logGroupIdentifiers": [logs.arn()], "logEventFilterPattern": "{ $.a = "},
        {"logGroupIdentifiers": [logs.arn()] * 11},
    ]
    for request in invalid:
        assert aws_error(lambda request=request: c.start_live_tail(**request))[::2] == (
            "InvalidParameterException",
            400,
        )
    assert aws_error(lambda: logs.tail("g", "nope")) == (
        "ResourceNotFoundException",
        "The specified log group does not exist.",
        400,
    )
    assert logs.sessions() == []


def test_a_role_needs_the_permission_on_every_group(logs: Tailed, region: Region, aws_error: Error) -> None:
    iam = region.client("iam", key=logs.account)
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(ROLE_TRUST))["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="reader", PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "logs:StartLiveTail", "Resource": logs.arn("g") + ":*"}],
        }),
    )  # fmt: skip
    keys = region.client("sts", key=logs.account).assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    reader = region.client("logs", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    with closing(reader.start_live_tail(logGroupIdentifiers=[logs.arn("g")])["responseStream"]) as stream:
        events = started(stream)
        logs.put("allowed")
        assert messages(events, 1) == ["allowed"]
    code, text, status = aws_error(lambda: reader.start_live_tail(logGroupIdentifiers=[logs.arn("g"), logs.arn("h")]))
    assert (code, status) == ("AccessDeniedException", 400)
    assert f"is not authorized to perform: logs:StartLiveTail on resource: {logs.arn('h')}" in text


def test_a_killed_region_breaks_the_stream(new_region: Callable[..., Region], account: str) -> None:
    logs = Tailed(new_region(), account)
    events = started(logs.tail())
    next(events)
    logs.region.kill()
    with pytest.raises(urllib3.exceptions.ProtocolError):
        list(events)


def test_a_region_that_stops_ends_its_sessions_at_once(new_region: Callable[..., Region], account: str) -> None:
    def stop() -> float:
        logs = Tailed(new_region(), account)
        events = started(logs.tail())
        next(events)
        began = time.monotonic()
        assert logs.region.stop() == 0
        took = time.monotonic() - began
        with pytest.raises(urllib3.exceptions.ProtocolError):
            list(events)
        text = logs.region.log.read_text()
        assert "Traceback" not in text
        assert "Cancel" not in text
        return took

    # uvicorn would have waited five seconds for the answer's end; a busy machine may hold up one end, but not each
    assert any(stop() < 4 for _ in range(5))


def raw_request(logs: Tailed, **headers: str) -> bytes:
    """A session's request as bytes; the key is one that Atoll did not issue, so that nothing need be signed."""
    body = json.dumps({"logGroupIdentifiers": [logs.arn()]})
    scope = f"{logs.account}/20250101/us-east-1/logs/aws4_request"
    sent = {
        "Host": "stream-logs.us-east-1.amazonaws.com",
        "X-Amz-Target": "Logs_20140328.StartLiveTail",
        "Content-Type": "application/x-amz-json-1.1",
        "Content-Length": str(len(body)),
        "X-Amz-Date": "20250101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
    } | headers
    return ("POST / HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in sent.items()) + "\r\n" + body).encode()


def memory(pid: int) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_a_slow_reader_does_not_fill_the_servers_memory(new_region: Callable[..., Region], account: str) -> None:
    logs = Tailed(new_region(), account)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", logs.region.port))
        slow.sendall(raw_request(logs))
        slow.recv(200)
        line = "x" * 10_000
        logs.put(*[line] * 90)
        before = memory(logs.region.pid)
        for _ in range(100):  # 90 MB in five seconds, of which the client reads nothing
            logs.put(*[line] * 90)
            time.sleep(0.05)
        assert memory(logs.region.pid) - before < 60 << 20
        assert logs.sessions()
    ended(logs)


def test_pages_of_allowed_origins_may_read_a_tail(logs: Tailed) -> None:
    with socket.create_connection(("127.0.0.1", logs.region.port)) as page:
        page.sendall(raw_request(logs, Host="127.0.0.1", Origin="http://localhost:3000"))
        head = page.recv(65536).lower()
        assert head.startswith(b"http/1.1 200")
        assert b"access-control-allow-origin: http://localhost:3000\r\n" in head
        assert b"transfer-encoding: chunked\r\n" in head
    ended(logs)


@pytest.mark.parametrize("host", ["streaming-logs.us-east-1.amazonaws.com", "stream-logs.localhost"])
def test_hosts_with_an_injected_prefix_are_answered(logs: Tailed, host: str) -> None:
    with socket.create_connection(("127.0.0.1", logs.region.port)) as client:
        client.sendall(raw_request(logs, Host=host))
        assert client.recv(65536).startswith(b"HTTP/1.1 200")


def test_the_aws_cli_follows_with_the_environment_of_atoll_env(logs: Tailed, need: Callable[..., None]) -> None:
    aws = shutil.which("aws")
    need(aws, "the AWS CLI")
    assert aws is not None
    exported = logs.region.atoll("env").stdout.replace("export ", "").split()
    env = logs.region.env(**dict(line.split("=", 1) for line in exported))
    env |= {"AWS_ACCESS_KEY_ID": logs.account, "AWS_SECRET_ACCESS_KEY": "x", "PYTHONUNBUFFERED": "1"}
    command = [aws, "logs", "start-live-tail", "--log-group-identifiers", logs.arn()]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as cli:
        stop = threading.Timer(30, cli.kill)
        stop.start()
        try:
            while not logs.sessions() and cli.poll() is None:
                time.sleep(0.05)
            assert cli.poll() is None, cli.stderr.read()  # type: ignore[union-attr]
            logs.put("said to the cli")
            assert cli.stdout.readline() == "said to the cli\n"  # type: ignore[union-attr]
        finally:
            stop.cancel()
            cli.kill()
