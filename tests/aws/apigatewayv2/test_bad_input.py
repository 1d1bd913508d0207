"""HTTP and WebSocket APIs under attack, from their clients, their owners and the services behind them: never a failure of Atoll's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

BOMB = "((a{999}){999}){999}"
"""A regular expression that takes more memory to compile than there is."""


@pytest.fixture
def service() -> Iterator[tuple[str, dict[str, bytes]]]:
    """An address, and what its service answers to everything: the bytes under `answer`."""
    said: dict[str, bytes] = {}
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(1 << 16)
                connection.sendall(said["answer"])

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/", said
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nx: a\x01b\x7fc\r\ncontent-length: 0\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nx: abc\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n", 503),
        (b"HTTP/1.1 200 OK\r\nx: abc\r\nstatus: " + b"9" * 5000 + b"\r\ncontent-length: 0\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nx: abc\r\nstatus: 404\r\ncontent-length: 0\r\n\r\n", 404),
        (b"HTTP/1.1 101 Go\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", 503),
        (b"HTTP/1.1 099 Go\r\n\r\n", 503),
        (b"junk\r\n\r\n", 503),
        (b"", 503),
    ],
)
def test_what_no_service_should_answer(
    api: Any, api_id: str, call: Any, service: tuple[str, dict[str, bytes]], answer: bytes, status: int
) -> None:
    url, said = service
    said["answer"] = answer
    made = api.create_integration(
        ApiId=api_id, IntegrationType="HTTP_PROXY", IntegrationUri=url, IntegrationMethod="ANY", PayloadFormatVersion="1.0",
        ResponseParameters={"200": {"overwrite:statuscode": "$response.header.status"}},
    )  # fmt: skip
    api.create_route(ApiId=api_id, RouteKey="GET /", Target=f"integrations/{made['IntegrationId']}")
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    got = call(api_id)
    assert got.status_code == status
    assert status == 503 or got.headers["x"] == "abc"


def test_response_keys_that_are_no_patterns(api: Any, aws_error: Callable[..., Any]) -> None:
    chat = api.create_api(Name="c", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.a")["ApiId"]
    integration = api.create_integration(ApiId=chat, IntegrationType="MOCK")["IntegrationId"]
    for key in ("/" + "(" * 3000 + "/", "/a{99999999999999999999}/", "/[/"):
        asked = {"ApiId": chat, "IntegrationId": integration, "IntegrationResponseKey": key}
        assert aws_error(lambda asked=asked: api.create_integration_response(**asked))[::2] == (
            "BadRequestException",
            400,
        )
