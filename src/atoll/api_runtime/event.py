"""The event that an integration receives, built from the request. Pure.

Payload format 2.0 (HTTP APIs): https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
and recorded events in tests/unit/api_runtime.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from atoll.edge.http import HttpRequest

HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect")
)
_TEXT_TYPES = frozenset(("application/json", "application/xml", "application/javascript"))


class Arrival(NamedTuple):
    """A request that found its route. `path` is undecoded and without its stage; `time` is region time in seconds."""

    request: HttpRequest
    account: str
    region: str
    api_id: str
    stage: str
    variables: Mapping[str, str]
    route_key: str
    path: str
    parameters: Mapping[str, str]
    request_id: str
    trace_id: str
    time: float
    by_host: bool


def payload_2(arrival: Arrival) -> dict[str, Any]:
    """The event in payload format 2.0. Members without a value are absent, as AWS leaves them out."""
    request = arrival.request
    headers, cookies = _headers(arrival)
    path = _visible_path(arrival)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": arrival.route_key,
        "rawPath": path,
        "rawQueryString": request.query_string,
    }
    if cookies:
        event["cookies"] = cookies
    event["headers"] = headers
    if request.query_string:
        event["queryStringParameters"] = _query(request.query_string)
    event["requestContext"] = _context(arrival, path, headers.get("user-agent", ""))
    if arrival.parameters:
        event["pathParameters"] = arrival.parameters
    if arrival.variables:
        event["stageVariables"] = arrival.variables
    encoded = False
    if request.body:
        event["body"], encoded = _body(request.body, headers)
    event["isBase64Encoded"] = encoded
    return event


def _context(arrival: Arrival, path: str, user_agent: str) -> dict[str, Any]:
    domain = arrival.request.host if arrival.by_host else f"{arrival.api_id}.execute-api.{arrival.region}.amazonaws.com"
    return {
        "accountId": arrival.account,
        "apiId": arrival.api_id,
        "domainName": domain,
        "domainPrefix": arrival.api_id,
        "http": {
            "method": arrival.request.method,
            "path": path,
            "protocol": f"HTTP/{arrival.request.http_version}",
            "sourceIp": arrival.request.source_ip,
            "userAgent": user_agent,
        },
        "requestId": arrival.request_id,
        "routeKey": arrival.route_key,
        "stage": arrival.stage,
        "time": datetime.fromtimestamp(arrival.time, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(arrival.time * 1000),
    }


def _visible_path(arrival: Arrival) -> str:
    """The path as HTTP APIs show it: with a named stage in front, decoded in spite of its name, cut at a decoded question mark.

    Observed on AWS: fastify/aws-lambda-fastify#169, middleapi/standard-server#93.
    """
    path = arrival.path if arrival.stage == "$default" else f"/{arrival.stage}{arrival.path}"
    return unquote(path).partition("?")[0] if "%" in path else path


def _headers(arrival: Arrival) -> tuple[dict[str, str], list[str]]:
    """Headers by lower-case name, repeats joined by commas, with those that API Gateway adds; and the cookies one by one."""
    request = arrival.request
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in request.headers:
        if name == "cookie":
            cookies += [cookie for part in value.split(";") if (cookie := part.strip())]
        elif name not in HOP_BY_HOP:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    forwarded = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{forwarded}, {request.source_ip}" if forwarded else request.source_ip
    headers["x-forwarded-port"] = str(request.port)
    headers["x-forwarded-proto"] = "https" if request.secure else "http"
    headers["x-amzn-trace-id"] = arrival.trace_id
    headers["content-length"] = str(len(request.body))
    return headers, cookies


def _query(query_string: str) -> dict[str, str]:
    """Decoded parameters (a + is a space), repeats joined by commas, empty values kept."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True, max_num_fields=None):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def _body(body: bytes, headers: Mapping[str, str]) -> tuple[str, bool]:
    """The body as the event carries it, and whether that is base64: everything that is not known to be text."""
    if is_text(headers.get("content-type", "")) and "content-encoding" not in headers:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass  # text by its header only: base64 loses nothing
    return base64.b64encode(body).decode("ascii"), True


def is_text(content_type: str) -> bool:
    """Whether API Gateway passes a body of this type on as text: text/*, JSON, XML and JavaScript."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(("+json", "+xml"))
