"""The event that an integration receives, built from the request. Pure.

Payload formats 1.0 and 2.0 of HTTP APIs: recorded events in tests/unit/api_runtime, and
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from atoll.kernel.http import HttpRequest

HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect")
)
_IDENTITY = dict.fromkeys(
    (
        "accessKey",
        "accountId",
        "caller",
        "cognitoAmr",
        "cognitoAuthenticationProvider",
        "cognitoAuthenticationType",
        "cognitoIdentityId",
        "cognitoIdentityPoolId",
        "principalOrgId",
        "user",
        "userArn",
    )
)
"""What payload format 1.0 says of a caller who did not sign: nothing, in so many members. `cognitoAmr` as events show it that users
recorded (aws/aws-lambda-java-libs#444)."""
_SPELLED = {
    name.lower(): name
    for name in (
        "Content-Length", "Host", "User-Agent", "X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"
    )
}  # fmt: skip
"""Headers whose names are capitalised in payload format 1.0; others are lower-case. Observed on AWS: milliHQ/terraform-aws-next-js#31."""
_TEXT_TYPES = frozenset(("application/json", "application/xml", "application/javascript"))


class Arrival(NamedTuple):
    """A request that found its route. `path` is undecoded and without its stage; `time` is region time in seconds.

    `domain` is what the event names as the host that was called; `authorizer` says who the caller is, None where nobody asked, and
    `identity`, in payload format 1.0, who signed; `as_sent` whether the event shows the path undecoded and no length of a body that is
    not there, as function URLs do.
    """

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
    domain: str
    authorizer: Mapping[str, Any] | None = None
    identity: Mapping[str, Any] = {}
    as_sent: bool = False
    front: str = ""
    """What is shown before the path: a stage, or a custom domain name's base path, with / before it."""


def payload_2(arrival: Arrival) -> dict[str, Any]:
    """The event in payload format 2.0. Members without a value are absent, as AWS leaves them out."""
    request = arrival.request
    values = _header_values(arrival)
    cookies = [cookie for line in values.pop("cookie", ()) for part in line.split(";") if (cookie := part.strip())]
    headers = {name: ",".join(lines) for name, lines in values.items()}
    # Whichever name it was called by, this format shows the stage (observed on AWS: CodeGenieApp/serverless-express#465).
    front = arrival.stage.removeprefix("$default")
    path = _visible_path(arrival, f"/{front}" if front else "")
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
        query = query_values(request.query_string)
        event["queryStringParameters"] = {name: ",".join(given) for name, given in query.items()}
    event["requestContext"] = _context(arrival, path, headers.get("user-agent", ""))
    if arrival.parameters:
        event["pathParameters"] = arrival.parameters
    if arrival.variables:
        event["stageVariables"] = arrival.variables
    encoded = False
    if request.body:
        event["body"], encoded = _body(request)
    event["isBase64Encoded"] = encoded
    return event


def payload_1(arrival: Arrival) -> dict[str, Any]:
    """The event in payload format 1.0: every member is there, null where it has no value; repeats are lists, cookies are headers."""
    request = arrival.request
    values, query = _header_values(arrival), query_values(request.query_string)
    headers = {_SPELLED.get(name, name): lines for name, lines in values.items()}
    path = _visible_path(arrival, arrival.front)
    resource = arrival.route_key.partition(" ")[2] or arrival.route_key
    body, encoded = _body(request) if request.body else (None, False)
    return {
        "version": "1.0",
        "resource": resource,
        "path": path,
        "httpMethod": request.method,
        "headers": {name: lines[-1] for name, lines in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: given[-1] for name, given in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "requestContext": _context_1(arrival, path, resource, values.get("user-agent", [""])[-1]),
        "pathParameters": arrival.parameters or None,
        "stageVariables": arrival.variables or None,
        "body": body,
        "isBase64Encoded": encoded,
    }


def _context_1(arrival: Arrival, path: str, resource: str, user_agent: str) -> dict[str, Any]:
    request = arrival.request
    return {
        "accountId": arrival.account,
        "apiId": arrival.api_id,
        **({} if arrival.authorizer is None else {"authorizer": arrival.authorizer}),
        "domainName": arrival.domain,
        "domainPrefix": arrival.domain.partition(".")[0],
        "extendedRequestId": arrival.request_id,
        "httpMethod": request.method,
        "identity": {**_IDENTITY, **arrival.identity, "sourceIp": request.source_ip, "userAgent": user_agent},
        "path": path,
        "protocol": f"HTTP/{request.http_version}",
        "requestId": arrival.request_id,
        "requestTime": written_time(arrival.time),
        "requestTimeEpoch": int(arrival.time * 1000),
        "resourceId": arrival.route_key,
        "resourcePath": resource,
        "stage": arrival.stage,
    }


def _context(arrival: Arrival, path: str, user_agent: str) -> dict[str, Any]:
    return {
        "accountId": arrival.account,
        "apiId": arrival.api_id,
        **({} if arrival.authorizer is None else {"authorizer": arrival.authorizer}),
        "domainName": arrival.domain,
        "domainPrefix": arrival.domain.partition(".")[0],
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
        "time": written_time(arrival.time),
        "timeEpoch": int(arrival.time * 1000),
    }


def written_time(time: float) -> str:
    """A time as Apache's logs write it: `12/Mar/2020:19:03:58 +0000`."""
    return _written_second(int(time))


@lru_cache(maxsize=16)
def _written_second(second: int) -> str:
    """Kept, because the requests of a second share it."""
    return datetime.fromtimestamp(second, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")


def _visible_path(arrival: Arrival, front: str) -> str:
    return front + arrival.path if arrival.as_sent else visible_path(front, arrival.path)


def visible_path(front: str, path: str) -> str:
    """A path as HTTP APIs show it: with a stage or base path in front, decoded in spite of its name, cut at a decoded question mark.

    Observed on AWS: fastify/aws-lambda-fastify#169, middleapi/standard-server#93.
    """
    path = front + path
    return unquote(path).partition("?")[0] if "%" in path else path


def _header_values(arrival: Arrival) -> dict[str, list[str]]:
    """All values of the headers by lower-case name, with those that API Gateway adds and without those of the connection."""
    request = arrival.request
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        if name not in HOP_BY_HOP:
            headers.setdefault(name, []).append(value)
    headers["x-forwarded-for"] = [", ".join([*headers.get("x-forwarded-for", ()), request.source_ip])]
    headers["x-forwarded-port"] = [str(request.port)]
    headers["x-forwarded-proto"] = ["https" if request.secure else "http"]
    headers["x-amzn-trace-id"] = [arrival.trace_id]
    if request.body or not arrival.as_sent:
        headers["content-length"] = [str(len(request.body))]
    return headers


def query_values(query_string: str) -> dict[str, list[str]]:
    """Decoded parameters (a + is a space) with all their values, empty ones too."""
    parameters: dict[str, list[str]] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        parameters.setdefault(name, []).append(value)
    return parameters


def _body(request: HttpRequest) -> tuple[str, bool]:
    """The body as the event carries it, and whether that is base64: everything that is not known to be text."""
    if is_text(request.header("content-type") or "") and request.header("content-encoding") is None:
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass  # text by its header only: base64 loses nothing
    return base64.b64encode(request.body).decode("ascii"), True


def is_text(content_type: str) -> bool:
    """Whether API Gateway passes a body of this type on as text: text/*, JSON, XML and JavaScript."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(("+json", "+xml"))
