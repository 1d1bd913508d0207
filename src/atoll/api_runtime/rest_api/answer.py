"""The integration response: from what the backend answered to what the client gets.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings-integration-response.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api import headers as fields
from atoll.api_runtime.rest_api.call import Call
from atoll.api_runtime.rest_api.content import is_binary, response_body
from atoll.api_runtime.rest_api.parameters import common, of_response
from atoll.api_runtime.rest_api.records import IntegrationResponse
from atoll.api_runtime.rest_api.rendering import render_response
from atoll.api_runtime.templates.budget import Budget, TemplateError
from atoll.api_runtime.templates.patterns import matches
from atoll.api_runtime.templates.render import JSON, NO_OVERRIDES, for_response
from atoll.kernel.http import HttpResponse

NO_MATCH = (
    "Execution failed due to configuration error: No match for output mapping and no default output mapping configured. "
    "Endpoint Response Status Code: {}"
)
NO_METHOD_RESPONSE = (
    "Execution failed due to configuration error: Output mapping refers to an invalid method response: {}"
)


class Answered(NamedTuple):
    """What a backend answered. `selected_by` is what selection patterns are matched with: the status, or the message of a function's
    error."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    selected_by: str


async def method_answer(call: Call, answered: Answered) -> HttpResponse:
    """The method's response to what the backend answered. Raises Refused."""
    mapping = select(call, answered)
    if mapping.status not in call.method.responses:
        raise _misconfigured(NO_METHOD_RESPONSE.format(mapping.status))
    types = call.compiled.snapshot.binary_media_types
    declared = _header(answered.headers, "content-type")
    body = response_body(
        answered.body, is_binary(declared, types), is_binary(call.header("accept"), types), mapping.content_handling
    )
    media, template = for_response(mapping.templates, call.header("accept")) or (JSON, None)
    overrides = NO_OVERRIDES
    if template:
        body, overrides = await render_response(call, template, body)
    headers = {"content-type": [media]}
    for name, values in _mapped(call, mapping, answered):
        headers[name.lower()] = list(values)
    headers |= {name.lower(): [value] for name, value in overrides.header.items()}
    status = overrides.status or int(mapping.status)
    if status < 200:
        raise _misconfigured(f"Execution failed due to configuration error: Invalid status code {status}")
    pairs = [(name, value) for name, values in headers.items() for value in values]
    return HttpResponse(status, fields.answered(pairs), body)


def select(call: Call, answered: Answered) -> IntegrationResponse:
    """The integration response whose pattern matches, else the one without a pattern. Raises Refused where there is neither."""
    default = None
    for response in call.integration.responses.values():
        if not response.selection:
            default = default or response
        elif _matches(response.selection, answered.selected_by):
            return response
    if default is None:
        raise _misconfigured(NO_MATCH.format(answered.status))
    return default


def error_message(body: bytes) -> str:
    """The `errorMessage` of what a function answered, "" where it did not fail."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    message = found.get("errorMessage") if isinstance(found, dict) else None
    return message if isinstance(message, str) else ""


def _matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches the whole text, as Java's regular expressions do. One that is wrong or takes too long matches nothing."""
    try:
        return matches(Budget(), text, pattern)
    except TemplateError:
        return False


def _mapped(call: Call, mapping: IntegrationResponse, answered: Answered) -> list[tuple[str, Sequence[str]]]:
    """The headers that the integration response maps, by name."""
    found = []
    for target, expression in mapping.parameters.items():
        name = target.removeprefix("method.response.header.")
        if expression.startswith("integration.response."):
            values = of_response(answered.headers, answered.body, expression)
        else:
            values = common(call, expression)
        if values:
            found.append((name, values))
    return found


def _header(headers: Sequence[tuple[str, str]], name: str) -> str | None:
    return next((value for given, value in headers if given.lower() == name), None)


def _misconfigured(detail: str) -> Refused:
    return Refused("API_CONFIGURATION_ERROR", detail=detail)
