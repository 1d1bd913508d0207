"""Mapping templates of REST APIs: what they see of a request, and what comes of them."""

from __future__ import annotations

from atoll.api_runtime import variables
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api.call import Call
from atoll.api_runtime.templates.budget import TemplateError
from atoll.api_runtime.templates.render import Overrides, Rendered, Scope, is_plain, render_in_turns


async def render_request(call: Call, template: str, body: bytes) -> bytes:
    """What a request template makes of a body; also sets `call.overridden`. Raises Refused where the template fails."""
    rendered = await _render(call, template, body)
    call.overridden = rendered.request
    return rendered.text.encode()


async def render_response(call: Call, template: str, body: bytes) -> tuple[bytes, Overrides]:
    """What a response template makes of a body, and what it overrides. Raises Refused where the template fails."""
    rendered = await _render(call, template, body)
    return rendered.text.encode(), rendered.response


async def _render(call: Call, template: str, body: bytes) -> Rendered:
    if is_plain(template):
        return Rendered(template)
    visit = call.visit
    params = {
        "path": visit.parameters,
        "querystring": {name: values[-1] for name, values in call.query.items()},
        "header": {name: values[-1] for name, values in call.headers.items()},
    }
    try:
        context = variables.context_for(template, visit)
        return await render_in_turns(template, Scope(body, params, context, visit.variables))
    except TemplateError as error:
        raise Refused(
            "API_CONFIGURATION_ERROR", detail=f"Execution failed due to configuration error: {error}"
        ) from error
