"""`$context` variables: what an API's owner can say about a request, in access logs, parameter mapping and mapping templates. Pure.

Which there are differs by kind of API. docs:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.event import visible_path, written_time
from atoll.api_runtime.visit import Outcome, Visit

Getter = Callable[[Visit], Any]
_CLAIMS, _AUTHORIZER = "authorizer.claims.", "authorizer."


def value(visit: Visit, name: str) -> Any | None:
    """What `$context.NAME` stands for: a text, a number, a truth value; None where there is no such thing or it has no value."""
    getter = _TABLES[visit.api.kind].get(name)
    if getter is not None:
        return getter(visit)
    if name in visit.further:
        return visit.further[name]
    if name.startswith(_CLAIMS):
        return _claims(visit).get(name.removeprefix(_CLAIMS))
    if name.startswith(_AUTHORIZER) and visit.caller.kind == "CUSTOM":
        return visit.caller.context.get(name.removeprefix(_AUTHORIZER))
    return None


def context(visit: Visit) -> dict[str, Any]:
    """All variables that have a value, nested as mapping templates see them under `$context`. A new dictionary, to be added to."""
    found: dict[str, Any] = {}
    for above, last, getter in _PLACES[visit.api.kind]:
        if (some := getter(visit)) is not None:
            _place(found, above)[last] = some
    for name, some in visit.further.items():
        if some is not None:
            *further, last = name.split(".")
            _place(found, further)[last] = some
    authorizer = dict(visit.caller.context) if visit.caller.kind == "CUSTOM" else {}
    if claims := _claims(visit):
        authorizer["claims"] = dict(claims)
    found["authorizer"] = authorizer | found.get("authorizer", {})
    return found


def context_for(template: str, visit: Visit) -> Mapping[str, Any]:
    """`context`, for a template that may see it: one that names it, or makes a template of a text. To gather it costs more than most
    templates do."""
    return context(visit) if "context" in template or "evaluate" in template else {}


def _place(found: dict[str, Any], above: Sequence[str]) -> dict[str, Any]:
    """The dictionary below these names."""
    for part in above:
        found = found.setdefault(part, {})
    return found


def text(some: Any) -> str:
    """A variable's value as it is written: a text as it is, everything else as JSON; nothing for None."""
    if some is None:
        return ""
    return some if isinstance(some, str) else msgspec.json.encode(some).decode()


def _claims(visit: Visit) -> Mapping[str, Any]:
    return visit.caller.context if visit.caller.kind in ("JWT", "COGNITO_USER_POOLS") else {}


def _header(name: str) -> Getter:
    return lambda visit: visit.request.header(name)


def _identity(name: str) -> Getter:
    """A fact about whoever signed the request."""

    def get(visit: Visit) -> str | None:
        principal = visit.caller.principal
        return (getattr(principal, name) or None) if principal else None

    return get


def _nothing(_visit: Visit) -> None:
    return None


def _path(visit: Visit) -> str:
    """The path that the client asked for: with its stage, or with a custom domain's base path."""
    if visit.api.kind == "HTTP":
        return visible_path(visit.front, visit.path)
    return visit.front + visit.path


def _error(visit: Visit) -> str | None:
    return visit.error


def _outcome(name: str, of: Callable[[Visit], Outcome | None], **members: str) -> dict[str, Getter]:
    """Variables about a step: their names below `name`, by members of its outcome."""

    def getter(member: str) -> Getter:
        def get(visit: Visit) -> Any:
            outcome = of(visit)
            return None if outcome is None else getattr(outcome, member)

        return get

    return {f"{name}.{variable}": getter(member) for variable, member in members.items()}


_STEP = {"status": "status", "latency": "latency", "error": "error"}
_INTEGRATION = _outcome(
    "integration", lambda visit: visit.integration, **_STEP, requestId="request_id", integrationStatus="call_status"
)
_ALL: dict[str, Getter] = {
    "accountId": lambda visit: visit.api.account,
    "apiId": lambda visit: visit.api_id,
    "authorizer.claims": _nothing,
    "authorizer.principalId": lambda visit: visit.caller.principal_id or None,
    "authorizer.scopes": lambda visit: visit.caller.scopes and " ".join(visit.caller.scopes),
    **_outcome(
        "authorizer", lambda visit: visit.authorizer, **_STEP,
        requestId="request_id", integrationStatus="call_status", integrationLatency="call_latency",
    ),
    "awsEndpointRequestId": lambda visit: visit.integration.request_id,
    "customDomain.basePathMatched": lambda visit: visit.base_path or None,
    "domainName": lambda visit: visit.domain,
    "domainPrefix": lambda visit: visit.domain.partition(".")[0],
    "error.message": _error,
    "error.messageString": lambda visit: visit.error and msgspec.json.encode(visit.error).decode(),
    "error.responseType": lambda visit: visit.refused and visit.refused.reason,
    "extendedRequestId": lambda visit: visit.extended_id,
    "identity.accountId": _identity("account"),
    "identity.apiKey": lambda visit: visit.api_key or None,
    "identity.apiKeyId": lambda visit: visit.api_key_id or None,
    "identity.caller": _identity("user_id"),
    "identity.sourceIp": lambda visit: visit.request.source_ip,
    "identity.user": _identity("user_id"),
    "identity.userAgent": _header("user-agent"),
    "identity.userArn": _identity("arn"),
    **_INTEGRATION,
    "integrationErrorMessage": _INTEGRATION["integration.error"],
    "integrationLatency": _INTEGRATION["integration.latency"],
    "integrationStatus": _INTEGRATION["integration.integrationStatus"],
    "requestId": lambda visit: visit.request_id,
    "requestTime": lambda visit: written_time(visit.time),
    "requestTimeEpoch": lambda visit: int(visit.time * 1000),
    "stage": lambda visit: visit.stage,
    "status": lambda visit: visit.status or None,
}  # fmt: skip
_REQUEST: dict[str, Getter] = {
    "httpMethod": lambda visit: visit.request.method,
    "path": _path,
    "protocol": lambda visit: f"HTTP/{visit.request.http_version}",
    "responseLatency": lambda visit: visit.latency,
    "responseLength": lambda visit: visit.response_length,
}
"""Of APIs that answer requests."""
_SIGNED: dict[str, Getter] = {
    **_outcome("authenticate", lambda visit: visit.authenticate, **_STEP),
    **_outcome("authorize", lambda visit: visit.authorize, **_STEP),
    "deploymentId": lambda visit: visit.settings.deployment or None,
    "error.validationErrorString": lambda visit: (visit.refused and visit.refused.detail) or None,
    "identity.accessKey": _identity("access_key"),
    "xrayTraceId": lambda visit: visit.trace_id if visit.settings.tracing else None,
}
"""Of REST and WebSocket APIs."""
_TABLES: dict[serving.Kind, Mapping[str, Getter]] = {
    "HTTP": {
        **_ALL,
        **_REQUEST,
        "dataProcessed": lambda visit: len(visit.request.body) + visit.response_length,
        "routeKey": lambda visit: visit.route_key or None,
    },
    "REST": {
        **_ALL,
        **_REQUEST,
        **_SIGNED,
        "resourceId": lambda visit: visit.resource_id or None,
        "resourcePath": lambda visit: visit.route_key.partition(" ")[2] or None,
    },
    "WEBSOCKET": {**_ALL, **_SIGNED, "routeKey": lambda visit: visit.route_key or None},
}
_PLACES = {
    kind: [(tuple(name.split(".")[:-1]), name.rpartition(".")[2], getter) for name, getter in table.items()]
    for kind, table in _TABLES.items()
}
"""The same as they nest: the names above, and the last."""
