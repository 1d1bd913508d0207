"""What a WebSocket API makes of a message for its integration, and of the integration's answer: parameters, templates, selections.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-data-transformations.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from atoll.api_runtime import variables
from atoll.api_runtime.authorize import identity
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.serving import Integration
from atoll.api_runtime.templates.budget import TemplateError
from atoll.api_runtime.templates.render import NO_OVERRIDES, Overrides, Scope, is_plain, render_in_turns
from atoll.api_runtime.visit import Visit
from atoll.api_runtime.websocket_api.select import DEFAULT, evaluate, in_body, response_key

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Answer(NamedTuple):
    """What stands behind a route answered. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Outgoing:
    """What an integration is sent: its body, and parameters by where they go and by name."""

    body: bytes
    header: dict[str, str] = field(default_factory=dict)
    querystring: dict[str, str] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)


async def outgoing(visit: Visit, integration: Integration, event: Mapping[str, Any]) -> Outgoing:
    """What the event's message becomes; a proxy integration's is the message itself. Raises Refused."""
    body = event.get("body") or ""
    made = Outgoing(body.encode())
    if integration.content_handling == "CONVERT_TO_BINARY":
        made.body = _from_base64(body)
        body = made.body.decode(errors="replace")
    for target, expression in integration.request_parameters.items():
        place, _, name = target.removeprefix("integration.request.").partition(".")
        value = _value(visit, expression, "route.request", body, event.get("headers") or {})
        if place in ("header", "querystring", "path") and value is not None:
            getattr(made, place)[name] = value
    if not integration.kind.endswith("_PROXY"):
        template = _request_template(integration, body)
        if template is not None:
            text, overrides = await _rendered(visit, template, body, event)
            made.body = text.encode()
            for place in ("header", "querystring", "path"):
                getattr(made, place).update(getattr(overrides, place))
    return made


async def incoming(visit: Visit, integration: Integration, answer: Answer) -> Answer:
    """What the answer becomes by the response that its status selects; itself where none does. Raises Refused."""
    key = response_key(str(answer.status), integration.responses)
    if key is None:
        return answer
    response = integration.responses[key]
    headers = dict(answer.headers)
    content = answer.body
    if response.content_handling == "CONVERT_TO_TEXT":
        content = base64.b64encode(content)
    elif response.content_handling == "CONVERT_TO_BINARY":
        content = _from_base64(content.decode(errors="replace"))
    body = content.decode(errors="replace")
    for target, expression in response.parameters.items():
        value = _value(visit, expression, "integration.response", body, answer.headers)
        if value is not None:
            headers[target.rpartition(".")[2].lower()] = value
    template = _selected(
        response.templates, response.template_selection, body, ("integration.response.body", "response.body")
    )
    if template is None:
        return Answer(answer.status, headers, content)
    text, overrides = await _rendered(visit, template, body, {}, response=True)
    return Answer(overrides.status or answer.status, headers, text.encode())


def as_message(data: bytes) -> str | bytes:
    """What a client is sent: text, where it is any."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Refused("BAD_REQUEST_BODY", detail="what is to become binary is not base64") from error


def _request_template(integration: Integration, body: str) -> str | None:
    """The template for a message, None where it passes as it is. Raises Refused where it may not."""
    templates = integration.request_templates
    template = _selected(templates, integration.template_selection, body, ("request.body", "route.request.body"))
    stops = integration.passthrough == "NEVER" or (integration.passthrough == "WHEN_NO_TEMPLATES" and bool(templates))
    if template is None and stops:
        raise Refused("UNSUPPORTED_MEDIA_TYPE", detail="no request template is for this message")
    return template


def _selected(templates: Mapping[str, str], expression: str | None, body: str, prefixes: Sequence[str]) -> str | None:
    """The template whose key an expression (a constant, or of the body) comes to, else that of `$default`."""
    if not templates:
        return None
    document = _document(body)

    def lookup(name: str) -> str | None:
        return next((found for prefix in prefixes if (found := in_body(name, prefix, document)) is not None), None)

    key = evaluate(expression, lookup) if expression else None
    return templates.get(key or DEFAULT, templates.get(DEFAULT))


async def _rendered(
    visit: Visit, template: str, body: str, event: Mapping[str, Any], *, response: bool = False
) -> tuple[str, Overrides]:
    if is_plain(template):
        return template, NO_OVERRIDES
    params = {"header": event.get("headers") or {}, "querystring": event.get("queryStringParameters") or {}}
    try:
        context = variables.context_for(template, visit)
        made = await render_in_turns(template, Scope(body, params, context, visit.variables))
    except TemplateError as error:
        raise Refused("API_CONFIGURATION_ERROR", detail=f"the mapping template failed: {error}") from error
    return made.text, made.response if response else made.request


def _value(visit: Visit, expression: str, source: str, body: str, headers: Mapping[str, str]) -> str | None:
    """A mapping's value: a constant between quotes, the context, a stage variable, or a part of `source`."""
    if len(expression) > 1 and expression[0] == expression[-1] == "'":
        return expression[1:-1]
    if expression.startswith("context."):
        return variables.text(variables.value(visit, expression.removeprefix("context."))) or None
    if expression == f"{source}.body":
        return body
    if expression.startswith(f"{source}.body"):
        return in_body(expression, f"{source}.body", _document(body))
    _, _, name = expression.removeprefix(f"{source}.").partition(".")
    if expression.startswith((f"{source}.header.", f"{source}.multivalueheader.")):
        return next((value for key, value in headers.items() if key.lower() == name.lower()), None)
    return identity.value_of(visit, expression.replace(".multivaluequerystring.", ".querystring."))


def _document(body: str) -> Any:
    try:
        return msgspec.json.decode(body)
    except _UNREADABLE:
        return None
