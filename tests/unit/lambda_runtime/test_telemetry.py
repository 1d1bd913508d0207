"""What extensions hear that subscribe to telemetry: that there is none, as from AWS's own emulator."""

from __future__ import annotations

import json

import pytest
from harness import Harness

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOURCE = """
import http.client, json, os, threading
def call(method, path, headers={}, body=None):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(answer.read())
_, headers, _ = call("POST", "/2020-01-01/extension/register", {"Lambda-Extension-Name": "x"}, '{"events": []}')
me = {"Lambda-Extension-Identifier": headers["lambda-extension-identifier"]}
wanted = json.dumps({"schemaVersion": "2022-12-13", "types": ["platform"],
                     "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:8080"}})
found = [
    call("PUT", path, given, wanted)[::2]
    for path in ("/2022-07-01/telemetry", "/2022-07-01/telemetry/", "/2020-08-15/logs") for given in (me, {})
]
threading.Thread(target=call, args=("GET", "/2020-01-01/extension/event/next", me), daemon=True).start()
def handler(event, context):
    return found
"""


async def test_subscriptions_are_not_supported(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    function = harness.function(SOURCE)
    missing = {
        "errorType": "Extension.MissingExtensionIdentifier",
        "errorMessage": "Missing Lambda-Extension-Identifier header",
    }
    telemetry = {"errorType": "Telemetry.NotSupported", "errorMessage": "Telemetry API is not supported"}
    logs = {"errorType": "Logs.NotSupported", "errorMessage": "Logs API is not supported"}
    assert json.loads((await harness.invoke(function)).payload) == [
        [202, telemetry], [403, missing], [202, telemetry], [403, missing], [202, logs], [403, missing],
    ]  # fmt: skip
    assert f"{function.name}: the extension x is sent no telemetry" in caplog.messages
