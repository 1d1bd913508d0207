"""The event of a Lambda proxy integration of a REST API. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html, as observed on AWS: paths and
path variables are as they were sent, header names too.
"""

from __future__ import annotations

import base64
from typing import Any

from atoll.api_runtime import callers
from atoll.api_runtime.event import written_time
from atoll.api_runtime.rest_api.call import Call
from atoll.api_runtime.rest_api.content import is_binary
from atoll.api_runtime.visit import Caller

IDENTITY = (
    "accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType", "cognitoIdentityId",
    "cognitoIdentityPoolId", "principalOrgId", "sourceIp", "user", "userAgent", "userArn",
)  # fmt: skip
"""What `identity` always has, null where there is nothing."""


def proxy_event(call: Call) -> dict[str, Any]:
    """The event for a method's function. Every member is there, null where it has no value; repeats are lists."""
    visit = call.visit
    headers = {**call.headers, **_forwarded(call)}
    binary = is_binary(call.header("content-type"), call.compiled.snapshot.binary_media_types)
    body = base64.b64encode(call.body).decode("ascii") if binary else call.body.decode(errors="replace")
    return {
        "resource": call.resource.path,
        "path": f"/{visit.base_path}{visit.path}" if visit.base_path else visit.path,
        "httpMethod": visit.request.method,
        "headers": {name: values[-1] for name, values in headers.items()} or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": {name: values[-1] for name, values in call.query.items()} or None,
        "multiValueQueryStringParameters": call.query or None,
        "pathParameters": visit.parameters or None,
        "stageVariables": visit.variables or None,
        "requestContext": request_context(call),
        "body": body or None,
        "isBase64Encoded": binary and bool(body),
    }


def request_context(call: Call) -> dict[str, Any]:
    """What the event says about the request beside the request itself."""
    visit = call.visit
    request = visit.request
    authorizer = _authorizer(visit.caller)
    return {
        "resourceId": call.resource.id,
        **({} if authorizer is None else {"authorizer": authorizer}),
        "resourcePath": call.resource.path,
        "httpMethod": request.method,
        "extendedRequestId": visit.extended_id,
        "requestTime": written_time(visit.time),
        "path": visit.front + visit.path,
        "accountId": visit.api.account,
        "protocol": f"HTTP/{request.http_version}",
        "stage": visit.stage,
        "domainPrefix": visit.domain.partition(".")[0],
        "requestTimeEpoch": int(visit.time * 1000),
        "requestId": visit.request_id,
        "identity": _identity(call),
        "domainName": visit.domain,
        **({"deploymentId": visit.settings.deployment} if visit.settings.deployment else {}),
        "apiId": visit.api_id,
        **({"isCanaryRequest": True} if visit.further.get("isCanaryRequest") else {}),
    }


def _forwarded(call: Call) -> dict[str, list[str]]:
    """The headers that API Gateway adds; none to a request that came over no connection: a trial."""
    visit = call.visit
    if not visit.request.port:
        return {}
    return {
        call.fields.get(name.lower(), name): [value]
        for name, value in (
            ("X-Amzn-Trace-Id", visit.trace_id),
            ("X-Forwarded-For", ", ".join([*call.values("x-forwarded-for"), visit.request.source_ip])),
            ("X-Forwarded-Port", str(visit.request.port)),
            ("X-Forwarded-Proto", "https" if visit.request.secure else "http"),
        )
    }


def _authorizer(caller: Caller) -> dict[str, Any] | None:
    """None where nobody asked who calls."""
    match caller.kind:
        case "CUSTOM":
            return {**caller.context, "principalId": caller.principal_id}
        case "COGNITO_USER_POOLS":
            return {"claims": dict(caller.context)}
    return None


def _identity(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(IDENTITY)
    found["sourceIp"] = call.visit.request.source_ip
    found["userAgent"] = call.header("user-agent")
    if call.visit.api_key:
        found |= {"apiKey": call.visit.api_key, "apiKeyId": call.visit.api_key_id}
    return found | callers.signed(call.visit.caller)
