"""WebSocket APIs: connect, disconnect, default and custom routes, route selection expressions, two-way answers, events, errors."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import InvalidStatus

from .sockets import Sockets, asked

ID = re.compile(r"[A-Za-z0-9_-]{15}=")


@pytest.fixture
def api(region: Any, account: str) -> Sockets:
    """An API whose routes `$default` and `echo` are two-way, `oneway` is not; `$connect` and `$disconnect` run the function too."""
    made = Sockets(region, account).make()
    target = made.integration()
    for key in ("$connect", "$disconnect", "oneway"):
        made.route(key, target)
    for key in ("$default", "echo"):
        made.route(key, target, two_way=True)
    return made


def test_custom_and_default_routes_by_the_route_selection_expression(api: Sockets) -> None:
    with api.connect() as client:
        for message, key in (
            ({"action": "echo"}, "echo"),
            ({"action": "unknown"}, "$default"),
            ({"other": 1}, "$default"),
            ({"action": {"a": 1}}, "$default"),
            ({"action": "$connect"}, "$default"),
            ({"action": "$disconnect"}, "$default"),
            ("no json", "$default"),
            ("[1]", "$default"),
            ('"text"', "$default"),
        ):
            answer = asked(client, message)
            assert answer["requestContext"]["routeKey"] == key
            assert answer["body"] == (message if isinstance(message, str) else json.dumps(message))


def test_nested_route_selection_expressions_with_several_variables(region: Any, account: str) -> None:
    api = Sockets(region, account).make("${request.body.service.name}/${request.body.version}")
    api.route("orders/2", two_way=True)
    api.route("$default", two_way=True)
    with api.connect() as client:
        assert asked(client, {"service": {"name": "orders"}, "version": 2})["requestContext"]["routeKey"] == "orders/2"
        assert asked(client, {"service": {"name": "orders"}})["requestContext"]["routeKey"] == "$default"


def test_the_event_of_a_message_is_complete(api: Sockets) -> None:
    before = time.time()
    with api.connect(user_agent_header="agent/1") as client:
        event = asked(client, {"action": "echo", "n": 1})
        again = asked(client, {"action": "echo"})["requestContext"]
    context = event["requestContext"]
    assert {
        key: context[key] for key in ("routeKey", "eventType", "messageDirection", "stage", "apiId", "domainName")
    } == {
        "routeKey": "echo",
        "eventType": "MESSAGE",
        "messageDirection": "IN",
        "stage": "dev",
        "apiId": api.api_id,
        "domainName": f"{api.api_id}.execute-api.us-east-1.amazonaws.com",
    }
    assert context["identity"] == {"userAgent": "agent/1", "sourceIp": "127.0.0.1"}
    for name in ("connectionId", "messageId", "requestId", "extendedRequestId"):
        assert ID.fullmatch(context[name]), name
    assert context["requestId"] == context["extendedRequestId"] != again["requestId"]
    assert again["connectionId"] == context["connectionId"]
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context["requestTime"])
    assert before * 1000 - 5 <= context["connectedAt"] <= context["requestTimeEpoch"]
    assert set(event) == {"requestContext", "body", "isBase64Encoded"}
    assert event["isBase64Encoded"] is False


def test_the_events_of_connect_and_disconnect(api: Sockets) -> None:
    with api.connect("?a=1&a=2&b=", additional_headers={"X-Custom": "yes"}, user_agent_header="agent/1") as client:
        connection_id = asked(client, "x")["requestContext"]["connectionId"]
        client.close(1000, "done here")
    connected, gone = api.events("CONNECT")[0], api.events("DISCONNECT")[0]
    assert connected["queryStringParameters"] == {"a": "2", "b": ""}
    assert connected["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""]}
    headers = connected["headers"]
    assert headers["Host"] == f"127.0.0.1:{api.region.port}"
    assert headers["X-Custom"] == "yes"
    assert headers["Sec-WebSocket-Version"] == "13"
    assert headers["X-Forwarded-Proto"] == "http"
    assert connected["multiValueHeaders"]["User-Agent"] == ["agent/1"]
    assert connected["requestContext"]["routeKey"] == "$connect"
    assert "messageId" not in connected["requestContext"]
    assert "body" not in connected
    context = gone["requestContext"]
    assert (context["routeKey"], context["eventType"]) == ("$disconnect", "DISCONNECT")
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == (1000, "done here")
    assert connected["requestContext"]["connectionId"] == context["connectionId"] == connection_id
    assert gone["headers"] == {
        "Host": headers["Host"],
        "x-api-key": "",
        "X-Forwarded-For": "",
        "x-restapi": "",
    }


def test_stage_variables_are_in_events_and_name_functions(region: Any, account: str) -> None:
    api = Sockets(region, account).make(StageVariables={"fn": "ws", "color": "red"})
    function = api.function.removesuffix(":ws") + ":${stageVariables.fn}"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    api.route("$default", api.integration(IntegrationUri=uri), two_way=True)
    with api.connect() as client:
        assert asked(client, "x")["stageVariables"] == {"fn": "ws", "color": "red"}


def test_only_two_way_routes_answer(api: Sockets) -> None:
    with api.connect() as client:
        client.send(json.dumps({"action": "oneway", "answer": {"statusCode": 200, "body": "never sent"}}))
        api.events("MESSAGE")
        assert asked(client, {"action": "echo", "answer": {"statusCode": 200, "body": "sent"}}) == "sent"


def test_an_answer_is_sent_whatever_its_status(api: Sockets) -> None:
    with api.connect() as client:
        assert asked(client, {"answer": {"statusCode": 500, "body": "sorry"}}) == "sorry"


def error_frame(text: str, message: str) -> None:
    """The exact form of an error that a client is sent."""
    assert re.fullmatch(
        rf'{{"message": "{message}", "connectionId":"[A-Za-z0-9_-]{{15}}=", "requestId":"[A-Za-z0-9_-]{{15}}="}}', text
    ), text


@pytest.mark.parametrize(
    "message",
    [{"raise": "x"}, {"answer": {"body": "no status"}}, {"answer": None}, {"answer": {"statusCode": 200, "body": {}}}],
    ids=["a function that fails", "no statusCode", "nothing", "a body that is no text"],
)
def test_what_goes_wrong_behind_a_route_is_an_internal_server_error_frame(api: Sockets, message: Any) -> None:
    with api.connect() as client:
        for action in ("echo", "oneway"):
            client.send(json.dumps(message | {"action": action}))
            error_frame(str(client.recv(timeout=20)), "Internal server error")


def test_a_function_that_may_not_be_invoked_is_an_internal_server_error_frame(api: Sockets) -> None:
    api.client("lambda").remove_permission(FunctionName="ws", StatementId="api")
    api.route("again", two_way=True)
    api.client("lambda").add_permission(
        FunctionName="ws", StatementId="only", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:{api.account}:{api.api_id}/dev/$connect",
    )  # fmt: skip
    with api.connect() as client:
        client.send(json.dumps({"action": "again"}))
        error_frame(str(client.recv(timeout=20)), "Internal server error")


def test_a_message_without_a_route_is_forbidden(region: Any, account: str) -> None:
    api = Sockets(region, account).make()
    api.route("echo", two_way=True)
    with api.connect() as client:
        for message in ('{"action":"other"}', "no json"):
            client.send(message)
            error_frame(str(client.recv(timeout=20)), "Forbidden")
        assert asked(client, {"action": "echo"})["requestContext"]["routeKey"] == "echo"


def test_an_integration_that_takes_too_long_is_told(region: Any, account: str) -> None:
    api = Sockets(region, account).make()
    api.route("$default", api.integration(TimeoutInMillis=300), two_way=True)
    with api.connect() as client:
        client.send('{"sleep": 2}')
        error_frame(str(client.recv(timeout=20)), "Endpoint request timed out")


def test_a_route_s_throttling_is_told_in_a_frame_and_ends_by_the_clock(own: Any, account: str) -> None:
    settings = {"echo": {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 1}}
    api = Sockets(own, account).make()
    api.route("echo", two_way=True)
    api.client("apigatewayv2").update_stage(ApiId=api.api_id, StageName="dev", RouteSettings=settings)
    with api.connect() as client:
        assert asked(client, {"action": "echo"})["isBase64Encoded"] is False
        client.send('{"action": "echo"}')
        error_frame(str(client.recv(timeout=20)), "Too Many Requests")


def test_two_handshakes_are_taken_one_is_throttled_where_the_connect_route_says_so(own: Any, account: str) -> None:
    api = Sockets(own, account).make()
    api.route("$connect")
    settings = {"$connect": {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2}}
    api.client("apigatewayv2").update_stage(ApiId=api.api_id, StageName="dev", RouteSettings=settings)
    for _ in range(2):
        with api.connect():
            pass
    with pytest.raises(InvalidStatus) as refused, api.connect():
        pass
    assert refused.value.response.status_code == 429


async def test_messages_of_a_connection_run_side_by_side(api: Sockets) -> None:
    async with connect_async(api.url(), proxy=None) as client:
        await client.send('{"action": "echo", "sleep": 3, "answer": {"statusCode": 200, "body": "slow"}}')
        await client.send('{"action": "echo", "answer": {"statusCode": 200, "body": "quick"}}')
        assert [await asyncio.wait_for(client.recv(), 60) for _ in range(2)] == ["quick", "slow"]


async def test_a_flood_of_messages_is_answered_whole(api: Sockets) -> None:
    async with connect_async(api.url(), proxy=None) as client:

        async def send() -> None:
            for number in range(300):
                await client.send(json.dumps({"action": "echo", "answer": {"statusCode": 200, "body": str(number)}}))

        sending = asyncio.create_task(send())
        answers = {await asyncio.wait_for(client.recv(), 60) for _ in range(300)}
        await sending
    assert answers == {str(number) for number in range(300)}


def test_a_change_of_the_api_is_live_on_open_connections(api: Sockets) -> None:
    with api.connect() as client:
        assert asked(client, {"action": "later"})["requestContext"]["routeKey"] == "$default"
        api.route("later", two_way=True)
        assert asked(client, {"action": "later"})["requestContext"]["routeKey"] == "later"
