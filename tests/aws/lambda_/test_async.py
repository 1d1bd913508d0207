"""Asynchronous invocation: events that were accepted run, are tried again by region time, and are told about."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .conftest import BASIC, Lambda, trust

if TYPE_CHECKING:
    from tests.conftest import Region

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
TOLD = "import json\ndef handler(event, context):\n    print('TOLD', json.dumps(event))\n"
FAILS = "def handler(event, context):\n    raise Exception('intentional failure')\n"
NO_RETRY = {"MaximumRetryAttempts": 0}


@pytest.fixture(scope="module")
def region(own: Region) -> Region:
    """Its clock is moved."""
    return own


@pytest.fixture
def advance(region: Region) -> Callable[..., None]:
    def move(by: float | str = 0) -> None:
        answer = httpx.post(f"{region.endpoint}/_atoll/clock", json={"advance": by}, timeout=60)
        assert answer.status_code == 200, answer.text

    return move


@pytest.fixture
def logged(region: Region, eventually: Callable[..., Any]) -> Callable[[str], Any]:
    """Waits until the region's own log, which is written now and then, has this text."""
    return lambda text: eventually(region.log.read_text, lambda found: text in found)


@pytest.fixture
def lines(client: Callable[..., Any]) -> Callable[..., list[str]]:
    """What a function wrote to its log."""

    def read(name: str = "fn") -> list[str]:
        logs = client("logs")
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in found]

    return read


@pytest.fixture
def starts(lines: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """The request ids of a function's invocations, in their order."""
    return lambda name="fn": [m[1] for line in lines(name) if (m := re.match(r"START RequestId: (\S+)", line))]


@pytest.fixture
def started(client: Callable[..., Any]) -> Callable[[str], list[float]]:
    """When a function's invocations began, as its log has it: region time in seconds."""

    def read(name: str) -> list[float]:
        found = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern='"START RequestId"')
        return [event["timestamp"] / 1000 for event in found["events"]]

    return read


@pytest.fixture
def told(fn: Lambda, client: Callable[..., Any], lines: Callable[..., list[str]]) -> Callable[[], list[Any]]:
    """A function `sink` to which `fn-role` may send records; gives those that it got."""
    allow(client, "lambda:InvokeFunction")
    fn.create("sink", TOLD)
    return lambda: [json.loads(line[5:]) for line in lines("sink") if line.startswith("TOLD ")]


def allow(client: Callable[..., Any], *actions: str) -> None:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    client("iam").put_role_policy(
        RoleName="fn-role",
        PolicyName="more",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def arn(account: str, name: str = "fn") -> str:
    return f"arn:aws:lambda:us-east-1:{account}:function:{name}"


def tell(fn: Lambda, account: str, **settings: Any) -> None:
    sink = {"Destination": arn(account, "sink")}
    fn.client.put_function_event_invoke_config(
        FunctionName="fn", DestinationConfig={"OnSuccess": sink, "OnFailure": sink}, **settings
    )


def event(fn: Lambda, payload: Any = None, **settings: Any) -> str:
    """Sends an event; returns its request id."""
    answer = fn.client.invoke(FunctionName="fn", InvocationType="Event", Payload=json.dumps(payload or {}), **settings)
    assert answer["StatusCode"] == 202
    return str(answer["ResponseMetadata"]["RequestId"])


def test_an_event_is_accepted_and_runs(fn: Lambda, starts: Any, eventually: Any) -> None:
    fn.create()
    answer = fn.client.invoke(FunctionName="fn", InvocationType="Event", Payload=b'{"n": 1}', LogType="Tail")
    metadata = answer.pop("ResponseMetadata")
    assert (metadata["HTTPStatusCode"], answer.pop("Payload").read(), answer) == (202, b"", {"StatusCode": 202})
    assert eventually(starts, len) == [metadata["RequestId"]]


def test_invoke_async(fn: Lambda, starts: Any, eventually: Any, aws_error: Error) -> None:
    fn.create()
    assert fn.client.invoke_async(FunctionName="fn", InvokeArgs=b"{}")["Status"] == 202
    eventually(starts, len)
    code, message, status = aws_error(
        lambda: fn.client.invoke_async(FunctionName="fn", InvokeArgs=b'"%b"' % (b"x" * 262_143))
    )
    assert (code, status) == ("RequestEntityTooLargeException", 413)
    assert message == "262145 byte payload is too large for the Event invocation type (limit 262144 bytes)"


def test_what_is_no_event_is_refused_at_once(
    fn: Lambda, account: str, aws_error: Error, told: Any, advance: Any
) -> None:
    fn.create()
    tell(fn, account)
    large = b'"%b"' % (b"x" * (1_048_576 - 2))
    for name, payload, expected in (
        ("fn", large + b" ", ("RequestEntityTooLargeException",
         "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)", 413)),
        ("nobody", b"{}", ("ResourceNotFoundException", f"Function not found: {arn(account, 'nobody')}:$LATEST", 404)),
        ("fn:7", b"{}", ("ResourceNotFoundException", f"Function not found: {arn(account)}:7", 404)),
    ):  # fmt: skip
        send = lambda: fn.client.invoke(FunctionName=name, InvocationType="Event", Payload=payload)  # noqa: B023, E731
        assert aws_error(send) == expected
    broken = aws_error(lambda: fn.client.invoke(FunctionName="fn", InvocationType="Event", Payload=b"{"))
    assert broken[0] == "InvalidRequestContentException"
    fn.client.invoke(FunctionName="fn", InvocationType="Event", Payload=b'"largest"')
    advance()
    assert [record["requestPayload"] for record in told()] == ["largest"]
    fn.client.invoke(FunctionName="fn", InvocationType="Event", Payload=large)
    advance()


def test_a_failing_function_is_tried_after_one_and_two_minutes(
    fn: Lambda, account: str, told: Any, advance: Any, starts: Any, started: Callable[[str], list[float]]
) -> None:
    """As test_retries and test_assess_lambda_destination_invocation recorded."""
    fn.create(code=FAILS)
    tell(fn, account)
    request_id = event(fn, {"message": "m"})
    for by, attempts in ((0, 1), (30, 1), (31, 2), (90, 2), (31, 3)):
        advance(by)
        assert starts() == [request_id] * attempts
    first, second, third = started("fn")
    assert (round(second - first), round(third - second)) == (60, 120)
    (record,) = told()
    moment = record.pop("timestamp")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
    trace = record["responsePayload"].pop("stackTrace")
    assert "raise Exception('intentional failure')" in trace[0]
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{arn(account)}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"message": "m"},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "intentional failure", "errorType": "Exception", "requestId": request_id},
    }
    assert list(record) == ["version", "requestContext", "requestPayload", "responseContext", "responsePayload"]


def test_a_success_is_told(fn: Lambda, account: str, told: Any, advance: Any) -> None:
    fn.create(code="def handler(event, context):\n    return {'hello': event}\n")
    tell(fn, account, MaximumRetryAttempts=2)
    request_id = event(fn, {"n": 1})
    advance()
    (record,) = told()
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": f"{arn(account)}:$LATEST",
        "condition": "Success",
        "approximateInvokeCount": 1,
    }
    assert (record["requestPayload"], record["responsePayload"]) == ({"n": 1}, {"hello": {"n": 1}})
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}


def test_fewer_attempts_and_a_shorter_life(fn: Lambda, account: str, told: Any, advance: Any, starts: Any) -> None:
    """The second as test_maxeventage recorded: what could only be tried too late is given up at once."""
    fn.create(code=FAILS)
    tell(fn, account, MaximumRetryAttempts=0)
    event(fn)
    advance()
    tell(fn, account, MaximumEventAgeInSeconds=60)
    event(fn)
    advance()
    tell(fn, account, MaximumEventAgeInSeconds=90)
    event(fn)
    advance(70)
    assert [(r["requestContext"]["condition"], r["requestContext"]["approximateInvokeCount"]) for r in told()] == [
        ("RetriesExhausted", 1), ("EventAgeExceeded", 1), ("EventAgeExceeded", 2),
    ]  # fmt: skip
    assert told()[2]["responseContext"]["functionError"] == "Unhandled"
    advance("6h")
    assert len(starts()) == 4


def test_the_next_attempt_runs_new_code(fn: Lambda, account: str, told: Any, advance: Any) -> None:
    from .conftest import package

    fn.create(code=FAILS)
    tell(fn, account)
    request_id = event(fn)
    advance()
    fn.client.update_function_code(
        FunctionName="fn", ZipFile=package("def handler(event, context):\n    return 'new'\n")
    )
    advance(61)
    (record,) = told()
    assert (record["responsePayload"], record["requestContext"]["requestId"]) == ("new", request_id)


def test_an_alias_is_resolved_at_each_attempt(fn: Lambda, account: str, told: Any, advance: Any, starts: Any) -> None:
    """It is what the record names; its configuration is its own."""
    fn.create(code=FAILS, Publish=True)
    fn.client.create_alias(FunctionName="fn", FunctionVersion="1", Name="live")
    sink = {"Destination": arn(account, "sink")}
    fn.client.put_function_event_invoke_config(
        FunctionName="fn:live", MaximumRetryAttempts=1, DestinationConfig={"OnFailure": sink}
    )
    event(fn, Qualifier="live")
    advance()
    fn.client.update_function_configuration(FunctionName="fn", Description="changed")
    fn.client.publish_version(FunctionName="fn")
    fn.client.update_alias(FunctionName="fn", Name="live", FunctionVersion="2")
    advance(61)
    (record,) = told()
    assert (record["requestContext"]["functionArn"], record["requestContext"]["approximateInvokeCount"]) == (
        f"{arn(account)}:live",
        2,
    )
    assert record["responseContext"]["executedVersion"] == "2"


def test_an_event_for_what_was_deleted_meanwhile_is_dropped(
    fn: Lambda, account: str, told: Any, advance: Any, starts: Any
) -> None:
    fn.create(code=FAILS, Publish=True)
    sink = {"Destination": arn(account, "sink")}
    fn.client.put_function_event_invoke_config(FunctionName="fn", Qualifier="1", DestinationConfig={"OnFailure": sink})
    event(fn, Qualifier="1")
    advance()
    fn.client.delete_function(FunctionName="fn", Qualifier="1")
    advance("5m")
    assert told() == []  # its configuration has gone with it
    assert len(starts()) == 1


def test_a_function_that_may_not_run_is_not_tried(
    fn: Lambda, account: str, told: Any, advance: Any, starts: Any
) -> None:
    fn.create()
    tell(fn, account)
    fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0)
    event(fn, {"n": 1})
    advance()
    (record,) = told()
    assert (record["requestContext"]["condition"], record["requestContext"]["approximateInvokeCount"]) == (
        "ZeroReservedConcurrency", 0,
    )  # fmt: skip
    assert {"responseContext", "responsePayload"} & set(record) == set()
    assert starts() == []


def test_events_past_the_reserved_concurrency_wait(
    fn: Lambda, account: str, told: Any, starts: Any, lines: Any, eventually: Any
) -> None:
    fn.create(code="import time\ndef handler(event, context):\n    time.sleep(0.05)\n")
    fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1)
    sent = {event(fn) for _ in range(12)}
    phases = eventually(
        lambda: [line[:3] for line in lines() if line[:3] in ("STA", "END")], lambda found: len(found) == 24
    )
    assert phases == ["STA", "END"] * 12  # one after the other
    assert set(starts()) == sent


def test_an_event_that_others_keep_from_running_grows_too_old(
    fn: Lambda, account: str, told: Any, advance: Any, eventually: Any, region: Region, starts: Any
) -> None:
    fn.create(code="import time\ndef handler(event, context):\n    time.sleep(event.get('s', 0))\n", Timeout=60)
    tell(fn, account, MaximumEventAgeInSeconds=600)
    fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(lambda: fn.invoke(event={"s": 8}))
        eventually(lambda: httpx.get(f"{region.endpoint}/_atoll/status").json()["running"]["lambda"],
                   lambda shown: any("BUSY" in line.upper() for line in shown))  # fmt: skip
        event(fn, {"n": 1})
        advance(601)
        assert not busy.done()
        (record,) = told()
        assert busy.result().error is None
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert (record["requestContext"]["approximateInvokeCount"], record["responseContext"]) == (0, {"statusCode": 429})
    assert len(starts()) == 1


def test_a_deleted_functions_events_are_dropped(fn: Lambda, advance: Any, starts: Any) -> None:
    fn.create(code=FAILS)
    event(fn)
    advance()
    fn.client.delete_function(FunctionName="fn")
    fn.create(code=FAILS)
    advance("1h")
    assert len(starts()) == 1


def test_a_record_that_may_not_be_sent_is_lost_and_logged(
    fn: Lambda, account: str, told: Any, advance: Any, client: Any, region: Region, starts: Any, logged: Any
) -> None:
    fn.create()
    tell(fn, account)
    client("iam").delete_role_policy(RoleName="fn-role", PolicyName="more")
    event(fn)
    advance()
    assert told() == []
    logged(
        f"The record of an invocation of fn could not be sent to {arn(account, 'sink')}: User: arn:aws:sts::{account}:assumed-role/"
        f"fn-role/fn is not authorized to perform: lambda:InvokeFunction on resource: {arn(account, 'sink')} because no "
        "identity-based policy allows the lambda:InvokeFunction action"
    )
    traces = httpx.get(f"{region.endpoint}/_atoll/trace?limit=50").json()["traces"]
    assert any(t["name"] == "delivery lambda.record fn" and "AccessDenied" in t.get("error", "") for t in traces)


def test_a_queue_that_is_not_here_yet(
    fn: Lambda, account: str, client: Any, advance: Any, region: Region, aws_error: Error, logged: Any
) -> None:
    """It is accepted, and reported; the role must be allowed to send there as on AWS; what would be sent is lost with a line."""
    queue = f"arn:aws:sqs:us-east-1:{account}:dead"
    given = {"DeadLetterConfig": {"TargetArn": queue}}
    assert aws_error(lambda: fn.create(code=FAILS, **given)) == (
        "InvalidParameterValueException", "The provided execution role does not have permissions to call SendMessage on SQS", 400,
    )  # fmt: skip
    allow(client, "sqs:SendMessage")
    assert fn.create(code=FAILS, **given)["DeadLetterConfig"] == {"TargetArn": queue}
    topic = f"arn:aws:sns:us-east-1:{account}:dead"
    assert (
        aws_error(
            lambda: fn.client.update_function_configuration(FunctionName="fn", DeadLetterConfig={"TargetArn": topic})
        )[1]
        == "The provided execution role does not have permissions to call Publish on SNS"
    )
    fn.client.put_function_event_invoke_config(
        FunctionName="fn", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": queue}}
    )
    event(fn)
    advance()
    logged(f"An event that was given up of fn could not be sent to {queue}: Atoll does not implement sqs:SendMessage.")
    logged(f"The record of an invocation of fn could not be sent to {queue}: Atoll does not implement")
    reported = httpx.get(f"{region.endpoint}/_atoll/unsupported").json()["unsupported"]
    assert {("CreateFunction", "DeadLetterConfig.TargetArn"),
            ("PutFunctionEventInvokeConfig", "DestinationConfig")} <= {
        (each["operation"], each["property"]) for each in reported
    }  # fmt: skip


def test_a_restart_and_a_kill_lose_no_attempt(new_region: Callable[..., Region], account: str, eventually: Any) -> None:
    region = new_region()
    iam = region.client("iam", key=account)
    role = iam.create_role(RoleName="fn-role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="fn-role", PolicyArn=BASIC)
    fn = Lambda(region.client("lambda", key=account), role)
    fn.create(code=FAILS)
    fn.create("slow", "import time\ndef handler(event, context):\n    time.sleep(1)\n")

    def attempts(name: str = "fn") -> int:
        logs = region.client("logs", key=account)
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="END")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return 0
        return len(found)

    event(fn)
    httpx.post(f"{region.endpoint}/_atoll/clock", json={"advance": 0})
    assert attempts() == 1
    region.stop()
    region.start()
    httpx.post(f"{region.endpoint}/_atoll/clock", json={"advance": 61}, timeout=60)
    assert attempts() == 2
    fn.client.invoke(FunctionName="slow", InvocationType="Event")
    region.kill()
    region.start()
    httpx.post(f"{region.endpoint}/_atoll/clock", json={"advance": 121}, timeout=60)
    assert (attempts(), attempts("slow")) == (3, 1)


LOOP = """
import json, os, boto3
def handler(event, context):
    print("TRACE", os.environ["_X_AMZN_TRACE_ID"])
    if event["kind"] == "RequestResponse" and event["left"] == 0:
        return "end"
    answer = boto3.client("lambda").invoke(
        FunctionName=event["to"], InvocationType=event["kind"], Payload=json.dumps({**event, "left": event["left"] - 1})
    )
    return json.loads(answer["Payload"].read() or "null")
"""


def test_a_function_that_sends_itself_events_is_stopped_after_16(
    fn: Lambda, account: str, told: Any, advance: Any, starts: Any, lines: Any, logged: Any
) -> None:
    fn.create(code=LOOP, Timeout=30)
    fn.client.put_function_event_invoke_config(
        FunctionName="fn", DestinationConfig={"OnFailure": {"Destination": arn(account, "sink")}}
    )
    event(fn, {"kind": "Event", "to": "fn", "left": 0})
    advance()
    assert len(starts()) == 16
    (record,) = told()
    assert record["requestPayload"]["left"] == -16
    logged("fn invokes itself in a loop, which is stopped")
    roots = {re.search("Root=([^;]+)", line)[1] for line in lines() if line.startswith("TRACE")}  # type: ignore[index]
    assert len(roots) == 1


def test_loops_may_be_allowed(fn: Lambda, told: Any) -> None:
    fn.create(code=LOOP, Timeout=60)
    calls = {"kind": "RequestResponse", "to": "fn", "left": 17}
    assert fn.invoke(event=calls).payload["errorType"] == "RecursiveInvocationException"
    fn.client.put_function_recursion_config(FunctionName="fn", RecursiveLoop="Allow")
    assert fn.invoke(event=calls).payload == "end"
