"""Functions in Node.js and of a bootstrap, their URLs, destinations and invocations: applied, imported, changed, destroyed by terraform."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack

PAGE = """
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.end(JSON.stringify({ step: event.step, asked: event.asked, done: event.tf?.action, path: event.rawPath }));
});
"""
HEIR = """#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while :; do
  event=$(curl -sS -D /tmp/headers $api/next)
  id=$(sed -n 's/^lambda-runtime-aws-request-id: *\\([^\\r]*\\).*/\\1/ip' /tmp/headers)
  echo "heard $event"
  curl -sS $api/$id/response -d null >/dev/null
done
"""
IMPORTED = {
    "aws_lambda_function.heir": "heir",
    "aws_lambda_alias.live": "page/live",
    "aws_lambda_function_url.open": "page/live",
    "aws_lambda_function_event_invoke_config.live": "page:live",
    'aws_lambda_permission.open["lambda:InvokeFunctionUrl"]': "page:live/lambda-InvokeFunctionUrl",
}


def pack(name: str, source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.create_system, entry.external_attr = 3, 0o755 << 16
        archive.writestr(entry, source)
    return buffer.getvalue()


def outputs(stack: Stack) -> dict[str, Any]:
    return {name: one["value"] for name, one in json.loads(stack.run("output", "-json").stdout).items()}


def answers(step: int, version: str, runtime: str) -> dict[str, Any]:
    return {
        "once": {"step": step, "done": "create" if step == 0 else "update"}, "again": {"asked": "by data"}, "alias": version,
        "same_url": True, "runtime": runtime, "all": ["heir", "page"],
    }  # fmt: skip


def heard(logs: Any) -> list[Any]:
    try:
        events: list[Any] = logs.filter_log_events(logGroupName="/aws/lambda/heir", filterPattern='"heard"')["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return events


def test_called_functions(stack: Callable[[str], Stack], need: Callable[[object, str], None]) -> None:
    need(shutil.which("node"), "node")
    need(shutil.which("curl"), "curl")
    called = stack("called-functions")
    (called.directory / "page.zip").write_bytes(pack("app.mjs", PAGE))
    (called.directory / "heir.zip").write_bytes(pack("bootstrap", HEIR))
    client, logs = called.region.client("lambda"), called.region.client("logs")

    assert "Apply complete! Resources: 11 added, 0 changed, 0 destroyed." in called.apply().stdout
    found = outputs(called)
    assert found["answers"] == answers(0, "1", "nodejs20.x")
    host = re.sub(r"https://|/$", "", found["open"])
    headers = {"host": host, "origin": "https://example.com"}
    answer = httpx.get(f"{called.region.endpoint}/there", headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"path": "/there"})
    assert answer.headers["access-control-allow-origin"] == "https://example.com"

    client.invoke(FunctionName="page:live", InvocationType="Event", Payload=b"{}")
    deadline = time.monotonic() + 60
    while not heard(logs):
        assert time.monotonic() < deadline
        time.sleep(0.1)

    called.run("state", "rm", *IMPORTED)
    blocks = [f'import {{\n  to = {address}\n  id = "{name}"\n}}\n' for address, name in IMPORTED.items()]
    (called.directory / "imports.tf").write_text("".join(blocks))
    # All is as it was, but that an import of a function does not tell terraform which file it came from.
    assert "Plan: 5 to import, 0 to add, 1 to change, 0 to destroy." in called.run("plan", "-no-color").stdout

    called.edit("main.tf", "step = 0", "step = 1")
    assert "Apply complete! Resources: 5 imported, 0 added, 7 changed, 0 destroyed." in called.apply().stdout
    assert outputs(called)["answers"] == answers(1, "2", "nodejs22.x")
    config = client.get_function_event_invoke_config(FunctionName="page", Qualifier="live")
    assert (config["MaximumEventAgeInSeconds"], set(config["DestinationConfig"])) == (61, {"OnSuccess", "OnFailure"})
    assert called.plan_is_empty()

    called.destroy()
    assert client.list_functions()["Functions"] == []
