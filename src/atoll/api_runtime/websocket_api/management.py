"""`@connections`: what the owner of a WebSocket API does to its open connections, from outside and from functions.

`/{stage}/@connections/{id}` on the API's host, or below its path; signed for `execute-api`. docs: API Gateway Management API reference, and
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import unquote

import msgspec

from atoll.api_runtime.answers import FORBIDDEN, JSON
from atoll.api_runtime.authorize.authorizers import Authorizers
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.visit import Visit
from atoll.api_runtime.websocket_api.connections import Connection, Connections
from atoll.api_runtime.websocket_api.transform import as_message
from atoll.kernel.errors import CommonError, MissingAuthenticationToken
from atoll.kernel.http import HttpResponse

RESOURCE = "@connections"
MAX_DATA = 128 << 10
"""Bytes that can be posted at once."""
CLOSED = "Connection Closed Normally"
"""The reason that a client is told where its connection was deleted (aws/chalice#2060)."""
_ID = re.compile(r"[A-Za-z0-9_-]{15}=")


def connection_named(path: str) -> str | None:
    """The connection's id in `/@connections/{id}`, as it is sent: encoded or not. None for another path."""
    parts = path.split("/")
    return unquote(parts[2]) if len(parts) == 3 and unquote(parts[1]) == RESOURCE else None


class Management:
    """Answers requests about open connections."""

    def __init__(self, authorizers: Authorizers, connections: Connections) -> None:
        self._authorizers = authorizers
        self._connections = connections

    async def answer(self, visit: Visit, connection_id: str) -> HttpResponse:
        """Posts to, tells of, or closes the connection."""
        visit.route_key = f"{visit.request.method} /{RESOURCE}/{{connectionId}}"
        visit.path = f"/{RESOURCE}/{connection_id}"
        try:
            await self._authorizers.admit_manager(visit)
        except Refused as refused:
            visit.refused = refused
            return _denied(visit, refused, connection_id)
        if visit.request.method not in ("POST", "GET", "DELETE"):
            return FORBIDDEN
        if not _ID.fullmatch(connection_id):
            return _error(visit, 400, "BadRequestException", f"Invalid connectionId: {connection_id}")
        connection = self._connections.find(visit.api_id, visit.stage, connection_id)
        if connection is None:
            return _error(visit, 410, "GoneException")
        if visit.request.method == "GET":
            return _answer(visit, 200, _described(connection))
        if visit.request.method == "DELETE":
            connection.close(1000, CLOSED)
            return _answer(visit, 204)
        return self._post(visit, connection)

    def _post(self, visit: Visit, connection: Connection) -> HttpResponse:
        data = visit.request.body
        if len(data) > MAX_DATA:
            return _error(visit, 413, "PayloadTooLargeException", "Request Too Long")
        if connection.send(as_message(data)):
            return _answer(visit, 200)
        if connection.socket is None:
            return _error(visit, 410, "GoneException")
        return _error(visit, 429, "LimitExceededException", "The client does not read what it is sent.")


def _described(connection: Connection) -> dict[str, object]:
    return {
        "connectedAt": _iso(connection.connected_at),
        "identity": {"sourceIp": connection.source_ip, "userAgent": connection.user_agent},
        "lastActiveAt": _iso(connection.last_active),
    }


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _answer(visit: Visit, status: int, body: Mapping[str, object] | None = None) -> HttpResponse:
    headers = [("x-amzn-requestid", visit.ctx.request_id), ("x-amz-apigw-id", visit.extended_id)]
    return HttpResponse(status, headers if body is None else [JSON, *headers], _json(body))


def _error(visit: Visit, status: int, code: str, message: str | None = None, member: str = "message") -> HttpResponse:
    answer = _answer(visit, status, None if message is None else {member: message})
    visit.error = message
    return HttpResponse(status, [*answer.headers, ("x-amzn-errortype", code)], answer.body)


def _json(body: Mapping[str, object] | None) -> bytes:
    return b"" if body is None else msgspec.json.encode(body)


def _denied(visit: Visit, refused: Refused, connection_id: str) -> HttpResponse:
    """The refusal. AWS writes the resource of a denial as the method's own path (aws/aws-cdk#18410)."""
    cause = refused.__cause__
    code = cause.code if isinstance(cause, CommonError) else MissingAuthenticationToken.code
    text = (refused.text or "").replace(f"/{RESOURCE}/{connection_id}", f"/{RESOURCE}/{{connectionId}}")
    return _error(visit, 403, code, text, "Message" if refused.reason == "ACCESS_DENIED" else "message")
