"""Mapping templates of REST APIs: what they see of a request, and what comes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.api_runtime.rest_api.call import Call


async def render_request(call: Call, template: str, body: str) -> bytes:
    """What a request template makes of a body; also sets `call.overridden`. Raises Refused where the template fails."""
    return template.encode()


async def render_response(call: Call, template: str, body: str) -> tuple[bytes, Mapping[str, Any]]:
    """What a response template makes of a body, and what it put into `$context.responseOverride`. Raises Refused."""
    return template.encode(), {}
