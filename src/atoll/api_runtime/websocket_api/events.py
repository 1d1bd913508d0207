"""The event that a function behind a WebSocket API receives. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-integrations.html; of disconnecting:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from atoll.api_runtime import callers
from atoll.api_runtime.event import query_values, written_time
from atoll.api_runtime.visit import Caller, Visit
from atoll.api_runtime.websocket_api.connections import Connection

Kind = Literal["CONNECT", "MESSAGE", "DISCONNECT"]
_OF_THE_HOP = frozenset(("connection", "upgrade", "keep-alive", "transfer-encoding", "te", "content-length"))


def connect(visit: Visit, connection: Connection) -> dict[str, Any]:
    """The event of `$connect`, which alone has the handshake's headers and query string."""
    headers = _headers(visit)
    query = query_values(visit.request.query_string)
    event: dict[str, Any] = _both("headers", "multiValueHeaders", headers)
    if query:
        event |= _both("queryStringParameters", "multiValueQueryStringParameters", query)
    return event | _rest(visit, context(visit, connection, "CONNECT"))


def message(visit: Visit, connection: Connection, message_id: str, body: str) -> dict[str, Any]:
    """The event of a message."""
    said = context(visit, connection, "MESSAGE", messageId=message_id)
    return _rest(visit, said, body)


def disconnect(visit: Visit, connection: Connection, code: int, reason: str) -> dict[str, Any]:
    """The event of `$disconnect`; its headers are API Gateway's own."""
    headers = {"Host": connection.host, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    said = context(visit, connection, "DISCONNECT", disconnectStatusCode=code, disconnectReason=reason)
    return _both("headers", "multiValueHeaders", {name: [value] for name, value in headers.items()}) | _rest(
        visit, said
    )


def context(visit: Visit, connection: Connection, kind: Kind, **more: Any) -> dict[str, Any]:
    """`requestContext`; `more` are the members that only this kind of event has."""
    said: dict[str, Any] = {"routeKey": visit.route_key}
    for name in ("messageId", "disconnectStatusCode"):
        if name in more:
            said[name] = more[name]
    if authorizer := _authorizer(visit):
        said["authorizer"] = authorizer
    said |= {
        "eventType": kind,
        "extendedRequestId": visit.extended_id,
        "requestTime": written_time(visit.time),
        "messageDirection": "IN",
    }
    if "disconnectReason" in more:
        said["disconnectReason"] = more["disconnectReason"]
    return said | {
        "stage": visit.stage,
        "connectedAt": int(connection.connected_at * 1000),
        "requestTimeEpoch": int(visit.time * 1000),
        "identity": identity(visit.caller, connection),
        "requestId": visit.request_id,
        "domainName": connection.domain,
        "connectionId": connection.id,
        "apiId": visit.api_id,
    }


def identity(caller: Caller, connection: Connection) -> dict[str, str]:
    """Who calls, and from where."""
    said = callers.signed(caller)
    if connection.user_agent:
        said["userAgent"] = connection.user_agent
    return said | {"sourceIp": connection.source_ip}


def _authorizer(visit: Visit) -> dict[str, Any]:
    caller = visit.caller
    if caller.kind != "CUSTOM":
        return {}
    latency = {} if visit.authorizer.latency is None else {"integrationLatency": visit.authorizer.latency}
    return {**caller.context, "principalId": caller.principal_id, **latency}


def _rest(visit: Visit, said: Mapping[str, Any], body: str | None = None) -> dict[str, Any]:
    event: dict[str, Any] = {"requestContext": said}
    if visit.variables:
        event["stageVariables"] = visit.variables
    if body is not None:
        event["body"] = body
    event["isBase64Encoded"] = False
    return event


def _both(last: str, all_: str, values: Mapping[str, list[str]]) -> dict[str, Any]:
    return {last: {name: each[-1] for name, each in values.items()}, all_: values}


def _headers(visit: Visit) -> dict[str, list[str]]:
    """The handshake's headers, spelled as they were sent, and those that API Gateway adds."""
    request = visit.request
    headers: dict[str, list[str]] = {}
    sent = request.sent_names or [name.encode("latin-1") for name, _ in request.headers]
    for raw, (name, value) in zip(sent, request.headers, strict=True):
        if name not in _OF_THE_HOP and name != "x-forwarded-for":
            headers.setdefault("Host" if name == "host" else raw.decode("latin-1"), []).append(value)
    headers["X-Amzn-Trace-Id"] = [visit.trace_id]
    headers["X-Forwarded-For"] = [", ".join(filter(None, (request.header("x-forwarded-for"), request.source_ip)))]
    headers["X-Forwarded-Port"] = [str(request.port)]
    headers["X-Forwarded-Proto"] = ["https" if request.secure else "http"]
    return headers
