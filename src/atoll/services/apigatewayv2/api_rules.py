"""What API Gateway accepts of an API as a whole, by its kind. Pure; raises AWS's errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from atoll.api_runtime.serving import Kind
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.quick_create import MEMBERS
from atoll.services.apigatewayv2.rules import one_of

_PROTOCOL = one_of("protocol", "HTTP", "WEBSOCKET")
_HTTP_SELECTION = "$request.method $request.path"
_HTTP_SELECTIONS = (_HTTP_SELECTION, "${request.method} ${request.path}")
_VARIABLE = re.compile(r"\$\{?request\.(?:body|header|querystring)\.[^}\s]")
_KEY_SELECTIONS = frozenset(("$request.header.x-api-key", "$context.authorizer.usageIdentifierKey"))


check_addresses = one_of("ipAddressType", "ipv4", "dualstack")


def check_protocol(protocol: str) -> Literal["HTTP", "WEBSOCKET"]:
    """The kind of API. Raises BadRequestException."""
    return "HTTP" if _PROTOCOL(protocol) == "HTTP" else "WEBSOCKET"


def check_kind(kind: Kind, request: Mapping[str, Any]) -> None:
    """Raises BadRequestException for what a request names that its kind of API does not have."""
    if kind != "WEBSOCKET":
        return
    if request.get("CorsConfiguration"):
        raise BadRequestException("Cors is not supported for WEBSOCKET protocolType")
    for member in MEMBERS:
        if request.get(member):
            raise BadRequestException(f"{member} is not supported for WEBSOCKET protocolType")


def check_name(name: str) -> str:
    """The name. Raises BadRequestException."""
    if not 1 <= len(name) <= 128:
        raise BadRequestException("Invalid API name specified")
    return name


def check_selection(kind: Kind, expression: str | None) -> str:
    """The route selection expression; that of HTTP APIs is always the same. Raises BadRequestException."""
    if kind == "HTTP":
        if expression and expression not in _HTTP_SELECTIONS:
            raise BadRequestException(
                'Route selection expression is currently limited to "${request.method} ${request.path}"'
            )
        return _HTTP_SELECTION
    if not expression or not _VARIABLE.search(expression):
        raise BadRequestException("Invalid routeSelectionExpression")
    return expression


def check_key_selection(expression: str) -> str:
    """The API key selection expression. Raises BadRequestException."""
    if expression not in _KEY_SELECTIONS:
        raise BadRequestException("Invalid apiKeySelectionExpression")
    return expression
