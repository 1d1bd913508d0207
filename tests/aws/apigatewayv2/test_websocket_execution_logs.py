"""Execution logs of WebSocket APIs: what their owners read of connections, messages and failures in CloudWatch Logs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.apigatewayv2.sockets import Sockets, asked
from tests.functions import API_GATEWAY, make_role


@pytest.fixture
def logging(region: Any, account: str, client: Callable[..., Any]) -> Callable[..., Sockets]:
    """`logging(LoggingLevel="INFO")`: an API whose stage logs so."""

    def make(**settings: Any) -> Sockets:
        role = make_role(
            client, "writes", API_GATEWAY, "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"
        )
        client("apigateway").update_account(
            patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
        )
        return Sockets(region, account).make(DefaultRouteSettings=settings)

    return make


def logged(sockets: Sockets, last: str, seconds: float = 60) -> list[str]:
    """The log's lines without the ids before them, once there is one that begins with `last`."""
    logs, group = sockets.client("logs"), f"API-Gateway-Execution-Logs_{sockets.api_id}/dev"
    deadline = time.monotonic() + seconds
    while True:
        groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        events = logs.filter_log_events(logGroupName=group)["events"] if groups else []
        lines = [event["message"].partition(" ")[2] for event in events]
        if any(line.startswith(last) for line in lines):
            return lines
        assert time.monotonic() < deadline, lines
        time.sleep(0.05)


def test_a_connection_its_messages_and_its_end(logging: Callable[..., Sockets]) -> None:
    sockets = logging(LoggingLevel="INFO", DataTraceEnabled=True)
    target = sockets.integration()
    for key in ("$connect", "$default", "$disconnect"):
        sockets.route(key, target, two_way=key == "$default")
    with sockets.connect(user_agent_header="tests/1") as client:
        context = asked(client, {"hello": 1})["requestContext"]
    lines = logged(sockets, f"Client [Connection Id: {context['connectionId']}] disconnected from API")
    api, connection = sockets.api_id, context["connectionId"]
    assert "WebSocket Request Route: [$connect]" in lines
    assert f"Client [UserAgent: tests/1, SourceIp: 127.0.0.1] is connecting to WebSocket API [{api}]." in lines
    assert f"Client [Connection Id: {connection}] connected to API [{api}] successfully." in lines
    begin = lines.index(f"Starting execution for request: {context['requestId']}")
    uri = f"https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/{sockets.function}/invocations"
    message = (
        f'WebSocket API [{api}] received message from client [Connection Id: {connection}]. Message: [{{"hello": 1}}]'
    )
    assert lines[begin - 1] == f"Extended Request Id: {context['extendedRequestId']}"
    assert lines[begin + 1 : begin + 4] == [
        "WebSocket Request Route: [$default]",
        message,
        f"Endpoint request URI: {uri}",
    ]
    assert lines[begin + 6] == f"Sending request to {uri}"
    assert lines[begin + 7].startswith("Received response. Integration latency: ")
    assert lines[begin + 10] == "Successfully completed execution"


def test_without_data_trace_no_message_is_shown_and_of_errors_alone_nothing_else(
    logging: Callable[..., Sockets],
) -> None:
    sockets = logging(LoggingLevel="ERROR")
    sockets.route("$default", two_way=True)
    with sockets.connect() as client:
        asked(client, {"answer": {"statusCode": 200, "body": "secret"}, "x": 1})
        told = asked(client, {"raise": "secret"})
    lines = logged(sockets, "Gateway response body: ")
    assert lines[0].startswith("Extended Request Id: ")
    assert lines[-3:] == [
        "Execution failed due to an internal error: the function failed",
        "Gateway response type: INTEGRATION_FAILURE with status code: 502",
        f'Gateway response body: {{"message": "Internal server error", "connectionId":"{told["connectionId"]}", '
        f'"requestId":"{told["requestId"]}"}}',
    ]
    assert not any("secret" in line for line in lines)
    assert sum(line.startswith("Starting execution") for line in lines) == 1
