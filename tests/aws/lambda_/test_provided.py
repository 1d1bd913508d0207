"""Functions of the provided.* runtimes, from a zip file to the answer."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable

import pytest

from .conftest import Lambda

BOOTSTRAP = r"""#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while :; do
  event=$(curl -sS -D /tmp/headers $api/next)
  id=$(sed -n 's/^lambda-runtime-aws-request-id: *\([^\r]*\).*/\1/ip' /tmp/headers)
  echo "serving $id"
  curl -sS $api/$id/response -d "[$event, \"$_HANDLER\"]" >/dev/null
done
"""


def archive(mode: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        entry = zipfile.ZipInfo("bootstrap")
        entry.create_system, entry.external_attr = 3, mode << 16
        file.writestr(entry, BOOTSTRAP)
    return buffer.getvalue()


@pytest.fixture
def create(fn: Lambda, need: Callable[[object, str], None]) -> Callable[[int], None]:
    need(shutil.which("curl"), "curl")

    def make(mode: int) -> None:
        fn.client.create_function(
            FunctionName="fn",
            Runtime="provided.al2023",
            Handler="any.thing",
            Role=fn.role,
            Code={"ZipFile": archive(mode)},
        )

    return make


def test_a_shell_script(fn: Lambda, create: Callable[[int], None]) -> None:
    create(0o755)
    for number in (1, 2):
        invoked = fn.invoke(event={"n": number})
        assert (invoked.payload, invoked.error) == ([{"n": number}, "any.thing"], None)
        assert f"serving {invoked.raw['ResponseMetadata']['RequestId']}\n" in invoked.log


def test_a_bootstrap_must_be_executable(fn: Lambda, create: Callable[[int], None]) -> None:
    create(0o644)
    invoked = fn.invoke()
    request_id = invoked.raw["ResponseMetadata"]["RequestId"]
    text = f"RequestId: {request_id} Error: fork/exec /var/task/bootstrap: permission denied"
    assert invoked.payload == {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": text}
    assert invoked.error == "Unhandled"
    assert f"{text}\nRuntime.InvalidEntrypoint\n" in invoked.log


def test_a_handler_is_needed_all_the_same(fn: Lambda, aws_error: Callable[..., tuple[str, str, int]]) -> None:
    request = {"FunctionName": "fn", "Runtime": "provided.al2023", "Role": fn.role, "Code": {"ZipFile": archive(0o755)}}
    code, message, status = aws_error(lambda: fn.client.create_function(**request))
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert message == "Runtime and Handler are mandatory parameters for functions created with deployment packages."
