"""What a Lambda authorizer's function is asked: its event. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html (REST; WebSocket likewise),
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.api_runtime import event, serving
from atoll.api_runtime.authorize.facts import invoked_arn
from atoll.api_runtime.visit import Visit

_NOT_SHOWN = frozenset(("body", "isBase64Encoded", "version"))
_NEVER_NULL = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables")


def question(
    visit: Visit, authorizer: serving.Authorizer, identity: Sequence[str], shown: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The event. `identity` are the values of the identity sources, `shown` the request as the API's kind shows it to functions (for
    HTTP APIs it need not be given)."""
    arn = invoked_arn(visit)
    if authorizer.kind == "TOKEN":
        return {"type": "TOKEN", "methodArn": arn, "authorizationToken": identity[0]}
    if visit.api.kind != "HTTP":
        return {
            "type": "REQUEST",
            "methodArn": arn,
            **_filled(_request(event.payload_1(visit.arrival()) if shown is None else shown), visit.api.kind),
        }
    about: dict[str, Any]
    request: Mapping[str, Any]
    if authorizer.payload_format == "1.0":
        text = ",".join(identity) or None
        about = {"methodArn": arn, "identitySource": text, "authorizationToken": text}
        request = _filled(_request(event.payload_1(visit.arrival())), visit.api.kind)
    else:
        about = {"routeArn": arn, "identitySource": list(identity) or None}
        request = _request(event.payload_2(visit.arrival()))
    return {"version": authorizer.payload_format, "type": "REQUEST", **about, **request}


def _filled(request: Mapping[str, Any], kind: serving.Kind) -> dict[str, Any]:
    """The request with empty maps where functions are told null, as AWS's examples have it."""
    names = [name for name in _NEVER_NULL if name != "pathParameters" or kind != "WEBSOCKET"]
    return {**request, **{name: request.get(name) or {} for name in names}}


def _request(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request without its body, and without an authorizer: that is what is being asked."""
    request = {name: value for name, value in shown.items() if name not in _NOT_SHOWN}
    context = request.get("requestContext")
    if isinstance(context, Mapping) and "authorizer" in context:
        request["requestContext"] = {name: value for name, value in context.items() if name != "authorizer"}
    return request
