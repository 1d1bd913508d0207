"""What destinations and dead-letter queues are told of an asynchronous invocation. Pure.

docs: Lambda developer guide, "Capturing records of Lambda asynchronous invocations"; records as AWS sent them
(aws-observed/lambda_/test_lambda_destinations).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from atoll.services.lambda_.moments import zulu

MAX_ERROR = 1024
"""Bytes of the error's message that a dead-letter queue is told."""
ZERO_CONCURRENCY = "ZeroReservedConcurrency"
_NOT_INVOKED = "Function not invoked. Function isconfigured with zero reserved concurrent executions"  # [sic]


class Response(NamedTuple):
    """What an attempt answered. Of one that Lambda itself refused there is only the status: 429, 404, 500."""

    status: int
    version: str | None = None
    error: str | None = None
    payload: bytes | None = None


def record(
    *, request_id: str, arn: str, condition: str, count: int, event: bytes, response: Response | None, now: float
) -> bytes:
    """The invocation record, version 1.0, as JSON. `arn` is qualified, `count` the invocations that were made, `now` region time."""
    about: dict[str, Any] = {
        "version": "1.0",
        "timestamp": zulu(now, "milliseconds"),
        "requestContext": {
            "requestId": request_id,
            "functionArn": arn,
            "condition": condition,
            "approximateInvokeCount": count,
        },
        "requestPayload": msgspec.Raw(event),
    }
    if response is not None:
        said = {"statusCode": response.status, "executedVersion": response.version, "functionError": response.error}
        about["responseContext"] = {name: value for name, value in said.items() if value is not None}
        if response.payload is not None:
            about["responsePayload"] = _json(response.payload)
    return msgspec.json.encode(about)


def attributes(request_id: str, arn: str, condition: str, response: Response | None) -> Mapping[str, tuple[str, str]]:
    """The message attributes of an event in a dead-letter queue: name to data type and value."""
    told = {"RequestID": ("String", request_id)}
    if response is not None:
        told["ErrorCode"] = ("Number", str(response.status))
    if message := _message(arn, condition, response):
        told["ErrorMessage"] = ("String", message.encode()[:MAX_ERROR].decode(errors="ignore"))
    return told


def _message(arn: str, condition: str, response: Response | None) -> str:
    if condition == ZERO_CONCURRENCY:
        return _NOT_INVOKED
    if response is None:
        return ""
    if response.payload is None:
        return {429: "Rate Exceeded.", 404: f"Function not found: {arn}"}.get(response.status, "")
    try:
        answer = msgspec.json.decode(response.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return str(answer.get("errorMessage") or "") if isinstance(answer, dict) else ""


def _json(payload: bytes) -> msgspec.Raw | str:
    """An answer as it stands; of a runtime that answers something else its text."""
    try:
        msgspec.json.decode(payload, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return payload.decode(errors="replace")
    return msgspec.Raw(payload)
