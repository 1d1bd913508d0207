"""From what a function returned to an HTTP response. Pure.

Payload format 1.0: an object with a `statusCode`, and nothing else will do. Payload format 2.0, as observed on AWS
(aws/aws-lambda-dotnet, LambdaTestTool-v2): an object with a `statusCode` is a response and must be well formed, else the client
gets a 500; anything else is the body of a 200 `application/json`, byte for byte.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.v2
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.api_runtime.answers import INTERNAL_ERROR, JSON
from atoll.api_runtime.event import HOP_BY_HOP
from atoll.kernel.http import HttpResponse

PLAIN = ("content-type", "text/plain; charset=utf-8")
REMAPPED = frozenset(
    ("authorization", "connection", "content-length", "date", "server", "user-agent", "www-authenticate")
)
"""Headers of a function that reach the client as `x-amzn-remapped-NAME`, because the real ones are API Gateway's to write.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

_decode = msgspec.json.Decoder().decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")


class Malformed(Exception):
    """The function's response cannot be sent."""


def payload_2(
    payload: bytes, *, untyped: tuple[str, str] = PLAIN, malformed: HttpResponse = INTERNAL_ERROR
) -> HttpResponse:
    """The response that a function's return value stands for in payload format 2.0. `untyped` is the content type of one that names
    none, `malformed` what stands for one that is none."""
    try:
        answer = _decode(payload)
    except _UNREADABLE:
        answer = None
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return HttpResponse(200, [JSON], payload)
    try:
        return HttpResponse(*head(answer, untyped), body_of(answer))
    except Malformed:
        return malformed


def head(answer: Mapping[str, Any], untyped: tuple[str, str]) -> tuple[int, list[tuple[str, str]]]:
    """Status and headers of an answer in payload format 2.0. Raises Malformed."""
    status = _status(answer.get("statusCode"))
    return status, _typed([*_headers(answer.get("headers")), *_cookies(answer.get("cookies"))], untyped)


def body_of(answer: Mapping[str, Any]) -> bytes:
    """The body of an answer. Raises Malformed."""
    return _body(answer.get("body"), encoded=answer.get("isBase64Encoded"))


def payload_1(payload: bytes) -> HttpResponse:
    """The response that a function's return value stands for in payload format 1.0."""
    try:
        answer = _decode(payload)
        if not isinstance(answer, dict):
            return INTERNAL_ERROR
        status = _status(answer.get("statusCode"))
        headers = [*_multi_headers(answer.get("multiValueHeaders")), *_headers(answer.get("headers"))]
        return HttpResponse(status, _typed(headers, PLAIN), body_of(answer))
    except (*_UNREADABLE, Malformed):
        return INTERNAL_ERROR


def _typed(headers: list[tuple[str, str]], untyped: tuple[str, str]) -> list[tuple[str, str]]:
    return headers if any(name == "content-type" for name, _ in headers) else [*headers, untyped]


def _status(value: Any) -> int:
    if isinstance(value, str) and len(value) < 9 and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        raise Malformed
    return value


def _headers(value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, Mapping):
        raise Malformed
    headers: list[tuple[str, str]] = []
    for name, raw in value.items():
        lower = name.lower()
        if not _NAME.fullmatch(lower):
            raise Malformed
        if lower in REMAPPED:
            headers.append((f"x-amzn-remapped-{lower}", _safe(_text(raw))))
        elif lower not in HOP_BY_HOP:
            headers.append((lower, _safe(_text(raw))))
    return headers


def _multi_headers(value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, Mapping) or not all(isinstance(values, list) for values in value.values()):
        raise Malformed
    return [header for name, values in value.items() for one in values for header in _headers({name: one})]


def _cookies(value: Any) -> list[tuple[str, str]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed
    return [("set-cookie", _safe(_text(cookie))) for cookie in value]


def _body(value: Any, *, encoded: Any) -> bytes:
    text = _text(value)
    if encoded not in (True, "true"):
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed from error


def _text(value: Any) -> str:
    """A string as it is, a number or truth value as JSON writes it, null as nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return msgspec.json.encode(value).decode()
    raise Malformed


def _safe(text: str) -> str:
    """A header's value that can go on the wire: no control characters (a line break would begin another header), nothing past Latin-1."""
    if _CONTROL.search(text):
        raise Malformed
    try:
        text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise Malformed from error
    return text
