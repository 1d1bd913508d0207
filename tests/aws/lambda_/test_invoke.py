"""Invoke: answers, errors of functions and of Lambda, payload limits, and concurrency."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import BASIC, Lambda, trust

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


def test_an_answer(fn: Lambda) -> None:
    fn.create(code="def handler(event, context):\n    print('seen', event['n'])\n    return {'n': event['n'] + 1}\n")
    answer = fn.invoke(event={"n": 1})
    assert answer.payload == {"n": 2}
    assert answer.error is None
    assert answer.raw["StatusCode"] == 200
    assert answer.raw["ExecutedVersion"] == "$LATEST"
    assert "START RequestId: " in answer.log
    assert "seen 1\n" in answer.log
    assert "REPORT RequestId: " in answer.log
    plain = fn.client.invoke(FunctionName="fn", Payload=b'{"n": 5}')
    assert "LogResult" not in plain
    assert json.loads(plain["Payload"].read()) == {"n": 6}


def test_the_answer_tells_of_the_trace(fn: Lambda) -> None:
    fn.create(code="import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n")
    answer = fn.invoke()
    headers = answer.raw["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-trace-id"] == answer.payload
    assert headers["x-amzn-remapped-content-length"] == "0"
    assert headers["content-length"] == str(len(answer.payload) + 2)
    event = fn.client.invoke(FunctionName="fn", InvocationType="Event")["ResponseMetadata"]["HTTPHeaders"]
    assert re.fullmatch(
        r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=.*;Sampled=0;Lineage=1:[0-9a-f]{8}:0", event["x-amzn-trace-id"]
    )
    assert event["x-amzn-remapped-content-length"] == "0"
    stream = fn.client.invoke_with_response_stream(FunctionName="fn")
    assert stream["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"].startswith("Root=1-")
    assert b"".join(one.get("PayloadChunk", {}).get("Payload", b"") for one in stream["EventStream"])


def test_no_payload_is_an_empty_event(fn: Lambda) -> None:
    fn.create()
    assert json.loads(fn.client.invoke(FunctionName="fn")["Payload"].read()) == {}


def test_the_context_knows_the_invocation(fn: Lambda, account: str) -> None:
    fn.create(
        code="""
def handler(event, context):
    return [context.aws_request_id, context.invoked_function_arn, context.client_context and context.client_context.custom,
            context.function_version, context.log_group_name]
"""
    )
    custom = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
    answer = fn.invoke(ClientContext=custom)
    request_id = answer.raw["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    arn = f"arn:aws:lambda:us-east-1:{account}:function:fn"
    assert answer.payload == [request_id, arn, {"a": "b"}, "$LATEST", "/aws/lambda/fn"]
    assert fn.invoke(Qualifier="$LATEST").payload[1] == f"{arn}:$LATEST"
    assert fn.invoke("fn:$LATEST").payload[1] == f"{arn}:$LATEST"
    assert fn.invoke(arn).payload[1] == arn


def test_errors_of_the_function_are_answers(fn: Lambda) -> None:
    fn.create(code="def handler(event, context):\n    raise ValueError('no good')\n")
    answer = fn.invoke()
    assert answer.raw["StatusCode"] == 200
    assert answer.error == "Unhandled"
    assert answer.payload["errorMessage"] == "no good"
    assert answer.payload["errorType"] == "ValueError"
    assert answer.payload["requestId"] == answer.raw["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]


def test_errors_of_python38_do_not_tell_the_request(fn: Lambda) -> None:
    fn.create(Runtime="python3.8", code="def handler(event, context):\n    raise Exception('Failed: x')\n")
    assert list(fn.invoke().payload) == ["errorMessage", "errorType", "stackTrace"]


@pytest.mark.parametrize(("runtime", "ctype"), [("python3.11", None), ("python3.12", "C.UTF-8")])
def test_the_environment_is_the_runtimes(fn: Lambda, runtime: str, ctype: str | None) -> None:
    """Names and values as test_introspection_invoke recorded them; the host of X-Ray's daemon is this machine's."""
    fn.create(Runtime=runtime, code="import os\ndef handler(event, context):\n    return dict(os.environ)\n")
    found = fn.invoke().payload
    assert found.get("LC_CTYPE") == ctype
    assert found["AWS_XRAY_CONTEXT_MISSING"] == "LOG_ERROR"
    assert found["AWS_XRAY_DAEMON_ADDRESS"] == "127.0.0.1:2000"
    assert (found["_AWS_XRAY_DAEMON_ADDRESS"], found["_AWS_XRAY_DAEMON_PORT"]) == ("127.0.0.1", "2000")
    assert set(found) - {"LC_CTYPE"} == {
        "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS",
        "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "LANG", "LD_LIBRARY_PATH", "PATH", "PWD", "PYTHONPATH", "SHLVL", "TZ",
        "_AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_PORT", "_HANDLER", "_X_AMZN_TRACE_ID",
        "AWS_ENDPOINT_URL",  # Atoll's own
    }  # fmt: skip


def test_a_missing_handler(fn: Lambda) -> None:
    fn.create(Handler="nowhere.handler")
    answer = fn.invoke()
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'nowhere'" in answer.payload["errorMessage"]


def test_a_timeout(fn: Lambda) -> None:
    fn.create(code="import time\ndef handler(event, context):\n    time.sleep(30)\n", Timeout=1)
    answer = fn.invoke()
    assert answer.error == "Unhandled"
    assert "Task timed out after 1.00 seconds" in answer.payload["errorMessage"]


def test_dry_run(fn: Lambda, aws_error: Error) -> None:
    fn.create(code="raise SystemExit\n")
    assert fn.client.invoke(FunctionName="fn", InvocationType="DryRun")["StatusCode"] == 204


def test_payloads_that_are_refused(fn: Lambda, aws_error: Error) -> None:
    fn.create()
    code, message, status = aws_error(lambda: fn.client.invoke(FunctionName="fn", Payload=b"{not json"))
    assert (code, status) == ("InvalidRequestContentException", 400)
    assert message.startswith("Could not parse request body into json: Could not parse payload into json: ")
    undecodable = aws_error(lambda: fn.client.invoke(FunctionName="fn", Payload=b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt"))
    assert undecodable[1] == (
        "Could not parse request body into json: Could not parse payload into json: Invalid UTF-8 start byte 0x87\n at "
        "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 3]"
    )
    at_most = json.dumps("x" * (6_291_456 - 2)).encode()
    assert len(at_most) == 6_291_456
    answer = fn.client.invoke(FunctionName="fn", Payload=at_most)
    assert "FunctionError" not in answer
    assert answer["Payload"].read() == at_most
    assert aws_error(lambda: fn.client.invoke(FunctionName="fn", Payload=at_most + b" ")) == (
        "RequestEntityTooLargeException",
        "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)",
        413,
    )


def test_reserved_concurrency_is_enforced(fn: Lambda, aws_error: Error, eventually: Callable[..., Any]) -> None:
    c = fn.client
    fn.create(code="import time\ndef handler(event, context):\n    time.sleep(event.get('s', 0))\n", Timeout=10)
    assert (
        c.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0)["ReservedConcurrentExecutions"]
        == 0
    )
    assert aws_error(lambda: c.invoke(FunctionName="fn")) == ("TooManyRequestsException", "Rate Exceeded.", 429)
    with pytest.raises(c.exceptions.TooManyRequestsException) as refusal:
        c.invoke(FunctionName="fn")
    assert refusal.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    c.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1)
    assert c.get_function_concurrency(FunctionName="fn")["ReservedConcurrentExecutions"] == 1
    assert c.get_function(FunctionName="fn")["Concurrency"] == {"ReservedConcurrentExecutions": 1}
    assert c.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 999

    def accepted(seconds: int) -> bool:
        try:
            c.invoke(FunctionName="fn", Payload=json.dumps({"s": seconds}))
        except c.exceptions.TooManyRequestsException:
            return False
        return True

    slow = threading.Thread(target=lambda: eventually(lambda: accepted(2), bool))
    slow.start()
    eventually(lambda: accepted(0), lambda answer: not answer)
    slow.join()
    c.delete_function_concurrency(FunctionName="fn")
    assert "ReservedConcurrentExecutions" not in c.get_function_concurrency(FunctionName="fn")
    assert fn.invoke().error is None
    code, message, _ = aws_error(
        lambda: c.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=901)
    )
    assert code == "InvalidParameterValueException"
    assert message == (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
        "minimum value of [100]."
    )


def test_logs_can_be_read_after_an_invocation(
    fn: Lambda, client: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    fn.create(code="def handler(event, context):\n    print('a line of mine')\n")
    fn.invoke()
    logs = client("logs")
    group = eventually(lambda: logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/fn")["logGroups"], bool)
    assert group[0]["logGroupName"] == "/aws/lambda/fn"
    events = eventually(
        lambda: logs.filter_log_events(logGroupName="/aws/lambda/fn")["events"],
        lambda events: any("REPORT" in event["message"] for event in events),
    )
    starts = [event["message"].split()[0] for event in events]
    assert starts.index("START") < starts.index("a") < starts.index("END") < starts.index("REPORT")
    found = logs.filter_log_events(logGroupName="/aws/lambda/fn", filterPattern='"line of mine"')["events"]
    assert [event["message"] for event in found] == ["a line of mine\n"]


def test_logs_go_to_the_configured_group(
    fn: Lambda, client: Callable[..., Any], eventually: Callable[..., Any]
) -> None:
    fn.create(LoggingConfig={"LogGroup": "/my/logs"})
    assert fn.client.get_function_configuration(FunctionName="fn")["LoggingConfig"]["LogGroup"] == "/my/logs"
    fn.invoke()
    eventually(lambda: client("logs").describe_log_groups(logGroupNamePrefix="/my/logs")["logGroups"], bool)


def test_a_role_without_log_permissions_writes_none(fn: Lambda, client: Callable[..., Any], logged: Any) -> None:
    mute = client("iam").create_role(RoleName="mute", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"][
        "Arn"
    ]
    fn.create("mute-fn", code="def handler(event, context):\n    print('unheard')\n", Role=mute)
    assert "unheard" in fn.invoke("mute-fn").log
    logged("mute-fn writes no logs")
    assert client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/mute-fn")["logGroups"] == []


def test_a_function_has_the_permissions_of_its_role(fn: Lambda, client: Callable[..., Any], account: str) -> None:
    client("dynamodb").create_table(
        TableName="table", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    table = f"arn:aws:dynamodb:us-east-1:{account}:table/table"
    allowed = {"Effect": "Allow", "Action": ["dynamodb:PutItem", "dynamodb:GetItem"], "Resource": table}
    iam = client("iam")
    role = iam.create_role(RoleName="writer", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="writer", PolicyArn=BASIC)
    iam.put_role_policy(
        RoleName="writer", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    )
    fn.create(
        "writer-fn",
        code="""
import boto3
table = boto3.resource("dynamodb").Table("table")
def handler(event, context):
    table.put_item(Item={"id": "1", "v": "kept"})
    kept = table.get_item(Key={"id": "1"})["Item"]["v"]
    try:
        table.delete_item(Key={"id": "1"})
    except Exception as error:
        return [kept, error.response["Error"]["Code"], error.response["Error"]["Message"]]
""",
        Role=role,
        Timeout=20,
    )
    assert fn.invoke("writer-fn").payload == [
        "kept",
        "AccessDeniedException",
        f"User: arn:aws:sts::{account}:assumed-role/writer/writer-fn is not authorized to perform: dynamodb:DeleteItem "
        f"on resource: {table} because no identity-based policy allows the dynamodb:DeleteItem action",
    ]


def test_functions_answer_after_a_restart(new_region: Callable[..., Any], account: str) -> None:
    region = new_region()
    iam = region.client("iam", key=account)
    role = iam.create_role(RoleName="fn-role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    fn = Lambda(region.client("lambda", key=account), role)
    fn.create()
    assert fn.invoke(event=[1]).payload == [1]
    region.kill()
    for unpacked in (region.data_dir / "work" / "code").iterdir():
        unpacked.rename(unpacked.with_suffix(".part"))  # as if the crash had come while it was unpacked
    region.start()
    assert Lambda(region.client("lambda", key=account), role).invoke(event=[2]).payload == [2]
    assert not list((region.data_dir / "work" / "code").glob("*.part"))
