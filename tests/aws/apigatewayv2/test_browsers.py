"""HTTP and WebSocket APIs as a web page in a real browser uses them: CORS, and a conversation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.aws.apigatewayv2.sockets import Sockets
from tests.browser import FETCH, REFUSED

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def url(region: Any, echo: str) -> str:
    """The API as browsers reach it: by its host."""
    return f"http://{echo}.execute-api.localhost:{region.port}/pets"


def test_without_cors_a_browser_keeps_the_answer_to_itself(page: Page, url: str) -> None:
    assert page.evaluate(FETCH, [url, {}]) == REFUSED


def test_an_allowed_origin_sends_and_reads(page: Page, url: str, api: Any, echo: str, site: str) -> None:
    api.update_api(
        ApiId=echo,
        CorsConfiguration={
            "AllowOrigins": [site],
            "AllowMethods": ["PUT"],
            "AllowHeaders": ["content-type"],
            "ExposeHeaders": ["x-count"],
            "AllowCredentials": True,
            "MaxAge": 5,
        },
    )
    answer = {"statusCode": 201, "headers": {"x-count": "7", "content-type": "application/json"}, "body": '{"made": 1}'}
    sent = {
        "method": "PUT",
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"answer": answer}),
        "credentials": "include",
    }
    assert page.evaluate(FETCH, [url, sent]) == {"status": 201, "body": {"made": 1}, "header": "7"}


def test_what_the_configuration_does_not_allow(page: Page, url: str, api: Any, echo: str, site: str) -> None:
    """The preflight fails: another method, another header, another origin. The function is not invoked."""
    api.update_api(ApiId=echo, CorsConfiguration={"AllowOrigins": [site], "AllowMethods": ["GET"]})
    assert page.evaluate(FETCH, [url, {}])["status"] == 200
    assert page.evaluate(FETCH, [url, {"method": "DELETE"}]) == REFUSED
    assert page.evaluate(FETCH, [url, {"headers": {"x-other": "1"}}]) == REFUSED
    api.update_api(ApiId=echo, CorsConfiguration={"AllowOrigins": ["https://elsewhere.example"]})
    assert page.evaluate(FETCH, [url, {}]) == REFUSED


TALK = """async ([url, messages]) => {
    const socket = new WebSocket(url);
    const heard = [];
    await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = () => reject("refused"); });
    for (const message of messages) {
        socket.send(message);
        heard.push(await new Promise((resolve) => { socket.onmessage = (event) => resolve(event.data); }));
    }
    const closed = new Promise((resolve) => { socket.onclose = (event) => resolve(event.code); });
    socket.close(1000);
    return [heard, await closed];
}"""
"""Opens a WebSocket, says each message and waits for its answer, closes: the answers and the closing code."""


def test_a_conversation_of_a_web_page_with_a_websocket_api(page: Page, region: Any, account: str, site: str) -> None:
    api = Sockets(region, account).make()
    for key in ("$connect", "$disconnect"):
        api.route(key)
    api.route("$default", two_way=True)
    url = f"ws://{api.api_id}.execute-api.localhost:{region.port}/dev"
    said = [json.dumps({"answer": {"statusCode": 200, "body": word}}) for word in ("one", "zwei")]
    assert page.evaluate(TALK, [url, said]) == [["one", "zwei"], 1000]
    connected, disconnected = api.events("CONNECT")[0], api.events("DISCONNECT")[0]
    assert connected["headers"]["Origin"] == site
    assert disconnected["requestContext"]["disconnectStatusCode"] == 1000
