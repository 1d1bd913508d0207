"""What API Gateway accepts as a route of a kind of API. Raises AWS's errors.

docs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.api_runtime.serving import Kind
from atoll.kernel.context import Context
from atoll.services.apigatewayv2 import store
from atoll.services.apigatewayv2.errors import BadRequestException
from atoll.services.apigatewayv2.rules import check_route_key, one_of

_KIND = one_of("Route authorization type", "NONE", "AWS_IAM", "CUSTOM", "JWT")
CONNECT = "$connect"
_OF_WEBSOCKETS = ("ModelSelectionExpression", "RequestModels", "RequestParameters", "RouteResponseSelectionExpression")
_PARAMETER = re.compile(r"route\.request\.(header|querystring)\..+")
_NO_AUTHORIZER = "Invalid authorizer ID specified. Setting the authorization type to {} requires a valid {}authorizer."


def warn(ctx: Context, kind: Kind, request: Mapping[str, Any]) -> None:
    """Reports what the kind of API does not have."""
    for member in _OF_WEBSOCKETS if kind == "HTTP" else ():
        if request.get(member):
            ctx.warn(member, "AWS has it for WebSocket APIs only")


def asked(kind: Kind, before: store.Route, request: Mapping[str, Any]) -> store.Route:
    """The route with the members that the request names. Raises BadRequestException."""
    route = store.changed(
        before,
        request,
        {
            "RouteKey": ("key", lambda key: check_route_key(kind, key)),
            "Target": ("target", lambda given: given or None),
            "OperationName": ("operation_name", lambda given: given or None),
            "AuthorizationType": ("authorization", _KIND),
            "AuthorizerId": ("authorizer", lambda given: given or None),
            "AuthorizationScopes": ("scopes", tuple),
            "ApiKeyRequired": ("api_key_required", bool),
        },
    )
    if kind == "WEBSOCKET":
        return _guarded(_of_websocket(route, request), request)
    if route.api_key_required:
        raise BadRequestException("ApiKeyRequired is not currently supported for HTTP APIs.")
    return _guarded(route, request)


def _of_websocket(route: store.Route, request: Mapping[str, Any]) -> store.Route:
    if route.authorization != "NONE" and route.key != CONNECT:
        raise BadRequestException("Currently, authorization is restricted to the $connect route only")
    route = store.changed(
        route,
        request,
        {
            "ModelSelectionExpression": ("model_selection", lambda given: given or None),
            "RequestModels": ("request_models", dict),
            "RequestParameters": ("request_parameters", lambda given: {**route.request_parameters, **required(given)}),
            "RouteResponseSelectionExpression": ("response_selection", lambda given: given or None),
        },
    )
    for key in route.request_parameters:
        if not _PARAMETER.fullmatch(key):
            raise BadRequestException(f"Invalid request parameter specified: {key}")
    return route


def required(parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    """ParameterConstraints by name: whether each is required."""
    return {name: bool(constraints.get("Required")) for name, constraints in parameters.items()}


def _guarded(route: store.Route, request: Mapping[str, Any]) -> store.Route:
    """With what the kind of guard has: an update to another kind takes the former one's authorizer and scopes away."""
    if route.authorization in ("NONE", "AWS_IAM"):
        if request.get("AuthorizerId"):
            raise BadRequestException(_NO_AUTHORIZER.format("CUSTOM or JWT", ""))
        route = msgspec.structs.replace(route, authorizer=None)
    if route.authorization != "JWT":
        if request.get("AuthorizationScopes"):
            raise BadRequestException(
                "Invalid Route authorization type specified. Authorization Scopes are only valid for COGNITO_USER_POOLS "
                "and JWT authorization types"
            )
        route = msgspec.structs.replace(route, scopes=())
    return route


def check_authorizer(route: store.Route, authorizers: Mapping[str, store.Authorizer]) -> None:
    """Raises BadRequestException where the route's guard wants an authorizer and does not name one of its kind."""
    found = authorizers.get(route.authorizer or "")
    if route.authorization == "JWT" and (found is None or found.kind != "JWT"):
        raise BadRequestException(_NO_AUTHORIZER.format("JWT", "JWT "))
    if route.authorization == "CUSTOM" and (found is None or found.kind != "REQUEST"):
        raise BadRequestException(_NO_AUTHORIZER.format("CUSTOM or COGNITO_USER_POOLS", ""))
