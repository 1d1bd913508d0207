"""From what the function of a Lambda proxy integration returned to an HTTP response. Pure.

An object with these members and no others, or nothing will do: `statusCode`, `headers`, `multiValueHeaders`, `body`, `isBase64Encoded`.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api.gateway_responses import safe
from atoll.kernel.http import HttpResponse

MALFORMED = "Execution failed due to configuration error: Malformed Lambda proxy response"
_MEMBERS = frozenset(("statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"))
_decode = msgspec.json.Decoder().decode


class _Malformed(Exception):
    """The function's answer is not one."""


def proxy_answer(payload: bytes, as_bytes: bool) -> HttpResponse:
    """The response that a function's return value stands for; header names as the function wrote them. A base64 body is decoded only where
    `as_bytes`: the client takes one of the API's binary media types. Raises Refused (502)."""
    try:
        answer = _decode(payload)
        if not isinstance(answer, dict) or not answer.keys() <= _MEMBERS:
            raise _Malformed
        headers = _merged(answer.get("headers"), answer.get("multiValueHeaders"))
        return HttpResponse(_status(answer.get("statusCode")), headers, _body(answer, as_bytes))
    except (_Malformed, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed() from error


def malformed(detail: str = MALFORMED) -> Refused:
    """The refusal for a function that failed, or whose answer is none."""
    return Refused("INTEGRATION_FAILURE", "Internal server error", status=502, detail=detail)


def _status(value: Any) -> int:
    if value is None:
        return 200
    if isinstance(value, str) and len(value) < 9 and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        raise _Malformed
    return value


def _merged(single: Any, multiple: Any) -> list[tuple[str, str]]:
    """All headers. One that both name is what `multiValueHeaders` says, and the single one beside it where it says something else.

    docs: "If the same key-value pair is specified in both, only the values from multiValueHeaders will appear in the merged list."
    """
    headers = [(name, _text(value)) for name, values in _mapping(multiple).items() for value in _values(values)]
    there = {(name.lower(), value) for name, value in headers}
    for name, value in _mapping(single).items():
        if value is not None and (name.lower(), _text(value)) not in there:
            headers.append((name, _text(value)))
    return headers


def _mapping(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _Malformed
    return value


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _Malformed
    return value


def _text(value: Any) -> str:
    """A header's value: a text, or a number or truth value as JSON writes it."""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, (bool, int, float)):
        return msgspec.json.encode(value).decode()
    raise _Malformed


def _body(answer: Mapping[str, Any], as_bytes: bool) -> bytes:
    body, encoded = answer.get("body"), answer.get("isBase64Encoded")
    if encoded not in (None, True, False, "true", "false") or not (body is None or isinstance(body, str)):
        raise _Malformed
    if body is None:
        return b""
    if encoded not in (True, "true") or not as_bytes:
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise _Malformed from error
