"""InvokeWithResponseStream: an answer in events; the same checks, errors and permissions as Invoke."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from .conftest import Lambda, trust

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


def streamed(fn: Lambda, **settings: Any) -> tuple[bytes, dict[str, Any], dict[str, Any]]:
    """The payload put together again, the InvokeComplete event, and the answer's members."""
    answer = fn.client.invoke_with_response_stream(**{"FunctionName": "fn"} | settings)
    *chunks, last = list(answer["EventStream"])
    assert all(set(chunk) == {"PayloadChunk"} for chunk in chunks)
    return b"".join(chunk["PayloadChunk"]["Payload"] for chunk in chunks), last["InvokeComplete"], answer


def test_the_payload_comes_in_chunks_and_then_the_end(fn: Lambda) -> None:
    fn.create(code="def handler(event, context):\n    print('seen')\n    return {'n': event['n'] + 1}\n")
    payload, complete, answer = streamed(fn, Payload=b'{"n": 1}')
    assert json.loads(payload) == {"n": 2}
    assert complete == {}
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    _, complete, _ = streamed(fn, Payload=b'{"n": 1}', LogType="Tail")
    assert set(complete) == {"LogResult"}
    assert "seen\n" in base64.b64decode(complete["LogResult"]).decode()


def test_a_large_payload_comes_whole(fn: Lambda) -> None:
    fn.create()
    sent = json.dumps("ä☃" * 500_000).encode()
    assert streamed(fn, Payload=sent)[0] == sent


def test_errors_of_the_function_are_told_at_the_end(fn: Lambda) -> None:
    fn.create(code="def handler(event, context):\n    raise ValueError('no good ☃')\n")
    payload, complete, answer = streamed(fn)
    assert payload == b""
    assert answer["StatusCode"] == 200
    assert complete["ErrorCode"] == "Unhandled"
    details = json.loads(complete["ErrorDetails"])
    assert (details["errorType"], details["errorMessage"]) == ("ValueError", "no good ☃")
    assert "FunctionError" not in answer


def test_a_timeout_is_told_at_the_end(fn: Lambda) -> None:
    fn.create(code="import time\ndef handler(event, context):\n    time.sleep(30)\n", Timeout=1)
    _, complete, _ = streamed(fn)
    assert complete["ErrorCode"] == "Unhandled"
    assert "Task timed out after 1.00 seconds" in complete["ErrorDetails"]


def test_a_dry_run_has_no_stream(fn: Lambda, region: Any) -> None:
    fn.create(code="raise SystemExit\n")
    answer = fn.client.invoke_with_response_stream(FunctionName="fn", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert "x-amz-executed-version" not in answer["ResponseMetadata"]["HTTPHeaders"]


@pytest.mark.parametrize(
    "settings",
    [
        {"FunctionName": "nope"},
        {"Qualifier": "7"},
        {"Payload": b"{not json"},
        {"Payload": b" " * 6_291_457},
        {"ClientContext": "not base64!"},
        {"ClientContext": "e" * 3584},
    ],
    ids=["function", "version", "payload", "size", "context", "long context"],
)
def test_what_invoke_refuses_is_refused_in_the_same_words(
    fn: Lambda, aws_error: Error, settings: dict[str, Any]
) -> None:
    fn.create()
    request = {"FunctionName": "fn"} | settings
    refusal = aws_error(lambda: fn.client.invoke_with_response_stream(**request))
    assert refusal == aws_error(lambda: fn.client.invoke(**request))
    assert refusal[2] in (400, 404, 413)


def test_there_is_no_asynchronous_stream(fn: Lambda, aws_error: Error) -> None:
    fn.create()
    code, message, status = aws_error(
        lambda: fn.client.invoke_with_response_stream(FunctionName="fn", InvocationType="Event")
    )
    assert (code, status) == ("ValidationException", 400)
    assert "Member must satisfy enum value set: [RequestResponse, DryRun]" in message


def test_reserved_concurrency_is_enforced(fn: Lambda, aws_error: Error) -> None:
    fn.create()
    fn.client.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0)
    assert aws_error(lambda: fn.client.invoke_with_response_stream(FunctionName="fn")) == (
        "TooManyRequestsException",
        "Rate Exceeded.",
        429,
    )


def test_the_permission_is_that_of_invoke(
    fn: Lambda, client: Callable[..., Any], region: Any, account: str, aws_error: Error
) -> None:
    fn.create()
    iam = client("iam")
    arn = iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    iam.update_assume_role_policy(
        RoleName="caller",
        PolicyDocument=trust("lambda.amazonaws.com").replace('"Service"', '"AWS"').replace("lambda.amazonaws.com", "*"),
    )
    keys = client("sts").assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    caller = region.client("lambda", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    code, message, status = aws_error(lambda: caller.invoke_with_response_stream(FunctionName="fn"))
    assert (code, status) == ("AccessDeniedException", 403)
    assert "is not authorized to perform: lambda:InvokeFunction on resource: " in message
    allowed = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    iam.put_role_policy(
        RoleName="caller", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    )
    assert list(caller.invoke_with_response_stream(FunctionName="fn")["EventStream"])[-1] == {"InvokeComplete": {}}


STREAMING = """
import http.client, json, os, socket, time

host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
while True:
    connection = http.client.HTTPConnection(host, int(port))
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = connection.getresponse()
    request_id, event = answer.getheader("Lambda-Runtime-Aws-Request-Id"), json.loads(answer.read())
    stream = socket.create_connection((host, int(port)))
    stream.sendall((f"POST /2018-06-01/runtime/invocation/{request_id}/response HTTP/1.1\\r\\nTransfer-Encoding: chunked\\r\\n"
                    "Lambda-Runtime-Function-Response-Mode: streaming\\r\\n\\r\\n").encode())
    for number in range(event["pieces"]):
        stream.sendall(b"%x\\r\\n%b\\r\\n" % (event["size"], b"x" * event["size"]))
        time.sleep(event["pause"])
    print("served", event["pieces"], flush=True)
    stream.sendall(b"0\\r\\n" + event.get("trailers", "").encode() + b"\\r\\n")
    stream.recv(4096)
"""


def test_the_first_event_comes_while_the_function_runs(fn: Lambda) -> None:
    fn.create(code=STREAMING)
    payload = json.dumps({"pieces": 3, "size": 5, "pause": 0.5}).encode()
    answer = fn.client.invoke_with_response_stream(FunctionName="fn", Payload=payload, LogType="Tail")
    stream = iter(answer["EventStream"])
    assert next(stream) == {"PayloadChunk": {"Payload": b"xxxxx"}}
    first = time.monotonic()
    *chunks, last = list(stream)
    assert time.monotonic() - first > 1.3  # the function sleeps for 1.5 seconds after its first piece
    assert b"".join(chunk["PayloadChunk"]["Payload"] for chunk in chunks) == b"x" * 10
    assert "served 3" in base64.b64decode(last["InvokeComplete"]["LogResult"]).decode()


def test_a_buffered_invocation_of_a_streaming_function(fn: Lambda) -> None:
    fn.create(code=STREAMING)
    raw = fn.client.invoke(FunctionName="fn", Payload=b'{"pieces": 2, "size": 3, "pause": 0}')
    assert raw["Payload"].read() == b"xxxxxx"


def test_an_error_in_mid_stream_has_its_own_code(fn: Lambda) -> None:
    fn.create(code=STREAMING)
    body = base64.b64encode(b'{"errorMessage": "broke"}').decode()
    trailers = f"Lambda-Runtime-Function-Error-Type: My.Error\r\nLambda-Runtime-Function-Error-Body: {body}\r\n"
    event = {"pieces": 1, "size": 3, "pause": 0, "trailers": trailers}
    payload, complete, _ = streamed(fn, Payload=json.dumps(event).encode())
    assert payload == b"xxx"
    assert complete == {"ErrorCode": "My.Error", "ErrorDetails": '{"errorMessage": "broke"}'}


def test_a_timeout_in_mid_stream(fn: Lambda) -> None:
    fn.create(code=STREAMING, Timeout=1)
    payload, complete, _ = streamed(fn, Payload=b'{"pieces": 2, "size": 3, "pause": 20}')
    assert payload == b"xxx"
    assert complete["ErrorCode"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in complete["ErrorDetails"]


@pytest.mark.parametrize("wait", [0, 4], ids=["in mid-stream", "before it begins"])
def test_the_function_runs_on_when_its_caller_has_gone(
    fn: Lambda, client: Callable[..., Any], eventually: Callable[..., Any], wait: int
) -> None:
    fn.create(code=STREAMING.replace("    stream =", f"    time.sleep({wait})\n    stream =", 1), Timeout=60)
    event = json.dumps({"pieces": 20, "size": 100_000, "pause": 0.01}).encode()
    impatient = boto3.client(
        "lambda", endpoint_url=fn.client.meta.endpoint_url, region_name="us-east-1", aws_secret_access_key="test",
        aws_access_key_id=fn.role.split(":")[4], config=Config(retries={"max_attempts": 0}, read_timeout=2 if wait else 60),
    )  # fmt: skip
    try:
        stream = impatient.invoke_with_response_stream(FunctionName="fn", Payload=event)["EventStream"]
        assert next(iter(stream))
        stream.close()
    except ReadTimeoutError:
        assert wait
    logs = client("logs")

    def lines() -> str:
        try:
            events = logs.filter_log_events(logGroupName="/aws/lambda/fn")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return ""
        return "".join(each["message"] for each in events)

    assert "served 20\n" in eventually(lines, lambda text: "REPORT" in text)
