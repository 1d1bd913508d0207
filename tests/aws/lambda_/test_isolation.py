"""What a function must not reach of a running region: its files, its processes, its ports, and other functions'. Keys and the admin API
are in tests/gateway/test_from_inside.py; everything that needs no region in tests/unit/lambda_runtime/test_isolation.py."""

from __future__ import annotations

import io
import shutil
import sys
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has namespaces")

SECRET = "SECRET = 'of the other function'\ndef handler(event, context):\n    return event\n"
LOOK = """
import os, socket
def words(path):
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""
def bind(port):
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        taken.bind(("127.0.0.1", port))
        return "bound"
    except OSError as error:
        return error.strerror
def signal(pid):
    try:
        os.kill(pid, 9)
        return "signalled"
    except OSError as error:
        return error.strerror
def handler(event, context):
    files = [os.path.join(d, name) for d, _, names in os.walk("/") if not d.startswith(("/proc", "/usr", "/lib", "/var/lang"))
             for name in names]
    processes = [words(f"/proc/{pid}/{name}") for pid in os.listdir("/proc") if pid.isdigit() for name in ("environ", "cmdline")]
    return {
        "data directory": os.path.exists(event["data"]),
        "databases": [path for path in files if path.endswith((".db", ".db-wal"))],
        "the other's code": [path for path in files if b"of the other " + b"function" in words(path)],
        "processes that know the data directory": sum(event["data"].encode() in text for text in processes),
        "the region's port": bind(event["port"]),
        "the region's process": signal(event["pid"]),
    }
"""
BASH = r"""#!/bin/bash
while true; do
    head=$(mktemp)
    curl -sS -D "$head" -o /tmp/event "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next"
    id=$(grep -i '^lambda-runtime-aws-request-id:' "$head" | tr -d '\r' | cut -d' ' -f2)
    found=$(grep -rl 'of the other functio[n]' /etc /opt /tmp /var /.host 2>/dev/null | tr '\n' ' '
        ls -d DATA 2>/dev/null; kill -9 PID 2>/dev/null && echo signalled)
    status=$(curl -s -o /dev/null -w '%{http_code}' -X POST "$AWS_ENDPOINT_URL/_atoll/reset")
    curl -sS -o /dev/null -d "\"[$found] $status\"" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response"
done
"""  # fmt: skip


def test_a_python_function(fn: Any, region: Any) -> None:
    fn.create("other", SECRET)
    fn.invoke("other")
    fn.create(code=LOOK, Timeout=60)
    event = {"data": str(region.data_dir), "port": urlsplit(region.endpoint).port, "pid": region.pid}
    assert fn.invoke(event=event).payload == {
        "data directory": False,
        "databases": [],
        "the other's code": [],
        "processes that know the data directory": 0,
        "the region's port": "Address already in use",
        "the region's process": "No such process",
    }
    assert fn.invoke("other", {"still": "there"}).payload == {"still": "there"}


def executable(name: str, content: str) -> bytes:
    """A package with one file that may be run."""
    buffer, entry = io.BytesIO(), zipfile.ZipInfo(name)
    entry.external_attr = 0o755 << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(entry, content)
    return buffer.getvalue()


def test_a_program_of_its_own(fn: Any, region: Any, need: Callable[[object, str], None]) -> None:
    need(shutil.which("curl"), "curl")
    fn.create("other", SECRET)
    fn.invoke("other")
    script = BASH.replace("DATA", str(region.data_dir)).replace("PID", str(region.pid))
    code = {"ZipFile": executable("bootstrap", script)}
    fn.client.create_function(
        FunctionName="fn", Role=fn.role, Handler="any", Runtime="provided.al2023", Timeout=60, Code=code
    )
    assert fn.invoke().payload == "[] 403"
    assert fn.invoke("other", {"still": "there"}).payload == {"still": "there"}
