"""Execution logs of WebSocket APIs: what is told of a connection's begin, its messages and its end, line by line.

Which lines a stage writes is decided as for REST APIs (`rest_api/execution_log.py: stage_log`), when the visit is over. The lines are as
users of AWS show theirs. docs: "Configure logging for WebSocket APIs".
"""

from __future__ import annotations

from collections.abc import Mapping

from atoll.api_runtime import serving
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api.execution_log import noted_headers
from atoll.api_runtime.visit import Visit
from atoll.api_runtime.websocket_api.connections import Connection

_FAILED = "Execution failed due to "
_KINDS = {"INTEGRATION_TIMEOUT": "a timeout error", "INTEGRATION_FAILURE": "an internal error"}


def opened(visit: Visit, connection: Connection, text: str | None = None) -> None:
    """Begins the log of a visit whose route is known, where its stage has one; `text` is the message."""
    settings = serving.settings_of(visit.settings, visit.route_key)
    if settings.logging_level not in ("INFO", "ERROR"):
        return
    visit.log = [
        f"Extended Request Id: {visit.extended_id}",
        f"Starting execution for request: {visit.request_id}",
        f"WebSocket Request Route: [{visit.route_key}]",
    ]
    kind = visit.further["eventType"]
    if kind == "CONNECT":
        client = f"UserAgent: {connection.user_agent}, SourceIp: {connection.source_ip}"
        visit.log.append(f"Client [{client}] is connecting to WebSocket API [{visit.api_id}].")
    elif kind == "MESSAGE":
        told = f" Message: [{text}]" if settings.data_trace else ""
        client = f"[Connection Id: {connection.id}]"
        visit.log.append(f"WebSocket API [{visit.api_id}] received message from client {client}.{told}")
    else:
        visit.log.append(f"Client [Connection Id: {connection.id}] disconnected from API [{visit.api_id}].")


def sent(visit: Visit, uri: str, headers: Mapping[str, str], body: bytes) -> None:
    """What goes to the integration."""
    if visit.log is not None:
        visit.log += (
            f"Endpoint request URI: {uri}",
            f"Endpoint request headers: {noted_headers(headers.items())}",
            f"Endpoint request body after transformations: {body.decode(errors='replace')}",
            f"Sending request to {uri}",
        )


def received(visit: Visit, began: float, headers: Mapping[str, str], body: bytes) -> None:
    """What the integration answered that was asked when the monotonic clock said `began`."""
    if visit.log is not None:
        latency = round((visit.ctx.clock.monotonic() - began) * 1000)
        visit.log += (
            f"Received response. Integration latency: {latency} ms",
            f"Endpoint response headers: {noted_headers(headers.items())}",
            f"Endpoint response body before transformations: {body.decode(errors='replace')}",
        )


def succeeded(visit: Visit, connection: Connection) -> None:
    """The last lines of a visit that was answered."""
    if visit.log is not None:
        visit.log.append("Successfully completed execution")
        if visit.further["eventType"] == "CONNECT":
            visit.log.append(f"Client [Connection Id: {connection.id}] connected to API [{visit.api_id}] successfully.")


def refused(visit: Visit, why: Refused, status: int, body: str) -> None:
    """The last lines of one that was not; `body` is what its client is told."""
    if visit.log is None:
        return
    if status >= 500:
        visit.log.append(f"{_FAILED}{_KINDS.get(why.reason, 'configuration error')}: {why.detail}")
    elif why.detail:
        visit.log.append(why.detail)
    visit.log.append(f"Gateway response type: {why.reason} with status code: {status}")
    visit.log.append(f"Gateway response body: {body}")
