"""InvokeWithResponseStream: an answer in events; the same checks, errors and permissions as Invoke."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

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
