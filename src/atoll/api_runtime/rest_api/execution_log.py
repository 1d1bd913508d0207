"""Execution logs: what API Gateway tells of a request's way, line by line. Pure.

The lines are those of TestInvokeMethod and of a stage's execution log.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from atoll.api_runtime.rest_api.call import Call
from atoll.api_runtime.serving import RouteSettings
from atoll.kernel.http import HttpResponse

_SECRET = frozenset(("authorization", "x-api-key"))
"""Headers that are masked. docs: "API Gateway redacts authorization headers, API key values"; as AWS's logs show them."""
SHOWN = 6
_DATA = ("Method request ", "Method response ", "Endpoint re", "Sending request to ")
LONGEST = 1024
"""Characters of a line. docs: log events are truncated to 1,024 bytes."""


def opened(call: Call) -> None:
    """What is told before anything is done."""
    if call.log is None:
        return
    visit = call.visit
    call.note(f"Starting execution for request: {visit.request_id}")
    call.note(f"HTTP Method: {visit.request.method}, Resource Path: {visit.path}")
    call.note(f"Method request path: {noted(visit.parameters)}")
    call.note(f"Method request query string: {noted({name: values[-1] for name, values in call.query.items()})}")
    call.note(
        f"Method request headers: {noted_headers((name, ','.join(values)) for name, values in call.headers.items())}"
    )
    call.note(f"Method request body before transformations: {call.body.decode(errors='replace')}")


def succeeded(call: Call, response: HttpResponse) -> None:
    """What is told of a response that was made as its owner configured."""
    if call.log is None:
        return
    body = response.body if isinstance(response.body, bytes) else b""
    call.note(f"Method response body after transformations: {body.decode(errors='replace')}")
    call.note(f"Method response headers: {noted_headers(response.headers)}")
    call.note("Successfully completed execution")


def closed(call: Call, status: int) -> None:
    """The last line."""
    call.note(f"Method completed with status: {status}")


def noted(members: Mapping[str, str]) -> str:
    """`{name=value, other=value}`."""
    return "{" + ", ".join(f"{name}={value}" for name, value in members.items()) + "}"


def noted_headers(pairs: Iterable[tuple[str, str]]) -> str:
    """Headers likewise; of secrets only the last characters."""
    return "{" + ", ".join(f"{name}={_masked(name, value)}" for name, value in pairs) + "}"


def _masked(name: str, value: str) -> str:
    if name.lower() not in _SECRET:
        return value
    hidden = max(len(value) - SHOWN, 0) or len(value)
    return "*" * hidden + value[hidden:]


def cut(line: str) -> str:
    """A line as long as one may be."""
    return line if len(line) <= LONGEST else line[: LONGEST - len(" [TRUNCATED]")] + " [TRUNCATED]"


def stage_log(lines: Sequence[str], settings: RouteSettings) -> list[str]:
    """The lines as a stage logs them: what requests and answers hold only where it traces data; of errors only where that is its level."""
    if settings.logging_level == "ERROR" and not any("xecution failed" in line for line in lines):
        return []
    return [cut(line) for line in lines if settings.data_trace or not line.startswith(_DATA)]


def test_log(request_id: str, lines: Sequence[str], time: float) -> str:
    """The log as TestInvokeMethod answers it: each line with the time before it."""
    moment = datetime.fromtimestamp(time, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    told = "".join(f"{moment} : {cut(line)}\n" for line in lines)
    return f"Execution log for request {request_id}\n{told}"
