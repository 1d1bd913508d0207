"""The integration request: from what the client sent to what the backend is sent.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings-integration-request.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api import headers as fields
from atoll.api_runtime.rest_api.call import Call
from atoll.api_runtime.rest_api.content import is_binary, request_body
from atoll.api_runtime.rest_api.parameters import common
from atoll.api_runtime.rest_api.records import Integration
from atoll.api_runtime.rest_api.rendering import render_request
from atoll.api_runtime.serving import with_variables
from atoll.api_runtime.templates.render import for_request

_PATH = re.compile(r"\{([^{}]+)\}")
_NO_BODY = frozenset(("GET", "HEAD", "OPTIONS"))


@dataclass(slots=True)
class Outgoing:
    """A request to a backend. `query` and `headers` hold all values, in order."""

    method: str
    uri: str
    query: list[tuple[str, str]]
    headers: list[tuple[str, str]]
    body: bytes


async def outgoing(call: Call) -> Outgoing:
    """What the method's integration is sent. Raises Refused."""
    integration, visit = call.integration, call.visit
    mapped = _mapped(call, integration)
    if integration.kind == "HTTP_PROXY":
        body = call.body
        query = [(name, value) for name, values in call.query.items() for value in values]
        query += [(name, value) for name, values in mapped["querystring"].items() for value in values]
        replaced = {name.lower() for name in mapped["header"]} | {"host", "content-encoding"}
        own = [
            (name, value) for name, values in call.headers.items() for value in values if name.lower() not in replaced
        ]
        headers = own + _pairs(mapped["header"])
    else:
        body = await _body(call)
        for place in mapped:
            for name, value in getattr(call.overridden, place).items():
                mapped[place][name] = [value]
        query, headers = _pairs(mapped["querystring"]), _pairs(mapped["header"])
    fields.check_mapped(mapped["header"], integration.kind)
    method = integration.method if integration.method not in (None, "ANY") else visit.request.method
    assert method is not None
    if not any(name.lower() == "content-type" for name, _ in headers) and method not in _NO_BODY:
        headers.append(("Content-Type", call.header("content-type") or "application/json"))
    path = {name: values[-1] for name, values in mapped["path"].items()}
    uri = _PATH.sub(lambda found: path.get(found[1], found[0]), with_variables(integration.uri or "", visit.variables))
    return Outgoing(method, uri, query, fields.sent(headers, integration.kind, visit.api_id, visit.trace_id), body)


def template_for(call: Call, integration: Integration) -> str | None:
    """The request template for the body's type, None where the body passes through. Raises Refused (415)."""
    templates = integration.templates
    found = for_request(templates, call.header("content-type")) or templates.get("$default")
    if found is not None or integration.passthrough == "WHEN_NO_MATCH":
        return found
    if integration.passthrough == "NEVER" or templates:
        raise Refused("UNSUPPORTED_MEDIA_TYPE")
    return None


async def _body(call: Call) -> bytes:
    """The body after content handling and template."""
    integration = call.integration
    template = template_for(call, integration)
    binary = is_binary(call.header("content-type"), call.compiled.snapshot.binary_media_types)
    body = request_body(call.body, binary, integration.content_handling)
    if template is None:
        return body
    return await render_request(call, template, body)


def _mapped(call: Call, integration: Integration) -> dict[str, dict[str, Sequence[str]]]:
    """What `integration.parameters` say: by place (header, querystring, path) the values by name."""
    mapped: dict[str, dict[str, Sequence[str]]] = {"header": {}, "querystring": {}, "path": {}}
    for target, expression in integration.parameters.items():
        place, _, name = target.removeprefix("integration.request.").partition(".")
        if place in mapped and (values := common(call, expression)):
            mapped[place][name] = values
    return mapped


def _pairs(values: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, given in values.items() for value in given]
