"""Whether a handshake has the parameters that `$connect` requires, and a message is of its route's model. Raises Refused."""

from __future__ import annotations

from typing import Any

import msgspec

from atoll.api_runtime.authorize import identity
from atoll.api_runtime.models import Models
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.serving import Route
from atoll.api_runtime.visit import Visit
from atoll.api_runtime.websocket_api.select import DEFAULT, evaluate, in_body

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def check_parameters(visit: Visit, route: Route) -> None:
    """Raises Refused where a required one is missing."""
    required = [name for name, needed in route.request_parameters.items() if needed]
    missing = [name.rpartition(".")[2] for name in required if not identity.value_of(visit, name)]
    if missing:
        raise Refused("BAD_REQUEST_PARAMETERS", f"Missing required request parameters: [{', '.join(missing)}]")


def check_message(route: Route, models: Models, message: str) -> None:
    """Raises Refused for a message that is not of the model which it selects."""
    if not route.request_models:
        return
    try:
        document: Any = msgspec.json.decode(message)
    except _UNREADABLE:
        raise Refused("BAD_REQUEST_BODY", detail="the message is no JSON") from None
    expression = route.model_selection or DEFAULT
    key = evaluate(expression, lambda name: in_body(name, "request.body", document))
    name = route.request_models.get(key or DEFAULT) or route.request_models.get(DEFAULT)
    if name is None or name not in models:
        return
    if errors := models.errors(name, document):
        raise Refused("BAD_REQUEST_BODY", detail=f"[{', '.join(errors)}]")
