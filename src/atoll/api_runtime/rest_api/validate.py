"""Whether a request is what its method asks for: required parameters, and a body that is of its model. Raises Refused.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api.call import Call
from atoll.api_runtime.rest_api.parameters import common

UNREADABLE = "Unknown error parsing request body"
LARGE = 16 << 10
"""Bytes of a body that a thread looks at: it takes milliseconds."""


async def validate(call: Call) -> None:
    """Checks what the method's validator says. Raises Refused."""
    validator = call.compiled.snapshot.validators.get(call.method.validator or "")
    if validator is None:
        return
    if validator.parameters and (missing := _missing(call)):
        raise Refused("BAD_REQUEST_PARAMETERS", f"Missing required request parameters: [{', '.join(missing)}]")
    if validator.body:
        await _check_body(call)


def _missing(call: Call) -> list[str]:
    """The names of required parameters that are not there, or blank."""
    required = [place for place, needed in call.method.parameters.items() if needed]
    return [place.split(".", 3)[3] for place in required if not any(value.strip() for value in common(call, place))]


async def _check_body(call: Call) -> None:
    models = call.method.models
    media = call.content_type
    name = models.get(media) or models.get("$default")
    if name is None or name not in call.compiled.models:
        return
    large = len(call.body) > LARGE
    errors = await asyncio.to_thread(_errors, call, name) if large else _errors(call, name)
    if errors:
        detail = f"[{', '.join(errors)}]"
        call.note(f"Request body does not match model schema for content type {media}: {detail}")
        raise Refused("BAD_REQUEST_BODY", detail=detail)


def _errors(call: Call, name: str) -> list[str]:
    try:
        body: Any = json.loads(call.body)
    except (ValueError, RecursionError):
        return [UNREADABLE]
    return call.compiled.models.errors(name, body)
