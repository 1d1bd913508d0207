"""What callers get when a function fails: the header, the payload, the log, and what the next invocation finds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Lambda, package

EXIT = "Runtime exited with error: "
FAILURES: list[tuple[str, str, str, str]] = [
    ("import sys\ndef handler(e, c):\n    sys.exit(0)\n", "Runtime.ExitError", "Runtime exited without providing a reason", "error"),
    ("import sys\ndef handler(e, c):\n    sys.exit(1)\n", "Runtime.ExitError", EXIT + "exit status 1", "error"),
    ("import os\ndef handler(e, c):\n    os._exit(7)\n", "Runtime.ExitError", EXIT + "exit status 7", "error"),
    ("import os\ndef handler(e, c):\n    os.kill(os.getpid(), 11)\n", "Runtime.ExitError", EXIT + "signal: segmentation fault", "error"),
    ("import os\nos._exit(7)\n", "Runtime.ExitError", EXIT + "exit status 7", "error"),
    ("def handler(e, c):\n    x = bytearray(400 << 20)\n    x[::4096] = b'x' * len(x[::4096])\n    import time; time.sleep(5)\n",
     "Runtime.OutOfMemory", EXIT + "signal: killed", "error"),
    ("import time\ndef handler(e, c):\n    time.sleep(60)\n", "Sandbox.Timedout", "Task timed out after 1.00 seconds", "timeout"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "kind", "reason", "status"), FAILURES)
def test_a_runtime_that_ends_or_stalls(fn: Lambda, code: str, kind: str, reason: str, status: str) -> None:
    fn.create(code=code, Timeout=1 if status == "timeout" else 10)
    answer = fn.invoke()
    request_id = answer.raw["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    assert (answer.raw["StatusCode"], answer.error) == (200, "Unhandled")
    assert answer.raw["ExecutedVersion"] == "$LATEST"
    assert answer.raw["ResponseMetadata"]["HTTPHeaders"]["x-amz-function-error"] == "Unhandled"
    assert answer.payload == {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {reason}"}
    shown = "" if status == "timeout" else f"\tError Type: {kind}"
    assert answer.log.endswith(f"\tStatus: {status}{shown}\n")
    if status == "timeout":
        assert f"Z {request_id} Task timed out after 1.00 seconds\n\nEND RequestId: {request_id}\n" in answer.log
    else:
        assert f"RequestId: {request_id} Error: {reason}\n{kind}\nEND RequestId: {request_id}\n" in answer.log


IMPORTS: list[tuple[str, str, dict[str, Any]]] = [
    ("app.handler", "import nothing_there", {
        "errorMessage": "Unable to import module 'app': No module named 'nothing_there'",
        "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": [],
    }),
    ("app.other", "", {
        "errorMessage": "Handler 'other' missing on module 'app'",
        "errorType": "Runtime.HandlerNotFound", "requestId": "", "stackTrace": [],
    }),
    ("app", "", {
        "errorMessage": "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
        "errorType": "Runtime.MalformedHandlerName", "requestId": "", "stackTrace": [],
    }),
    ("app.handler", "def handler(:\n", {
        "errorMessage": "Syntax error in module 'app': invalid syntax (app.py, line 1)",
        "errorType": "Runtime.UserCodeSyntaxError", "requestId": "",
        "stackTrace": ['  File "/var/task/app.py" Line 1\n    def handler(:\n'],
    }),
    ("time.handler", "", {
        "errorMessage": "Cannot use built-in module time as a handler module",
        "errorType": "Runtime.BuiltInModuleConflict", "requestId": "", "stackTrace": [],
    }),
]  # fmt: skip


@pytest.mark.parametrize(("handler", "code", "error"), IMPORTS, ids=[error["errorType"] for _, _, error in IMPORTS])
def test_a_handler_that_cannot_be_had(fn: Lambda, handler: str, code: str, error: dict[str, Any]) -> None:
    fn.create(code=code, Handler=handler)
    for _ in range(2):
        answer = fn.invoke()
        assert (answer.payload, answer.error) == (error, "Unhandled")
        assert "LAMBDA_WARNING: Unhandled exception. " in answer.log
        assert answer.log.endswith(f"\tStatus: error\tError Type: {error['errorType']}\n")


def test_new_code_mends_a_function_that_broke(fn: Lambda) -> None:
    fn.create(code="import nothing_there")
    assert fn.invoke().error == "Unhandled"
    fn.client.update_function_code(FunctionName="fn", ZipFile=package())
    answer = fn.invoke(event=[1])
    assert (answer.payload, answer.error) == ([1], None)
    assert "Init Duration: " in answer.log


def test_an_error_that_the_function_raises_is_no_failure_of_the_platform(fn: Lambda) -> None:
    fn.create(code="n = 0\ndef handler(e, c):\n    global n\n    n += 1\n    raise ValueError(n)\n")
    for number in ("1", "2"):
        answer = fn.invoke()
        assert (answer.error, answer.payload["errorMessage"]) == ("Unhandled", number)
        assert "Status: " not in answer.log
        assert f"    raise ValueError(n)END RequestId: {answer.payload['requestId']}\n" in answer.log.replace(
            "\u00a0", " "
        )


def test_the_environment_is_made_anew_after_a_timeout(fn: Lambda) -> None:
    source = """
import time
number = 0
def handler(event, context):
    global number
    number = event.get("set", number)
    time.sleep(event.get("sleep", 0))
    return number
"""
    fn.create(code=source, Timeout=1)
    fn.invoke(event={"set": 42})
    assert fn.invoke().payload == 42
    assert "Task timed out after 1.00 seconds" in json.dumps(fn.invoke(event={"sleep": 5}).payload)
    assert fn.invoke().payload == 0
