"""Where functions' logs go, who may write them, and in which format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Lambda, trust

CHATTY = """
import logging
logging.getLogger().setLevel("INFO")
def handler(event, context):
    print("one\\ntwo")
    logging.info("three\\nfour")
    return context.log_stream_name
"""
Eventually = Callable[..., Any]


def role_with(client: Callable[..., Any], name: str, *actions: str) -> str:
    """A role that Lambda may assume and that may do this."""
    iam = client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    if actions:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    return str(arn)


def reported(logs: Any, group: str, eventually: Eventually, sign: str = "REPORT") -> list[str]:
    """The messages of a group once an invocation has been reported."""
    return eventually(
        lambda: [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]],
        lambda messages: any(sign in message for message in messages),
    )


def group_exists(logs: Any, name: str) -> bool:
    return bool(logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"])


def test_text(fn: Lambda, client: Callable[..., Any], eventually: Eventually) -> None:
    fn.create(code=CHATTY)
    stream = fn.invoke().payload
    logs = client("logs")
    eventually(lambda: group_exists(logs, "/aws/lambda/fn"), bool)
    messages = reported(logs, "/aws/lambda/fn", eventually)
    assert [message.split()[0] for message in messages] == [
        "INIT_START",
        "START",
        "one",
        "two",
        "[INFO]",
        "END",
        "REPORT",
    ]
    assert messages[4].endswith("\tthree\nfour\n")
    found = logs.describe_log_streams(logGroupName="/aws/lambda/fn")["logStreams"]
    assert [each["logStreamName"] for each in found] == [stream]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)


def test_json(fn: Lambda, client: Callable[..., Any], eventually: Eventually) -> None:
    settings = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "DEBUG", "LogGroup": "/mine"}
    fn.create(code=CHATTY, LoggingConfig=settings)
    answer = fn.invoke()
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/fn\[\$LATEST\][0-9a-f]{32}", answer.payload)
    logs = client("logs")
    eventually(lambda: group_exists(logs, "/mine"), bool)
    messages = reported(logs, "/mine", eventually, "platform.report")
    found = [json.loads(message) if message.startswith("{") else message for message in messages]
    assert [event.get("type", event.get("message")) if isinstance(event, dict) else event for event in found] == [
        "platform.initStart", "platform.initRuntimeDone", "platform.initReport", "platform.start", "one\n", "two\n",
        "three\nfour", "platform.runtimeDone", "platform.report",
    ]  # fmt: skip
    assert found[6]["requestId"] == answer.raw["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    fn.client.update_function_configuration(FunctionName="fn", LoggingConfig={"LogFormat": "Text", "LogGroup": "/mine"})
    assert fn.invoke().log.startswith("START RequestId: ")


def test_a_group_that_exists_needs_no_permission_to_make_one(
    fn: Lambda, client: Callable[..., Any], eventually: Eventually
) -> None:
    logs = client("logs")
    role = role_with(client, "writer", "logs:CreateLogStream", "logs:PutLogEvents")
    fn.create("without", code=CHATTY, Role=role)
    fn.create("with", code=CHATTY, Role=role)
    logs.create_log_group(logGroupName="/aws/lambda/with")
    assert fn.invoke("without").error is None
    assert fn.invoke("with").error is None
    assert "one\n" in reported(logs, "/aws/lambda/with", eventually)
    assert not group_exists(logs, "/aws/lambda/without")


@pytest.mark.parametrize("actions", [["logs:CreateLogGroup"], ["logs:CreateLogGroup", "logs:CreateLogStream"]])
def test_a_role_that_may_not_write_writes_nothing(
    fn: Lambda, client: Callable[..., Any], logged: Any, actions: list[str]
) -> None:
    fn.create(f"quiet{len(actions)}", code=CHATTY, Role=role_with(client, "some", *actions))
    assert "one\n" in fn.invoke(f"quiet{len(actions)}").log
    logged(f"quiet{len(actions)} writes no logs")
    logs = client("logs")
    if group_exists(logs, f"/aws/lambda/quiet{len(actions)}"):
        assert logs.filter_log_events(logGroupName=f"/aws/lambda/quiet{len(actions)}")["events"] == []


def test_the_report_of_an_actively_traced_function(fn: Lambda) -> None:
    fn.create(code="import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n",
              TracingConfig={"Mode": "Active"})  # fmt: skip
    answer = fn.invoke()
    fields = dict(part.split("=", 1) for part in answer.payload.split(";"))
    assert fields["Sampled"] == "1"
    expected = f"\t\nXRAY TraceId: {fields['Root']}\tSegmentId: {fields['Parent']}\tSampled: true\t\n"
    assert answer.log.endswith(expected)


def test_the_trace_that_the_caller_is_in_goes_on(fn: Lambda) -> None:
    fn.create(code="import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n")
    root = "1-5759e988-bd862e3fe1be46a994272793"

    def join(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = f"Root={root};Parent=53995c3f42cd8ad8;Sampled=1"

    fn.client.meta.events.register("before-send.lambda.Invoke", join)
    answer = fn.invoke()
    assert answer.payload.startswith(f"Root={root};Parent=")
    assert f"\nXRAY TraceId: {root}\tSegmentId: " in answer.log
    fn.client.meta.events.unregister("before-send.lambda.Invoke", join)
    assert "XRAY" not in fn.invoke().log


def test_a_callers_trace_neither_breaks_the_function_nor_its_log(fn: Lambda) -> None:
    fn.create(code="import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n")
    for hidden in ("%00", "%0d%0aREPORT RequestId: forged"):

        def join(request: Any, hidden: str = hidden, **_: Any) -> None:
            request.headers["X-Amzn-Trace-Id"] = f"Root=1-2-3{hidden};Sampled=1;Lineage=1:00000000:1"

        fn.client.meta.events.register("before-send.lambda.Invoke", join)
        answer = fn.invoke()
        fn.client.meta.events.unregister("before-send.lambda.Invoke", join)
        assert answer.error is None, answer.log
        assert answer.payload.startswith("Root=1-2-3;Parent=")
        assert "\nXRAY TraceId: 1-2-3\tSegmentId: " in answer.log


def test_the_tail_is_the_last_four_kilobytes(fn: Lambda) -> None:
    fn.create(code="def handler(event, context):\n    for n in range(2000): print('line', n)\n")
    log = fn.invoke().log
    assert len(log.encode()) == 4096
    assert "line 1999\nEND RequestId: " in log


def test_odd_bytes_and_long_lines_arrive(fn: Lambda, client: Callable[..., Any], eventually: Eventually) -> None:
    source = "import os\ndef handler(event, context):\n    os.write(1, b'\\x00 \\xff\\n')\n    print('x' * 1_100_000)\n"
    fn.create(code=source, Timeout=20)
    fn.invoke()
    logs = client("logs")
    eventually(lambda: group_exists(logs, "/aws/lambda/fn"), bool)
    eventually(lambda: [event["message"] for event in logs.filter_log_events(
        logGroupName="/aws/lambda/fn", filterPattern="REPORT")["events"]], bool)  # fmt: skip
    (stream,) = logs.describe_log_streams(logGroupName="/aws/lambda/fn")["logStreams"]
    place = {"logGroupName": "/aws/lambda/fn", "logStreamName": stream["logStreamName"], "startFromHead": True}
    messages, token = list[str](), None
    while True:
        page = logs.get_log_events(**place, **({"nextToken": token} if token else {}))
        if page["nextForwardToken"] == token:
            break
        messages += [event["message"] for event in page["events"]]
        token = page["nextForwardToken"]
    assert messages[2] == "\x00 \ufffd\n"
    assert [len(message) for message in messages[3:5]] == [1_048_550, 1_100_001 - 1_048_550]
